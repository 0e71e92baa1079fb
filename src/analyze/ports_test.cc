#include "analyze/ports.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analyze/test_host.h"
#include "analyze/test_rules.h"

namespace nsmap::analyze {
namespace {

// The test host: sshd on 22, a DNS server on 53, and the container web, whose nginx is on 80.
struct Lab {
  model::Snapshot snapshot = test_host();

  Lab() {
    snapshot.processes.push_back(test_process(40, "docker-proxy", kHost));
    for (const auto& [priority, table] :
         {std::pair(0u, 255u), std::pair(32766u, 254u), std::pair(32767u, 253u)}) {
      model::Rule& rule = at(kHost).rules.emplace_back();
      rule.priority = priority;
      rule.action = "table";
      rule.table = TableId(table);
    }
    add_route("172.17.0.0/16");
  }

  // By br0.
  void add_route(const char* to, const char* gateway = nullptr) {
    model::Route& route = at(kHost).routes.emplace_back();
    route.table = TableId(254);
    route.type = "unicast";
    route.dst = *Prefix::parse(to);
    route.hops.emplace_back().oif = IfIndex(2);
    if (gateway) route.hops[0].gateway = IpAddress::parse(gateway);
  }

  model::Namespace& at(model::NetnsId id) {
    return *std::ranges::find(snapshot.namespaces, id, &model::Namespace::id);
  }
  void add(model::NetnsId id, fw::Table table) {
    at(id).firewall.edit().tables.push_back(std::move(table));
  }
  std::vector<OpenPort> ports(model::NetnsId id = kHost) {
    const model::Index index(snapshot);
    const Titles titles(index);
    return open_ports(index, titles, Ends(index, titles), *index.find(id));
  }
  OpenPort port(std::uint16_t number) {
    for (const OpenPort& port : ports())
      if (port.port == number) return port;
    ADD_FAILURE() << "no port " << number;
    return {};
  }
};

fw::Table published(const char* address, std::uint16_t port) {
  return ip_table(
      "nat", {base("PREROUTING", fw::Hook::prerouting, "nat", {{daddr_is_local(), jump("DOCKER")}}),
              chain("DOCKER", {{is_not(PacketField::meta_iifname, name_octets("br0")), tcp(),
                                dport(8080), dnat(address, port)}})});
}

TEST(OpenPorts, AreThoseThatSocketsWaitOn) {
  Lab lab;
  const auto ports = lab.ports();
  ASSERT_EQ(ports.size(), 2u);
  EXPECT_EQ(ports[0].protocol, "tcp");
  EXPECT_EQ(ports[0].port, 22);
  EXPECT_EQ(ports[0].address, std::nullopt);
  EXPECT_EQ(ports[0].answers.at(0).how, PortHow::listener);
  EXPECT_EQ(ports[0].answers.at(0).by.command, "sshd");
  EXPECT_EQ(ports[0].reach.from, PortFrom::anywhere);
  EXPECT_EQ(ports[1].protocol, "udp");
}

fw::VirtualService service(const char* address, std::uint16_t port,
                           std::vector<fw::VirtualDestination> destinations) {
  fw::VirtualService made{.family = fw::Family::ip, .protocol = 6};
  made.address = IpAddress::parse(address);
  made.port = port;
  made.scheduler = "rr";
  made.destinations = std::move(destinations);
  return made;
}

TEST(OpenPorts, LeadIntoContainersByIpvs) {
  Lab lab;
  const IpAddress web = *IpAddress::parse("172.17.0.2"), away = *IpAddress::parse("192.0.2.77");
  lab.at(kHost).firewall.edit().services = {service("10.96.0.10", 8080,
                                                    {{web, 80, "masquerade", 1, 0, 0},
                                                     {away, 80, "masquerade", 1, 0, 0},
                                                     {away, 81, "route", 0, 0, 0}})};
  const OpenPort port = lab.port(8080);
  EXPECT_EQ(port.address, IpAddress::parse("10.96.0.10"));
  ASSERT_EQ(port.answers.size(), 2u);  // what has no weight gets nothing
  for (const PortAnswer& answer : port.answers) EXPECT_EQ(answer.how, PortHow::virtual_);
  EXPECT_EQ(port.answers[0].to->command, "nginx");
  EXPECT_EQ(port.answers[0].to->container, "web");
  EXPECT_EQ(port.answers[1].to->ns, std::nullopt);
  EXPECT_EQ(port.reach.from, PortFrom::anywhere);
}

// Input of the one that has the service, and of the one that has the server.
TEST(OpenPorts, OfIpvsMeetTheFiltersOfBoth) {
  for (const model::NetnsId ns : {kHost, kWeb}) {
    Lab lab;
    const IpAddress web = *IpAddress::parse("172.17.0.2");
    lab.at(kHost).firewall.edit().services = {
        service("10.96.0.10", 8080, {{web, 80, "masquerade", 1, 0, 0}})};
    lab.add(ns, ip_table("filter", {base("INPUT", fw::Hook::input, "filter",
                                         {{tcp(), dport(ns == kHost ? 8080 : 80), drop()}})}));
    EXPECT_EQ(lab.port(8080).reach.from, PortFrom::nowhere);
  }
}

// The server that packets are routed to sees the service's address, and its port.
TEST(OpenPorts, OfIpvsAreThoseOfTheServiceWhereItIsNotReplaced) {
  Lab lab;
  const IpAddress web = *IpAddress::parse("172.17.0.2");
  lab.at(kHost).firewall.edit().services = {
      service("10.96.0.10", 80, {{web, 0, "route", 1, 0, 0}})};
  EXPECT_EQ(lab.port(80).answers.at(0).to->command, "nginx");
  lab.at(kWeb).sockets[0].local = web;
  EXPECT_EQ(lab.port(80).answers.at(0).to->command, "");
}

TEST(OpenPorts, OfIpvsMayHaveNoServer) {
  Lab lab;
  lab.at(kHost).firewall.edit().services = {service("10.96.0.10", 8080, {})};
  lab.at(kHost).firewall.edit().services.push_back({.mark = 7});
  const OpenPort port = lab.port(8080);
  ASSERT_EQ(port.answers.size(), 1u);
  EXPECT_EQ(port.answers[0].to, std::nullopt);
  EXPECT_EQ(lab.ports().size(), 3u);  // that of the mark is not known
}

TEST(OpenPorts, OnLoopbackAddressesAreOfThisHost) {
  Lab lab;
  lab.at(kHost).sockets[0].local = *IpAddress::parse("127.0.0.1");
  EXPECT_EQ(lab.port(22).reach.from, PortFrom::this_host);
}

TEST(OpenPorts, LeadIntoContainersByRules) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 80));
  const OpenPort port = lab.port(8080);
  ASSERT_EQ(port.answers.size(), 1u);
  const PortAnswer& answer = port.answers[0];
  EXPECT_EQ(answer.how, PortHow::dnat);
  ASSERT_TRUE(answer.to);
  EXPECT_EQ(answer.to->command, "nginx");
  EXPECT_EQ(answer.to->container, "web");
  EXPECT_EQ(answer.to->port, 80);
  ASSERT_EQ(answer.rules.size(), 1u);
  EXPECT_EQ(answer.rules[0].chain, "DOCKER");
  EXPECT_EQ(answer.rules[0].handle, 1u);
  EXPECT_EQ(answer.only_from, std::vector<std::string>{"not br0"});
  EXPECT_FALSE(answer.conditional);
}

