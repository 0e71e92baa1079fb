#include "collect/collectors.h"

namespace nsmap::collect {

std::span<const Collector> namespace_collectors(Facts facts) {
  // Links first: others look at them to know what is worth asking for. The wiring stands before
  // the rest.
  static constexpr Collector kCollectors[] = {
      {"links", collect_links},       {"addresses", collect_addresses},
      {"routes", collect_routes},     {"rules", collect_rules},
      {"nexthops", collect_nexthops}, {"nsids", collect_nsids},
      {"sysctls", collect_sysctls},   {"bpf", collect_bpf},
      {"fdb", collect_fdb},           {"neighbours", collect_neighbours},
      {"vlans", collect_vlans},       {"sockets", collect_sockets},
  };
  constexpr std::size_t kWiring = 7;
  const std::span<const Collector> all = kCollectors;
  return facts == Facts::all ? all : all.first(kWiring);
}

}  // namespace nsmap::collect
