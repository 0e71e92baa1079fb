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
  // The kernel knows better: the chain of the old table was made last.
  firewall.hooks.resize(2);
  firewall.hooks[0].table = "old";
  firewall.hooks[1].table = "new";
  firewall.hooks[0].chain = firewall.hooks[1].chain = "in";
  EXPECT_THAT(names(hook_order(firewall)[0].chains), ElementsAre("old in", "new in"));
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
