#include "walk/routing.h"

#include <gtest/gtest.h>

#include "walk/test_namespace.h"

// What is said here of the kernel, tests/oracle/routes.cc asks it.

namespace nsmap::walk {
namespace {

using Kind = Routed::Kind;

struct Host {
  model::Namespace ns = test_namespace();

  void add(model::Route route) { ns.routes.push_back(std::move(route)); }
  Routed sent(Flow flow) const { return Routing(ns).output(flow).at(0); }
  Routed sent(const char* to) const { return sent({.dst = address(to)}); }
  Routed received(const char* from, const char* to, std::int32_t by = 3) const {
    return Routing(ns).input({.dst = address(to), .src = address(from), .iif = IfIndex(by)}).at(0);
  }
};

TEST(Routing, SendsOnTheLinkByTheRouterAndHome) {
  Host host;
  host.add(route("0.0.0.0/0", 2, "192.0.2.254"));
  const Routed near = host.sent("192.0.2.7");
  EXPECT_EQ(near.kind, Kind::unicast);
  EXPECT_EQ(near.oif, IfIndex(2));
  EXPECT_EQ(near.gateway, std::nullopt);
  EXPECT_EQ(near.source, address("192.0.2.1"));
  EXPECT_EQ(near.rule->priority, 0u);  // the local table is one with the main one
  const Routed far = host.sent("198.51.100.1");
  EXPECT_EQ(far.gateway, address("192.0.2.254"));
  EXPECT_EQ(host.sent("192.0.2.1").kind, Kind::local);
  EXPECT_EQ(host.sent("192.0.2.1").oif, IfIndex(1));
}

TEST(Routing, SaysWhyItSendsNothing) {
  Host host;
  EXPECT_EQ(host.sent("198.51.100.1").kind, Kind::no_route);
  host.add(dead_end("blackhole", "10.1.0.0/16"));
  host.add(dead_end("unreachable", "10.2.0.0/16"));
  host.add(dead_end("prohibit", "10.3.0.0/16"));
  EXPECT_EQ(host.sent("10.1.0.1").kind, Kind::blackhole);
  EXPECT_EQ(host.sent("10.2.0.1").kind, Kind::unreachable);
  EXPECT_EQ(host.sent("10.3.0.1").kind, Kind::prohibited);
  EXPECT_EQ(host.sent({.dst = address("192.0.2.7"), .src = address("10.9.9.9")}).kind,
            Kind::bad_source);
}

TEST(Routing, GoesFromRuleToRuleUntilATableHasARoute) {
  Host host;
  host.ns.rules.insert(host.ns.rules.begin() + 1, rule(100, 7));
  host.add(in_table(7, dead_end("throw", "10.0.0.0/8")));
  host.add(in_table(7, route("0.0.0.0/0", 3)));
  host.add(route("10.0.0.0/8", 2, "192.0.2.9"));
  EXPECT_EQ(host.sent("10.1.1.1").rule->priority, 32766u);
  EXPECT_EQ(host.sent("11.1.1.1").oif, IfIndex(3));
  // What is too short is not wanted, but a dead end is taken whatever its length.
  host.ns.rules[1].suppress_prefix_length = 0;
  EXPECT_EQ(host.sent("11.1.1.1").kind, Kind::no_route);
  host.ns.routes.back() = in_table(7, dead_end("prohibit", "0.0.0.0/0"));
  host.ns.routes[host.ns.routes.size() - 2] = host.ns.routes.back();
  EXPECT_EQ(host.sent("11.1.1.1").kind, Kind::prohibited);
}

TEST(Routing, MeetsRulesByMarkUserPortsAndTheirContrary) {
  Host host;
  model::Rule marked = rule(10, 7);
  marked.fwmark = 2;
  marked.fwmask = 3;
  host.add(in_table(7, route("0.0.0.0/0", 3)));
  const auto by = [&](const model::Rule& rule, Flow flow) {
    Host with = host;
    with.ns.rules.push_back(rule);
    flow.dst = address("10.0.0.1");
    return with.sent(flow).kind == Kind::unicast;
  };
  EXPECT_TRUE(by(marked, {.mark = 6}));
  EXPECT_FALSE(by(marked, {.mark = 1}));
  marked.invert = true;
  EXPECT_TRUE(by(marked, {.mark = 1}));
  model::Rule user = rule(10, 7);
  user.uids = model::Range{1000, 1000};
  EXPECT_TRUE(by(user, {.uid = 1000}));
  EXPECT_FALSE(by(user, {.uid = 0}));
  model::Rule port = rule(10, 7);
  port.dports = model::Range{20, 22};
  EXPECT_TRUE(by(port, {.protocol = 6, .dport = 22}));
  EXPECT_FALSE(by(port, {.protocol = 6, .dport = 23}));
}

TEST(Routing, NamesEveryHopThatAHashMayChoose) {
  Host host;
  model::Route several = route("10.0.0.0/8", 2, "192.0.2.8");
  several.hops.push_back(several.hops.front());
  several.hops.back().gateway = address("192.0.2.9");
  host.add(several);
  const Routing routing(host.ns);
  EXPECT_EQ(routing.output({.dst = address("10.0.0.1")}).size(), 2u);
  host.ns.routes.back().hops[0].flags = 1;  // dead
  EXPECT_EQ(Routing(host.ns).output({.dst = address("10.0.0.1")}).size(), 1u);
}

TEST(Routing, TakesARouterThatIsItselfForTheLink) {
  Host host;
  host.add(route("10.0.0.0/8", 2, "192.0.2.1"));
  EXPECT_EQ(host.sent("10.0.0.1").gateway, std::nullopt);
}

TEST(Routing, ForwardsWhatComesFromWhereItWouldAnswer) {
  Host host;
  host.add(route("10.0.0.0/8", 3));
  EXPECT_EQ(host.received("10.0.0.1", "192.0.2.7").oif, IfIndex(2));
  EXPECT_EQ(host.received("10.0.0.1", "192.0.2.1").kind, Kind::local);
  EXPECT_EQ(host.received("192.0.2.1", "192.0.2.7").kind, Kind::martian_source);
  EXPECT_EQ(host.received("127.0.0.1", "192.0.2.7").kind, Kind::martian_source);
  EXPECT_EQ(host.received("10.0.0.1", "127.0.0.1").kind, Kind::martian_destination);
  EXPECT_EQ(host.received("192.0.2.7", "10.0.0.1").kind, Kind::unicast);
  host.ns.links[2].ipv4->rp_filter = 1;
  EXPECT_EQ(host.received("192.0.2.7", "10.0.0.1").kind, Kind::martian_source);
  host.ns.links[2].ipv4->rp_filter = 2;  // loose: some route is enough, if eth1 has an address
  EXPECT_EQ(host.received("192.0.2.7", "10.0.0.1").kind, Kind::martian_source);
  host.ns.addresses.push_back(host.ns.addresses[0]);
  host.ns.addresses.back().index = IfIndex(3);
  host.ns.addresses.back().address = address("203.0.113.1");
  EXPECT_EQ(host.received("192.0.2.7", "10.0.0.1").kind, Kind::unicast);
  host.ns.links[2].ipv4->forwarding = false;
  EXPECT_EQ(host.received("10.0.0.1", "192.0.2.7").kind, Kind::not_forwarding);
}

TEST(Routing, OfIpv6TakesTheLowestMetricThenTheRouterThatAnswers) {
  Host host;
  host.add(route("2001:db8:9::/48", 2, "2001:db8::8"));
  host.add(route("2001:db8:9::/48", 2, "2001:db8::9"));
  EXPECT_EQ(host.sent("2001:db8:9::1").gateway, address("2001:db8::8"));
  host.ns.neighbours.emplace_back();
  host.ns.neighbours.back().index = IfIndex(2);
  host.ns.neighbours.back().address = address("2001:db8::8");
  host.ns.neighbours.back().state = "failed";
  EXPECT_EQ(host.sent("2001:db8:9::1").gateway, address("2001:db8::9"));
  EXPECT_EQ(host.sent("2001:db8::1").kind, Kind::local);
}

TEST(Routing, OfIpv6KnowsSources) {
  Host host;
  model::Route narrow = route("::/0", 3);
  narrow.src = Prefix::parse("2001:db8::/32");
  host.add(narrow);
  EXPECT_EQ(host.sent({.dst = address("2600::1"), .src = address("2001:db8::1")}).oif, IfIndex(3));
  EXPECT_EQ(host.sent("2600::1").kind, Kind::no_route);
}

}  // namespace
}  // namespace nsmap::walk
