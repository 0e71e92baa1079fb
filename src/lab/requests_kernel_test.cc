#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "lab/link_kinds.h"
#include "lab/requests.h"
#include "lab/test_kernel.h"

// What is asked for is what the kernel then has, read back by nsmap's own collectors.

namespace nsmap::lab {
namespace {

using testing::IsEmpty;

Link link_of(const std::string& name, const std::string& kind,
             std::map<std::string, std::string> settings = {}) {
  Link link;
  link.name = name;
  link.kind = kind;
  link.settings = std::move(settings);
  return link;
}

int create(TestNamespace& ns, const Link& link, int index,
           std::optional<IfIndex> parent = std::nullopt) {
  return ns.send(create_link({link, IfIndex(index), Fd()}, std::nullopt, parent));
}

// A pair in one namespace, to stand on: `a` is number 110, `b` is 111: a new
// namespace may have tunnels of its own (net.core.fb_tunnels_only_for_init_net). Both up.
void create_pair(TestNamespace& ns) {
  const Link a = link_of("a", "veth");
  const Link b = link_of("b", "veth");
  ASSERT_EQ(ns.send(create_link({a, IfIndex(110), Fd()}, End{b, IfIndex(111), Fd()}, {})), 0)
      << ns.last_refusal();
  ASSERT_EQ(ns.send(std::vector{set_up(IfIndex(110), true), set_up(IfIndex(111), true)}), 0);
}

Address address_of(const char* prefix, const char* peer = nullptr) {
  const auto parsed = *Prefix::parse(prefix);
  Address address{{}, parsed.address, parsed.length, {}};
  if (peer) address.peer = IpAddress::parse(peer);
  return address;
}

std::optional<IfIndex> index_of(const std::string& name) {
  if (name == "a") return IfIndex(110);
  if (name == "b") return IfIndex(111);
  return std::nullopt;
}

// --- kinds --------------------------------------------------------------------------------------

using Settings = std::map<std::string, std::string>;

struct KindCase {
  const char* kind;
  Settings least;  // what the kernel asks for
  Settings all;    // every setting, each with a value that no fresh link has
};

const std::vector<KindCase>& kind_cases() {
  static const Settings gre = {{"local", "192.0.2.1"}, {"remote", "192.0.2.2"}};
  static const Settings gre6 = {{"local", "2001:db8::1"}, {"remote", "2001:db8::2"}};
  static const auto with = [](Settings base, Settings more) {
    base.merge(more);
    return base;
  };
  static const Settings keys = {{"input_key", "7"}, {"output_key", "8"}};
  static const Settings encap = {
      {"ttl", "9"}, {"encap_type", "1"}, {"encap_sport", "5"}, {"encap_dport", "6"}};
  static const std::vector<KindCase> cases = {
      {"dummy", {}, {}},
      {"ifb", {}, {}},
      {"wireguard", {}, {}},
      {"bridge",
       {},
       {{"stp", "true"},
        {"ageing_time_ms", "20000"},
        {"multicast_snooping", "false"},
        {"group_fwd_mask", "8"},
        {"nf_call_iptables", "true"},
        {"nf_call_ip6tables", "true"},
        {"nf_call_arptables", "true"}}},
      {"bridge",
       {},
       {{"vlan_filtering", "true"}, {"vlan_protocol", "34984"}, {"default_pvid", "5"}}},
      {"vlan", {{"id", "5"}}, {{"id", "6"}, {"protocol", "34984"}, {"flags", "5"}}},
      {"macvlan", {}, {{"mode", "bridge"}, {"flags", "1"}}},
      {"macvtap", {}, {{"mode", "private"}}},
      {"ipvlan", {}, {{"mode", "l2"}, {"is_private", "true"}}},
      {"ipvtap", {}, {{"mode", "l3s"}, {"vepa", "true"}}},
      {"macsec", {}, {{"encrypt", "true"}, {"protect", "false"}, {"validation", "check"}}},
      {"bond",
       {},
       {{"mode", "802.3ad"},
        {"miimon_ms", "200"},
        {"xmit_hash_policy", "layer3+4"},
        {"lacp_rate", "fast"}}},
      {"vrf", {{"table", "10"}}, {{"table", "1000"}}},
      {"vxlan",
       {{"vni", "42"}},
       {{"vni", "43"},
        {"local", "2001:db8::1"},
        {"remote", "2001:db8::2"},
        {"port", "4789"},
        {"ttl", "9"},
        {"ageing_s", "60"},
        {"learning", "false"},
        {"proxy", "true"},
        {"l2miss", "true"},
        {"l3miss", "true"},
        {"gbp", "true"}}},
      {"vxlan", {{"vni", "42"}}, {{"collect_metadata", "true"}, {"vni_filter", "true"}}},
      {"geneve",
       {{"vni", "42"}, {"remote", "192.0.2.2"}},
       {{"vni", "43"}, {"remote", "2001:db8::2"}, {"port", "6000"}, {"ttl", "9"}}},
      {"geneve", {{"vni", "42"}, {"remote", "192.0.2.2"}}, {{"collect_metadata", "true"}}},
      {"gre", gre, with(with(gre, keys), encap)},
      {"gretap", gre, with(gre, {{"ttl", "9"}, {"input_key", "3"}})},
      {"ip6gre", gre6, with(with(gre6, keys), {{"ttl", "9"}})},
      {"ip6gretap", gre6, with(gre6, {{"ttl", "9"}})},
      {"ipip", gre, with(with(gre, encap), {{"protocol", "0"}})},
      {"sit", gre, with(with(gre, encap), {{"protocol", "0"}})},
      {"ip6tnl", gre6, with(gre6, {{"ttl", "9"}, {"protocol", "41"}})},
      {"vti", gre, with(gre, keys)},
      {"vti6", gre6, with(gre6, keys)},
  };
  return cases;
}

// The kernel's own modules are what this depends on: those it lacks are named.
class Kinds : public testing::Test {
 protected:
  // Whether the link was made. EOPNOTSUPP: the kernel has no such kind, or not all of it.
  bool make(TestNamespace& ns, const Link& link) {
    const bool on_another = find_kind(link.kind)->needs_parent;
    const int error =
        create(ns, link, 120, on_another ? std::optional(IfIndex(110)) : std::nullopt);
    if (error == EOPNOTSUPP)
      lacking += " " + link.kind + (link.settings.empty() ? "" : " with its settings");
    else
      EXPECT_EQ(error, 0) << link.kind << ": " << ns.last_refusal();
    return error == 0;
  }
  void TearDown() override {
    if (!lacking.empty()) std::printf("this kernel lacks:%s\n", lacking.c_str());
  }

