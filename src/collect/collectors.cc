#include "collect/collectors.h"

#include <algorithm>

namespace nsmap::collect {
namespace {

using model::Namespace;
using model::firewall::Firewall;

template <auto facts>
void forget(Namespace& ns) {
  (ns.*facts).clear();
}

// Those of XDP come with the links.
void forget_programs(Namespace& ns) {
  for (model::Link& link : ns.links) {
    std::erase_if(link.bpf, [](const model::BpfProgram& program) { return program.hook != "xdp"; });
    link.filters.clear();
  }
}

// Parts of the firewall, which is left shared where there is nothing of them.
template <auto facts>
void forget_part(Namespace& ns) {
  if (!((*ns.firewall).*facts).empty()) (ns.firewall.edit().*facts).clear();
}

template <model::firewall::Backend backend>
void forget_tables(Namespace& ns) {
  const auto is_own = [](const model::firewall::Table& table) { return table.backend == backend; };
  if (std::ranges::any_of(ns.firewall->tables, is_own))
    std::erase_if(ns.firewall.edit().tables, is_own);
}

}  // namespace

std::span<const Collector> namespace_collectors(Facts facts) {
  // Links first: others look at them to know what is worth asking for. The wiring stands before
  // the rest, sockets before those that open one more.
  static constexpr Collector kCollectors[] = {
      {"links", collect_links, forget<&Namespace::links>},
      {"addresses", collect_addresses, forget<&Namespace::addresses>},
      {"routes", collect_routes, forget<&Namespace::routes>},
      {"rules", collect_rules, forget<&Namespace::rules>},
      {"nexthops", collect_nexthops, forget<&Namespace::nexthops>},
      {"nsids", collect_nsids, forget<&Namespace::nsids>},
      {"sysctls", collect_sysctls, forget<&Namespace::sysctls>},
      {"sockets", collect_sockets, forget<&Namespace::sockets>},
      {"nf_tables", collect_nf_tables, forget_tables<model::firewall::Backend::nf_tables>},
      {"x_tables", collect_x_tables, forget_tables<model::firewall::Backend::x_tables>},
      {"hooks", collect_hooks, forget_part<&Firewall::hooks>},
      {"ipsets", collect_ipsets, forget_part<&Firewall::ipsets>},
      {"ipvs", collect_ipvs, forget_part<&Firewall::services>},
      {"bpf", collect_bpf, forget_programs},
      {"fdb", collect_fdb, forget<&Namespace::fdb>},
      {"neighbours", collect_neighbours, forget<&Namespace::neighbours>},
      {"vlans", collect_vlans, forget<&Namespace::vlans>},
      {"conntrack", collect_conntrack, forget<&Namespace::conntrack>},
  };
  constexpr std::size_t kWiring = 7;
  constexpr std::size_t kUsual = std::size(kCollectors) - 1;
  const std::span<const Collector> all = kCollectors;
  switch (facts) {
    case Facts::wiring:
      return all.first(kWiring);
    case Facts::usual:
      return all.first(kUsual);
    case Facts::all:
      return all;
  }
  return all;
}

}  // namespace nsmap::collect
