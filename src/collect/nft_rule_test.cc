#include "collect/nft_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "collect/test_reading.h"
#include "collect/test_statements.h"

// Rules made by hand, expression by expression: above all those that nft(8) does not make. What it
// makes is in nf_tables_kernel_test.cc.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using enum model::PacketField;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kReg1 = NFT_REG_1;
constexpr std::uint32_t kReg2 = NFT_REG_2;

Attrs data(std::string_view value) { return Attrs().bytes(NFTA_DATA_VALUE, hex(value)); }

// The expressions of a rule under construction.
class Expressions {
 public:
  Expressions& add(std::string_view name, const Attrs& attrs) {
    list_.nest(NFTA_LIST_ELEM, Attrs().text(NFTA_EXPR_NAME, name).nest(NFTA_EXPR_DATA, attrs));
    return *this;
  }
  Expressions& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length,
                       std::uint32_t to = kReg1) {
    return add("payload", Attrs()
                              .be(NFTA_PAYLOAD_DREG, to)
                              .be(NFTA_PAYLOAD_BASE, base)
                              .be(NFTA_PAYLOAD_OFFSET, offset)
                              .be(NFTA_PAYLOAD_LEN, length));
  }
  Expressions& meta(std::uint32_t key, std::uint32_t to = kReg1) {
    return add("meta", Attrs().be(NFTA_META_DREG, to).be(NFTA_META_KEY, key));
  }
  Expressions& cmp(std::string_view value, std::uint32_t op = NFT_CMP_EQ,
                   std::uint32_t from = kReg1) {
    return add(
        "cmp",
        Attrs().be(NFTA_CMP_SREG, from).be(NFTA_CMP_OP, op).nest(NFTA_CMP_DATA, data(value)));
  }
  Expressions& bitwise(std::uint32_t length, std::string_view mask, std::string_view flip) {
    return add("bitwise", Attrs()
                              .be(NFTA_BITWISE_SREG, kReg1)
                              .be(NFTA_BITWISE_DREG, kReg1)
                              .be(NFTA_BITWISE_LEN, length)
                              .nest(NFTA_BITWISE_MASK, data(mask))
                              .nest(NFTA_BITWISE_XOR, data(flip)));
  }
  Expressions& lookup(std::string_view set, std::uint32_t from = kReg1) {
    return add("lookup", Attrs().text(NFTA_LOOKUP_SET, set).be(NFTA_LOOKUP_SREG, from));
  }
  netlink::Attributes list() const { return netlink::Attributes(list_.bytes()); }

 private:
  Attrs list_;
};

std::vector<Statement> decoded(const Expressions& expressions, Family family = Family::ip) {
  NftSets sets;
  Rule rule;
  decode_rule(expressions.list(), family, sets, rule);
  return rule.statements;
}

// Whether there is such a statement of what is not understood.
bool is_opaque(const Statement& statement, std::string_view name) {
  const auto* const opaque = std::get_if<Box<Opaque>>(&statement.action);
  return opaque != nullptr && (*opaque)->name == name;
}

NftSet set_of_key(std::uint32_t length) {
  NftSet set;
  set.key_length = length;
  set.key = {{length, false, 0, length}};
  return set;
}

constexpr std::uint32_t kNetwork = NFT_PAYLOAD_NETWORK_HEADER;
constexpr std::uint32_t kTransport = NFT_PAYLOAD_TRANSPORT_HEADER;

TEST(NftRule, TruncatedLoadIsTheFieldWithAMask) {
  EXPECT_THAT(decoded(Expressions().payload(kNetwork, 12, 3).cmp("0a0001")),
              ElementsAre(match(ip_saddr, "0a000100", "ffffff00")));
}

TEST(NftRule, HeadersFollowFromMatches) {
  const auto statements = decoded(Expressions()
                                      .payload(kTransport, 2, 2)
                                      .cmp("0035")
                                      .meta(NFT_META_L4PROTO)
                                      .cmp("11")
                                      .payload(kTransport, 2, 2)
                                      .cmp("0035"));
  EXPECT_THAT(statements, ElementsAre(match(th_dport, "0035"), match(meta_l4proto, "11"),
                                      match(udp_dport, "0035")));
}

TEST(NftRule, NoHeaderIsGuessed) {
  EXPECT_THAT(decoded(Expressions().payload(kNetwork, 12, 4).cmp("0a000001"), Family::inet),
              ElementsAre(match(Payload{Payload::Base::network, 96, 32}, "0a000001")));
}

TEST(NftRule, NumbersOfTheHost) {
  EXPECT_THAT(
      decoded(Expressions().meta(NFT_META_MARK).bitwise(4, "ff000000", "00000000").cmp("05000000")),
      ElementsAre(match(meta_mark, "00000005", "000000ff")));
}

TEST(NftRule, FlippedBitsGoToTheOtherSide) {
  EXPECT_THAT(
      decoded(Expressions().meta(NFT_META_MARK).bitwise(4, "ffffffff", "01000000").cmp("05000000")),
      ElementsAre(match(meta_mark, "00000004")));
}

TEST(NftRule, NumbersOfTheHostHaveNoOrder) {
  const auto statements = decoded(Expressions().meta(NFT_META_MARK).cmp("05000000", NFT_CMP_LT));
  ASSERT_THAT(statements, SizeIs(1));
  EXPECT_TRUE(is_opaque(statements[0], "cmp"));
}