  std::string lacking;
};

TEST_F(Kinds, AFreshLinkHasNothingButWhatWasAsked) {
  for (const KindCase& one : kind_cases())
    IN_FRESH_NAMESPACE([&] {
      TestNamespace ns = TestNamespace::here();
      create_pair(ns);
      if (!make(ns, link_of("x", one.kind, one.least))) return;
      const model::Link made = ns.link("x");
      EXPECT_EQ(made.index, IfIndex(120));
      EXPECT_EQ(made.kind, one.kind);
      EXPECT_FALSE(made.up);
      EXPECT_EQ(settings_of(made), one.least) << one.kind;
    });
}

TEST_F(Kinds, EverySettingIsMade) {
  for (const KindCase& one : kind_cases())
    IN_FRESH_NAMESPACE([&] {
      TestNamespace ns = TestNamespace::here();
      create_pair(ns);
      if (!make(ns, link_of("x", one.kind, one.all))) return;
      EXPECT_EQ(settings_of(ns.link("x")), one.all) << one.kind;
    });
}

TEST_F(Kinds, SettingsThatCanChangeDoAndGoBack) {
  for (const KindCase& one : kind_cases())
    IN_FRESH_NAMESPACE([&] {
      TestNamespace ns = TestNamespace::here();
      create_pair(ns);
      Link link = link_of("x", one.kind, one.least);
      if (one.all.count("lacp_rate")) link.settings["mode"] = "802.3ad";
      if (!make(ns, link)) return;
      const Settings before = settings_of(ns.link("x"));
      Link changed = link;
      for (const auto& [name, text] : one.all)
        if (can_change(one.kind, name)) changed.settings[name] = text;
      if (changed.settings == link.settings) return;
      const int error = ns.send(change_settings(IfIndex(120), link, changed));
      if (error == EOPNOTSUPP && one.all.count("vlan_filtering")) return;
      EXPECT_EQ(error, 0) << ns.last_refusal();
      EXPECT_EQ(settings_of(ns.link("x")), changed.settings) << one.kind;
      EXPECT_EQ(ns.send(change_settings(IfIndex(120), changed, link)), 0) << ns.last_refusal();
      EXPECT_EQ(settings_of(ns.link("x")), before) << one.kind;
    });
}

TEST_F(Kinds, ATunnelStandsOnItsParent) {
  for (const KindCase& one : kind_cases()) {
    const KindInfo& info = *find_kind(one.kind);
    if (!info.takes_parent || info.needs_parent || one.all.count("collect_metadata")) continue;
    IN_FRESH_NAMESPACE([&] {
      TestNamespace ns = TestNamespace::here();
      create_pair(ns);
      if (!make(ns, link_of("x", one.kind, one.least))) return;
      ASSERT_EQ(ns.send(remove_link(IfIndex(120))), 0);
      ASSERT_EQ(create(ns, link_of("x", one.kind, one.least), 120, IfIndex(110)), 0);
      EXPECT_EQ(ns.link("x").link.value_or(IfIndex(110)), IfIndex(110)) << one.kind;
    });
  }
}

TEST_F(Kinds, EveryKindIsTested) {
  for (const std::string_view kind : kind_names()) {
    if (find_kind(kind)->pair) continue;
    std::vector<std::string_view> missing = find_kind(kind)->settings;
    bool found = false;
    for (const KindCase& one : kind_cases()) {
      if (one.kind != kind) continue;
      found = true;
      std::erase_if(missing, [&](auto name) { return one.all.count(std::string(name)) > 0; });
    }
    EXPECT_TRUE(found) << kind;
    // Their siblings' cases stand for these.
    const bool sibling = kind == "macvtap" || kind == "gretap" || kind == "ip6gre" ||
                         kind == "ip6gretap" || kind == "ipvlan" || kind == "ipvtap" ||
                         kind == "ip6tnl" || kind == "gre" || kind == "ipip" || kind == "sit";
    EXPECT_TRUE(sibling || missing.empty()) << kind << ": " << missing.front();
  }
}

// --- pairs --------------------------------------------------------------------------------------

TEST(Pairs, BothEndsComeOfOneRequestUnderTheirNumbers) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace here = TestNamespace::here();
    TestNamespace left = TestNamespace::make();
    TestNamespace right = TestNamespace::make();
    Link eth0 = link_of("eth0", "veth");
    eth0.mtu = 1400;
    eth0.mac = Mac::parse("02:00:00:00:00:01");
    Link eth1 = link_of("eth1", "veth");
    eth1.mtu = 9000;
    eth1.mac = Mac::parse("02:00:00:00:00:02");
    // The numbers are each namespace's own, so they may be equal.
    const End other{eth1, IfIndex(107), right.fd()};
    ASSERT_EQ(here.send(create_link({eth0, IfIndex(107), left.fd()}, other, {})), 0)
        << here.last_refusal();
    EXPECT_EQ(here.link("eth0").name + here.link("eth1").name, "");
    const model::Link a = left.link("eth0");
    const model::Link b = right.link("eth1");
    EXPECT_EQ(a.index, IfIndex(107));
    EXPECT_EQ(b.index, IfIndex(107));
    EXPECT_EQ(a.mtu, 1400u);
    EXPECT_EQ(b.mtu, 9000u);
    EXPECT_EQ(a.mac, *eth0.mac);
    EXPECT_EQ(b.mac, *eth1.mac);
    EXPECT_TRUE(a.link_nsid.has_value());
  });
}

