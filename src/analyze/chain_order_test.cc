#include "analyze/chain_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_firewall.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using testing::ElementsAre;

std::vector<std::string> names(const std::vector<ChainRef>& chains) {
  std::vector<std::string> out;
  for (const ChainRef& ref : chains) out.push_back(ref.table->name + " " + ref.chain->name);
  return out;
}

// At input, of a chain that is named "in".
HookEntry told(Family family, std::int32_t priority, std::optional<Family> table_family,
               const char* table) {
  HookEntry entry{.family = family, .hook = Hook::input, .priority = priority};
  entry.table_family = table_family;
  entry.table = table;
  if (table_family) entry.chain = "in";
  return entry;
}

TEST(ChainOrder, IsByHookThenPriority) {
  Firewall firewall;
  firewall.tables = {
      test_table(Family::ip, "a",
                 {test_chain("out", Hook::output, 0), test_chain("in", Hook::input, 10)}),
      test_table(Family::inet, "b", {test_chain("in", Hook::input, -5)}),
      test_table(Family::bridge, "c", {test_chain("in", Hook::input, 100)})};
  const auto order = hook_order(firewall);
  ASSERT_EQ(order.size(), 2u);
  EXPECT_EQ(order[0].hook, Hook::input);
  EXPECT_THAT(names(order[0].chains), ElementsAre("c in", "b in", "a in"));
  EXPECT_THAT(names(order[1].chains), ElementsAre("a out"));
}

TEST(ChainOrder, OfOnePriorityTheLaterIsFirst) {
  Firewall firewall;
  firewall.tables = {test_table(Family::ip, "old", {test_chain("in", Hook::input, 0)}),
                     test_table(Family::ip, "new", {test_chain("in", Hook::input, 0)})};
  firewall.tables[0].handle = 1;
  firewall.tables[1].handle = 2;
  EXPECT_THAT(names(hook_order(firewall)[0].chains), ElementsAre("new in", "old in"));
  EXPECT_TRUE(hook_order(firewall)[0].told.empty());
  // The kernel knows better: the chain of the old table was made last.
  firewall.hooks = {told(Family::ip, 0, Family::ip, "old"), told(Family::ip, 0, Family::ip, "new")};
  const HookChains here = hook_order(firewall)[0];
  EXPECT_THAT(names(here.chains), ElementsAre("old in", "new in"));
  EXPECT_EQ(here.told.size(), 2u);
}

// Tables of two families may have one name, and the kernel's lists of IPv4 and of IPv6 have a chain
// of inet each: ip6's comes before it, ip's after.
TEST(ChainOrder, OfOnePriorityIsToldByFamilies) {
  Firewall firewall;
  firewall.tables = {test_table(Family::ip, "t", {test_chain("in", Hook::input, 0)}),
                     test_table(Family::inet, "t", {test_chain("in", Hook::input, 0)}),
                     test_table(Family::ip6, "t", {test_chain("in", Hook::input, 0)})};
  firewall.hooks = {told(Family::ip, 0, Family::inet, "t"), told(Family::ip, 0, Family::ip, "t"),
                    told(Family::ip6, 0, Family::ip6, "t"),
                    told(Family::ip6, 0, Family::inet, "t")};
  const HookChains here = hook_order(firewall)[0];
  std::vector<Family> families;
  for (const ChainRef& ref : here.chains) families.push_back(ref.table->family);
  EXPECT_THAT(families, ElementsAre(Family::ip6, Family::inet, Family::ip));
}

