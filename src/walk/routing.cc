#include "walk/routing.h"

#include <algorithm>
#include <span>
#include <utility>

#include "walk/source_address.h"

namespace nsmap::walk {
namespace {

using model::Route;
using model::Rule;
using Kind = Routed::Kind;

constexpr IfIndex kLoopback{1};                       // LOOPBACK_IFINDEX: of every namespace
constexpr TableId kMainTable{254}, kLocalTable{255};  // RT_TABLE_LOCAL
constexpr int kLinkScope = 253;                       // RT_SCOPE_LINK

struct TypeKind {
  std::string_view type;
  Kind kind;
};
constexpr TypeKind kTypes[] = {
    {"unicast", Kind::unicast},         {"local", Kind::local},
    {"broadcast", Kind::broadcast},     {"multicast", Kind::multicast},
    {"anycast", Kind::anycast},         {"blackhole", Kind::blackhole},
    {"unreachable", Kind::unreachable}, {"prohibit", Kind::prohibited},
};

// Of a route's type, or of a policy rule's action.
Kind kind_of(std::string_view type) {
  const auto* const known = std::ranges::find(kTypes, type, &TypeKind::type);
  return known == std::end(kTypes) ? Kind::no_route : known->kind;
}

bool is_limited_broadcast(const IpAddress& address) {
  return !address.is_v6() && std::ranges::all_of(address.bytes(), [](std::byte byte) {
    return byte == std::byte{0xff};
  });
}

// Addresses that mean something on one link only (net/ipv6/route.c rt6_need_strict).
bool needs_device(const IpAddress& address) {
  return address.is_multicast() || address.is_link_local() || address.is_loopback();
}

bool in(const std::optional<model::Range>& range, std::uint32_t number) {
  return !range || (range->first <= number && number <= range->last);
}

bool holds(const std::optional<Prefix>& prefix, const IpAddress& address) {
  return !prefix || prefix->length == 0 || prefix->contains(address);
}

std::int64_t sysctl(const model::Namespace& ns, std::string_view name) {
  const auto found = std::ranges::find(ns.sysctls, name, &model::Sysctl::name);
  return found == ns.sysctls.end() ? 0 : found->value;
}

// A rule that a namespace begins with (net/core/fib_rules.c fib_default_rule_add).
struct FirstRule {
  std::uint32_t priority;
  std::uint32_t table;
};
constexpr FirstRule kFirst[] = {{0, 255}, {32766, 254}, {32767, 253}};

// Whether those are the rules that a namespace begins with, of IPv6 without the last one.
bool are_first(const std::vector<const Rule*>& rules, bool v6) {
  const auto is = [](const Rule* rule, const FirstRule& known) {
    Rule first;
    first.family = rule->family;
    first.priority = known.priority;
    first.action = "table";
    first.table = TableId(known.table);
    first.protocol = rule->protocol;
    first.fwmask = rule->fwmask;
    first.suppress_prefix_length = rule->suppress_prefix_length;
    return *rule == first;
  };
  return std::ranges::equal(rules, std::span(kFirst).first(v6 ? 2 : 3), is);
}

Routed answer(Kind kind) { return {.kind = kind}; }

}  // namespace

struct Routing::Found {
  Kind kind = Kind::no_route;  // where there is no choice
  const Rule* rule = nullptr;
  std::vector<RouteChoice> choices = {};