TEST(Pairs, AnEndWithoutANamespaceIsWhereItIsAsked) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace here = TestNamespace::here();
    TestNamespace there = TestNamespace::make();
    const Link a = link_of("a", "veth");
    const Link b = link_of("b", "veth");
    ASSERT_EQ(here.send(create_link({a, IfIndex(105), Fd()}, End{b, IfIndex(106), there.fd()}, {})),
              0);
    EXPECT_EQ(here.link("a").index, IfIndex(105));
    EXPECT_EQ(there.link("b").index, IfIndex(106));
    ASSERT_EQ(here.send(create_link({b, IfIndex(107), there.fd()}, End{a, IfIndex(108), Fd()}, {})),
              EEXIST);
    ASSERT_EQ(here.send(remove_link(IfIndex(105))), 0);
    ASSERT_EQ(here.send(create_link({b, IfIndex(107), there.fd()}, End{a, IfIndex(108), Fd()}, {})),
              0)
        << here.last_refusal();
    EXPECT_EQ(here.link("a").index, IfIndex(108));
    EXPECT_EQ(there.link("b").index, IfIndex(107));
  });
}

TEST(Pairs, NetkitHasItsPolicies) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace here = TestNamespace::here();
    TestNamespace there = TestNamespace::make();
    const Link a = link_of("a", "netkit", {{"mode", "l2"}, {"policy", "drop"}});
    const Link b = link_of("b", "netkit");
    const End other{b, IfIndex(106), there.fd()};
    if (here.send(create_link({a, IfIndex(105), Fd()}, other, {})) == EOPNOTSUPP)
      GTEST_SKIP() << "this kernel has no netkit";
    EXPECT_EQ(settings_of(here.link("a")), a.settings);
    EXPECT_EQ(settings_of(there.link("b")), (Settings{{"mode", "l2"}, {"peer_policy", "drop"}}));
  });
}

