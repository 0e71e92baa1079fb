#pragma once

#include <vector>

#include "analyze/ports.h"

namespace nsmap::analyze {

// A port of one namespace that leads into another.
struct Published {
  model::NetnsId ns;       // whose port it is
  std::string title = {};  // of that namespace
  std::string protocol = {};
  std::optional<IpAddress> address = {};  // absent: any of the namespace's
  std::uint16_t port = 0;
  Endpoint to = {};
  std::vector<RuleName> rules =
      {};  // that send it there; none: only the container's runtime says so
};

// All of the host: what rules send on, and what container runtimes say that rules do not show.
std::vector<Published> published_ports(const model::Index& index, const Titles& titles);

}  // namespace nsmap::analyze
