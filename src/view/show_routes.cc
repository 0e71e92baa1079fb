#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "view/show_sections.h"

namespace nsmap::view {
namespace {

// include/uapi/linux/rtnetlink.h rt_class_t
std::string table_name(TableId table) {
  if (table.value == 253) return "default";
  if (table.value == 254) return "main";
  if (table.value == 255) return "local";
  return std::to_string(table.value);
}

// main first, the kernel's local table last, the others between by number.
std::uint64_t table_order(TableId table) {
  if (table.value == 254) return 0;
  return table.value == 255 ? ~std::uint64_t{0} : table.value;
}

Text hop_text(const Words& words, const model::Namespace& ns, const model::RouteHop& hop,
              bool weighted) {
  Text text;
  if (hop.gateway) text.add("via ", Role::muted).add(hop.gateway->text(), Role::address);
  if (hop.oif)
    text.join(Text("dev ", Role::muted).add(link_name(words, {ns.id, *hop.oif}), Role::name), " ");
  if (weighted) text.add(fmt::format(" weight {}", hop.weight), Role::muted);
  if (!hop.encap.empty()) text.add(" encap " + hop.encap, Role::muted);
  return text;
}

Text route_way(const Words& words, const model::Namespace& ns, const model::Route& route) {
  Text text;
  if (route.type != "unicast") text.add(route.type, Role::warn);
  for (const model::RouteHop& hop : route.hops)
    text.join(hop_text(words, ns, hop, route.hops.size() > 1), text.empty() ? "" : ", ");
  if (route.nexthop_id) text.join(fmt::format("nexthop {}", *route.nexthop_id), ", ");
  return text;
}

std::string destination_text(const model::Route& route) {
  std::string text = route.dst.length == 0 ? "default" : route.dst.text();
  if (route.src) text += " from " + route.src->text();
  return text;
}

std::vector<const model::Route*> routes_by_table(const model::Namespace& ns) {
  std::vector<const model::Route*> routes;
  for (const model::Route& route : ns.routes) routes.push_back(&route);
  std::stable_sort(routes.begin(), routes.end(), [](const auto* a, const auto* b) {
    return std::pair(table_order(a->table), a->family) <
           std::pair(table_order(b->table), b->family);
  });
  return routes;
}

std::string range_text(const model::Range& range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : fmt::format("{}-{}", range.first, range.last);
}

void add_word(std::string& text, const std::string& word) {
  text.append(text.empty() ? "" : " ").append(word);
}

std::string selector_text(const model::Rule& rule) {
  std::string text = rule.invert ? "not" : "";
  add_word(text, "from " + (rule.src ? rule.src->text() : "all"));
  if (rule.dst) add_word(text, "to " + rule.dst->text());
  if (!rule.iif.empty()) add_word(text, "iif " + rule.iif);
  if (!rule.oif.empty()) add_word(text, "oif " + rule.oif);
  if (rule.fwmark) add_word(text, fmt::format("fwmark {:#x}", *rule.fwmark));
  if (rule.fwmask && *rule.fwmask != ~std::uint32_t{0}) text += fmt::format("/{:#x}", *rule.fwmask);
  if (rule.tos != 0) add_word(text, fmt::format("tos {:#x}", rule.tos));
  if (rule.uids) add_word(text, "uids " + range_text(*rule.uids));
  if (rule.ip_protocol) add_word(text, fmt::format("protocol {}", *rule.ip_protocol));
  if (rule.sports) add_word(text, "sport " + range_text(*rule.sports));
  if (rule.dports) add_word(text, "dport " + range_text(*rule.dports));
  if (rule.tunnel_id) add_word(text, fmt::format("tunnel {}", *rule.tunnel_id));
  if (rule.l3mdev) add_word(text, "l3mdev");
  return text;
}

std::string action_text(const model::Rule& rule) {
  if (rule.action == "goto" && rule.goto_priority)
    return fmt::format("goto {}", *rule.goto_priority);
  if (rule.action != "table") return rule.action;
  std::string text = rule.l3mdev ? "the VRF's table" : "table " + table_name(rule.table);
  if (rule.suppress_prefix_length)
    add_word(text, fmt::format("but prefixes up to /{}", *rule.suppress_prefix_length));
  return text;
}

Text nexthop_way(const Words& words, const model::Namespace& ns, const model::Nexthop& nexthop) {
  if (nexthop.blackhole) return {"blackhole", Role::warn};
  Text text;
  for (const model::NexthopMember& member : nexthop.group)
    text.join(fmt::format("{} weight {}", member.id, member.weight), ", ");
  if (!nexthop.group.empty()) return text;
  return hop_text(words, ns, {nexthop.gateway, nexthop.oif, 1, 0, nexthop.encap}, false);
}

std::string family_word(model::SocketFamily family) {
  switch (family) {
    case model::SocketFamily::inet:
      return "";
    case model::SocketFamily::inet6:
      return "";
    case model::SocketFamily::unix_:
      return "unix ";
    case model::SocketFamily::packet:
      return "packet ";
    case model::SocketFamily::netlink:
      return "netlink ";
    case model::SocketFamily::vsock:
      return "vsock ";
  }
  return {};
}

Text owners_text(const Words& words, const model::Socket& socket) {
  Text text;
  for (std::size_t i = 0; i < std::min<std::size_t>(socket.owners.size(), 3); ++i)
    text.join(process_text(words, socket.owners[i].pid), ", ");
  if (socket.owners.size() > 3)
    text.add(fmt::format(" +{}", socket.owners.size() - 3), Role::muted);
  return text;
}

Text local_text(const Words& words, const model::Namespace& ns, const model::Socket& socket) {
  Text text(socket.name);
  if (socket.local || socket.local_port != 0)
    text.join({endpoint_text(socket.local, socket.local_port), Role::address}, " ");
  if (socket.bound_to)
    text.join(Text("on ", Role::muted).add(link_name(words, {ns.id, *socket.bound_to}), Role::name),
              " ");
  return text;
}

}  // namespace

Section routes_section(const Words& words, const model::Namespace& ns) {
  Section section{
      "routes", {}, table_of({"TABLE", "DESTINATION", "WAY", ">METRIC", "PROTOCOL", "SOURCE"})};
  for (const model::Route* route : routes_by_table(ns))
    section.table.rows.push_back({{table_name(route->table), Role::muted},
                                  {destination_text(*route), Role::address},
                                  route_way(words, ns, *route),
                                  route->metric != 0 ? std::to_string(route->metric) : "",
                                  {route->protocol, Role::muted},
                                  route->prefsrc ? route->prefsrc->text() : ""});
  return section;
}

Section rules_section(const Words&, const model::Namespace& ns) {
  Section section{"policy rules", {}, table_of({">PRIORITY", "FAMILY", "WHAT", "WHERE"})};
  for (const model::Rule& rule : ns.rules)
    section.table.rows.push_back({std::to_string(rule.priority),
                                  rule.family == model::Family::inet ? "IPv4" : "IPv6",
                                  selector_text(rule), action_text(rule)});
  return section;
}

Section nexthops_section(const Words& words, const model::Namespace& ns) {
  Section section{"nexthops", {}, table_of({">ID", "WAY", "PROTOCOL"})};
  for (const model::Nexthop& nexthop : ns.nexthops)
    section.table.rows.push_back({std::to_string(nexthop.id),
                                  nexthop_way(words, ns, nexthop),
                                  {nexthop.protocol, Role::muted}});
  return section;
}

Section nsids_section(const Words& words, const model::Namespace& ns) {
  Section section{"its numbers for others", {}, table_of({">NSID", "NAMESPACE"})};
  for (const model::NsidEntry& entry : ns.nsids)
    section.table.rows.push_back(
        {std::to_string(entry.nsid.value),
         entry.ns ? Text(words.titles.of(*entry.ns), Role::title) : Text("not known", Role::warn)});
  return section;
}

Section sockets_section(const Words& words, const model::Namespace& ns) {
  Section section{
      "sockets", {}, table_of({"PROTOCOL", "STATE", "LOCAL", "REMOTE", ">UID", "~PROCESSES"})};
  for (const model::Socket& socket : ns.sockets)
    section.table.rows.push_back(
        {family_word(socket.family) + socket.protocol,
         {socket.state, Role::muted},
         local_text(words, ns, socket),
         socket.remote ? Text(endpoint_text(socket.remote, socket.remote_port), Role::address)
                       : Text(),
         socket.uid ? std::to_string(socket.uid->value) : "",
         owners_text(words, socket)});
  return section;
}

Section sysctls_section(const Words&, const model::Namespace& ns) {
  Section section{"settings", {}, table_of({"NAME", ">VALUE"})};
  for (const model::Sysctl& sysctl : ns.sysctls)
    section.table.rows.push_back({sysctl.name, std::to_string(sysctl.value)});
  return section;
}

}  // namespace nsmap::view
