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

  Lab() { snapshot.processes.push_back(test_process(40, "docker-proxy", kHost)); }

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

TEST(OpenPorts, MeetTheFilterOfTheContainerToo) {
  Lab lab;
  lab.add(kHost, published("172.17.0.2", 80));
  lab.add(kWeb, filter({{tcp(), dport(80), drop()}}));
  EXPECT_EQ(lab.port(8080).reach.from, PortFrom::nowhere);
  EXPECT_EQ(lab.port(8080).reach.rule->ns, kWeb);
}

}  // namespace
}  // namespace nsmap::analyze
