#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/ports.h"

namespace nsmap::analyze {

// The ports of all namespaces that lead on: rules, proxies, IPVS or an init send them to others, or
// rules to another port. Beside them what container runtimes say that none of these shows: answered
// by a proxy that is nobody. Sockets that just wait on such a port are left out, and ports of
// loopback addresses that stay where they are, as of Docker's resolver.
std::vector<OpenPort> leading_ports(const model::Index& index, const Titles& titles);

// Whose answer it is: of a proxy or an init that is not known to hand on, its own; absent:
// elsewhere.
std::optional<model::NetnsId> answers_in(const PortAnswer& answer);

// "default/web:http": the service whose port it is, as kube-proxy's rules tell; empty: none.
std::string service_of(const OpenPort& port);

// A port of one namespace that leads into another.
struct Published {
  model::NetnsId ns;       // whose port it is
  std::string title = {};  // of that namespace
  std::string protocol = {};
  std::optional<IpAddress> address = {};  // absent: any of the namespace's
  std::uint16_t port = 0;
  Endpoint to = {};
  std::vector<RuleName> rules =
      {};  // that send it there; none: a proxy does, or only the container's runtime says so
};

// Of those ports, each with each namespace that it leads into.
std::vector<Published> published_ports(const model::Index& index, const Titles& titles);

}  // namespace nsmap::analyze
