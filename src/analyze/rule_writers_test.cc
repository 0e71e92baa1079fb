#include "analyze/rule_writers.h"

#include <gtest/gtest.h>

#include "analyze/test_firewall.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::PacketField;

Octets interface(const char* name) {
  Octets octets(16);
  for (std::size_t at = 0; name[at]; ++at) octets[at] = static_cast<std::byte>(name[at]);
  return octets;
}

// The writer of the first rule of the first chain.
Writer first(const Firewall& firewall) {
  const Table& table = firewall.tables.front();
  const Chain& chain = table.chains.front();
  return RuleWriters(firewall).of({&table, &chain}, chain.rules.front());
}

Firewall with(Table table) {
  Firewall firewall;
  firewall.tables = {std::move(table)};
  return firewall;
}

TEST(RuleWriters, AreTheirTablesOwners) {
  const auto of = [](const char* table, const char* chain, const char* comment) {
    return first(with(test_table(Family::inet, table,
                                 {test_chain(chain, Hook::forward, 0, {test_rule({}, comment)})})));
  };
  EXPECT_EQ(of("netavark", "FORWARD", ""), (Writer{"podman", true, ""}));
  EXPECT_EQ(of("firewalld", "filter_IN_public_allow", ""), (Writer{"firewalld", true, "public"}));
  EXPECT_EQ(of("nsmap", "postrouting", "lab shop 10.0.0.0/24"),
            (Writer{"nsmap", true, "lab shop 10.0.0.0/24"}));
  EXPECT_EQ(of("io.systemd.nat", "postrouting", ""), (Writer{"systemd", true, ""}));
  EXPECT_EQ(of("kube-proxy", "services", "default/web:http"),
            (Writer{"kube-proxy", true, "default/web:http"}));
  EXPECT_EQ(of("mine", "filter_IN_public", ""), (Writer{"by hand", false, ""}));
}

TEST(RuleWriters, ANameInATableOfAllIsNotSure) {
  const Firewall one =
      with(test_table(Family::ip, "filter", {test_chain("DOCKER", {test_rule({})})}));
  EXPECT_EQ(first(one), (Writer{"docker", false, ""}));
  const Firewall several = with(test_table(
      Family::ip, "filter", {test_chain("DOCKER", {test_rule({})}), test_chain("DOCKER-FORWARD")}));
  EXPECT_EQ(first(several), (Writer{"docker", true, ""}));
}

TEST(RuleWriters, TellByWhatARuleLeadsTo) {
  const Firewall firewall =
      with(test_table(Family::ip, "filter",
                      {test_chain("FORWARD", Hook::forward, 0, {test_jump("KUBE-FORWARD")}),
                       test_chain("KUBE-FORWARD"), test_chain("KUBE-SERVICES")}));
  EXPECT_EQ(first(firewall), (Writer{"kube-proxy", true, ""}));
}

TEST(RuleWriters, TellByComments) {
  const auto of = [](const char* comment) {
    return first(with(
        test_table(Family::ip, "nat",
                   {test_chain("POSTROUTING", Hook::postrouting, 100, {test_rule({}, comment)})})));
  };
  EXPECT_EQ(of("name: \"mynet\" id: \"4fa6e0f0c678\""),
            (Writer{"cni bridge", true, "4fa6e0f0c678"}));
  EXPECT_EQ(of("cali:K4aGR_6Z2nY4mdKw"), (Writer{"calico", true, ""}));
  EXPECT_EQ(of("generated for LXD network lxdbr0"), (Writer{"lxd", true, "lxdbr0"}));
  EXPECT_EQ(of("default/web:http cluster IP"), (Writer{"kube-proxy", true, "default/web:http"}));
  EXPECT_EQ(of("let me in"), (Writer{"by hand", false, ""}));
}

TEST(RuleWriters, TellByInterfacesAndMarksInDoubt) {
  const auto of = [](Match match) {
    return first(with(test_table(
        Family::ip, "nat",
        {test_chain("POSTROUTING", Hook::postrouting, 100, {test_rule({std::move(match)})})})));
  };
  EXPECT_EQ(of({PacketField::meta_oifname, Compare::ne, {}, interface("docker0")}),
            (Writer{"docker", false, ""}));
  EXPECT_EQ(of({PacketField::meta_oifname, Compare::eq, {}, interface("br-0a1b2c3d4e5f")}),
            (Writer{"docker", false, ""}));
  EXPECT_EQ(of({PacketField::meta_oifname, Compare::eq, {}, interface("br-lan")}),
            (Writer{"by hand", false, ""}));
  EXPECT_EQ(of({PacketField::meta_mark, Compare::eq, {}, Octets::number(0x4000, 4)}),
            (Writer{"kube-proxy", false, ""}));
}

TEST(RuleWriters, LeaveChainsForOthersToThem) {
  const Firewall firewall =
      with(test_table(Family::ip, "filter",
                      {test_chain("DOCKER-USER", {test_rule({Verdict{Verdict::Kind::drop, {}}})}),
                       test_chain("DOCKER")}));
  EXPECT_EQ(first(firewall), (Writer{"by hand", false, ""}));
  EXPECT_EQ(RuleWriters(firewall).of({&firewall.tables[0], &firewall.tables[0].chains[0]}).name,
            "docker");
}

}  // namespace
}  // namespace nsmap::analyze