TEST(NftRule, TheSameRegisterByBothNumbers) {
  const Expressions rule =
      Expressions().meta(NFT_META_L4PROTO, NFT_REG32_04).cmp("06", NFT_CMP_EQ, kReg2);
  EXPECT_THAT(decoded(rule), ElementsAre(match(meta_l4proto, "06")));
}

TEST(NftRule, WhatIsNotUnderstoodIsSaid) {
  const auto statements = decoded(Expressions()
                                      .add("quantum", Attrs().be(1, kReg1))
                                      .cmp("06")
                                      .meta(NFT_META_L4PROTO)
                                      .cmp("06"));
  ASSERT_THAT(statements, SizeIs(3));
  EXPECT_TRUE(is_opaque(statements[0], "quantum"));
  EXPECT_TRUE(is_opaque(statements[1], "cmp"));
  EXPECT_EQ(statements[2], match(meta_l4proto, "06"));
}

TEST(NftRule, RegistersAreForgottenWhenOverwritten) {
  const auto statements = decoded(Expressions()
                                      .meta(NFT_META_MARK, kReg1)
                                      .meta(NFT_META_IIFNAME, kReg1)
                                      .add("fog", Attrs())
                                      .cmp("05000000"));
  ASSERT_THAT(statements, SizeIs(2));
  EXPECT_TRUE(is_opaque(statements[1], "cmp"));
}

TEST(NftRule, SetsTellHowManyRegistersAreTheKey) {
  NftSets sets{{"s", set_of_key(8)}};
  Rule rule;
  decode_rule(Expressions()
                  .payload(kNetwork, 12, 4, NFT_REG32_00)
                  .meta(NFT_META_MARK, NFT_REG32_01)
                  .lookup("s", NFT_REG32_00)
                  .list(),
              Family::ip, sets, rule);
  EXPECT_THAT(rule.statements, ElementsAre(statement(Lookup{both(ip_saddr, meta_mark), "s"})));
  ASSERT_TRUE(sets["s"].used);
  EXPECT_EQ(*sets["s"].used, (Coding{{4, false, 0, 4}, {4, true, 0, 4}}));
}

TEST(NftRule, ASetThatIsUsedInTwoWaysIsOnlyOneOfThem) {
  NftSets sets{{"s", set_of_key(4)}};
  Rule rule;
  decode_rule(
      Expressions().meta(NFT_META_MARK).lookup("s").payload(kNetwork, 12, 4).lookup("s").list(),
      Family::ip, sets, rule);
  ASSERT_THAT(rule.statements, SizeIs(2));
  EXPECT_EQ(rule.statements[0], statement(Lookup{meta_mark, "s"}));
  EXPECT_TRUE(is_opaque(rule.statements[1], "lookup"));
}

TEST(NftRule, NoSuchSet) {
  const auto statements = decoded(Expressions().meta(NFT_META_MARK).lookup("gone"));
  ASSERT_THAT(statements, SizeIs(1));
  EXPECT_TRUE(is_opaque(statements[0], "lookup"));
}

TEST(NftRule, NestingEnds) {
  Expressions rule;
  rule.meta(NFT_META_MARK);
  for (int i = 0; i < 12; ++i)
    rule.add("bitwise", Attrs()
                            .be(NFTA_BITWISE_SREG, kReg1)
                            .be(NFTA_BITWISE_DREG, kReg1)
                            .be(NFTA_BITWISE_LEN, std::uint32_t{4})
                            .be(NFTA_BITWISE_OP, std::uint32_t{NFT_BITWISE_LSHIFT})
                            .nest(NFTA_BITWISE_DATA, data("01000000")));
  const auto statements = decoded(rule);
  ASSERT_FALSE(statements.empty());
  EXPECT_TRUE(is_opaque(statements.front(), "bitwise"));
}

TEST(NftRule, VerdictsOfBothForms) {
  const auto with = [](std::int32_t code, const char* chain) {
    return Expressions().add(
        "immediate",
        Attrs()
            .be(NFTA_IMMEDIATE_DREG, std::uint32_t{NFT_REG_VERDICT})
            .nest(NFTA_IMMEDIATE_DATA,
                  Attrs().nest(NFTA_DATA_VERDICT,
                               Attrs()
                                   .be(NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code))
                                   .text(NFTA_VERDICT_CHAIN, chain))));
  };
  EXPECT_THAT(decoded(with(NFT_JUMP, "x\xff")),
              ElementsAre(verdict(Verdict::Kind::jump, "x\\xff")));
  EXPECT_THAT(decoded(with(NF_DROP, "")), ElementsAre(verdict(Verdict::Kind::drop)));
  EXPECT_TRUE(is_opaque(decoded(with(77, "")).at(0), "immediate"));
}

TEST(NftRule, MalformedIsSaid) {
  const Buffer cut = {std::byte{40}, std::byte{0}, std::byte{1}, std::byte{0}};
  NftSets sets;
  Rule rule;
  decode_rule(netlink::Attributes(cut), Family::ip, sets, rule);
  ASSERT_THAT(rule.statements, SizeIs(1));
  EXPECT_TRUE(is_opaque(rule.statements[0], ""));
}

TEST(NftRule, Stateful) {
  const Expressions counter = Expressions().add(
      "counter",
      Attrs().be(NFTA_COUNTER_BYTES, std::uint64_t{7}).be(NFTA_COUNTER_PACKETS, std::uint64_t{1}));
  EXPECT_THAT(decode_stateful(counter.list(), Family::ip), ElementsAre(statement(Counter{1, 7})));
  EXPECT_THAT(decode_stateful(netlink::Attributes(), Family::ip), IsEmpty());
}

}  // namespace
}  // namespace nsmap::collect