TEST(ChainOrder, OfLegacyTablesIsToldByTheirFunctions) {
  Firewall firewall;
  firewall.tables = {test_table(Family::ip, "filter", {test_chain("in", Hook::input, 0)}),
                     test_table(Family::ip, "mine", {test_chain("in", Hook::input, 0)})};
  firewall.tables[0].backend = Backend::x_tables;
  EXPECT_THAT(names(hook_order(firewall)[0].chains), ElementsAre("filter in", "mine in"));
  HookEntry legacy = told(Family::ip, 0, {}, "");
  legacy.function = "ipt_do_table";
  HookEntry other = legacy;
  other.function = "somebody_elses";
  firewall.hooks = {other, told(Family::ip, 0, Family::ip, "mine"), legacy};
  EXPECT_THAT(names(hook_order(firewall)[0].chains), ElementsAre("mine in", "filter in"));
  EXPECT_EQ(hook_order(firewall)[0].told.size(), 2u);
}

TEST(ChainOrder, KeepsItsOwnWhereTheKernelsListsContradict) {
  Firewall firewall;
  firewall.tables = {test_table(Family::inet, "a", {test_chain("in", Hook::input, 0)}),
                     test_table(Family::inet, "b", {test_chain("in", Hook::input, 0)})};
  firewall.hooks = {told(Family::ip, 0, Family::inet, "a"), told(Family::ip, 0, Family::inet, "b"),
                    told(Family::ip6, 0, Family::inet, "b"),
                    told(Family::ip6, 0, Family::inet, "a")};
  EXPECT_THAT(names(hook_order(firewall)[0].chains), ElementsAre("a in", "b in"));
}

// One function is called for all chains of nat, at dstnat or srcnat.
TEST(ChainOrder, OfNatIsThatOfItsOneFunction) {
  Firewall firewall;
  firewall.tables = {test_table(
      Family::ip, "t",
      {test_chain("late", Hook::prerouting, -10), test_chain("early", Hook::prerouting, -160),
       test_chain("filter", Hook::prerouting, -50), test_chain("mangle", Hook::prerouting, -150),
       test_chain("in", Hook::input, 50), test_chain("src", Hook::input, 0)})};
  for (const std::size_t nat : {0u, 1u, 5u}) firewall.tables[0].chains[nat].type = "nat";
  const auto order = hook_order(firewall);
  EXPECT_THAT(names(order[0].chains), ElementsAre("t mangle", "t early", "t late", "t filter"));
  EXPECT_THAT(names(order[1].chains), ElementsAre("t in", "t src"));
  EXPECT_EQ(called_at(order[0].chains[1]), -100);
}

TEST(ChainOrder, FollowsJumpsGotosAndMaps) {
  Table table = test_table(
      Family::inet, "t",
      {test_chain("in", Hook::input, 0,
                  {test_jump("a"), test_rule({VerdictMap{model::PacketField::tcp_dport, "m"}})}),
       test_chain("lost"), test_chain("b"), test_chain("a", {test_jump("deep")}),
       test_chain("deep"), test_chain("inner", {test_jump("b")})});
  table.chains[5].binding = true;
  Set map;
  map.name = "m";
  map.map = true;
  map.elements.resize(2);
  map.elements[0].verdict = Verdict{Verdict::Kind::jump, "inner"};
  map.elements[1].verdict = Verdict{Verdict::Kind::goto_, "a"};
  table.sets = {map};
  Firewall firewall;
  firewall.tables = {table};
  std::vector<std::string> told;
  for (const CalledChain& called : called_chains(firewall)) {
    std::string text = called.chain.chain->name + ":";
    for (const Chain* caller : called.callers) text += " " + caller->name;
    told.push_back(text);
  }
  EXPECT_THAT(told, ElementsAre("a: in", "b: in", "deep: a", "lost:"));
}

TEST(ChainOrder, EndsInCircles) {
  Firewall firewall;
  firewall.tables = {
      test_table(Family::ip, "t",
                 {test_chain("in", Hook::input, 0, {test_jump("a")}),
                  test_chain("a", {test_jump("b")}), test_chain("b", {test_jump("a")})})};
  EXPECT_EQ(called_chains(firewall).size(), 2u);
}

}  // namespace
}  // namespace nsmap::analyze