TEST(OpenPorts, LeadThroughSeveralNamespaces) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 81));
  lab.add(kWeb, ip_table("nat", {base("pre", fw::Hook::prerouting, "nat",
                                      {{tcp(), dport(81), dnat("172.17.0.1", 22)}})}));
  const PortAnswer answer = lab.port(8080).answers.at(0);
  ASSERT_EQ(answer.rules.size(), 2u);
  EXPECT_EQ(answer.rules[1].ns, kWeb);
  EXPECT_EQ(answer.to->command, "sshd");
}

TEST(OpenPorts, EndWhereRulesSendInCircles) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 8080));
  lab.add(kWeb, published("172.17.0.1", 8080));
  EXPECT_EQ(lab.port(8080).answers.at(0).rules.size(), 8u);
}

TEST(OpenPorts, AreAnsweredByProxies) {
  Lab lab;
  lab.at(kHost).sockets = {test_socket(8080, "tcp", 40)};
  EXPECT_EQ(lab.port(8080).answers.at(0).how, PortHow::proxy);
  EXPECT_EQ(lab.port(8080).answers.at(0).to->command, "nginx");
  lab.snapshot.containers[2].ports.clear();
  lab.snapshot.processes.back().command =
      "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 "
      "-container-port 80";
  EXPECT_EQ(lab.port(8080).answers.at(0).to->command, "nginx");
}

