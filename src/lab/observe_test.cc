#include "lab/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "lab/file.h"

namespace nsmap::lab {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

void add_address(model::Namespace& ns, IfIndex index, const std::string& text) {
  const Prefix prefix = *Prefix::parse(text);
  model::Address& address = ns.addresses.emplace_back();
  address.index = index;
  address.address = prefix.address;
  address.prefix = prefix.length;
}

void add_rule(model::Namespace& ns, std::uint32_t priority, std::uint32_t table,
              std::optional<std::uint32_t> mark) {
  model::Rule& rule = ns.rules.emplace_back();
  rule.priority = priority;
  rule.action = "table";
  rule.table = TableId(table);
  rule.fwmark = mark;
  if (mark) rule.fwmask = UINT32_MAX;
}

model::Namespace& add_namespace(model::Snapshot& snapshot, const std::string& name) {
  model::Namespace& ns = snapshot.namespaces.emplace_back();
  ns.id = {4, 4026531840u + snapshot.namespaces.size()};
  if (!name.empty()) ns.names.push_back({name, "netns", "/run/netns/" + name});
  model::Link& lo = ns.links.emplace_back();
  lo.index = IfIndex(1);
  lo.name = "lo";
  lo.kind = "loopback";
  add_address(ns, IfIndex(1), "127.0.0.1/8");
  return ns;
}

model::Link& add_link(model::Namespace& ns, const std::string& name, const std::string& kind) {
  model::Link& link = ns.links.emplace_back();
  link.index = IfIndex(static_cast<std::int32_t>(ns.links.size()));
  link.name = name;
  link.kind = kind;
  link.mtu = 1500;
  link.up = true;
  link.mac = *Mac::parse("02:00:00:00:00:01");
  if (kind == "vrf") link.data = model::VrfData{TableId(10)};
  if (kind == "vlan") link.data = model::VlanData{.id = 5};
  return link;
}

void add_address(model::Namespace& ns, const model::Link& link, const std::string& text) {
  add_address(ns, link.index, text);
}

void add_route(model::Namespace& ns, const std::string& to, const char* via, IfIndex oif,
               const char* protocol) {
  model::Route route;
  route.dst = *Prefix::parse(to);
  route.family = route.dst.address.is_v6() ? model::Family::inet6 : model::Family::inet;
  if (route.dst.address.is_v6()) route.metric = 1024;
  route.table = TableId(254);
  route.type = "unicast";
  route.protocol = protocol;
  model::RouteHop& hop = route.hops.emplace_back();
  hop.oif = oif;
  if (via) hop.gateway = ip(via);
  ns.routes.push_back(route);
}

// A laptop with Docker: a physical link, a bridge, a container, and a VPN that nobody can make.
model::Snapshot laptop() {
  model::Snapshot snapshot;
  snapshot.host.hostname = "my laptop";
  snapshot.namespaces.reserve(8);
  model::Namespace& host = add_namespace(snapshot, "");
  host.host = true;
  host.links.reserve(8);
  model::Namespace& web = add_namespace(snapshot, "");
  web.names.push_back({"shop/web", "container", ""});
  web.links.reserve(8);
  model::Link& eth0 = add_link(host, "eth0", "");
  model::Link& docker0 = add_link(host, "docker0", "bridge");
  model::Link& port = add_link(host, "veth1", "veth");
  model::Link& tun = add_link(host, "tun0", "tun");
  add_link(host, "stray", "veth");
  model::Link& end = add_link(web, "eth0", "veth");
  port.master = docker0.index;
  port.master_kind = "bridge";
  port.peer = model::LinkRef{web.id, end.index};
  end.peer = model::LinkRef{host.id, port.index};
  add_address(host, eth0, "192.0.2.10/24");
  add_address(host, eth0, "fe80::ff:fe00:1/64");
  add_address(host, eth0, "fe80::200:0:100:1/64");  // as of an ipvlan: its MAC, and its number
  add_address(host, docker0, "172.17.0.1/16");
  add_address(web, end, "172.17.0.2/16");
  add_route(host, "0.0.0.0/0", "192.0.2.1", eth0.index, "dhcp");
  add_route(host, "192.0.2.0/24", nullptr, eth0.index, "kernel");
  add_route(host, "10.0.0.0/8", nullptr, tun.index, "static");
  add_route(web, "0.0.0.0/0", "172.17.0.1", end.index, "boot");
  host.sysctls.push_back({"net.ipv4.conf.all.forwarding", 1});
  host.sysctls.push_back({"net.ipv4.conf.default.forwarding", 1});
  for (model::Link& link : host.links) link.ipv4.emplace().forwarding = true;
  port.ipv4->proxy_arp = true;
  add_rule(host, 100, 7, 1);
  add_rule(host, 32766, 254, std::nullopt);
  return snapshot;
}

// The snapshot of a host on which the lab was made, as the kernel would show it.
model::Snapshot rebuilt(const Lab& lab) {
  model::Snapshot snapshot;
  snapshot.host.hostname = "elsewhere";
  snapshot.namespaces.reserve(lab.namespaces.size() + 1);
  add_namespace(snapshot, "").host = true;
  std::map<LinkName, model::LinkRef> refs;
  for (const Namespace& ns : lab.namespaces) {
    model::Namespace& made = add_namespace(snapshot, ns.name);
    for (const Link& link : ns.links) {
      model::Link& one = add_link(made, link.name, link.kind);
      one.up = link.up;
      one.mtu = link.mtu.value_or(1500);
      one.ipv4.emplace();
      refs[{ns.name, link.name}] = {made.id, one.index};
      for (const Address& address : link.addresses)
        add_address(made, one, Prefix{address.address, address.prefix}.text());
      add_address(made, one, "fe80::ff:fe00:1/64");
    }
  }
  for (std::size_t i = 0; i != lab.namespaces.size(); ++i) {
    const Namespace& ns = lab.namespaces[i];
    model::Namespace& made = snapshot.namespaces[i + 1];
    for (std::size_t at = 0; at != ns.links.size(); ++at) {
      const Link& link = ns.links[at];
      model::Link& one = made.links[at + 1];
      if (link.peer) one.peer = refs.at(*link.peer);
      if (!link.master.empty()) one.master = refs.at({ns.name, link.master}).index;
    }
    for (const Route& route : ns.routes) {
      const Hop& hop = route.hops.at(0);
      // Where no link is told the kernel finds it.
      IfIndex oif = hop.dev.empty() ? IfIndex() : refs.at({ns.name, hop.dev}).index;
      for (const model::Address& address : made.addresses)
        if (hop.dev.empty() && Prefix{address.address, address.prefix}.contains(*hop.via))
          oif = address.index;
      const std::string via = hop.via ? hop.via->text() : "";
      add_route(made, route.to.text(), hop.via ? via.c_str() : nullptr, oif, "static");
    }
    for (const Rule& rule : ns.rules) add_rule(made, rule.priority, rule.table.value, rule.fwmark);
    for (const Sysctl& sysctl : ns.sysctls) {
      if (sysctl.name == "net.ipv4.ip_forward") {
        made.sysctls.push_back({"net.ipv4.conf.all.forwarding", 1});
        made.sysctls.push_back({"net.ipv4.conf.default.forwarding", 1});
        for (model::Link& link : made.links) link.ipv4.emplace().forwarding = true;
      } else {
        EXPECT_EQ(sysctl.name, "net.ipv4.conf.veth1.proxy_arp");
        for (model::Link& link : made.links)
          if (link.name == "veth1") link.ipv4->proxy_arp = true;
      }
    }
  }
  return snapshot;
}

TEST(ObserveAll, ALaptopBecomesALab) {
  const Observed observed = observe_all(laptop(), "copy");
  EXPECT_EQ(print(observed.lab, {}), R"(lab: copy
namespaces:
  host-my-laptop:
    sysctls: {net.ipv4.ip_forward: 1, net.ipv4.conf.veth1.proxy_arp: 1}
    links:
      docker0: {kind: bridge, addresses: [172.17.0.1/16]}
    routes:
      - {to: default, via: 192.0.2.1}
    rules:
      - {priority: 100, fwmark: 0x1, table: 7}
  outside:
    links:
      eth0:
        peer: {namespace: host-my-laptop, name: eth0, addresses: [192.0.2.10/24]}
        addresses: [192.0.2.1/24]
      stray: {peer: {namespace: host-my-laptop, name: stray}}
    routes:
      - {to: default, via: 192.0.2.10}
  shop-web:
    links:
      eth0:
        peer: {namespace: host-my-laptop, name: veth1, master: docker0}
        addresses: [172.17.0.2/16]
    routes:
      - {to: default, via: 172.17.0.1}
)");
  EXPECT_THAT(
      observed.remarks,
      ElementsAre("host-my-laptop: eth0 is a physical link; here it is a veth to the outside",
                  "host-my-laptop: the route to 10.0.0.0/8 is left out: its link cannot be made",
                  "host-my-laptop: tun0 is left out: a lab makes no links of kind tun"));
}

TEST(ObserveAll, IsAFixedPoint) {
  const Observed first = observe_all(laptop(), "copy");
  const Observed second = observe_all(rebuilt(first.lab), "copy");
  EXPECT_EQ(print(second.lab, {}), print(first.lab, {}));
  EXPECT_THAT(second.remarks, ElementsAre());
  EXPECT_TRUE(parse(print(first.lab, first.remarks), "f"));
}

TEST(ObserveAll, NamesAreUniqueAndFitForFiles) {
  model::Snapshot snapshot;
  for (const char* name : {"a/b", "a-b", "", "host", "../x", "a b"}) add_namespace(snapshot, name);
  std::vector<std::string> names;
  for (const Namespace& ns : observe_all(snapshot, "l").lab.namespaces) names.push_back(ns.name);
  EXPECT_THAT(names, ElementsAre("a-b", "a-b-2", "a-b-3", "host-", "ns-4026531843", "x"));
}

TEST(ObserveAll, NexthopObjectsBecomeHops) {
  model::Snapshot snapshot;
  model::Namespace& ns = add_namespace(snapshot, "a");
  const model::Link link = add_link(ns, "d", "dummy");
  add_address(ns, link, "10.0.0.1/24");
  for (std::uint32_t id : {1u, 2u}) {
    model::Nexthop& nexthop = ns.nexthops.emplace_back();
    nexthop.id = id;
    nexthop.oif = link.index;
    nexthop.gateway = ip(id == 1 ? "10.0.0.2" : "10.0.0.3");
  }
  ns.nexthops.emplace_back().id = 3;
  ns.nexthops.back().group = {{1, 1}, {2, 5}};
  add_route(ns, "0.0.0.0/0", nullptr, link.index, "static");
  ns.routes[0].hops.clear();
  ns.routes[0].nexthop_id = 3;
  const Observed observed = observe_all(snapshot, "l");
  EXPECT_THAT(print(observed.lab, {}),
              HasSubstr("hops: [{via: 10.0.0.2}, {via: 10.0.0.3, weight: 5}]"));
  EXPECT_THAT(observed.remarks,
              Contains("a: routes by nexthop objects name their hops instead: 1"));
}

TEST(ObserveLab, TellsOfTheLabAlone) {
  model::Snapshot snapshot = laptop();
  model::Namespace& ns = add_namespace(snapshot, "a");
  add_address(ns, add_link(ns, "d", "dummy"), "10.0.0.1/24");
  const auto lab = parse(
      "lab: l\nnamespaces:\n  a: {}\n  gone: {}\n  host:\n    sysctls: {net.ipv4.ip_forward: 0}\n"
      "    links: {docker0: {kind: bridge}}\n    routes: [{to: default, via: 192.0.2.9}]\n",
      "f");
  ASSERT_TRUE(lab) << lab.error().text;
  const Lab found = observe_lab(snapshot, *lab);
  ASSERT_EQ(found.namespaces.size(), 2u);
  EXPECT_EQ(found.namespaces[0].links.at(0).mtu, 1500u);
  EXPECT_EQ(found.namespaces[0].links[0].mac->text(), "02:00:00:00:00:01");
  const Namespace& host = found.namespaces[1];
  EXPECT_TRUE(host.host);
  ASSERT_EQ(host.links.size(), 1u);
  EXPECT_EQ(host.links[0].name, "docker0");
  ASSERT_EQ(host.routes.size(), 1u);
  EXPECT_EQ(host.routes[0].hops.at(0).dev, "eth0");
  ASSERT_EQ(host.sysctls.size(), 1u);
  EXPECT_EQ(host.sysctls[0].value, "1");
}

}  // namespace
}  // namespace nsmap::lab
