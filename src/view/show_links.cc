#include <fmt/format.h>

#include <algorithm>

#include "view/show_sections.h"

namespace nsmap::view {
namespace {

Text state_cell(const model::Link& link) {
  const Text state = state_text(link);
  return state.empty() ? Text("up", Role::good) : state;
}

void add_port_details(Text& text, const model::BridgePort& port) {
  text.join({port.stp_state, Role::muted}, ", ");
  if (port.hairpin) text.join("hairpin", ", ");
  if (port.isolated) text.join("isolated", ", ");
  if (!port.learning) text.join("no learning", ", ");
}

// What the columns have no place for.
Text details(const model::Link& link) {
  Text text;
  if (link.bridge_port) add_port_details(text, *link.bridge_port);
  if (link.bond_port) text.join(link.bond_port->state, ", ");
  if (const auto* bridge = std::get_if<model::BridgeData>(&link.data)) {
    if (bridge->vlan_filtering) text.join("vlan filtering", ", ");
    if (bridge->stp) text.join("stp", ", ");
  }
  if (link.promiscuity != 0) text.join({"promiscuous", Role::warn}, ", ");
  for (const model::BpfProgram& program : link.bpf)
    text.join({fmt::format("{} program {}", program.hook, program.name), Role::warn}, ", ");
  if (!link.alias.empty()) text.join("alias " + link.alias, ", ");
  for (const std::string& name : link.altnames) text.join("also " + name, ", ");
  if (!link.parent_device.empty()) text.join({link.parent_device, Role::muted}, ", ");
  return text;
}

std::string traffic_text(const model::Counters& counters) {
  if (counters.rx_packets == 0 && counters.tx_packets == 0) return {};
  return fmt::format("{} in, {} out", bytes_text(counters.rx_bytes), bytes_text(counters.tx_bytes));
}

Text flags_text(const model::Address& address) {
  Text text;
  if (address.tentative) text.join({"tentative", Role::warn}, ", ");
  if (address.dad_failed) text.join({"duplicate", Role::bad}, ", ");
  if (address.deprecated) text.join({"deprecated", Role::muted}, ", ");
  if (address.secondary) text.join({"secondary", Role::muted}, ", ");
  if (address.valid_s) text.join({fmt::format("{} s left", *address.valid_s), Role::muted}, ", ");
  return text;
}

Text name_of(const Words& words, const model::Namespace& ns, IfIndex index) {
  return {link_name(words, {ns.id, index}), Role::name};
}

Text fdb_target(const Words& words, const model::Namespace& ns, const model::FdbEntry& entry) {
  Text text;
  if (entry.remote) text.add("to ", Role::muted).add(entry.remote->text(), Role::address);
  if (entry.vni) text.join(fmt::format("vni {}", *entry.vni), " ");
  if (entry.via) text.join(Text("via ", Role::muted).add(name_of(words, ns, *entry.via)), " ");
  if (entry.nexthop_id) text.join(fmt::format("nexthop {}", *entry.nexthop_id), " ");
  return text;
}

}  // namespace

Section links_section(const Words& words, const model::Namespace& ns) {
  Section section{"interfaces",
                  {},
                  table_of({">#", "NAME", "KIND", "STATE", "MAC", ">MTU", "OTHER END", "~DETAILS",
                            "~TRAFFIC"})};
  for (const model::Link& link : ns.links) {
    Text other = wire_text(words, ns, link);
    other.join(served_text(words, link), " ");
    const std::string kind = kind_text(link);
    section.table.rows.push_back({std::to_string(link.index.value),
                                  {link.name, Role::name},
                                  kind.empty() ? link.kind : kind,
                                  state_cell(link),
                                  link.mac.text(),
                                  std::to_string(link.mtu),
                                  std::move(other),
                                  details(link),
                                  {traffic_text(link.counters), Role::muted}});
  }
  return section;
}

Section addresses_section(const Words& words, const model::Namespace& ns) {
  Section section{"addresses", {}, table_of({"INTERFACE", "ADDRESS", "PEER", "SCOPE", ""})};
  for (const model::Address& address : ns.addresses)
    section.table.rows.push_back(
        {name_of(words, ns, address.index),
         {fmt::format("{}/{}", address.address.text(), address.prefix), Role::address},
         address.peer ? Text(address.peer->text(), Role::address) : Text(),
         address.scope,
         flags_text(address)});
  return section;
}

Section neighbours_section(const Words& words, const model::Namespace& ns) {
  Section section{"neighbours", {}, table_of({"INTERFACE", "ADDRESS", "MAC", "STATE", ""})};
  for (const model::Neighbour& neighbour : ns.neighbours)
    section.table.rows.push_back({name_of(words, ns, neighbour.index),
                                  {neighbour.address.text(), Role::address},
                                  neighbour.mac.text(),
                                  neighbour.state,
                                  neighbour.proxy    ? Text("answered for others", Role::warn)
                                  : neighbour.router ? Text("router", Role::muted)
                                                     : Text()});
  return section;
}

Section fdb_section(const Words& words, const model::Namespace& ns) {
  Section section{"forwarding database",
                  {},
                  table_of({"INTERFACE", "MAC", ">VLAN", "STATE", "BRIDGE", "WHERE"})};
  for (const model::FdbEntry& entry : ns.fdb)
    section.table.rows.push_back(
        {name_of(words, ns, entry.index), entry.mac.text(),
         entry.vlan ? Text(std::to_string(*entry.vlan)) : Text(), entry.state,
         entry.master ? name_of(words, ns, *entry.master) : Text(), fdb_target(words, ns, entry)});
  return section;
}

Section vlans_section(const Words& words, const model::Namespace& ns) {
  Section section{"vlans", {}, table_of({"INTERFACE", ">VLAN", ""})};
  for (const model::VlanRange& range : ns.vlans) {
    Text flags;
    if (range.pvid) flags.join("pvid", ", ");
    if (range.untagged) flags.join("untagged", ", ");
    section.table.rows.push_back({name_of(words, ns, range.index),
                                  range.first == range.last
                                      ? std::to_string(range.first)
                                      : fmt::format("{}-{}", range.first, range.last),
                                  flags});
  }
  return section;
}

}  // namespace nsmap::view
