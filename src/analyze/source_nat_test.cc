#include "analyze/source_nat.h"

#include <gtest/gtest.h>

#include "analyze/test_host.h"
#include "analyze/test_rules.h"

namespace nsmap::analyze {
namespace {

using Texts = std::vector<std::string>;

fw::Statement masquerade() { return does(Box(fw::Nat{.kind = fw::Nat::Kind::masquerade})); }
fw::Statement snat(const char* first, const char* last, std::uint16_t port = 0) {
  fw::Nat nat{.kind = fw::Nat::Kind::snat,
              .address = address_octets(first),
              .last_address = address_octets(last)};
  if (port != 0) nat.port = Octets::number(port, 2);
  if (port != 0) nat.last_port = Octets::number(65535, 2);
  return does(Box(std::move(nat)));
}
fw::Statement from(const char* address, const char* mask) {
  return is(PacketField::ip_saddr, address_octets(address), octets(mask));
}
fw::Chain post(std::vector<std::vector<fw::Statement>> rules) {
  return base("POSTROUTING", fw::Hook::postrouting, "nat", std::move(rules));
}

std::vector<SourceNat> nats(fw::Table table) {
  const model::Snapshot snapshot = test_host();
  const model::Index index(snapshot);
  const Titles titles(index);
  RuleNames names(titles);
  model::Namespace ns = *index.find(kHost);
  for (fw::Chain& chain : table.chains)
    for (std::uint32_t at = 0; fw::Rule & rule : chain.rules) rule.position = at++;
  ns.firewall.edit().tables = {std::move(table)};
  return source_nats(names, ns);
}

TEST(SourceNats, SayWhatLeavesByWhich) {
  const auto found = nats(ip_table(
      "nat", {post({{from("172.17.0.0", "ffff0000"),
                     is_not(PacketField::meta_oifname, name_octets("docker0")), masquerade()},
                    {from("10.0.0.0", "ff000000"), is(PacketField::meta_oifname, name_octets("up")),
                     snat("192.0.2.1", "192.0.2.9", 1024)}})}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].masquerade);
  EXPECT_EQ(found[0].from, Texts{"172.17.0.0/16"});
  EXPECT_EQ(found[0].where, Texts{"not out docker0"});
  EXPECT_EQ(found[0].to, "");
  EXPECT_FALSE(found[0].conditional);
  EXPECT_EQ(found[1].to, "192.0.2.1-192.0.2.9:1024-65535");
  EXPECT_EQ(found[1].rule.number, 2u);
}

TEST(SourceNats, TellTheOppositeOfWhatIsLetGoBefore) {
  const auto mark = is(PacketField::meta_mark, Octets::number(0x4000, 4), Octets::number(0x4000, 4),
                       fw::Compare::ne);
  const auto found = nats(ip_table(
      "nat",
      {post({{jump("KUBE-POSTROUTING")}, {from("10.0.0.0", "ff000000"), masquerade()}}),
       chain("KUBE-POSTROUTING", {{mark, verdict(fw::Verdict::Kind::return_)}, {masquerade()}})}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].where, Texts{"marked 0x4000"});
  EXPECT_EQ(found[1].from, Texts{"10.0.0.0/8"});
}

TEST(SourceNats, AreConditionalWhereRulesAskMore) {
  const auto found = nats(ip_table(
      "nat", {post({{does(Box(fw::Opaque{.name = "bpf", .match = true})), masquerade()}})}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].conditional);
}

TEST(SourceNats, KnowHairpins) {
  const auto found = nats(ip_table(
      "nat", {post({{from("172.17.0.2", "ffffffff"),
                     is(PacketField::ip_daddr, address_octets("172.17.0.2"), octets("ffffffff")),
                     tcp(), dport(80), masquerade()}})}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].hairpin);
}

TEST(SourceNats, OfATableForBothFamiliesAreToldOnce) {
  fw::Table table = ip_table("edge", {post({{masquerade()}})});
  table.family = fw::Family::inet;
  EXPECT_EQ(nats(table).size(), 1u);
}

TEST(SourceNats, LookIntoSets) {
  fw::Table table =
      ip_table("edge", {post({{does(fw::Lookup{PacketField::ip_saddr, "inner"}), masquerade()}})});
  fw::Set set{.name = "inner", .key = {{model::DataType::ipv4, 32, {}}}};
  set.elements.push_back({.first = octets("0a010000"), .last = octets("0a01ffff")});
  set.elements.push_back({.first = octets("0a030005")});
  set.elements.push_back({.first = octets("0a090001"), .last = octets("0a090007")});
  table.sets.push_back(set);
  EXPECT_EQ(nats(table).at(0).from, Texts{"10.1.0.0/16, 10.3.0.5, 10.9.0.1-10.9.0.7"});
}

}  // namespace
}  // namespace nsmap::analyze