TEST(Parents, MayBeInTheNamespaceThatIsAsked) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace here = TestNamespace::here();
    TestNamespace there = TestNamespace::make();
    create_pair(here);
    const Link link = link_of("mv", "macvlan", {{"mode", "bridge"}});
    const int error = here.send(create_link({link, IfIndex(130), there.fd()}, {}, IfIndex(110)));
    if (error == EOPNOTSUPP) GTEST_SKIP() << "this kernel has no macvlan";
    ASSERT_EQ(error, 0) << here.last_refusal();
    EXPECT_EQ(here.link("mv").index, IfIndex(0));
    EXPECT_EQ(there.link("mv").index, IfIndex(130));
    EXPECT_EQ(there.link("mv").link, IfIndex(110));
  });
}

// --- what is set in a link ----------------------------------------------------------------------

TEST(LinkState, MasterMtuMacAndUp) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    create_pair(ns);
    ASSERT_EQ(create(ns, link_of("br", "bridge"), 120), 0);
    const Mac mac = *Mac::parse("02:00:00:00:00:0a");
    ASSERT_EQ(ns.send(std::vector{enslave(IfIndex(110), IfIndex(120)), set_mtu(IfIndex(111), 1300),
                                  set_mac(IfIndex(111), mac), set_up(IfIndex(111), false)}),
              0);
    EXPECT_EQ(ns.link("a").master, IfIndex(120));
    EXPECT_TRUE(ns.link("a").up);
    EXPECT_EQ(ns.link("b").mtu, 1300u);
    EXPECT_EQ(ns.link("b").mac, mac);
    EXPECT_FALSE(ns.link("b").up);
    ASSERT_EQ(ns.send(std::vector{enslave(IfIndex(110), IfIndex(0)), remove_link(IfIndex(120))}),
              0);
    EXPECT_FALSE(ns.link("a").master);
    EXPECT_EQ(ns.link("br").name, "");
  });
}

