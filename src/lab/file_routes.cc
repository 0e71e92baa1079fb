#include "base/number.h"
#include "lab/file_read.h"

namespace nsmap::lab {
namespace {

using yaml::Node;

// A route before it is known of which family it is.
struct RouteText : Route {
  std::optional<Prefix> prefix;
  bool is_default = false;
  std::optional<bool> v6;
  std::optional<Hop> hop;  // told by the route itself

  Hop& own_hop() { return hop ? *hop : hop.emplace(); }
};

void read_via(Reading& reading, const Node& node, Hop& hop) {
  read_scalar<IpAddress::parse>(reading, node, "address", hop.via);
}

void read_weight(Reading& reading, const Node& node, Hop& hop) {
  read_scalar<parse_number<std::uint32_t>>(reading, node, "number", hop.weight);
}

constexpr Key<Hop> kHop[] = {
    {"via", read_via},
    {"dev", text_of<&Hop::dev, Hop>},
    {"weight", read_weight},
};

void read_to(Reading& reading, const Node& node, RouteText& route) {
  if (reading.text(node) == "default")
    route.is_default = true;
  else
    read_scalar<to_prefix>(reading, node, "prefix such as 10.0.0.0/24, nor default", route.prefix);
}

void read_hops(Reading& reading, const Node& node, RouteText& route) {
  for (const Node* item : items(reading, node, "hops"))
    read_map(reading, *item, "a hop", kHop, route.hops.emplace_back());
}

constexpr Key<RouteText> kRoute[] = {
    {"to", read_to},
    {"via", [](Reading& reading, const Node& node,
               RouteText& route) { read_via(reading, node, route.own_hop()); }},
    {"dev", [](Reading& reading, const Node& node,
               RouteText& route) { route.own_hop().dev = reading.text(node); }},
    {"hops", read_hops},
    {"type",
     [](Reading& reading, const Node& node, RouteText& route) { route.type = reading.text(node); }},
    {"table", [](Reading& reading, const Node& node,
                 RouteText& route) { read_scalar<to_table>(reading, node, "table", route.table); }},
    {"metric",
     [](Reading& reading, const Node& node, RouteText& route) {
       read_scalar<parse_number<std::uint32_t>>(reading, node, "number", route.metric);
     }},
    {"src",
     [](Reading& reading, const Node& node, RouteText& route) {
       read_scalar<IpAddress::parse>(reading, node, "address", route.src);
     }},
    {"family",
     [](Reading& reading, const Node& node, RouteText& route) {
       read_scalar<to_family>(reading, node, "family; there are inet and inet6", route.v6);
     }},
};

// Of which family a default route is.
std::optional<bool> family_of(const RouteText& route) {
  if (route.v6) return route.v6;
  if (route.src) return route.src->is_v6();
  for (const Hop& hop : route.hops)
    if (hop.via) return hop.via->is_v6();
  return std::nullopt;
}

void finish(Reading& reading, RouteText& route) {
  if (route.hop && !route.hops.empty())
    reading.fail(route.where, "a route says via and dev itself or has hops, not both");
  if (route.hop) route.hops.push_back(*route.hop);
  if (!route.is_default && !route.prefix) reading.fail(route.where, "a route has no 'to'");
  const auto v6 = family_of(route);
  if (route.is_default && !v6)
    reading.fail(route.where, "a default route of which family? Write family: inet or inet6");
  route.to = route.is_default ? Prefix{IpAddress::any(v6.value_or(false)), 0}
                              : route.prefix.value_or(Prefix());
  const std::uint32_t usual = route.to.address.is_v6() ? kDefaultMetric6 : 0;
  if (route.metric == 0u || route.metric == usual) route.metric.reset();
}

struct RuleText : Rule {
  std::optional<bool> family;
  bool has_priority = false;
  bool has_table = false;
};

void read_mark(Reading& reading, const Node& node, RuleText& rule) {
  const std::string text = reading.text(node);
  const auto slash = text.find('/');
  rule.fwmark = to_uint(std::string_view(text).substr(0, slash));
  const auto mask =
      slash == std::string::npos ? UINT32_MAX : to_uint(std::string_view(text).substr(slash + 1));
  if (!rule.fwmark || !mask)
    reading.fail(node.where,
                 fmt::format("'{}' is no mark such as 0x10 or 0x10/0xff", terminal_text(text)));
  else if (mask != UINT32_MAX)
    rule.fwmask = mask;
}

constexpr Key<RuleText> kRule[] = {
    {"priority",
     [](Reading& reading, const Node& node, RuleText& rule) {
       read_scalar<parse_number<std::uint32_t>>(reading, node, "number", rule.priority);
       rule.has_priority = true;
     }},
    {"from", [](Reading& reading, const Node& node,
                RuleText& rule) { read_scalar<to_prefix>(reading, node, "prefix", rule.from); }},
    {"to", [](Reading& reading, const Node& node,
              RuleText& rule) { read_scalar<to_prefix>(reading, node, "prefix", rule.to); }},
    {"iif",
     [](Reading& reading, const Node& node, RuleText& rule) { rule.iif = reading.text(node); }},
    {"oif",
     [](Reading& reading, const Node& node, RuleText& rule) { rule.oif = reading.text(node); }},
    {"fwmark", read_mark},
    {"table",
     [](Reading& reading, const Node& node, RuleText& rule) {
       read_scalar<to_table>(reading, node, "table", rule.table);
       rule.has_table = true;
     }},
    {"action",
     [](Reading& reading, const Node& node, RuleText& rule) { rule.action = reading.text(node); }},
    {"family",
     [](Reading& reading, const Node& node, RuleText& rule) {
       read_scalar<to_family>(reading, node, "family; there are inet and inet6", rule.family);
     }},
};

void finish(Reading& reading, RuleText& rule) {
  if (!rule.has_priority) reading.fail(rule.where, "a rule has no 'priority'");
  if (rule.action == "lookup" && !rule.has_table)
    reading.fail(rule.where, "a rule has no 'table' to look in");
  const auto& prefix = rule.from ? rule.from : rule.to;
  rule.v6 = rule.family.value_or(prefix && prefix->address.is_v6());
}

Rule read_rule(Reading& reading, const Node& node) {
  RuleText rule;
  rule.where = node.where;
  read_map(reading, node, "a rule", kRule, rule);
  finish(reading, rule);
  return rule;
}

}  // namespace

Route read_route(Reading& reading, const Node& node) {
  RouteText route;
  route.where = node.where;
  read_map(reading, node, "a route", kRoute, route);
  finish(reading, route);
  return route;
}

void read_routes(Reading& reading, const Node& node, Namespace& ns) {
  for (const Node* item : items(reading, node, "routes"))
    ns.routes.push_back(read_route(reading, *item));
}

void read_rules(Reading& reading, const Node& node, Namespace& ns) {
  for (const Node* item : items(reading, node, "rules"))
    ns.rules.push_back(read_rule(reading, *item));
}

}  // namespace nsmap::lab
