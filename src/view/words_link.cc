#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "view/words.h"

// How interfaces, addresses and routes are called.

namespace nsmap::view {
namespace {

// net/ipv4/{ipip,ip_gre,ip_vti}.c, net/ipv6/{sit,ip6_tunnel,ip6_gre,ip6_vti}.c: the fall-back
// devices of the tunnel modules.
constexpr std::array<std::string_view, 10> kFallback = {
    "tunl0",    "gre0", "gretap0", "erspan0", "ip_vti0",
    "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0", "ip6erspan0"};

// The number that tells one interface of a kind from another.
struct KindNumber {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(const model::BridgeData&) const { return {}; }
  std::string operator()(const model::VlanData& data) const { return fmt::format(" {}", data.id); }
  std::string operator()(const model::BondData& data) const { return " " + data.mode; }
  std::string operator()(const model::MacvlanData& data) const { return " " + data.mode; }
  std::string operator()(const model::IpvlanData& data) const { return " " + data.mode; }
  std::string operator()(const model::VrfData& data) const {
    return fmt::format(" table {}", data.table.value);
  }
  std::string operator()(const model::VxlanData& data) const {
    return vni(data.vni) + remote(data.remote);
  }
  std::string operator()(const model::GeneveData& data) const {
    return vni(data.vni) + remote(data.remote);
  }
  std::string operator()(const model::TunnelData& data) const { return remote(data.remote); }
  std::string operator()(const model::XfrmData& data) const {
    return fmt::format(" id {}", data.if_id);
  }
  std::string operator()(const model::MacsecData&) const { return {}; }
  std::string operator()(const model::TunData&) const { return {}; }
  std::string operator()(const model::NetkitData&) const { return {}; }

