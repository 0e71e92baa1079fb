#include "analyze/rule_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_rules.h"

namespace nsmap::analyze {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

fw::Statement to(const char* address) {
  return is(PacketField::ip_daddr, address_octets(address), octets("ffffffff"));
}

// A hundred rules for ports 1000 …, and what a test puts before them.
fw::Table table_with(std::vector<std::vector<fw::Statement>> rules) {
  for (std::uint16_t at = 0; at < 100; ++at)
    rules.push_back({tcp(), dport(static_cast<std::uint16_t>(1000 + at)), accept()});
  return ip_table("t", {chain("c", std::move(rules))});
}

struct Packet {
  std::optional<Octets> daddr, port;

  std::vector<std::uint64_t> handles(const fw::Table& table) const {
    std::vector<std::uint64_t> found;
    const RuleIndex index(table);
    const auto known = [&](PacketField field) -> const Octets* {
      if (field == PacketField::ip_daddr && daddr) return &*daddr;
      if (same_slice(field, PacketField::th_dport) && port) return &*port;
      return nullptr;
    };
    for (const fw::Rule* rule : index.rules(table.chains[0], known)) found.push_back(*rule->handle);
    return found;
  }
};

TEST(RuleIndex, GivesTheRulesThatAPacketMayMeetInTheirOrder) {
  const auto table = table_with({{to("10.0.0.1"), drop()}, {drop()}, {to("10.0.0.2"), drop()}});
  const Packet packet{address_octets("10.0.0.2"), Octets::number(1005, 2)};
  EXPECT_THAT(packet.handles(table), ElementsAre(2, 3, 9));
  EXPECT_THAT((Packet{address_octets("10.0.0.3"), Octets::number(80, 2)}.handles(table)),
              ElementsAre(2));
}

TEST(RuleIndex, GivesAllOfThemWhereNothingIsKnown) {
  EXPECT_THAT(Packet().handles(table_with({{drop()}})), SizeIs(101));
  EXPECT_THAT((Packet{{}, Octets::number(1005, 2)}.handles(table_with({{to("10.0.0.1"), drop()}}))),
              ElementsAre(1, 7));
}

TEST(RuleIndex, LeavesNoRuleOutThatDoesSomethingBeforeItAsks) {
  const auto mark = does(Box(fw::Assign{PacketField::meta_mark, Octets::number(7, 4)}));
  const auto table = table_with({{mark, dport(1), accept()},
                                 {does(fw::Counter{}), dport(1), accept()},
                                 {is_not(PacketField::tcp_dport, Octets::number(1, 2)), accept()}});
  EXPECT_THAT((Packet{{}, Octets::number(80, 2)}.handles(table)), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace nsmap::analyze
