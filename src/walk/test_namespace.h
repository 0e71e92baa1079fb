#pragma once

#include <string>
#include <utility>

#include "model/snapshot.h"

// A namespace by hand, for tests: lo (1), eth0 (2) with 192.0.2.1/24 and 2001:db8::1/64, and eth1
// (3), with the policy rules it begins with.

namespace nsmap::walk {

inline IpAddress address(const char* text) { return *IpAddress::parse(text); }

inline model::Route route(const char* prefix, std::int32_t oif, const char* gateway = nullptr) {
  model::Route route;
  route.dst = *Prefix::parse(prefix);
  route.family = route.dst.address.is_v6() ? model::Family::inet6 : model::Family::inet;
  route.table = TableId(254);
  route.type = "unicast";
  route.scope = gateway ? "global" : "link";
  model::RouteHop& hop = route.hops.emplace_back();
  hop.oif = IfIndex(oif);
  if (gateway) hop.gateway = address(gateway);
  return route;
}

inline model::Route in_table(std::uint32_t table, model::Route route) {
  route.table = TableId(table);
  return route;
}

inline model::Route dead_end(const char* type, const char* prefix) {
  model::Route made = route(prefix, 1);
  made.type = type;
  made.hops.clear();
  return made;
}

inline model::Route local(const char* prefix, std::int32_t oif) {
  model::Route made = in_table(255, route(prefix, oif));
  made.type = "local";
  made.scope = "host";
  made.protocol = "kernel";
  return made;
}

inline model::Rule rule(std::uint32_t priority, std::uint32_t table,
                        model::Family family = model::Family::inet) {
  model::Rule rule;
  rule.family = family;
  rule.priority = priority;
  rule.action = "table";
  rule.table = TableId(table);
  return rule;
}

inline model::Namespace test_namespace() {
  model::Namespace ns;
  for (const auto& [index, name] :
       {std::pair(1, "lo"), std::pair(2, "eth0"), std::pair(3, "eth1")}) {
    model::Link& link = ns.links.emplace_back();
    link.index = IfIndex(index);
    link.name = name;
    link.up = true;
    link.ipv4.emplace().forwarding = true;
    link.ipv6.emplace();
  }
  for (const auto& [text, prefix] : {std::pair("192.0.2.1", 24), std::pair("2001:db8::1", 64)}) {
    model::Address& own = ns.addresses.emplace_back();
    own.index = IfIndex(2);
    own.address = address(text);
    own.prefix = static_cast<std::uint8_t>(prefix);
    own.scope = "global";
  }
  ns.routes = {route("192.0.2.0/24", 2), local("192.0.2.1/32", 2), route("2001:db8::/64", 2),
               local("2001:db8::1/128", 2)};
  ns.rules = {rule(0, 255), rule(32766, 254), rule(32767, 253), rule(0, 255, model::Family::inet6),
              rule(32766, 254, model::Family::inet6)};
  return ns;
}

}  // namespace nsmap::walk