fw::Table filter(std::vector<std::vector<fw::Statement>> rules, bool drops = false,
                 fw::Hook hook = fw::Hook::input) {
  return ip_table("filter", {base("F", hook, "filter", std::move(rules), drops)});
}

fw::Statement from(const char* address, const char* mask) {
  return is(PacketField::ip_saddr, address_octets(address), octets(mask));
}

TEST(OpenPorts, AreReachedFromWhereFiltersLet) {
  const auto reach = [](fw::Table table) {
    Lab lab;
    lab.add(kHost, std::move(table));
    return lab.port(22).reach;
  };
  using Sources = std::vector<std::string>;
  EXPECT_EQ(reach(filter({}, true)).from, PortFrom::nowhere);
  EXPECT_EQ(reach(filter({}, true)).rule->number, std::nullopt);
  EXPECT_EQ(reach(filter({{tcp(), dport(22), accept()}}, true)).from, PortFrom::anywhere);
  EXPECT_EQ(reach(filter({{tcp(), dport(23), accept()}}, true)).from, PortFrom::nowhere);
  const PortReach some = reach(filter({{from("10.0.0.0", "ff000000"), accept()}}, true));
  EXPECT_EQ(some.from, PortFrom::some);
  EXPECT_EQ(some.sources, Sources{"10.0.0.0/8"});
  const PortReach most = reach(filter({{from("10.0.0.0", "ff000000"), drop()}}));
  EXPECT_EQ(most.from, PortFrom::anywhere);
  EXPECT_EQ(most.sources, Sources{"not 10.0.0.0/8"});
  // What the loopback may do says nothing of others.
  EXPECT_EQ(
      reach(filter({{is(PacketField::meta_iifname, name_octets("lo")), accept()}}, true)).from,
      PortFrom::nowhere);
  const PortReach opaque =
      reach(filter({{does(Box(fw::Opaque{.name = "bpf", .match = true})), accept()}}, true));
  EXPECT_EQ(opaque.from, PortFrom::some);
  EXPECT_TRUE(opaque.conditional);
}

TEST(OpenPorts, TellTheFamilyThatNothingFilters) {
  Lab lab;
  model::Socket both = test_socket(22, "tcp", 10);
  both.family = model::SocketFamily::inet6;
  both.local = IpAddress::any(true);
  lab.at(kHost).sockets = {both};
  lab.add(kHost, filter({{from("10.0.0.0", "ff000000"), accept()}}, true));
  const PortReach reach = lab.port(22).reach;
  EXPECT_EQ(reach.from, PortFrom::some);
  EXPECT_EQ(reach.sources, (std::vector<std::string>{"10.0.0.0/8", "IPv6"}));
}

TEST(OpenPorts, ThatAreSentOnMeetForwardNotInput) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 80));
  lab.add(kHost, filter({}, true));
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::some);  // but not from br0
  lab.add(kHost, filter({{is(PacketField::meta_oifname, name_octets("br0")), drop()}}, false,
                        fw::Hook::forward));
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::nowhere);
}

TEST(OpenPorts, LeaveByTheInterfaceThatTheyAreRoutedBy) {
  Lab lab;
  lab.add(kHost, published("10.50.0.2", 80));
  lab.add(kHost, filter({{is(PacketField::meta_oifname, name_octets("br0")), drop()}}, false,
                        fw::Hook::forward));
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::some);  // the filter may be another's
  lab.add_route("10.0.0.0/8", "172.17.0.9");
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::nowhere);
  // Who knows what else the packet's way depends on?
  lab.at(kHost).rules[1].fwmark = 1;
  lab.at(kHost).rules[1].fwmask = 1;
  EXPECT_NE(lab.port(8080).reach.from, PortFrom::nowhere);
}

TEST(OpenPorts, MeetTheFilterOfTheContainerToo) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 80));
  lab.add(kWeb, filter({{tcp(), dport(80), drop()}}));
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::nowhere);
  EXPECT_EQ(lab.port(8080).reach.rule->ns, kWeb);
}