const model::Address* find(const model::Namespace& ns, const char* address) {
  const auto found = std::find_if(ns.addresses.begin(), ns.addresses.end(),
                                  [&](const auto& one) { return one.address.text() == address; });
  return found == ns.addresses.end() ? nullptr : &*found;
}

TEST(Addresses, AreThereAtOnceAndGo) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    create_pair(ns);
    const Address all[] = {address_of("10.0.0.1/24"), address_of("2001:db8::1/64"),
                           address_of("10.1.0.1/32", "10.1.0.2"),
                           address_of("2001:db8:1::1/128", "2001:db8:1::2")};
    for (const Address& address : all)
      ASSERT_EQ(ns.send(add_address(IfIndex(110), address)), 0) << ns.last_refusal();
    const auto read = ns.read();
    for (const Address& address : all) {
      const auto* const found = find(read, address.address.text().c_str());
      ASSERT_TRUE(found) << address.address.text();
      EXPECT_EQ(found->index, IfIndex(110));
      EXPECT_EQ(found->prefix, address.prefix);
      EXPECT_EQ(found->peer, address.peer);
      EXPECT_FALSE(found->tentative);
      EXPECT_TRUE(found->permanent);
    }
    EXPECT_EQ(ns.send(add_address(IfIndex(110), all[0])), EEXIST);
    for (const Address& address : all)
      EXPECT_EQ(ns.send(remove_address(IfIndex(110), address)), 0) << ns.last_refusal();
    for (const Address& address : all)
      EXPECT_FALSE(find(ns.read(), address.address.text().c_str()));
  });
}

// --- routes and rules ---------------------------------------------------------------------------

Route route_to(const char* to, std::vector<Hop> hops, std::uint32_t table = 254) {
  Route route;
  route.to = *Prefix::parse(to);
  route.hops = std::move(hops);
  route.table = TableId(table);
  return route;
}

Hop via(const char* gateway, std::string dev = {}, std::uint32_t weight = 1) {
  return {IpAddress::parse(gateway), std::move(dev), weight};
}
Hop straight(std::string dev) { return {std::nullopt, std::move(dev), 1}; }

std::vector<Route> many_routes() {
  std::vector<Route> routes = {
      route_to("0.0.0.0/0", {via("10.0.0.9")}),
      route_to("::/0", {via("2001:db8::9")}),
      route_to("10.5.0.0/16", {straight("a")}),
      route_to("2001:db8:5::/48", {straight("a")}),
      route_to("10.6.0.0/16", {via("10.0.0.8", "a", 1), via("10.0.1.8", "b", 4)}),
      route_to("2001:db8:6::/48", {via("2001:db8::8", "a", 2), via("2001:db8:0:1::8", "b", 3)}),
      route_to("10.7.0.0/16", {via("10.0.0.7")}, 1000),
      route_to("2001:db8:7::/48", {via("2001:db8::7")}, 100000),
      route_to("10.8.0.0/16", {via("2001:db8::6", "a")}),
      route_to("10.9.0.0/16", {via("10.0.0.9", "a")}),
      route_to("10.10.0.0/16", {}),
      route_to("2001:db8:a::/48", {}),
      route_to("10.11.0.0/16", {}),
  };
  routes[9].metric = 77;
  routes[9].src = IpAddress::parse("10.0.0.1");
  routes[10].type = routes[11].type = "blackhole";
  routes[12].type = "unreachable";
  return routes;
}

const model::Route* find(const model::Namespace& ns, const Route& wanted) {
  const auto found = std::find_if(ns.routes.begin(), ns.routes.end(), [&](const auto& route) {
    return route.dst == wanted.to && route.table == wanted.table && route.protocol == "static";
  });
  return found == ns.routes.end() ? nullptr : &*found;
}

