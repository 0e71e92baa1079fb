#include "walk/fib.h"

#include <algorithm>
#include <tuple>

namespace nsmap::walk {
namespace {

using model::Route;
using model::RouteHop;

constexpr TableId kMain{254}, kLocal{255};          // RT_TABLE_MAIN, RT_TABLE_LOCAL
constexpr std::uint32_t kDead = 1, kLinkdown = 16;  // RTNH_F_DEAD, RTNH_F_LINKDOWN
constexpr std::uint8_t kDscp = 0xfc;                // of the DS field

// The address with all but its first bits zero.
IpAddress network(const IpAddress& address, int length) {
  std::array<std::byte, 16> bytes{};
  const Bytes all = address.bytes();
  for (std::size_t at = 0; at < all.size(); ++at) {
    const int left = length - static_cast<int>(at) * 8;
    if (left <= 0) break;
    const auto mask = left >= 8 ? std::byte{0xff} : std::byte(0xff << (8 - left) & 0xff);
    bytes[at] = all[at] & mask;
  }
  return *IpAddress::from_bytes(Bytes(bytes).first(all.size()));
}

int source_length(const Route& route) { return route.src ? route.src->length : 0; }

bool has_own_tos(const Route& route) { return route.tos != 0; }

// What leads nowhere, "throw" included (net/ipv4/fib_semantics.c fib_props).
bool is_dead_end(const Route& route) {
  return route.type == "blackhole" || route.type == "unreachable" || route.type == "prohibit" ||
         route.type == "throw";
}

}  // namespace

int scope_number(std::string_view name) {
  struct Scope {
    std::string_view name;
    int number;
  };
  constexpr Scope kScopes[] = {
      {"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}};
  const auto* const known = std::ranges::find(kScopes, name, &Scope::name);
  return known == std::end(kScopes) ? 0 : known->number;
}

Fib::Fib(const model::Namespace& ns, model::Family family) : family_(family) {
  for (const model::Link& link : ns.links) links_.emplace(link.index, &link);
  for (const model::Neighbour& neighbour : ns.neighbours)
    if (neighbour.state == "failed") failed_.emplace(neighbour.index, neighbour.address);
  for (const model::Sysctl& sysctl : ns.sysctls)
    if (sysctl.name == "net.ipv6.conf.all.forwarding") forwards_ = sysctl.value != 0;
  for (const Route& route : ns.routes) {
    if (route.family != family) continue;
    add(route, tables_[route.table]);
    if (route.table == kMain || route.table == kLocal) add(route, merged_);
  }
}

// After those that come before it: the local table's before the main one's, of IPv4 those with a
// type of service of their own, of IPv6 with a longer source, then by metric; else in the order the
// kernel has them (fib_trie.c fib_find_alias, ip6_fib.c fib6_add_rt2node).
void Fib::add(const Route& route, Table& table) const {
  Leaf& leaf = table[route.dst.length][network(route.dst.address, route.dst.length)];
  const bool v4 = family_ == model::Family::inet;
  const auto rank = [&](const Route* one) {
    const int narrow = v4 ? one->tos : source_length(*one);
    return std::tuple(-std::int64_t{one->table.value}, -narrow, one->metric);
  };
  const auto at =
      std::upper_bound(leaf.begin(), leaf.end(), &route,
                       [&](const Route* a, const Route* b) { return rank(a) < rank(b); });
  leaf.insert(at, &route);
}

std::vector<RouteChoice> Fib::find(TableId table, const Flow& flow,
                                   const FibOptions& options) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? std::vector<RouteChoice>() : find(found->second, flow, options);
}

std::vector<RouteChoice> Fib::find_merged(const Flow& flow, const FibOptions& options) const {
  return find(merged_, flow, options);
}

std::vector<RouteChoice> Fib::find(const Table& table, const Flow& flow,
                                   const FibOptions& options) const {
  std::vector<RouteChoice> found;
  if (family_ == model::Family::inet) {
    for (const auto& [length, leaves] : table)
      if (const auto leaf = leaves.find(network(flow.dst, length)); leaf != leaves.end())
        if (found = find_v4(leaf->second, flow, options); !found.empty()) break;
  } else {
    if (!forwards_) found = find_v6(table, flow, options, true);
    if (found.empty()) found = find_v6(table, flow, options, false);
  }
  const bool thrown = !found.empty() && found.front().route->type == "throw";
  return thrown ? std::vector<RouteChoice>() : found;
}

bool Fib::is_usable(const RouteHop& hop, const FibOptions& options) const {
  if ((hop.flags & kDead) != 0) return false;
  if ((hop.flags & kLinkdown) == 0 || options.ignore_link_state || !hop.oif) return true;
  const auto link = links_.find(*hop.oif);
  if (link == links_.end()) return true;
  const auto& conf = *link->second;
  const bool ignores = family_ == model::Family::inet
                           ? conf.ipv4 && conf.ipv4->ignore_routes_with_linkdown
                           : conf.ipv6 && conf.ipv6->ignore_routes_with_linkdown;
  return !ignores;
}

// --- IPv4 ----------------------------------------------------------------------------------------

std::vector<RouteChoice> Fib::find_v4(const Leaf& leaf, const Flow& flow,
                                      const FibOptions& options) const {
  std::vector<RouteChoice> found;
  for (const Route* const route : leaf) {
    if (has_own_tos(*route) && ((route->tos ^ flow.tos) & kDscp) != 0) continue;
    if (scope_number(route->scope) < options.scope) continue;
    // Default routes that are alike are chosen from by what is known of their routers
    // (fib_semantics.c fib_select_default).
    if (!found.empty() &&
        (route->metric != found.front().route->metric || route->tos != found.front().route->tos ||
         route->table != found.front().route->table))
      break;
    if (is_dead_end(*route)) {
      if (found.empty()) return {{route, nullptr}};
      break;
    }
    const std::size_t before = found.size();
    for (const RouteHop& hop : route->hops)
      if (is_usable(hop, options) && (!options.device || hop.oif == options.device))
        found.push_back({route, &hop});
    if (options.device && found.size() > before + 1) found.resize(before + 1);
    const bool one_of_several = route->dst.length == 0 && !options.device &&
                                route->type == "unicast" && route->hops.size() == 1;
    if (!found.empty() && !one_of_several) break;
  }
  return found;
}

// --- IPv6 ----------------------------------------------------------------------------------------

// From one prefix to the next shorter one; in each, first the routes of the longest source.
std::vector<RouteChoice> Fib::find_v6(const Table& table, const Flow& flow,
                                      const FibOptions& options, bool reachable) const {
  const IpAddress source = flow.src.value_or(IpAddress::any(true));
  for (const auto& [length, leaves] : table) {
    const auto leaf = leaves.find(network(flow.dst, length));
    if (leaf == leaves.end()) continue;
    for (auto begin = leaf->second.begin(); begin != leaf->second.end();) {
      const auto end = std::find_if(begin, leaf->second.end(), [&](const Route* route) {
        return route->src != (*begin)->src;
      });
      if (!(*begin)->src || (*begin)->src->contains(source))
        if (auto found = find_v6(Leaf(begin, end), options, reachable); !found.empty())
          return found;
      begin = end;
    }
  }
  return {};
}

// Of the lowest metric the first with the highest score or, failing that, of all others (route.c
// find_rr_leaf); with it, the hops that it shares its route with.
std::vector<RouteChoice> Fib::find_v6(const Leaf& node, const FibOptions& options,
                                      bool reachable) const {
  RouteChoice best;
  int most = -1;
  for (const Route* const route : node) {
    if (best.route && route->metric != node.front()->metric &&
        best.route->metric == node.front()->metric)
      break;
    static const std::vector<RouteHop> kNowhere(1);
    for (const RouteHop& hop : route->hops.empty() ? kNowhere : route->hops) {
      const RouteChoice choice{route, route->hops.empty() ? nullptr : &hop};
      const int points = score(choice, options, reachable);
      if (points <= most) continue;
      most = points;
      best = choice;
    }
  }
  if (!best.route) return {};
  if (best.route->hops.size() < 2) return {best};
  std::vector<RouteChoice> all;
  for (const RouteHop& hop : best.route->hops)
    if (score({best.route, &hop}, options, reachable) >= 0) all.push_back({best.route, &hop});
  return all;
}

// Below 0: not to be used. route.c rt6_score_route, find_match.
int Fib::score(const RouteChoice& choice, const FibOptions& options, bool reachable) const {
  constexpr int kOnDevice = 2;
  // Those that lead nowhere lie on the loopback.
  const std::optional<IfIndex> device = choice.hop ? choice.hop->oif : IfIndex(1);
  if (choice.hop && !is_usable(*choice.hop, options)) return -1;
  const bool on_device = !options.device || device == options.device;
  if (!on_device && options.only_device) return -1;
  if (reachable && choice.hop && choice.hop->gateway && device &&
      failed_.contains({*device, *choice.hop->gateway}))
    return -1;
  return on_device ? kOnDevice : 0;
}

}  // namespace nsmap::walk
