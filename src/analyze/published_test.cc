#include "analyze/published.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analyze/test_host.h"
#include "analyze/test_rules.h"

namespace nsmap::analyze {
namespace {

struct Lab {
  model::Snapshot snapshot = test_host();

  model::Namespace& host() {
    return *std::ranges::find(snapshot.namespaces, kHost, &model::Namespace::id);
  }
  void add(fw::Table table) { host().firewall.edit().tables.push_back(std::move(table)); }
  std::vector<OpenPort> leading() {
    const model::Index index(snapshot);
    return leading_ports(index, Titles(index));
  }
};

fw::Table nat(std::vector<std::vector<fw::Statement>> rules, fw::Hook hook = fw::Hook::prerouting) {
  return ip_table("nat", {base("PREROUTING", hook, "nat", std::move(rules))});
}

TEST(LeadingPorts, AreThoseOfRulesAndWhatRuntimesSay) {
  Lab lab;
  const auto said = lab.leading();
  ASSERT_EQ(said.size(), 1u);  // the test host's container web says 8080
  EXPECT_EQ(said[0].answers.at(0).by.pid, std::nullopt);
  EXPECT_EQ(said[0].answers.at(0).to->container, "web");
  lab.add(nat({{tcp(), dport(8080), dnat("172.17.0.2", 80)}}));
  const auto ruled = lab.leading();
  ASSERT_EQ(ruled.size(), 1u);
  EXPECT_EQ(ruled[0].answers.at(0).how, PortHow::dnat);
}

TEST(LeadingPorts, LeaveOutWhatStaysOnALoopbackAddress) {
  Lab lab;
  lab.snapshot.containers.clear();
  lab.add(nat({{is(PacketField::ip_daddr, address_octets("127.0.0.11")), tcp(), dport(53),
                dnat("127.0.0.11", 4021)}},
              fw::Hook::output));
  EXPECT_EQ(lab.leading().size(), 0u);
}

TEST(LeadingPorts, OfAnInitAreItsOwn) {
  Lab lab;
  lab.snapshot.containers.clear();
  lab.snapshot.processes.push_back(test_process(40, "systemd", kHost));
  lab.host().sockets = {test_socket(111, "tcp", 40), test_socket(22, "tcp", 10)};
  const auto ports = lab.leading();
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].port, 111);
  EXPECT_EQ(ports[0].answers.at(0).how, PortHow::activation);
  EXPECT_EQ(answers_in(ports[0].answers[0]), kHost);
}

TEST(LeadingPorts, LeaveOutWhoElseWaitsOnThem) {
  Lab lab;
  lab.add(nat({{tcp(), dport(22), dnat("172.17.0.2", 80)}}));
  for (const OpenPort& port : lab.leading())
    for (const PortAnswer& answer : port.answers) EXPECT_NE(answer.how, PortHow::listener);
}

TEST(LeadingPorts, OfKubeProxyTellTheirService) {
  Lab lab;
  lab.snapshot.containers.clear();
  fw::Table table = nat({{tcp(), dport(30080), dnat("172.17.0.2", 80)}});
  table.chains[0].rules[0].comment = "default/web:http cluster IP";
  lab.add(table);
  EXPECT_EQ(service_of(lab.leading().at(0)), "default/web:http");
}

TEST(PublishedPorts, AreOnePortAndNamespace) {
  Lab lab;
  lab.add(nat({{tcp(), dport(8080), dnat("172.17.0.2", 80)}}));
  lab.snapshot.processes.push_back(test_process(40, "docker-proxy", kHost));
  lab.host().sockets = {test_socket(8080, "tcp", 40)};
  const model::Index index(lab.snapshot);
  const auto ports = published_ports(index, Titles(index));
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0].to.ns, kWeb);
  EXPECT_EQ(ports[0].rules.size(), 1u);
}

}  // namespace
}  // namespace nsmap::analyze