void expect_hops(const Route& wanted, const model::Route& found) {
  ASSERT_EQ(found.hops.size(), wanted.hops.size()) << wanted.to.text();
  for (std::size_t i = 0; i < wanted.hops.size(); ++i) {
    const Hop& hop = wanted.hops[i];
    EXPECT_EQ(found.hops[i].gateway, hop.via) << wanted.to.text();
    if (!hop.dev.empty()) {
      EXPECT_EQ(found.hops[i].oif, index_of(hop.dev)) << wanted.to.text();
    }
    EXPECT_EQ(found.hops[i].weight, hop.weight) << wanted.to.text();
  }
}

void address_both(TestNamespace& ns) {
  create_pair(ns);
  for (const auto& [index, address] : {std::pair{110, "10.0.0.1/24"},
                                       {110, "2001:db8::1/64"},
                                       {111, "10.0.1.1/24"},
                                       {111, "2001:db8:0:1::1/64"}})
    ASSERT_EQ(ns.send(add_address(IfIndex(index), address_of(address))), 0);
}

TEST(Routes, OfEveryShapeAreMadeAndRemoved) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    address_both(ns);
    const std::vector<Route> routes = many_routes();
    for (const Route& route : routes)
      ASSERT_EQ(ns.send(add_route(route, index_of)), 0)
          << route.to.text() << ": " << ns.last_refusal();
    const auto read = ns.read();
    for (const Route& route : routes) {
      const auto* const found = find(read, route);
      ASSERT_TRUE(found) << route.to.text();
      EXPECT_EQ(found->type, route.type);
      EXPECT_EQ(found->metric, route.metric.value_or(found->metric));
      EXPECT_EQ(found->prefsrc, route.src);
      expect_hops(route, *found);
    }
    EXPECT_EQ(ns.send(add_route(routes[0], index_of)), EEXIST);
    for (const Route& route : routes)
      EXPECT_EQ(ns.send(remove_route(route, index_of)), 0)
          << route.to.text() << ": " << ns.last_refusal();
    for (const Route& route : routes) EXPECT_FALSE(find(ns.read(), route)) << route.to.text();
  });
}

TEST(Routes, WhatCannotBeAskedIsAnError) {
  Route route = route_to("10.0.0.0/8", {straight("nowhere")});
  EXPECT_EQ(add_route(route, index_of).error().text,
            "route to 10.0.0.0/8: there is no link \"nowhere\"");
  route = route_to("10.0.0.0/8", {via("10.0.0.1", "a", 257), straight("b")});
  EXPECT_EQ(add_route(route, index_of).error().text,
            "route to 10.0.0.0/8: a weight of 257 is not from 1 to 256");
  route.type = "local";
  EXPECT_FALSE(add_route(route, index_of));
}

const model::Rule* find(const model::Namespace& ns, const Rule& wanted) {
  const auto found = std::find_if(ns.rules.begin(), ns.rules.end(), [&](const auto& rule) {
    return rule.priority == wanted.priority && (rule.family == model::Family::inet6) == wanted.v6;
  });
  return found == ns.rules.end() ? nullptr : &*found;
}

std::vector<Rule> many_rules() {
  std::vector<Rule> rules(6);
  for (std::size_t i = 0; i < rules.size(); ++i)
    rules[i].priority = 100 + static_cast<std::uint32_t>(i);
  rules[0].from = Prefix::parse("10.0.0.0/24");
  rules[0].table = TableId(7);
  rules[1].v6 = true;
  rules[1].to = Prefix::parse("2001:db8::/32");
  rules[1].table = TableId(100000);
  rules[2].fwmark = 0x10;
  rules[2].fwmask = 0xf0;
  rules[3].iif = "a";
  rules[3].oif = "b";
  rules[4].v6 = true;
  rules[4].action = "unreachable";
  rules[4].fwmark = 3;
  rules[5].action = "blackhole";
  return rules;
}

