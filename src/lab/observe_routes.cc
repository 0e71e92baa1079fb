#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "lab/check.h"
#include "lab/observe_parts.h"

namespace nsmap::lab {
namespace {

constexpr TableId kLocal{255};        // RT_TABLE_LOCAL
constexpr std::uint32_t kOnLink = 4;  // RTNH_F_ONLINK

// Made by the kernel from addresses, or by what routers say of themselves.
bool makes_itself(const model::Route& route) {
  return route.protocol == "kernel" || route.protocol == "ra" || route.table == kLocal ||
         std::find(std::begin(kRouteTypes), std::end(kRouteTypes), route.type) ==
             std::end(kRouteTypes);
}

std::string shown(const model::Route& route) {
  return "the route to " + (route.dst.length == 0 ? "default" : route.dst.text());
}

class Routes {
 public:
  Routes(Observing& observing, const model::Namespace& from) : observing_(observing), from_(from) {
    for (const model::Nexthop& nexthop : from.nexthops) nexthops_.emplace(nexthop.id, &nexthop);
    for (const model::Link& link : from.links) links_.emplace(link.index, &link);
    for (const model::Address& address : from.addresses)
      if (observing.has(from, address.index))
        nets_.emplace_back(subnet_of(address.peer.value_or(address.address), address.prefix),
                           address.index);
  }

  void add(const model::Route& route, Namespace& to) {
    const std::string wrong = lost(route);
    if (!wrong.empty())
      return observing_.remark(from_, fmt::format("{} is left out: {}", shown(route), wrong));
    Route made;
    made.to = route.dst;
    made.type = route.type;
    made.table = route.table;
    made.src = route.prefsrc;
    const std::uint32_t usual = route.dst.address.is_v6() ? kDefaultMetric6 : 0;
    if (route.metric != usual) made.metric = route.metric;
    for (const model::RouteHop& hop : hops_of(route)) made.hops.push_back(hop_of(hop));
    if (made.type == "unicast" && made.hops.empty()) made.type = "blackhole";
    if (route.nexthop_id) ++flattened_;
    if (route.mtu) observing_.remark(from_, shown(route) + " loses its MTU");
    to.routes.push_back(std::move(made));
  }

  void finish() {
    if (flattened_ != 0)
      observing_.remark(
          from_, fmt::format("routes by nexthop objects name their hops instead: {}", flattened_));
  }

 private:
  // A nexthop object's hops; a blackhole has none.
  std::vector<model::RouteHop> hops_of(const model::Route& route) const {
    if (!route.hops.empty() || !route.nexthop_id) return route.hops;
    const auto found = nexthops_.find(*route.nexthop_id);
    if (found == nexthops_.end() || found->second->blackhole) return {};
    std::vector<model::NexthopMember> members = found->second->group;
    if (members.empty()) members.push_back({found->first, 1});
    std::vector<model::RouteHop> hops;
    for (const model::NexthopMember& member : members) {
      const auto one = nexthops_.find(member.id);
      if (one == nexthops_.end()) continue;
      hops.push_back({one->second->gateway, one->second->oif, member.weight, one->second->flags,
                      one->second->encap});
    }
    return hops;
  }

  // Why a lab cannot have the route; empty: it can.
  std::string lost(const model::Route& route) const {
    if (!observing_.exporting) return {};
    if (route.src) return "it is for some sources only";
    if (route.tos != 0) return "it is for one type of service only";
    for (const model::RouteHop& hop : hops_of(route)) {
      if (!hop.encap.empty()) return fmt::format("it encapsulates ({})", hop.encap);
      if (hop.oif && !is_there(*hop.oif)) return "its link cannot be made";
      if (hop.gateway && (hop.flags & kOnLink) != 0 && !near(*hop.gateway))
        return "its gateway is in no subnet (onlink)";
    }
    return {};
  }

  bool is_there(IfIndex index) const {
    const auto link = links_.find(index);
    return observing_.has(from_, index) ||
           (link != links_.end() && link->second->kind == "loopback");
  }

  // The only link whose subnet has the address.
  std::optional<IfIndex> near(const IpAddress& address) const {
    std::optional<IfIndex> found;
    for (const auto& [net, index] : nets_) {
      if (!net.contains(address) || index == found) continue;
      if (found) return std::nullopt;
      found = index;
    }
    return found;
  }

  // In an export the link is left out where the gateway tells it.
  Hop hop_of(const model::RouteHop& hop) const {
    Hop made;
    made.via = hop.gateway;
    made.weight = hop.weight;
    const bool told = observing_.exporting && hop.gateway && !hop.gateway->is_link_local() &&
                      hop.oif && near(*hop.gateway) == hop.oif;
    const auto link = hop.oif ? links_.find(*hop.oif) : links_.end();
    if (!told && link != links_.end()) made.dev = link->second->name;
    return made;
  }

  Observing& observing_;
  const model::Namespace& from_;
  std::unordered_map<std::uint32_t, const model::Nexthop*> nexthops_;
  std::unordered_map<IfIndex, const model::Link*> links_;
  std::vector<std::pair<Prefix, IfIndex>> nets_;
  std::size_t flattened_ = 0;
};

// The rules of each new namespace (net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c), and that of the
// first VRF (drivers/net/vrf.c).
bool is_always_there(const model::Rule& rule) {
  const bool is_bare = !rule.src && !rule.dst && rule.iif.empty() && rule.oif.empty() &&
                       !rule.fwmark && rule.action == "table";
  const auto is = [&](std::uint32_t priority, std::uint32_t table) {
    return rule.priority == priority && rule.table == TableId(table);
  };
  return rule.l3mdev || (is_bare && (is(0, 255) || is(32766, 254) || is(32767, 253)));
}

// What a lab's rule has no word for.
bool is_lost(const model::Rule& rule) {
  const bool has_action = rule.action == "table" || rule.action == "blackhole" ||
                          rule.action == "unreachable" || rule.action == "prohibit";
  return !has_action || rule.invert || rule.tos != 0 || rule.uids || rule.ip_protocol ||
         rule.sports || rule.dports || rule.tunnel_id || rule.suppress_group ||
         (rule.suppress_prefix_length && *rule.suppress_prefix_length >= 0);
}

Rule rule_of(const model::Rule& rule) {
  Rule made;
  made.v6 = rule.family == model::Family::inet6;
  made.priority = rule.priority;
  made.from = rule.src;
  made.to = rule.dst;
  made.iif = rule.iif;
  made.oif = rule.oif;
  made.fwmark = rule.fwmark;
  if (rule.fwmask != UINT32_MAX) made.fwmask = rule.fwmask;
  made.action = rule.action == "table" ? "lookup" : rule.action;
  if (made.action == "lookup") made.table = rule.table;
  return made;
}

}  // namespace

void observe_routes(Observing& observing, const model::Namespace& from, Namespace& to) {
  Routes routes(observing, from);
  for (const model::Route& route : from.routes)
    if (!makes_itself(route)) routes.add(route, to);
  if (observing.exporting) routes.finish();
}

void observe_rules(Observing& observing, const model::Namespace& from, Namespace& to) {
  for (const model::Rule& rule : from.rules) {
    if (is_always_there(rule)) continue;
    if (is_lost(rule))
      observing.remark(from, fmt::format("the rule of priority {} is left out: it asks for more "
                                         "than a lab's rules can",
                                         rule.priority));
    else
      to.rules.push_back(rule_of(rule));
  }
}

}  // namespace nsmap::lab