fw::Statement one_of(PacketField field, std::vector<Octets> values) {
  fw::OneOf one_of{.values = {field}};
  for (const Octets& value : values) one_of.intervals.push_back({value, value});
  return does(Box(std::move(one_of)));
}

TEST(OpenPorts, OfASetWithTheLoopbackKeepWhatElseIsInIt) {
  Lab lab;
  lab.add(kHost,
          filter({{one_of(PacketField::meta_iifname, {name_octets("lo"), name_octets("br0")}),
                   accept()}},
                 true));
  EXPECT_EQ(lab.port(22).reach.from, PortFrom::some);
  EXPECT_EQ(lab.port(22).reach.sources, std::vector<std::string>{"br0"});
}

TEST(OpenPorts, SayThatTheyAreNotSureWhereDropsAndAcceptsMayMeet) {
  const auto reach = [](bool drops, std::vector<std::vector<fw::Statement>> rules) {
    Lab lab;
    lab.add(kHost, filter(std::move(rules), drops));
    return lab.port(22).reach;
  };
  const auto wide = from("10.0.0.0", "ff000000"), narrow = from("10.1.0.0", "ffff0000");
  EXPECT_TRUE(reach(true, {{narrow, drop()}, {wide, accept()}}).conditional);
  EXPECT_FALSE(reach(true, {{wide, accept()}, {narrow, drop()}}).conditional);
  EXPECT_TRUE(reach(false, {{narrow, accept()}, {wide, drop()}}).conditional);
  EXPECT_FALSE(reach(false, {{wide, drop()}, {narrow, accept()}}).conditional);
}

TEST(OpenPorts, OfWhichAllButSomeAreLetInByTwoRulesKeepTheDropsBefore) {
  Lab lab;
  lab.add(kHost, filter({{from("10.0.0.0", "ff000000"), drop()},
                         {is(PacketField::meta_iifname, name_octets("br0")), accept()},
                         {is_not(PacketField::meta_iifname, name_octets("br0")), accept()}},
                        true));
  EXPECT_EQ(lab.port(22).reach.from, PortFrom::anywhere);
  EXPECT_EQ(lab.port(22).reach.sources, std::vector<std::string>{"not 10.0.0.0/8"});
}

fw::Statement dports(std::uint16_t first, std::uint16_t last) {
  return does(fw::Match{.left = PacketField::tcp_dport,
                        .compare = fw::Compare::in,
                        .right = Octets::number(first, 2),
                        .last = Octets::number(last, 2)});
}

fw::Statement to_address(const char* address, const char* mask) {
  return is(PacketField::ip_daddr, address_octets(address), octets(mask));
}

TEST(OpenPorts, MeetAllThatOneRuleAsks) {
  const auto ports = [](std::vector<fw::Statement> rule) {
    Lab lab;
    lab.at(kHost).sockets.clear();
    lab.add(kHost, ip_table("nat", {base("pre", fw::Hook::prerouting, "nat", {std::move(rule)})}));
    return lab.ports();
  };
  const auto both = ports({tcp(), dports(8000, 8090), dports(8080, 9000), dnat("172.17.0.2", 80)});
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0].port, 8080);
  EXPECT_EQ(both[0].last_port, 8090);
  EXPECT_TRUE(ports({tcp(), dport(80), dport(81), dnat("172.17.0.2", 80)}).empty());
  const auto longer =
      ports({to_address("192.0.2.1", "ffffffff"), to_address("192.0.2.0", "ffffff00"), tcp(),
             dport(80), dnat("172.17.0.2", 80)});
  ASSERT_EQ(longer.size(), 1u);
  EXPECT_EQ(longer[0].address, IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(ports({to_address("192.0.2.1", "ffffffff"), to_address("192.0.2.2", "ffffffff"),
                     tcp(), dport(80), dnat("172.17.0.2", 80)})
                  .empty());
}

TEST(OpenPorts, AreNotJudgedByRulesAfterTheirFieldsAreRewritten) {
  Lab lab;
  lab.add(
      kHost,
      filter({{does(Box(fw::Assign{.to = PacketField::tcp_dport, .value = Octets::number(23, 2)}))},
              {tcp(), dport(22), drop()}}));
  EXPECT_EQ(lab.port(22).reach.from, PortFrom::unknown);
}

