#include "collect/collectors.h"

namespace nsmap::collect {

std::span<const Collector> namespace_collectors() {
  // Links first: others look at them to know what is worth asking for.
  static constexpr Collector kCollectors[] = {
      {"links", collect_links},           {"bpf", collect_bpf},
      {"addresses", collect_addresses},   {"routes", collect_routes},
      {"rules", collect_rules},           {"nexthops", collect_nexthops},
      {"neighbours", collect_neighbours}, {"fdb", collect_fdb},
      {"vlans", collect_vlans},           {"nsids", collect_nsids},
      {"sockets", collect_sockets},       {"sysctls", collect_sysctls},
  };
  return kCollectors;
}

}  // namespace nsmap::collect