  Routed with(Routed routed, const RouteChoice& choice) const {
    routed.rule = rule;
    routed.route = choice.route;
    routed.hop = choice.hop;
    return routed;
  }
  // Where the packet gets nowhere.
  Routed end() const {
    if (choices.empty()) return with(answer(kind), {});
    return with(answer(kind_of(choices.front().route->type)), choices.front());
  }
  bool is_end() const { return choices.empty() || !choices.front().hop; }
};

Routing::Routing(const model::Namespace& ns)
    : ns_(ns), fib4_(ns, model::Family::inet), fib6_(ns, model::Family::inet6) {
  for (const Rule& rule : ns.rules)
    (rule.family == model::Family::inet6 ? rules6_ : rules4_).push_back(&rule);
  for (auto* rules : {&rules4_, &rules6_}) std::ranges::stable_sort(*rules, {}, &Rule::priority);
  own_rules4_ = !are_first(rules4_, false);
  own_rules6_ = !are_first(rules6_, true);
  for (const model::Link& link : ns.links) links_.emplace(link.index, &link);
  own_local_routes_ = std::ranges::any_of(ns.routes, [](const Route& route) {
    return route.family == model::Family::inet && route.type == "local" &&
           route.protocol != "kernel";
  });
  rp_filter_all_ = static_cast<int>(sysctl(ns, "net.ipv4.conf.all.rp_filter"));
  accept_local_all_ = sysctl(ns, "net.ipv4.conf.all.accept_local") != 0;
  route_localnet_all_ = sysctl(ns, "net.ipv4.conf.all.route_localnet") != 0;
  src_valid_mark_all_ = sysctl(ns, "net.ipv4.conf.all.src_valid_mark") != 0;
}

std::vector<Routed> Routing::output(const Flow& flow) const {
  return flow.dst.is_v6() ? output_v6(flow) : output_v4(flow);
}

std::vector<Routed> Routing::input(const Flow& flow) const {
  return flow.dst.is_v6() ? input_v6(flow) : input_v4(flow);
}

// --- policy rules --------------------------------------------------------------------------------

const model::Link* Routing::link(std::optional<IfIndex> device) const {
  const auto found = device ? links_.find(*device) : links_.end();
  return found == links_.end() ? nullptr : found->second;
}

// The VRF that a device is, or is in.
const model::Link* Routing::vrf_of(std::optional<IfIndex> device) const {
  const model::Link* const at = link(device);
  if (!at || std::holds_alternative<model::VrfData>(at->data)) return at;
  const model::Link* const master = link(at->master);
  return master && std::holds_alternative<model::VrfData>(master->data) ? master : nullptr;
}

bool Routing::has_name(std::optional<IfIndex> device, std::string_view name) const {
  const model::Link* const at = link(device);
  const model::Link* const vrf = vrf_of(device);
  return (at && at->name == name) || (vrf && vrf->name == name);
}

// net/core/fib_rules.c fib_rule_match, net/ipv4/fib_rules.c fib4_rule_match, and of IPv6.
bool Routing::selects(const Rule& rule, const Flow& flow) const {
  if (!rule.iif.empty() && !has_name(flow.iif.value_or(kLoopback), rule.iif)) return false;
  if (!rule.oif.empty() && !has_name(flow.oif, rule.oif)) return false;
  if (((rule.fwmark.value_or(0) ^ flow.mark) & rule.fwmask.value_or(0)) != 0) return false;
  if (rule.tunnel_id.value_or(0) != 0) return false;  // of what a tunnel has just taken out
  if (rule.l3mdev && !table_of(rule, flow)) return false;
  const bool src = flow.src ? holds(rule.src, *flow.src)
                            : holds(rule.src, IpAddress::any(flow.dst.is_v6())) &&
                                  (!flow.dst.is_v6() || !rule.src || rule.src->length == 0);
  return src && holds(rule.dst, flow.dst) && in(rule.uids, flow.uid) &&
         (rule.tos == 0 || rule.tos == flow.tos) &&
         (!rule.ip_protocol || *rule.ip_protocol == 0 || *rule.ip_protocol == flow.protocol) &&
         in(rule.sports, flow.sport) && in(rule.dports, flow.dport);
}

bool Routing::meets(const Rule& rule, const Flow& flow) const {
  return selects(rule, flow) != rule.invert;
}

// The table that a rule sends to; of an l3mdev rule that of the VRF it is about, if any.
std::optional<TableId> Routing::table_of(const Rule& rule, const Flow& flow) const {
  if (!rule.l3mdev) return rule.table;
  for (const auto device : {flow.oif, flow.iif}) {
    const model::Link* const vrf = vrf_of(device);
    if (const auto* data = vrf ? std::get_if<model::VrfData>(&vrf->data) : nullptr)
      return data->table;
  }
  return std::nullopt;
}

namespace {

// Whether a rule does not want what its table has, because the prefix is too short
// (fib4_rule_suppress). What leads nowhere is never suppressed.
bool is_suppressed(const Rule& rule, const RouteChoice& choice) {
  return rule.suppress_prefix_length &&
         int{choice.route->dst.length} <= *rule.suppress_prefix_length;
}

}  // namespace

Routing::Found Routing::look_up(const Flow& flow, const FibOptions& options) const {
  const bool v6 = flow.dst.is_v6();
  const Fib& tables = fib(flow.dst);
  const auto& rules = v6 ? rules6_ : rules4_;
  std::uint32_t from = 0;
  for (const Rule* const rule : rules) {
    if (rule->priority < from || rule->action == "nop" || !meets(*rule, flow)) continue;
    if (rule->action == "goto") {
      const auto target = rule->goto_priority.value_or(0);
      const bool there = std::ranges::find(rules, target, &Rule::priority) != rules.end();
      if (there) from = target;
      continue;
    }
    if (rule->action != "table") return {.kind = kind_of(rule->action), .rule = rule};
    Found found{.rule = rule};
    if (!v6 && !own_rules4_ && rule->table == kLocalTable)
      found.choices = tables.find_merged(flow, options);
    else if (const auto table = table_of(*rule, flow))
      found.choices = tables.find(*table, flow, options);
    if (found.choices.empty()) continue;
    const RouteChoice& first = found.choices.front();
    const model::Link* const out = first.hop ? link(first.hop->oif) : nullptr;
    const bool by_group = rule->suppress_group && out &&
                          static_cast<std::int32_t>(out->group) == *rule->suppress_group;
    if (first.hop && (is_suppressed(*rule, first) || by_group)) continue;
    return found;
  }
  return {};
}

// --- IPv4, sent ----------------------------------------------------------------------------------

bool Routing::has_address(const IpAddress& address) const {
  return std::ranges::find(ns_.addresses, address, &model::Address::address) != ns_.addresses.end();
}

// net/ipv4/devinet.c __ip_dev_find.
std::optional<IfIndex> Routing::device_of(const IpAddress& address) const {
  const auto found = std::ranges::find(ns_.addresses, address, &model::Address::address);
  if (found != ns_.addresses.end()) return found->index;
  const Flow flow{.dst = address};
  const auto local = own_rules4_ ? fib4_.find(kLocalTable, flow, {}) : fib4_.find_merged(flow, {});
  const bool here = !local.empty() && local.front().hop && local.front().route->type == "local";
  return here ? local.front().hop->oif : std::nullopt;
}

// A router that is the namespace itself is none: the destination is on the link then. The kernel
// looked when the route was made, and told nobody what it saw; we look at what is there now
// (net/ipv4/fib_semantics.c fib_check_nh, route.c rt_set_nexthop).
std::optional<IpAddress> Routing::gateway_of(const RouteChoice& choice) const {
  constexpr std::uint32_t kOnLink = 4;  // RTNH_F_ONLINK
  const model::RouteHop& hop = *choice.hop;
  if (!hop.gateway || hop.gateway->is_v6() || (hop.flags & kOnLink) != 0) return hop.gateway;
  const Flow flow{.dst = *hop.gateway, .oif = hop.oif};
  const FibOptions options{.device = hop.oif, .ignore_link_state = true, .scope = kLinkScope};
  std::vector<RouteChoice> found;
  if (choice.route->table != kMainTable) found = fib4_.find(choice.route->table, flow, options);
  if (found.empty()) found = look_up(flow, options).choices;
  if (!found.empty()) return found.front().route->type == "local" ? std::nullopt : hop.gateway;
  return device_of(*hop.gateway) ? std::nullopt : hop.gateway;
}

std::vector<Routed> Routing::output_v4(const Flow& asked) const {
  Flow flow = asked;
  if (flow.src && flow.src->is_unspecified()) flow.src.reset();
  if (flow.src) {
    if (flow.src->is_multicast() || is_limited_broadcast(*flow.src) || !device_of(*flow.src))
      return {answer(Kind::bad_source)};
  }
  if (flow.oif) {
    const model::Link* const device = link(flow.oif);
    if (!device || !device->up) return {answer(Kind::bad_device)};
  }
  if (!flow.oif && flow.src && (flow.dst.is_multicast() || is_limited_broadcast(flow.dst)))
    return send_to_all(flow);
  if (flow.dst.is_unspecified()) flow.dst = flow.src.value_or(*IpAddress::parse("127.0.0.1"));
  if (flow.oif && (flow.dst.is_multicast() || is_limited_broadcast(flow.dst))) {
    const auto kind = flow.dst.is_multicast() ? Kind::multicast : Kind::broadcast;
    return {send_on_link(flow, kind)};
  }
  const Found found = look_up(flow, {.device = flow.oif});
  if (found.is_end()) {
    if (!flow.oif) return {found.end()};
    // "Apparently, routing tables are wrong": with a device the destination is taken to be on its
    // link.
    return {send_on_link(flow, Kind::unicast)};
  }
  std::vector<Routed> all;
  for (const RouteChoice& choice : found.choices) all.push_back(send_v4(flow, found, choice));
  return all;
}

// To a group or everybody, by the device that has the source; where several do, the kernel takes
// the one that it got first by a hash.
std::vector<Routed> Routing::send_to_all(Flow flow) const {
  const Kind kind = flow.dst.is_multicast() ? Kind::multicast : Kind::broadcast;
  std::vector<Routed> all;
  for (const model::Address& address : ns_.addresses) {
    if (address.address != *flow.src) continue;
    flow.oif = address.index;
    all.push_back(send_on_link(flow, kind));
  }
  if (!all.empty()) return all;
  flow.oif = device_of(*flow.src);
  return {send_on_link(flow, kind)};
}

// With neither rule nor route.
Routed Routing::send_on_link(const Flow& flow, Kind kind) const {
  Routed routed{.kind = kind, .oif = flow.oif, .source = flow.src};
  if (!routed.source) routed.source = source_v4(ns_, *flow.oif, {}, kLinkScope);
  return checked_v4(flow, routed);
}

Routed Routing::send_v4(const Flow& flow, const Found& found, const RouteChoice& choice) const {
  Routed routed = found.with({.kind = kind_of(choice.route->type)}, choice);
  const auto& preferred = choice.route->prefsrc;
  if (routed.kind == Kind::local) {
    const model::Link* const vrf = vrf_of(choice.hop->oif);
    routed.oif = vrf ? vrf->index : kLoopback;
    routed.source = flow.src ? flow.src : preferred ? preferred : flow.dst;
    return checked_v4(flow, routed);
  }
  routed.oif = choice.hop->oif;
  routed.gateway = gateway_of(choice);
  routed.source = flow.src ? flow.src : preferred;
  if (!routed.source && routed.oif) {
    const auto& router = choice.hop->gateway;
    routed.source = source_v4(ns_, *routed.oif, router && !router->is_v6() ? router : std::nullopt,
                              scope_number(choice.route->scope));
  }
  return checked_v4(flow, routed);
}

// net/ipv4/route.c __mkroute_output.
Routed Routing::checked_v4(const Flow& flow, Routed routed) const {
  if (is_limited_broadcast(flow.dst))
    routed.kind = Kind::broadcast;
  else if (flow.dst.is_multicast())
    routed.kind = Kind::multicast;
  if (routed.kind == Kind::broadcast || routed.kind == Kind::multicast) routed.gateway.reset();
  const model::Link* const out = link(routed.oif);
  const bool localnet = route_localnet_all_ || (out && out->ipv4 && out->ipv4->route_localnet);
  if (routed.source && routed.source->is_loopback() && routed.oif != kLoopback && !localnet)
    routed.kind = Kind::bad_source;
  return routed;
}

// --- IPv4, coming in -----------------------------------------------------------------------------

// net/ipv4/fib_frontend.c fib_validate_source: whether packets of that source may come in by the
// interface, to leave by `oif`.
bool Routing::is_valid_source(const Flow& flow, std::optional<IfIndex> oif) const {
  const model::Link* const in = link(flow.iif);
  if (!in || !in->ipv4) return false;
  const bool accepts_local = accept_local_all_ || in->ipv4->accept_local;
  const int filter = std::max(rp_filter_all_, in->ipv4->rp_filter);
  if (filter == 0 && (flow.iif != oif || !in->ipv4->send_redirects)) {
    if (accepts_local) return true;
    if (!own_local_routes_ && !own_rules4_) return !has_address(*flow.src);
  }
  Flow back{.dst = *flow.src, .src = flow.dst, .iif = oif, .tos = flow.tos};
  back.mark = src_valid_mark_all_ || in->ipv4->src_valid_mark ? flow.mark : 0;
  back.protocol = flow.protocol;
  back.sport = flow.dport;
  back.dport = flow.sport;
  const Found found = look_up(back, {});
  if (found.is_end()) return filter == 0;
  const Kind kind = kind_of(found.choices.front().route->type);
  if (kind != Kind::unicast && (kind != Kind::local || !accepts_local)) return false;
  for (const model::RouteHop& hop : found.choices.front().route->hops)
    if (hop.oif == flow.iif || vrf_of(hop.oif) == in) return true;
  if (kind == Kind::local && flow.iif == kLoopback) return true;
  const bool has_any = std::ranges::any_of(ns_.addresses, [&](const model::Address& address) {
    return address.index == *flow.iif && !address.address.is_v6();
  });
  return has_any ? filter != 1 : filter == 0;
}

namespace {

std::vector<Routed> deliver(Routed routed, Kind kind) {
  routed.kind = kind;
  routed.oif = kLoopback;
  return {routed};
}

}  // namespace

std::vector<Routed> Routing::receive_broadcast(Flow flow, const Routed& routed) const {
  flow.dst = IpAddress();
  if (!flow.src->is_unspecified() && !is_valid_source(flow, std::nullopt))
    return {answer(Kind::martian_source)};
  return deliver(routed, Kind::broadcast);
}

std::vector<Routed> Routing::input_v4(const Flow& asked) const {
  const model::Link* const in = link(asked.iif);
  if (!in || !in->ipv4) return {answer(Kind::bad_device)};
  Flow flow = asked;
  flow.src = asked.src.value_or(IpAddress());
  const bool localnet = route_localnet_all_ || in->ipv4->route_localnet;
  if (flow.src->is_multicast() || is_limited_broadcast(*flow.src))
    return {answer(Kind::martian_source)};
  if (flow.dst.is_multicast()) return {answer(Kind::unknown)};
  if (is_limited_broadcast(flow.dst) || (flow.src->is_unspecified() && flow.dst.is_unspecified()))
    return receive_broadcast(flow, {});
  if (flow.src->is_unspecified()) return {answer(Kind::martian_source)};
  if (flow.dst.is_unspecified() || (!localnet && flow.dst.is_loopback()))
    return {answer(Kind::martian_destination)};
  if (!localnet && flow.src->is_loopback()) return {answer(Kind::martian_source)};
  return input_v4(flow, *in);
}

std::vector<Routed> Routing::input_v4(const Flow& flow, const model::Link& in) const {
  const Found found = look_up(flow, {});
  if (found.is_end()) {
    if (!in.ipv4->forwarding) return {found.with(answer(Kind::not_forwarding), {})};
    return {found.end()};
  }
  const RouteChoice& first = found.choices.front();
  const Routed routed = found.with({}, first);
  const Kind kind = kind_of(first.route->type);
  if (kind == Kind::broadcast) return receive_broadcast(flow, routed);
  if (kind == Kind::local) {
    if (!is_valid_source(flow, std::nullopt)) return {answer(Kind::martian_source)};
    return deliver(routed, Kind::local);
  }
  if (!in.ipv4->forwarding) return {found.with(answer(Kind::not_forwarding), first)};
  if (kind != Kind::unicast) return {found.with(answer(Kind::martian_destination), first)};
  std::vector<Routed> all;
  for (const RouteChoice& choice : found.choices) {
    const bool valid = is_valid_source(flow, choice.hop->oif);
    Routed& one =
        all.emplace_back(found.with(answer(valid ? Kind::unicast : Kind::martian_source), choice));
    one.oif = choice.hop->oif;
    one.gateway = gateway_of(choice);
  }
  return all;
}

// --- IPv6 ----------------------------------------------------------------------------------------

// Where each of the choices leads.
std::vector<Routed> Routing::leave_v6(const Flow& flow, const Found& found) const {
  std::vector<Routed> all;
  for (const RouteChoice& choice : found.choices) {
    Routed& routed = all.emplace_back(found.with(answer(kind_of(choice.route->type)), choice));
    const bool here = routed.kind == Kind::local || routed.kind == Kind::anycast;
    routed.oif = here && !needs_device(flow.dst) ? kLoopback : choice.hop->oif;
    routed.gateway = choice.hop->gateway;
  }
  return all;
}

std::vector<Routed> Routing::output_v6(const Flow& asked) const {
  Flow flow = asked;
  if (flow.src && flow.src->is_unspecified()) flow.src.reset();
  const bool strict = flow.bound || needs_device(flow.dst) || (flow.oif && !flow.src);
  const Found found = look_up(flow, {.device = flow.oif, .only_device = strict});
  if (found.is_end()) return {found.end()};
  auto all = leave_v6(flow, found);
  for (std::size_t at = 0; at < all.size(); ++at) {
    const RouteChoice& choice = found.choices[at];
    all[at].source = flow.src ? flow.src : choice.route->prefsrc;
    if (!all[at].source && choice.hop->oif)
      all[at].source = source_v6(ns_, *choice.hop->oif, flow.dst);
  }
  return all;
}

std::vector<Routed> Routing::input_v6(const Flow& flow) const {
  Flow known = flow;
  known.src = flow.src.value_or(IpAddress::any(true));
  const Found found = look_up(known, {.device = flow.iif, .only_device = needs_device(flow.dst)});
  if (found.is_end()) return {found.end()};
  return leave_v6(known, found);
}

}  // namespace nsmap::walk