fw::Set map_of(std::string name, std::vector<fw::KeyPart> data, std::vector<fw::Element> elements) {
  fw::Set map{.name = std::move(name),
              .key = {{.type = model::DataType::port, .bits = 16}},
              .map = true,
              .data = std::move(data)};
  map.elements = std::move(elements);
  return map;
}

TEST(OpenPorts, LeadByMapsToEachOfTheirElements) {
  Lab lab;
  fw::Table table = ip_table("nat", {});
  table.sets = {map_of(
      "targets",
      {{.type = model::DataType::ipv4, .bits = 32}, {.type = model::DataType::port, .bits = 16}},
      {{.first = Octets::number(8080, 2), .data = octets("ac11000200500000")},
       {.first = Octets::number(8081, 2), .data = octets("ac11000200510000")}})};
  fw::MapLookup lookup{.key = PacketField::tcp_dport, .map = "targets", .part = 0};
  fw::Nat nat{.kind = fw::Nat::Kind::dnat, .address = Box(lookup)};
  lookup.part = 1;
  nat.port = Box(lookup);
  table.chains = {base("pre", fw::Hook::prerouting, "nat", {{tcp(), does(Box(std::move(nat)))}})};
  lab.add(kHost, std::move(table));
  const OpenPort web = lab.port(8080);
  ASSERT_EQ(web.answers.size(), 1u);
  EXPECT_EQ(web.answers[0].to->command, "nginx");
  EXPECT_FALSE(web.answers[0].conditional);
  EXPECT_EQ(lab.port(8081).answers.at(0).to->port, 81);
}

TEST(OpenPorts, LeadToEachAddressOfARange) {
  const auto port = [](const char* first, const char* last, std::uint16_t last_port) {
    Lab lab;
    fw::Nat nat{.kind = fw::Nat::Kind::dnat,
                .address = address_octets(first),
                .last_address = address_octets(last),
                .port = Octets::number(80, 2),
                .last_port = Octets::number(last_port, 2)};
    lab.add(kHost, ip_table("nat", {base("pre", fw::Hook::prerouting, "nat",
                                         {{tcp(), dport(8080), does(Box(std::move(nat)))}})}));
    return lab.port(8080);
  };
  const OpenPort two = port("172.17.0.1", "172.17.0.2", 80);
  ASSERT_EQ(two.answers.size(), 2u);
  EXPECT_EQ(two.answers[1].to->command, "nginx");
  EXPECT_TRUE(two.answers[1].conditional);
  EXPECT_EQ(port("172.17.0.1", "172.18.0.1", 80).answers.size(), 1u);  // more than are told
  EXPECT_TRUE(port("172.17.0.1", "172.18.0.1", 80).answers[0].conditional);
  EXPECT_FALSE(port("172.17.0.2", "172.17.0.2", 80).answers[0].conditional);
  EXPECT_TRUE(port("172.17.0.2", "172.17.0.2", 90).answers[0].conditional);
}

TEST(OpenPorts, LeadByChanceToEachOfTheElementsOfAMap) {
  Lab lab;
  fw::Table table = ip_table("nat", {});
  table.sets = {map_of("__map0", {{.type = model::DataType::ipv4, .bits = 32}},
                       {{.first = Octets::number(0, 4), .data = address_octets("172.17.0.2")},
                        {.first = Octets::number(1, 4), .data = address_octets("172.17.0.1")}})};
  fw::Nat nat{.kind = fw::Nat::Kind::dnat,
              .address = Box(fw::MapLookup{.key = fw::NumberGenerator{.random = true, .modulus = 2},
                                           .map = "__map0"})};
  table.chains = {
      base("pre", fw::Hook::prerouting, "nat", {{tcp(), dport(8080), does(Box(std::move(nat)))}})};
  lab.add(kHost, std::move(table));
  const OpenPort port = lab.port(8080);
  ASSERT_EQ(port.answers.size(), 2u);
  EXPECT_EQ(port.answers[0].to->address, IpAddress::parse("172.17.0.2"));
  EXPECT_EQ(port.answers[1].to->address, IpAddress::parse("172.17.0.1"));
  EXPECT_TRUE(port.answers[0].conditional);
}

}  // namespace
}  // namespace nsmap::analyze
