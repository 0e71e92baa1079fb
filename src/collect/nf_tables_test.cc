#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

int nft_message(int type) { return NFNL_SUBSYS_NFTABLES << 8 | type; }

nfgenmsg header(std::uint8_t family = NFPROTO_IPV4, std::uint16_t generation = 5) {
  return {family, NFNETLINK_V0, from_be(generation)};
}

Buffer table(std::string_view name, std::uint32_t uses = 1) {
  return message(nft_message(NFT_MSG_NEWTABLE), header(),
                 Attrs().text(NFTA_TABLE_NAME, name).be(NFTA_TABLE_USE, uses));
}

Buffer chain(std::string_view table, std::string_view name, std::uint32_t uses = 1) {
  return message(
      nft_message(NFT_MSG_NEWCHAIN), header(),
      Attrs().text(NFTA_CHAIN_TABLE, table).text(NFTA_CHAIN_NAME, name).be(NFTA_CHAIN_USE, uses));
}

Buffer rule(std::string_view table, std::string_view chain, std::uint64_t handle,
            std::uint16_t generation = 5) {
  return message(nft_message(NFT_MSG_NEWRULE), header(NFPROTO_IPV4, generation),
                 Attrs()
                     .text(NFTA_RULE_TABLE, table)
                     .text(NFTA_RULE_CHAIN, chain)
                     .be(NFTA_RULE_HANDLE, handle));
}

Buffer generation(std::uint32_t id) {
  return message(nft_message(NFT_MSG_NEWGEN), header(), Attrs().be(NFTA_GEN_ID, id), 0);
}

void answer(TestReading& test, int get, std::vector<Buffer> messages) {
  test.netfilter.answer(nft_message(get), std::move(messages));
}

std::size_t asked(const TestReading& test, int get) {
  return test.netfilter.count(nft_message(get));
}

// A table with a chain of one rule, as the kernel tells of it.
void prepare(TestReading& test) {
  answer(test, NFT_MSG_GETTABLE, {table("t")});
  answer(test, NFT_MSG_GETCHAIN, {chain("t", "c")});
  answer(test, NFT_MSG_GETRULE, {rule("t", "c", 7)});
  answer(test, NFT_MSG_GETGEN, {generation(0x10005)});
}

TEST(NfTables, NothingIsOneQuestion) {
  TestReading test;
  EXPECT_EQ(collect_nf_tables(test.reading), 0u);
  EXPECT_THAT(test.netfilter.requests(), SizeIs(1));
  EXPECT_THAT(test.ns.firewall->tables, IsEmpty());
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(NfTables, NotAskedWhereItIsNotLoaded) {
  TestReading test;
  test.reading.abilities.nf_tables = false;
  collect_nf_tables(test.reading);
  EXPECT_THAT(test.netfilter.requests(), IsEmpty());
}

TEST(NfTables, TablesChainsAndRules) {
  TestReading test;
  prepare(test);
  EXPECT_EQ(collect_nf_tables(test.reading), 3u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
  const auto& tables = test.ns.firewall->tables;
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].family, Family::ip);
  ASSERT_THAT(tables[0].chains, SizeIs(1));
  ASSERT_THAT(tables[0].chains[0].rules, SizeIs(1));
  EXPECT_EQ(tables[0].chains[0].rules[0].handle, 7u);
}

TEST(NfTables, NoQuestionForNothing) {
  TestReading test;
  prepare(test);
  answer(test, NFT_MSG_GETCHAIN, {chain("t", "c", 0)});
  collect_nf_tables(test.reading);
  EXPECT_EQ(asked(test, NFT_MSG_GETRULE), 0u);
  EXPECT_EQ(asked(test, NFT_MSG_GETOBJ), 0u);
}