TEST(Rules, OfEveryShapeAreMadeAndRemoved) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    for (const Rule& rule : many_rules())
      ASSERT_EQ(ns.send(add_rule(rule)), 0) << rule.priority << ": " << ns.last_refusal();
    const auto read = ns.read();
    for (const Rule& rule : many_rules()) {
      const auto* const found = find(read, rule);
      ASSERT_TRUE(found) << rule.priority;
      EXPECT_EQ(found->src, rule.from);
      EXPECT_EQ(found->dst, rule.to);
      EXPECT_EQ(found->iif, rule.iif);
      EXPECT_EQ(found->oif, rule.oif);
      EXPECT_EQ(found->fwmark, rule.fwmark);
      EXPECT_EQ(found->fwmask, rule.fwmask ? rule.fwmask : found->fwmask);
      EXPECT_EQ(found->action, rule.action == "lookup" ? "table" : rule.action);
      EXPECT_EQ(found->table, rule.action == "lookup" ? rule.table : found->table);
    }
    for (const Rule& rule : many_rules())
      EXPECT_EQ(ns.send(remove_rule(rule)), 0) << rule.priority << ": " << ns.last_refusal();
    for (const Rule& rule : many_rules()) EXPECT_FALSE(find(ns.read(), rule)) << rule.priority;
  });
}

// --- impairments --------------------------------------------------------------------------------

// The names of a link's qdiscs, the root's first.
std::vector<std::string> qdiscs(TestNamespace& ns, int index) {
  std::vector<std::string> names;
  tcmsg header{};
  header.tcm_ifindex = index;
  EXPECT_FALSE(netlink::dump(
      ns.route(), netlink::Request(RTM_GETQDISC, 0, header),
      [&](const netlink::Message& message) {
        const auto kind = message.attributes(sizeof(tcmsg)).find(TCA_KIND);
        if (message.family_header<tcmsg>()->tcm_ifindex == index && kind)
          names.emplace_back(kind->text());
      },
      [&] { names.clear(); }));
  return names;
}

TEST(Impairments, ARateIsATokenBucket) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    create_pair(ns);
    for (const std::uint64_t rate : {std::uint64_t{64'000}, std::uint64_t{100'000'000'000}}) {
      Impairment impairment;
      impairment.rate_bps = rate;
      const int error = ns.send(impair(IfIndex(110), impairment));
      if (error == ENOENT) GTEST_SKIP() << "this kernel has no tbf";
      ASSERT_EQ(error, 0) << ns.last_refusal();
      EXPECT_EQ(qdiscs(ns, 110), (std::vector<std::string>{"tbf"}));
      ASSERT_EQ(ns.send(clear_impairment(IfIndex(110))), 0) << ns.last_refusal();
      EXPECT_EQ(qdiscs(ns, 110), (std::vector<std::string>{"noqueue"}));
    }
    EXPECT_EQ(ns.send(clear_impairment(IfIndex(110))), ENOENT);
  });
}

TEST(Impairments, DelayAndLossAreNetemWithTheRateBelow) {
  IN_FRESH_NAMESPACE([] {
    TestNamespace ns = TestNamespace::here();
    create_pair(ns);
    Impairment impairment;
    impairment.delay_us = 20'000;
    impairment.jitter_us = 2'000;
    impairment.loss_percent = 0.5;
    const int error = ns.send(impair(IfIndex(110), impairment));
    if (error == ENOENT) GTEST_SKIP() << "this kernel has no netem";
    ASSERT_EQ(error, 0) << ns.last_refusal();
    EXPECT_EQ(qdiscs(ns, 110), (std::vector<std::string>{"netem"}));
    ASSERT_EQ(ns.send(clear_impairment(IfIndex(110))), 0);
    impairment.rate_bps = 10'000'000;
    ASSERT_EQ(ns.send(impair(IfIndex(110), impairment)), 0) << ns.last_refusal();
    EXPECT_EQ(qdiscs(ns, 110), (std::vector<std::string>{"netem", "tbf"}));
  });
}

}  // namespace
}  // namespace nsmap::lab
