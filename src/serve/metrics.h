#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "live/state.h"

// Metrics in Prometheus' text format, version 0.0.4. docs/api.md documents them.

namespace nsmap::serve {

// What the server counts of itself.
struct Counts {
  std::map<unsigned, std::uint64_t> replies;  // by status
  std::uint64_t connections = 0;              // open now
  std::uint64_t refused_connections = 0;      // beyond the limit
  std::uint64_t streams = 0;                  // of events, open now
  std::uint64_t resets = 0;                   // told to followers
};

// Of a state of the host, and of the server.
std::string host_metrics(const live::State& state);
std::string own_metrics(const Counts& counts);

// A label's value: \, " and line breaks escaped.
std::string label_text(std::string_view value);

}  // namespace nsmap::serve