TEST(NfTables, ObjectsWhereThereIsMore) {
  TestReading test;
  prepare(test);
  answer(test, NFT_MSG_GETTABLE, {table("t", 2)});
  test.netfilter.refuse(nft_message(NFT_MSG_GETFLOWTABLE), EOPNOTSUPP);
  collect_nf_tables(test.reading);
  EXPECT_EQ(asked(test, NFT_MSG_GETOBJ), 1u);
  EXPECT_EQ(asked(test, NFT_MSG_GETFLOWTABLE), 1u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(NfTables, ReadAgainWhenItHasChanged) {
  TestReading test;
  prepare(test);
  answer(test, NFT_MSG_GETGEN, {generation(0x10006)});
  collect_nf_tables(test.reading);
  EXPECT_EQ(asked(test, NFT_MSG_GETTABLE), 5u);
  EXPECT_THAT(test.ns.firewall->tables, SizeIs(1));
  const auto diagnostics = test.diagnostics();
  ASSERT_THAT(diagnostics, SizeIs(1));
  EXPECT_THAT(diagnostics[0].what, HasSubstr("kept changing"));
}

TEST(NfTables, MessagesTellTheirGeneration) {
  TestReading test;
  prepare(test);
  answer(test, NFT_MSG_GETRULE, {rule("t", "c", 7, 6)});
  collect_nf_tables(test.reading);
  EXPECT_EQ(asked(test, NFT_MSG_GETTABLE), 5u);
}

TEST(NfTables, RefusedIsSaidOnce) {
  TestReading test;
  test.netfilter.refuse(nft_message(NFT_MSG_GETTABLE), EPERM);
  collect_nf_tables(test.reading);
  EXPECT_THAT(test.netfilter.requests(), SizeIs(1));
  const auto diagnostics = test.diagnostics();
  ASSERT_THAT(diagnostics, SizeIs(1));
  EXPECT_EQ(diagnostics[0].error, EPERM);
  EXPECT_EQ(diagnostics[0].source, "nf_tables");
}

// Asked for chain by chain, as there may be many rules.
TEST(NfTables, NamesAreAskedForAsTheKernelHasThem) {
  TestReading test;
  prepare(test);
  answer(test, NFT_MSG_GETTABLE, {table("t\xff")});
  answer(test, NFT_MSG_GETCHAIN, {chain("t\xff", "c\xfe", 5000), chain("gone", "x")});
  answer(test, NFT_MSG_GETRULE, {rule("t\xff", "c\xfe", 7), rule("t\xff", "c\xfe", 8)});
  collect_nf_tables(test.reading);
  ASSERT_THAT(test.ns.firewall->tables, SizeIs(1));
  EXPECT_EQ(test.ns.firewall->tables[0].name, "t\\xff");
  ASSERT_THAT(test.ns.firewall->tables[0].chains, SizeIs(1));
  EXPECT_EQ(test.ns.firewall->tables[0].chains[0].name, "c\\xfe");
  EXPECT_THAT(test.ns.firewall->tables[0].chains[0].rules, SizeIs(2));
  EXPECT_EQ(asked(test, NFT_MSG_GETRULE), 1u);
  for (const Buffer& request : test.netfilter.requests()) {
    if (read_at<nlmsghdr>(request)->nlmsg_type != nft_message(NFT_MSG_GETRULE)) continue;
    const netlink::Message message(*read_at<nlmsghdr>(request),
                                   Bytes(request).subspan(NLMSG_HDRLEN));
    const auto name = message.attributes(sizeof(nfgenmsg)).find(NFTA_RULE_CHAIN);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->text(), "c\xfe");
  }
}

TEST(NfTables, FewRulesAreOneQuestion) {
  TestReading test;
  answer(test, NFT_MSG_GETTABLE, {table("t", 2), table("u", 1)});
  answer(test, NFT_MSG_GETCHAIN, {chain("t", "a"), chain("t", "b", 3), chain("u", "a")});
  answer(test, NFT_MSG_GETRULE, {rule("t", "b", 1), rule("gone", "a", 2), rule("u", "a", 3)});
  answer(test, NFT_MSG_GETGEN, {generation(5)});
  collect_nf_tables(test.reading);
  EXPECT_EQ(asked(test, NFT_MSG_GETRULE), 1u);
  const auto& tables = test.ns.firewall->tables;
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_THAT(tables[0].chains[0].rules, IsEmpty());
  ASSERT_THAT(tables[0].chains[1].rules, SizeIs(1));
  EXPECT_EQ(tables[0].chains[1].rules[0].handle, 1u);
  ASSERT_THAT(tables[1].chains[0].rules, SizeIs(1));
  EXPECT_EQ(tables[1].chains[0].rules[0].handle, 3u);
}

TEST(NfTables, MalformedIsSaid) {
  TestReading test;
  prepare(test);
  const Buffer cut = {std::byte{40}, std::byte{0}, std::byte{1}, std::byte{0}};
  answer(test, NFT_MSG_GETTABLE,
         {table("t"), message(nft_message(NFT_MSG_NEWTABLE), header(), Attrs().raw(cut))});
  collect_nf_tables(test.reading);
  EXPECT_THAT(test.ns.firewall->tables, SizeIs(1));
  EXPECT_THAT(test.diagnostics(), SizeIs(1));
}

TEST(NfTables, ForgetTakesOnlyItsOwn) {
  TestReading test;
  prepare(test);
  test.ns.firewall.edit().tables.push_back({.backend = Backend::x_tables, .name = "filter"});
  collect_nf_tables(test.reading);
  ASSERT_THAT(test.ns.firewall->tables, SizeIs(2));
  for (const Collector& collector : namespace_collectors())
    if (std::string_view(collector.source) == "nf_tables") collector.forget(test.ns);
  ASSERT_THAT(test.ns.firewall->tables, SizeIs(1));
  EXPECT_EQ(test.ns.firewall->tables[0].backend, Backend::x_tables);
}

}  // namespace
}  // namespace nsmap::collect
