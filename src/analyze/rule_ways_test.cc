#include "analyze/rule_ways.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_rules.h"

namespace nsmap::analyze {
namespace {

using End = Way::End;

// The handles of the rules that end the ways, 0 for the policy, and how.
std::vector<std::pair<std::uint64_t, End>> ends(const fw::Table& table, const Known& known = {}) {
  const RuleIndex index(table);
  std::vector<std::pair<std::uint64_t, End>> found;
  for (const Way& way : ways_through(index, table.chains.at(0), known))
    found.emplace_back(way.place.rule ? *way.place.rule->handle : 0, way.end);
  return found;
}

const Known kSsh{.fields = {{PacketField::meta_l4proto, Octets::number(6, 1)},
                            {PacketField::th_dport, Octets::number(22, 2)}}};

using testing::ElementsAre;
using testing::Pair;

TEST(RuleWays, FollowWhatIsKnown) {
  const auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter",
                          {{tcp(), dport(80), drop()}, {tcp(), dport(22), accept()}, {drop()}})});
  EXPECT_THAT(ends(table, kSsh), ElementsAre(Pair(2, End::accept)));
}

TEST(RuleWays, TakeNothingForTrueOrFalseThatIsNotKnown) {
  const auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter",
                          {{tcp(), is(PacketField::ip_saddr, address_octets("10.0.0.1")), accept()},
                           {does(Box(fw::Opaque{.name = "bpf", .match = true})), drop()}})});
  const RuleIndex index(table);
  const auto ways = ways_through(index, table.chains[0], kSsh);
  ASSERT_EQ(ways.size(), 3u);
  EXPECT_EQ(ways[0].conditions.size(), 1u);
  EXPECT_EQ(ways[1].end, End::drop);
  EXPECT_EQ(ways[1].conditions.size(), 1u);
  EXPECT_EQ(ways[2].end, End::accept);
  EXPECT_EQ(ways[2].place.rule, nullptr);
}

TEST(RuleWays, ComeBackFromChainsButNotFromGoto) {
  const auto table = [](fw::Verdict::Kind kind) {
    return ip_table("t", {base("in", fw::Hook::input, "filter", {{verdict(kind, "web")}, {drop()}}),
                          chain("web", {{tcp(), dport(80), accept()}})});
  };
  EXPECT_THAT(ends(table(fw::Verdict::Kind::jump), kSsh), ElementsAre(Pair(2, End::drop)));
  EXPECT_THAT(ends(table(fw::Verdict::Kind::goto_), kSsh), ElementsAre(Pair(0, End::accept)));
}

TEST(RuleWays, ReturnFromBaseChainsToThePolicy) {
  const auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter",
                          {{verdict(fw::Verdict::Kind::return_)}, {accept()}}, true)});
  EXPECT_THAT(ends(table), ElementsAre(Pair(0, End::drop)));
}

TEST(RuleWays, GoOnForThoseThatAChainSendsBack) {
  const auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter", {{jump("web")}, {drop()}}),
                     chain("web", {{dport(80), verdict(fw::Verdict::Kind::return_)}, {accept()}})});
  EXPECT_THAT(ends(table), ElementsAre(Pair(2, End::accept), Pair(2, End::drop)));
}

TEST(RuleWays, EndWhereChainsGoInCircles) {
  const auto table = ip_table("t", {base("in", fw::Hook::input, "filter", {{jump("a")}}),
                                    chain("a", {{jump("b")}}), chain("b", {{jump("a")}})});
  EXPECT_THAT(ends(table), ElementsAre(Pair(testing::_, End::unknown)));
}

TEST(RuleWays, SayUnknownOfAChainThatIsNotThere) {
  const auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter", {{jump("gone")}, {accept()}})});
  EXPECT_THAT(ends(table), ElementsAre(Pair(1, End::unknown)));
}

fw::Set services() {
  fw::Set set{.name = "services",
              .key = {{model::DataType::ipv4, 32, {}}, {model::DataType::port, 16, {}}},
              .map = true};
  set.elements.push_back({.first = octets("0a00000a00500000"),
                          .verdict = fw::Verdict{fw::Verdict::Kind::goto_, "web"}});
  set.elements.push_back(
      {.first = octets("0a00000b00160000"), .verdict = fw::Verdict{fw::Verdict::Kind::drop, {}}});
  return set;
}

TEST(RuleWays, LookIntoVerdictMaps) {
  fw::Concatenation key{{PacketField::ip_daddr, PacketField::tcp_dport}};
  auto table = ip_table("t", {base("in", fw::Hook::input, "filter",
                                   {{does(Box(fw::VerdictMap{Box(key), "services"}))}, {drop()}}),
                              chain("web", {{accept()}})});
  table.sets.push_back(services());
  Known web{.fields = {{PacketField::ip_daddr, octets("0a00000a")},
                       {PacketField::th_dport, Octets::number(80, 2)}}};
  EXPECT_THAT(ends(table, web), ElementsAre(Pair(1, End::accept)));
  web.fields[0].second = octets("0a00000c");
  EXPECT_THAT(ends(table, web), ElementsAre(Pair(2, End::drop)));
  EXPECT_THAT(ends(table),
              ElementsAre(Pair(1, End::accept), Pair(1, End::drop), Pair(2, End::drop)));
}

TEST(RuleWays, LookIntoSets) {
  auto table =
      ip_table("t", {base("in", fw::Hook::input, "filter",
                          {{does(fw::Lookup{PacketField::tcp_dport, "ports"}), accept()},
                           {does(fw::Lookup{PacketField::tcp_dport, "ports", true}), drop()}})});
  fw::Set set{.name = "ports", .key = {{model::DataType::port, 16, {}}}};
  set.elements.push_back({.first = Octets::number(20, 2), .last = Octets::number(30, 2)});
  table.sets.push_back(set);
  EXPECT_THAT(ends(table, kSsh), ElementsAre(Pair(1, End::accept)));
  const Known web{.fields = {{PacketField::th_dport, Octets::number(80, 2)}}};
  EXPECT_THAT(ends(table, web), ElementsAre(Pair(2, End::drop)));
}

}  // namespace
}  // namespace nsmap::analyze
