#include "syntax/dialect.h"

#include <gtest/gtest.h>

namespace nsmap::syntax {
namespace {

using namespace model::firewall;

Table table(Family family, std::string name, Hook hook, std::int32_t priority, std::string type) {
  Table made{.family = family, .name = std::move(name)};
  made.chains.push_back({.name = "DOCKER"});
  made.chains.push_back({.name = "FORWARD", .hook = hook, .priority = priority, .type = type});
  return made;
}

TEST(Dialect, IsIptablesWhereEveryBaseChainIsItsOwn) {
  EXPECT_EQ(dialect_of(table(Family::ip, "filter", Hook::forward, 0, "filter")), Dialect::iptables);
  EXPECT_EQ(dialect_of(table(Family::ip, "security", Hook::forward, 150, "filter")),
            Dialect::iptables);
  EXPECT_EQ(dialect_of(table(Family::ip, "filter", Hook::forward, 1, "filter")), Dialect::nft);
  EXPECT_EQ(dialect_of(table(Family::inet, "filter", Hook::forward, 0, "filter")), Dialect::nft);
  EXPECT_EQ(dialect_of(table(Family::ip, "mine", Hook::forward, 0, "filter")), Dialect::nft);
  EXPECT_EQ(dialect_of({.backend = Backend::x_tables, .family = Family::ip, .name = "nat"}),
            Dialect::iptables);
}

}  // namespace
}  // namespace nsmap::syntax