 private:
  static std::string vni(std::optional<std::uint32_t> vni) {
    return vni ? fmt::format(" {}", *vni) : std::string();
  }
  static std::string remote(const std::optional<IpAddress>& remote) {
    return remote && !remote->is_unspecified() ? " to " + remote->text() : std::string();
  }
};

void add_place(const Words& words, Text& text, const model::Namespace& ns, model::LinkRef end) {
  text.add(link_name(words, end), Role::name);
  if (end.ns != ns.id) text.add(" @", Role::muted).add(words.titles.of(end.ns), Role::title);
}

const model::Link* master_of(const Words& words, model::LinkRef ref) {
  const model::Link* link = words.index.find(ref);
  return link && link->master ? words.index.find(model::LinkRef{ref.ns, *link->master}) : nullptr;
}

Text peer_text(const Words& words, const model::Namespace& ns, model::LinkRef peer) {
  Text text;
  text.add("⇄ ", Role::muted);
  const auto& addresses = shown_addresses(words, peer);
  add_place(words, text, ns, peer);
  if (const model::Link* master = master_of(words, peer))
    text.add(" → ", Role::muted).add(master->name, Role::name);
  else if (!addresses.empty() && !addresses.front()->address.is_link_local())
    text.add(" ").add(addresses.front()->address.text(), Role::address);
  return text;
}

std::string hop_text(const Words& words, const model::Namespace& ns, const model::RouteHop& hop,
                     bool with_device) {
  std::string text = hop.gateway ? "via " + hop.gateway->text() : "";
  if (hop.oif && (with_device || !hop.gateway))
    text += (text.empty() ? "dev " : " dev ") + link_name(words, {ns.id, *hop.oif});
  return text;
}

// Paths of a default route, those of its nexthop object included.
std::vector<model::RouteHop> hops_of(const model::Namespace& ns, const model::Route& route) {
  if (!route.hops.empty() || !route.nexthop_id) return route.hops;
  for (const model::Nexthop& nexthop : ns.nexthops)
    if (nexthop.id == *route.nexthop_id && nexthop.group.empty())
      return {{nexthop.gateway, nexthop.oif, 1, 0, {}}};
  return {};
}

constexpr TableId kMainTable{254};  // RT_TABLE_MAIN, include/uapi/linux/rtnetlink.h

// The main table's default routes, best first, one a family.
std::vector<const model::Route*> default_routes(const model::Namespace& ns) {
  std::array<const model::Route*, 2> best{};
  for (const model::Route& route : ns.routes) {
    if (route.table != kMainTable || route.dst.length != 0 || route.type != "unicast") continue;
    const model::Route*& slot = best[route.family == model::Family::inet6];
    if (!slot || route.metric < slot->metric) slot = &route;
  }
  std::vector<const model::Route*> routes;
  std::copy_if(best.begin(), best.end(), std::back_inserter(routes),
               [](const model::Route* route) { return route != nullptr; });
  return routes;
}

}  // namespace

std::string kind_text(const model::Link& link) {
  if (const auto* tun = std::get_if<model::TunData>(&link.data)) return tun->mode;
  if (link.kind == "veth" || link.kind == "loopback" || link.kind.empty()) return {};
  return link.kind + std::visit(KindNumber{}, link.data);
}

bool is_furniture(const Words& words, model::LinkRef ref, const model::Link& link) {
  if (link.name == "lo" || link.kind == "loopback") return true;
  return !link.up && words.index.addresses_of(ref).empty() &&
         std::find(kFallback.begin(), kFallback.end(), link.name) != kFallback.end();
}

std::string link_name(const Words& words, model::LinkRef ref) {
  const model::Link* link = words.index.find(ref);
  return link ? link->name : fmt::format("if{}", ref.index.value);
}

Text wire_text(const Words& words, const model::Namespace& ns, const model::Link& link) {
  Text text;
  if (link.peer) text = peer_text(words, ns, *link.peer);
  if (link.parent) {
    text.join(Text("on ", Role::muted), " ");
    add_place(words, text, ns, *link.parent);
  }
  if (!link.peer && (link.kind == "veth" || link.kind == "netkit"))
    text.add("⇄ ", Role::muted).add("an end nobody could name", Role::warn);
  if (const model::Link* master = master_of(words, {ns.id, link.index}))
    text.join(Text("→ ", Role::muted).add(master->name, Role::name), " ");
  return text;
}

std::vector<const model::Address*> shown_addresses(const Words& words, model::LinkRef ref) {
  const auto& all = words.index.addresses_of(ref);
  std::vector<const model::Address*> shown;
  std::copy_if(all.begin(), all.end(), std::back_inserter(shown), [](const auto* address) {
    return !(address->address.is_v6() && address->address.is_link_local());
  });
  return shown.empty() ? all : shown;
}

Text addresses_text(const Words& words, model::LinkRef ref, std::size_t most) {
  Text text;
  const auto shown = shown_addresses(words, ref);
  for (std::size_t i = 0; i < std::min(shown.size(), most); ++i) {
    const model::Address& address = *shown[i];
    Text one(fmt::format("{}/{}", address.address.text(), address.prefix), Role::address);
    if (address.peer && *address.peer != address.address)
      one.add(" to ", Role::muted).add(address.peer->text(), Role::address);
    if (address.dad_failed) one.add(" duplicate", Role::bad);
    text.join(one, " ");
  }
  if (shown.size() > most) text.add(fmt::format(" +{}", shown.size() - most), Role::muted);
  return text;
}

Text state_text(const model::Link& link) {
  if (!link.up) return {"down", Role::bad};
  if (!link.carrier && link.state != model::OperState::up &&
      link.state != model::OperState::unknown)
    return {"no carrier", Role::warn};
  return {};
}

Text served_text(const Words& words, const model::Link& link) {
  Text text;
  for (const model::TunServer& server : link.served_by) {
    text.join(process_text(words, server.pid), ", ");
    const model::Process* process = words.index.find(server.pid);
    if (process && process->uid.value != 0)
      text.add(fmt::format(", uid {}", process->uid.value), Role::muted);
  }
  if (text.empty()) return text;
  return Text("served by ", Role::muted).add(text);
}

Text default_route_text(const Words& words, const model::Namespace& ns, bool with_device) {
  Text text;
  for (const model::Route* route : default_routes(ns))
    for (const model::RouteHop& hop : hops_of(ns, *route))
      text.join(Text(hop_text(words, ns, hop, with_device), Role::address), ", ");
  return text;
}

}  // namespace nsmap::view
