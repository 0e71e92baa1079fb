#include "collect/xt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_statistic.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <algorithm>
#include <cstring>

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A structure as the kernel gives it: padded to eight bytes.
template <typename Info>
std::vector<std::byte> padded(const Info& info) {
  std::vector<std::byte> bytes(XT_ALIGN(sizeof info));
  std::memcpy(bytes.data(), &info, sizeof info);
  return bytes;
}

template <typename Info>
Rule decoded(std::string_view name, std::uint8_t revision, const Info& info, Rule rule = {},
             bool target = false, IpsetNames* ipsets = nullptr) {
  const auto bytes = padded(info);
  decode_xt({name, target, revision, bytes, Family::ip, ipsets}, rule);
  return rule;
}

Octets number(std::uint64_t value, std::size_t size) { return Octets::number(value, size); }

TEST(Xt, PortsThatAreAllAskForNothing) {
  const Rule rule = decoded("tcp", 0, xt_tcp{{0, 0xffff}, {80, 80}, 0, 0, 0, 0});
  EXPECT_THAT(rule.statements,
              ElementsAre(Statement{
                  "tcp", Match{PacketField::tcp_dport, Compare::eq, {}, number(80, 2), {}}}));
}

TEST(Xt, AMatchWithoutOptionsStays) {
  const Rule rule = decoded("tcp", 0, xt_tcp{{0, 0xffff}, {0, 0xffff}, 0, 0, 0, 0});
  EXPECT_THAT(rule.statements, ElementsAre(Statement{"tcp", Box(Extension{"tcp", false, {}})}));
}

TEST(Xt, StatesAreThoseOfCtState) {
  xt_conntrack_mtinfo3 info{};
  info.match_flags = XT_CONNTRACK_STATE;
  info.state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_NEW) | XT_CONNTRACK_STATE_UNTRACKED;
  EXPECT_THAT(decoded("conntrack", 3, info).statements,
              ElementsAre(Statement{
                  "conntrack",
                  Match{PacketField::ct_state, Compare::ne, number(0x48, 4), number(0, 4), {}}}));
}

// A packet without a connection matches `--ctstate INVALID --ctproto tcp` whatever it is.
TEST(Xt, WhatNoConjunctionSaysIsOptions) {
  xt_conntrack_mtinfo3 info{};
  info.match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_PROTO;
  info.state_mask = XT_CONNTRACK_STATE_INVALID;
  info.l4proto = 6;
  EXPECT_THAT(decoded("conntrack", 3, info).statements,
              ElementsAre(Statement{"conntrack", Box(Extension{"conntrack", false,
                                                               "--ctstate INVALID --ctproto 6"})}));
}

TEST(Xt, PortsAreOfTheProtocolBefore) {
  Rule rule;
  rule.statements.push_back(
      {{}, Match{PacketField::meta_l4proto, Compare::eq, {}, number(6, 1), {}}});
  xt_multiport_v1 info{};
  info.flags = XT_MULTIPORT_DESTINATION;
  info.count = 3;
  info.ports[0] = 80;
  info.ports[1] = 8000;
  info.ports[2] = 8080;
  info.pflags[1] = 1;
  const Action action = decoded("multiport", 1, info, rule).statements.at(1).action;
  EXPECT_EQ(action,
            Action(Box(OneOf{{PacketField::tcp_dport},
                             {{number(80, 2), number(80, 2)}, {number(8000, 2), number(8080, 2)}},
                             false})));
}

TEST(Xt, EveryIsWhatIptablesSays) {
  xt_statistic_info info{};
  info.mode = XT_STATISTIC_MODE_NTH;
  info.u.nth.every = 2;
  const Rule rule = decoded("statistic", 0, info);
  EXPECT_EQ(rule.statements.at(0).action, Action(Box(Chance{.every = 3})));
}

TEST(Xt, MarksAreMaskedAndFlipped) {
  const auto action = [](std::uint32_t mark, std::uint32_t mask) {
    return decoded("MARK", 2, xt_mark_tginfo2{mark, mask}, {}, true).statements.at(0).action;
  };
  EXPECT_EQ(action(7, 0xffffffff), Action(Box(Assign{PacketField::meta_mark, number(7, 4)})));
  EXPECT_EQ(action(0x4000, 0x4000),
            Action(Box(Assign{
                PacketField::meta_mark,
                Box(Bitwise{PacketField::meta_mark, number(0xffffbfff, 4), number(0x4000, 4)})})));
}

struct OneSet final : IpsetNames {
  std::optional<std::string> name(std::uint16_t index) override {
    if (index != 3) return std::nullopt;
    return "allowed";
  }
};

TEST(Xt, SetsAreNamed) {
  OneSet sets;
  xt_set_info_match_v1 info{};
  info.match_set = {3, 2, IPSET_INV_MATCH | IPSET_DIM_ONE_SRC};
  EXPECT_EQ(decoded("set", 1, info, {}, false, &sets).statements.at(0).action,
            Action(Box(IpsetMatch{"allowed", {"src", "dst"}, true, {}})));
  info.match_set.index = 4;
  const Rule rule = decoded("set", 1, info, {}, false, &sets);
  EXPECT_TRUE(std::holds_alternative<Box<Opaque>>(rule.statements.at(0).action));
}

TEST(Xt, CommentsAreTheRules) {
  char text[256] = "allow \xff";
  const Rule rule = decoded("comment", 0, text);
  EXPECT_EQ(rule.comment, "allow \\xff");
  EXPECT_THAT(rule.statements, IsEmpty());
}

TEST(Xt, WhatIsNotKnownKeepsItsBytes) {
  const Rule rule = decoded("new", 9, xt_mark_tginfo2{1, 2}, {}, true);
  EXPECT_THAT(rule.statements,
              ElementsAre(Statement{
                  "new", Box(Opaque{"new", false, true, 9, *Octets::parse("0100000002000000")})}));
}

TEST(Xt, AnotherLengthIsNotUnderstood) {
  const std::byte bytes[16] = {};
  for (const XtKnown& known : xt_known())
    for (const std::uint8_t revision : known.revisions)
      for (std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{15}}) {
        Rule rule;
        decode_xt({known.name, known.target, revision, Bytes(bytes).first(size)}, rule);
        EXPECT_THAT(rule.statements, SizeIs(1)) << known.name;
      }
}

TEST(Xt, KnowsEachOnce) {
  const auto known = xt_known();
  EXPECT_GT(known.size(), 80u);
  const auto key = [](const XtKnown& row) { return std::pair(row.name, row.target); };
  EXPECT_TRUE(std::ranges::is_sorted(known, {}, key));
  EXPECT_EQ(std::ranges::adjacent_find(known, {}, key), known.end());
}

}  // namespace
}  // namespace nsmap::collect
