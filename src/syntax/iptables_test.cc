#include "syntax/iptables.h"

#include <gtest/gtest.h>

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::PacketField;

Octets number(std::uint64_t value, std::size_t size) { return Octets::number(value, size); }

Match equal(PacketField field, std::uint64_t value) {
  return {field, Compare::eq, {}, number(value, model::info(field).bytes()), {}};
}

Octets name(const char* text) {
  Octets octets(std::size_t{16});
  for (std::size_t at = 0; text[at] != '\0'; ++at) octets[at] = std::byte(text[at]);
  return octets;
}

std::optional<std::string> line(std::vector<Action> actions, std::string comment = {}) {
  Rule rule;
  rule.comment = std::move(comment);
  for (Action& action : actions) rule.statements.push_back({{}, std::move(action)});
  return iptables_rule({}, rule);
}

const Verdict kAccept{Verdict::Kind::accept, {}};

// What iptables-nft writes without its matches gets them back.
TEST(Iptables, StatementsThatCameFromNoMatch) {
  EXPECT_EQ(line({equal(PacketField::meta_l4proto, 6), equal(PacketField::tcp_dport, 80), Counter{},
                  kAccept}),
            "-p tcp -m tcp --dport 80 -j ACCEPT");
  EXPECT_EQ(line({Match{PacketField::ct_state, Compare::ne, number(6, 4), number(0, 4), {}}}),
            "-m conntrack --ctstate RELATED,ESTABLISHED");
  EXPECT_EQ(line({Box(Limit{3, 60, 5, false, false})}), "-m limit --limit 3/min");
  EXPECT_EQ(line({Box(Assign{PacketField::meta_nftrace, number(1, 1)})}), "-j TRACE");
}

TEST(Iptables, TheEntrysOwnPartComesFirst) {
  Octets mask(std::size_t{16});
  for (std::size_t at = 0; at < 3; ++at) mask[at] = std::byte{0xff};
  EXPECT_EQ(line({equal(PacketField::meta_mark, 1),
                  Match{PacketField::ip_saddr,
                        Compare::ne,
                        number(0xffffff00, 4),
                        number(0x0a000100, 4),
                        {}},
                  Match{PacketField::meta_iifname, Compare::eq, mask, name("eth"), {}},
                  Verdict{Verdict::Kind::goto_, "A"}}),
            "! -s 10.0.1.0/24 -i eth+ -m mark --mark 0x1 -g A");
  // But not what was met by fewer packets for what stands before it.
  EXPECT_FALSE(line({Box(Limit{3, 60, 5, false, false}), equal(PacketField::ip_saddr, 1)}));
}

TEST(Iptables, CommentsAreQuoted) {
  EXPECT_EQ(line({kAccept}, "say \"hi\""), R"(-m comment --comment "say \"hi\"" -j ACCEPT)");
  EXPECT_FALSE(line({kAccept}, "two\nlines"));
}

TEST(Iptables, WhatItHasNoWordsFor) {
  EXPECT_FALSE(line({Lookup{PacketField::ip_saddr, "set", false}}));
  EXPECT_FALSE(line({Box(Opaque{"new", true, false, 0, {}})}));
  EXPECT_FALSE(line({Match{PacketField::tcp_dport, Compare::lt, {}, number(80, 2), {}}}));
  EXPECT_FALSE(line({Box(Log{}), kAccept}));  // two targets
  EXPECT_FALSE(line({equal(PacketField::ip_saddr, 1), equal(PacketField::ip_saddr, 2)}));
}

TEST(Iptables, SavesOnlyItsOwnTables) {
  Firewall firewall;
  Table table{.backend = Backend::x_tables, .family = Family::ip, .name = "filter"};
  Chain input{.name = "INPUT", .hook = Hook::input};
  input.policy = Verdict{Verdict::Kind::drop, {}};
  input.policy_counter = Counter{1, 2};
  input.rules.resize(2);
  input.rules[0].statements = {{{}, Counter{3, 4}}, {{}, kAccept}};
  input.rules[1].position = 1;
  input.rules[1].statements = {{{}, Box(Opaque{"new", true, false, 0, {}})}};
  table.chains = {input, {.name = "A"}};
  firewall.tables = {table, {.family = Family::inet, .name = "mine"}};
  const auto save = iptables_save(firewall, {Family::ip, Backend::x_tables, true});
  EXPECT_EQ(save.text,
            "*filter\n:INPUT DROP [1:2]\n:A - [0:0]\n[3:4] -A INPUT -j ACCEPT\n"
            "# INPUT 2: iptables has no words for this rule\nCOMMIT\n");
  EXPECT_EQ(save.unwritten, 1u);
}

}  // namespace
}  // namespace nsmap::syntax
