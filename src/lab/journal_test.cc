#include "lab/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsmap::lab {
namespace {

using testing::ElementsAre;

Link dummy(const char* name, const char* address) {
  Link link;
  link.name = name;
  link.kind = "dummy";
  link.addresses = {{{}, *IpAddress::parse(address), 24, {}}};
  return link;
}

Namespace space(const char* name, std::vector<Link> links) {
  Namespace ns;
  ns.name = name;
  ns.links = std::move(links);
  return ns;
}

TEST(Unite, HasWhatEitherHas) {
  const Lab a{"x", "", {space("one", {dummy("a", "10.0.0.1")}), space("two", {})}};
  const Lab b{"x", "", {space("one", {dummy("a", "10.0.0.2"), dummy("b", "10.1.0.1")})}};
  const Lab both = unite(a, b);
  ASSERT_EQ(both.namespaces.size(), 2u);
  ASSERT_EQ(both.namespaces[0].links.size(), 2u);
  EXPECT_EQ(both.namespaces[0].links[0].addresses.size(), 2u);
}

TEST(Unite, BelievesNeitherInWhatCannotBeSeen) {
  Lab a{"x", "", {space("one", {})}};
  Lab b = a;
  a.namespaces[0].nftables = "table ip a {}";
  a.namespaces[0].sysctls = {{{}, "net.a", "1"}, {{}, "net.b", "1"}};
  b.namespaces[0].sysctls = {{{}, "net.a", "1"}, {{}, "net.b", "2"}};
  const Lab both = unite(a, b);
  EXPECT_EQ(both.namespaces[0].nftables, "");
  ASSERT_EQ(both.namespaces[0].sysctls.size(), 1u);
  EXPECT_EQ(both.namespaces[0].sysctls[0].name, "net.a");
}

TEST(AlreadyThere, TellsWhatTheHostHasOfTheLab) {
  const Namespace want = space("host", {dummy("a", "10.0.0.1"), dummy("b", "10.1.0.1")});
  const Namespace host = space("host", {dummy("a", "10.0.0.1")});
  EXPECT_THAT(already_there(want, host), ElementsAre("address a 10.0.0.1/24", "link a"));
}

TEST(AlreadyThere, RulesThatDoDifferentThingsAreTwo) {
  Namespace want = space("host", {});
  Rule rule;
  rule.priority = 7;
  want.rules = {rule};
  Namespace host = want;
  host.rules[0].action = "prohibit";
  EXPECT_TRUE(already_there(want, host).empty());
}

}  // namespace
}  // namespace nsmap::lab
