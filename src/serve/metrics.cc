#include "serve/metrics.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "codec/json_names.h"

namespace nsmap::serve {
namespace {

using model::Link;
using model::Namespace;

constexpr double kNanoseconds = 1e9;

void begin(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Number>
void value(std::string& out, std::string_view name, std::string_view type, std::string_view help,
           Number number) {
  begin(out, name, type, help);
  out += fmt::format("{} {}\n", name, number);
}

// --- of namespaces and links -------------------------------------------------------------------

// By what it is known, best first.
std::string_view kind_of(const model::Index& index, const Namespace& ns) {
  if (ns.host) return "host";
  if (ns.id.hidden()) return "hidden";
  if (!index.containers_in(ns.id).empty()) return "container";
  if (!ns.names.empty()) return "named";
  return index.processes_in(ns.id).empty() ? "held" : "process";
}

void count_namespaces(std::string& out, const live::State& state) {
  constexpr std::array kKinds{"host", "container", "named", "process", "held", "hidden"};
  std::map<std::string_view, std::uint64_t> counts;
  for (const Namespace& ns : state.snapshot.namespaces) ++counts[kind_of(state.index, ns)];
  begin(out, "nsmap_namespaces", "gauge", "Network namespaces, by what they are known by.");
  for (const std::string_view kind : kKinds)
    out += fmt::format("nsmap_namespaces{{kind=\"{}\"}} {}\n", kind, counts[kind]);
}

void count_links(std::string& out, const live::State& state) {
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> counts;
  for (const Namespace& ns : state.snapshot.namespaces)
    for (const Link& link : ns.links) ++counts[{codec::enum_name(link.state), link.kind}];
  begin(out, "nsmap_links", "gauge", "Interfaces, by operational state (RFC 2863) and kind.");
  for (const auto& [key, count] : counts)
    out += fmt::format("nsmap_links{{state=\"{}\",kind=\"{}\"}} {}\n", key.first,
                       label_text(key.second.empty() ? "physical" : key.second), count);
}

// --- of each interface -------------------------------------------------------------------------

struct LinkCounter {
  std::string_view name;
  std::uint64_t model::Counters::*field;
  std::string_view help;
};

constexpr LinkCounter kLinkCounters[] = {
    {"nsmap_link_receive_errors_total", &model::Counters::rx_errors,
     "Bad packets that an interface received."},
    {"nsmap_link_transmit_errors_total", &model::Counters::tx_errors,
     "Packets that an interface failed to send."},
    {"nsmap_link_receive_dropped_total", &model::Counters::rx_dropped,
     "Packets that an interface received and dropped."},
    {"nsmap_link_transmit_dropped_total", &model::Counters::tx_dropped,
     "Packets that an interface dropped on their way out."},
};

// namespace="web",container="web",interface="eth0". Containers in the host's namespace share it.
std::string link_labels(const live::State& state, const Namespace& ns, const Link& link) {
  const auto& containers = state.index.containers_in(ns.id);
  const bool owned = !ns.host && !containers.empty();
  return fmt::format(
      "namespace=\"{}\",container=\"{}\",interface=\"{}\"", label_text(state.titles.of(ns.id)),
      owned ? label_text(analyze::container_name(*containers.front())) : "", label_text(link.name));
}

// By interface, as the sum of a namespace's would fall when one goes, and a counter that falls was
// reset, to Prometheus. The loopback's are left out.
void tell_links(std::string& out, const live::State& state) {
  std::vector<std::pair<std::string, const model::Counters*>> links;
  for (const Namespace& ns : state.snapshot.namespaces)
    for (const Link& link : ns.links)
      if (link.kind != "loopback") links.emplace_back(link_labels(state, ns, link), &link.counters);
  for (const LinkCounter& row : kLinkCounters) {
    begin(out, row.name, "counter", row.help);
    for (const auto& [labels, counters] : links)
      out += fmt::format("{}{{{}}} {}\n", row.name, labels, counters->*row.field);
  }
}

// --- of the reading ----------------------------------------------------------------------------

void tell_reading(std::string& out, const live::State& state) {
  const model::Snapshot& snapshot = state.snapshot;
  value(out, "nsmap_state_number", "gauge", "The state's number, which counts up by one.",
        state.number);
  value(out, "nsmap_state_timestamp_seconds", "gauge", "When the host was in that state.",
        static_cast<double>(snapshot.host.time_ns) / kNanoseconds);
  value(out, "nsmap_collection_duration_seconds", "gauge", "How long reading the host took.",
        static_cast<double>(snapshot.host.took_ns) / kNanoseconds);
  value(out, "nsmap_diagnostics", "gauge", "What could not be read or is not as it should be.",
        snapshot.diagnostics.size());
  value(out, "nsmap_processes", "gauge", "Processes.", snapshot.processes.size());
  value(out, "nsmap_containers", "gauge", "Containers.", snapshot.containers.size());
  begin(out, "nsmap_coverage_refused", "gauge", "What a source was not permitted to look at.");
  for (const model::Coverage& source : snapshot.coverage)
    out += fmt::format("nsmap_coverage_refused{{source=\"{}\"}} {}\n", label_text(source.source),
                       source.refused);
}

}  // namespace

std::string label_text(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string host_metrics(const live::State& state) {
  std::string out;
  tell_reading(out, state);
  count_namespaces(out, state);
  count_links(out, state);
  tell_links(out, state);
  return out;
}

std::string own_metrics(const Counts& counts) {
  std::string out;
  begin(out, "nsmap_http_requests_total", "counter", "Requests answered, by status.");
  for (const auto& [status, count] : counts.replies)
    out += fmt::format("nsmap_http_requests_total{{code=\"{}\"}} {}\n", status, count);
  value(out, "nsmap_http_connections", "gauge", "Connections open.", counts.connections);
  value(out, "nsmap_http_refused_connections_total", "counter",
        "Connections refused, as there were too many.", counts.refused_connections);
  value(out, "nsmap_event_streams", "gauge", "Event streams open.", counts.streams);
  value(out, "nsmap_event_resets_total", "counter", "Times a follower was told to begin anew.",
        counts.resets);
  return out;
}

}  // namespace nsmap::serve
