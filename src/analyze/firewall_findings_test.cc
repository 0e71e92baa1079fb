#include "analyze/firewall_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_firewall.h"
#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Findings : public testing::Test {
 protected:
  Findings() : ns_(test_namespace(kHost)) {}

  std::vector<Table>& tables() { return ns_.firewall.edit().tables; }
  std::vector<std::string> found() {
    std::vector<std::string> lines;
    const RuleWriters writers(*ns_.firewall);
    for (const FirewallFinding& finding : firewall_findings(ns_, writers))
      lines.push_back(finding.check + ": " + finding.what);
    return lines;
  }

  model::Namespace ns_;
};

const std::vector<Rule> kDrop = {test_rule({Verdict{Verdict::Kind::drop, {}}})};

TEST_F(Findings, NothingOfAPlainFirewall) {
  tables() = {test_table(
      Family::inet, "a",
      {test_chain("in", Hook::input, 0, kDrop), test_chain("fw", Hook::forward, 0, kDrop)})};
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Findings, TwoBackEnds) {
  tables() = {test_table(Family::ip, "nat", {test_chain("IN", Hook::input, 1, kDrop)}),
              test_table(Family::inet, "a", {test_chain("in", Hook::input, 0, kDrop)})};
  tables()[0].backend = Backend::x_tables;
  EXPECT_THAT(found(),
              ElementsAre(HasSubstr("(legacy table ip nat) beside nf_tables (table inet a)")));
}

TEST_F(Findings, TwoWritersOfOneChain) {
  tables() = {test_table(Family::ip, "filter",
                         {test_chain("FORWARD", Hook::forward, 0,
                                     {test_jump("DOCKER-FORWARD"), test_jump("LIBVIRT_FWI")}),
                          test_chain("DOCKER-FORWARD"), test_chain("LIBVIRT_FWI")})};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("table ip filter FORWARD: docker and libvirt write")));
}

TEST_F(Findings, OnePriorityTwiceAsTheKernelTells) {
  tables() = {test_table(Family::inet, "a", {test_chain("in", Hook::input, 0, kDrop)}),
              test_table(Family::ip, "b", {test_chain("in", Hook::input, 0, kDrop)})};
  HookEntry first{.family = Family::ip, .hook = Hook::input};
  first.table_family = Family::ip;
  first.table = "b";
  first.chain = "in";
  HookEntry second = first;
  second.table_family = Family::inet;
  second.table = "a";
  ns_.firewall.edit().hooks = {first, second};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("comes first, which is table ip b in")));
}

TEST_F(Findings, PrioritiesOfNatThatAreNotWhatTheyLook) {
  Table table = test_table(Family::ip, "a",
                           {test_chain("pre", Hook::prerouting, -10, kDrop),
                            test_chain("post", Hook::postrouting, 100, kDrop)});
  for (Chain& chain : table.chains) chain.type = "nat";
  tables() = {table};
  EXPECT_THAT(found(),
              ElementsAre(HasSubstr("nat priority: table ip a pre has priority -10, but "
                                    "all chains of nat at prerouting are called at -100")));
}

TEST_F(Findings, DevicesWhosePacketsOthersHandle) {
  model::Link& link = ns_.links.emplace_back();
  link.name = "eth0";
  link.bpf = {{"xdp", "generic", 5, {}}, {"tcx", "egress", 6, "cil_to_netdev"}};
  link.filters = {{"ingress", "u32"}};
  ns_.links.emplace_back().name = "eth1";
  EXPECT_THAT(
      found(),
      ElementsAre("not judged: eth0: an XDP program, a BPF program of tcx at egress "
                  "(cil_to_netdev), filters of tc at ingress (u32): what becomes of packets "
                  "there is not told here"));
}

TEST_F(Findings, OnePriorityTwice) {
  tables() = {test_table(Family::inet, "a", {test_chain("in", Hook::input, 0, kDrop)}),
              test_table(Family::ip, "b", {test_chain("in", Hook::input, 0, kDrop)})};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("have one priority (0) at input")));
  tables()[1].family = Family::arp;
  EXPECT_THAT(found(), IsEmpty());
  tables()[1] = test_table(Family::ip, "b", {test_chain("in", Hook::input, 0)});
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(Findings, OwnedAndDormantTables) {
  tables() = {test_table(Family::inet, "a", {}), test_table(Family::inet, "b", {})};
  tables()[0].owner = 77;
  tables()[1].dormant = true;
  EXPECT_THAT(found(), ElementsAre(HasSubstr("inet a is owned by the program of netlink port 77"),
                                   HasSubstr("inet b is dormant")));
}

TEST_F(Findings, BridgedPackets) {
  tables() = {test_table(Family::ip, "filter", {test_chain("FORWARD", Hook::forward, 0, kDrop)})};
  model::Link bridge = test_link(3, "br0");
  bridge.kind = "bridge";
  ns_.links = {bridge};
  EXPECT_THAT(found(), IsEmpty());
  ns_.sysctls = {{"net.bridge.bridge-nf-call-iptables", 1}};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("cross a bridge (br0) meet the rules of forward")));
}

TEST_F(Findings, AFullTableOfConnections) {
  ns_.sysctls = {{"net.netfilter.nf_conntrack_count", 900},
                 {"net.netfilter.nf_conntrack_max", 1000}};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("900 of 1000 connections")));
  ns_.sysctls[0].value = 10;
  EXPECT_THAT(found(), IsEmpty());
}

}  // namespace
}  // namespace nsmap::analyze
