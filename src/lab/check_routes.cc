#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include "base/text.h"
#include "lab/check.h"

namespace nsmap::lab {
namespace {

constexpr std::uint32_t kMaxWeight = 256;  // rtnh_hops is a byte, one less than the weight

// What the routes of one namespace are held against.
class Reach {
 public:
  explicit Reach(const Namespace& ns) : ns_(ns) {
    for (const Link& link : ns.links) {
      has_vrf_ = has_vrf_ || link.kind == "vrf";
      for (const Address& address : link.addresses) {
        own_.insert(address.address);
        add(subnet_of(address));
      }
    }
    // A route to a link alone makes what it covers a neighbour, and so a possible gateway.
    for (const Route& route : ns.routes)
      for (const Hop& hop : route.hops)
        if (!hop.via && !hop.dev.empty() && route.to.length != 0) add(route.to);
  }

  bool is_near(const IpAddress& address) const {
    if (address.is_v6() && address.is_link_local()) return true;
    const auto& lengths = lengths_[address.is_v6() ? 1 : 0];
    return std::any_of(lengths.begin(), lengths.end(), [&](std::uint8_t length) {
      return nets_.contains(subnet_of(address, length));
    });
  }
  // In a VRF one may well be the gateway of another.
  bool is_own_gateway(const IpAddress& address) const {
    return !has_vrf_ && own_.contains(address);
  }
  bool has(const IpAddress& address) const { return own_.contains(address); }
  bool has_link(const std::string& name) const {
    if (ns_.host || name == "lo") return true;
    if (links_.empty())
      for (const Link& link : ns_.links) links_.insert(link.name);
    return links_.contains(name);
  }

 private:
  void add(const Prefix& net) {
    nets_.insert(net);
    lengths_[net.address.is_v6() ? 1 : 0].insert(net.length);
  }

  const Namespace& ns_;
  bool has_vrf_ = false;
  std::set<Prefix> nets_;
  std::array<std::set<std::uint8_t>, 2> lengths_;  // of each family's
  std::unordered_set<IpAddress> own_;
  mutable std::unordered_set<std::string_view> links_;
};

// What is wrong with a hop; empty: nothing.
std::string wrong_hop(const Namespace& ns, const Reach& reach, const Route& route, const Hop& hop) {
  if (!hop.via && hop.dev.empty()) return "a hop has a 'via' or a 'dev'";
  if (hop.weight < 1 || hop.weight > kMaxWeight)
    return fmt::format("a weight is between 1 and {}", kMaxWeight);
  if (!hop.dev.empty() && !reach.has_link(hop.dev))
    return fmt::format("there is no '{}' in its namespace", terminal_text(hop.dev));
  if (!hop.via) return {};
  const std::string via = hop.via->text();
  if (route.to.address.is_v6() && !hop.via->is_v6()) return "an IPv6 route has no IPv4 gateway";
  if (hop.via->is_v6() && hop.via->is_link_local() && hop.dev.empty())
    return fmt::format("{} is on every link; say by which 'dev'", via);
  if (ns.host) return {};
  if (reach.is_own_gateway(*hop.via)) return fmt::format("{} is the namespace's own address", via);
  if (!reach.is_near(*hop.via)) return fmt::format("{} is in no subnet of its namespace", via);
  return {};
}

std::string wrong_type(const Route& route) {
  if (std::find(std::begin(kRouteTypes), std::end(kRouteTypes), route.type) ==
      std::end(kRouteTypes))
    return fmt::format("'{}' is no type; there are: {}", terminal_text(route.type),
                       fmt::join(kRouteTypes, ", "));
  if (route.type == "unicast" && route.hops.empty()) return "it leads nowhere: say 'via' or 'dev'";
  if (route.type != "unicast" && !route.hops.empty())
    return fmt::format("a route of type {} has no hops", route.type);
  return {};
}

std::string wrong_prefix(const Prefix& prefix) {
  const Prefix subnet = subnet_of(prefix.address, prefix.length);
  if (subnet == prefix) return {};
  return fmt::format("{} has bits set behind its length; did you mean {}?", prefix.text(),
                     subnet.text());
}

std::string wrong_route(const Namespace& ns, const Reach& reach, const Route& route) {
  if (auto wrong = wrong_prefix(route.to); !wrong.empty()) return wrong;
  if (auto wrong = wrong_type(route); !wrong.empty()) return wrong;
  for (const Hop& hop : route.hops)
    if (auto wrong = wrong_hop(ns, reach, route, hop); !wrong.empty()) return wrong;
  if (route.table.value == 0) return "there is no table 0";
  if (!route.src) return {};
  if (route.src->is_v6() != route.to.address.is_v6()) return "its 'src' is of the other family";
  if (!ns.host && !reach.has(*route.src))
    return fmt::format("its 'src' {} is no address of its namespace", route.src->text());
  return {};
}

std::string shown(const Route& route) {
  if (route.to.length == 0) return "route to default";
  return "route to " + route.to.text();
}

std::string wrong_rule(const Rule& rule) {
  constexpr std::string_view kActions[] = {"lookup", "blackhole", "unreachable", "prohibit"};
  for (const auto& prefix : {rule.from, rule.to}) {
    if (!prefix) continue;
    if (prefix->address.is_v6() != rule.v6)
      return "'from', 'to' and 'family' are not of one family";
    if (auto wrong = wrong_prefix(*prefix); !wrong.empty()) return wrong;
  }
  if (std::find(std::begin(kActions), std::end(kActions), rule.action) == std::end(kActions))
    return fmt::format("'{}' is no action; there are: {}", terminal_text(rule.action),
                       fmt::join(kActions, ", "));
  // IFNAMSIZ; a rule may name a link that is yet to come.
  if (rule.iif.size() > 15 || rule.oif.size() > 15) return "a link's name has at most 15 bytes";
  if (rule.action == "lookup" && rule.table.value == 0) return "there is no table 0";
  return {};
}

}  // namespace

void check_routes(Checking& checking, const Namespace& ns) {
  if (ns.routes.empty()) return;
  const Reach reach(ns);
  std::map<std::tuple<Prefix, TableId, std::uint32_t>, const Route*> known;
  for (const Route& route : ns.routes) {
    if (checking.failed()) return;
    const std::string wrong = wrong_route(ns, reach, route);
    if (!wrong.empty()) checking.fail(route.where, fmt::format("{}: {}", shown(route), wrong));
    // IPv6 makes one route of several; to IPv4 the second is there already (fib_table_insert()).
    const bool is_new =
        known.emplace(std::tuple(route.to, route.table, route.metric.value_or(0)), &route).second;
    if (!is_new && !route.to.address.is_v6())
      checking.fail(route.where,
                    fmt::format("{}: there is another in its table with its metric", shown(route)));
  }
}

void check_rules(Checking& checking, const Namespace& ns) {
  for (const Rule& rule : ns.rules) {
    const std::string wrong = wrong_rule(rule);
    if (!wrong.empty())
      checking.fail(rule.where, fmt::format("rule of priority {}: {}", rule.priority, wrong));
  }
}

}  // namespace nsmap::lab
