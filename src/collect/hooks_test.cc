#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kType = NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET;

Chain chain(Hook hook, std::int32_t priority) {
  return {.name = "c", .hook = hook, .priority = priority, .type = "filter"};
}

Table table(Family family, std::vector<Chain> chains) {
  Table made{.family = family, .name = "t"};
  made.chains = std::move(chains);
  return made;
}

Attrs function(const char* name, std::int32_t priority) {
  return Attrs()
      .text(NFNLA_HOOK_FUNCTION_NAME, name)
      .be(NFNLA_HOOK_HOOKNUM, std::uint32_t{NF_INET_LOCAL_IN})
      .be(NFNLA_HOOK_PRIORITY, static_cast<std::uint32_t>(priority));
}

Attrs of_chain(std::uint8_t family, const char* table, const char* chain, std::uint32_t type = 1) {
  return function("nft_do_chain_inet", 0)
      .text(NFNLA_HOOK_MODULE_NAME, "nf_tables")
      .nest(NFNLA_HOOK_CHAIN_INFO,
            Attrs()
                .be(NFNLA_HOOK_INFO_TYPE, type)
                .nest(NFNLA_HOOK_INFO_DESC, Attrs()
                                                .text(NFNLA_CHAIN_TABLE, table)
                                                .text(NFNLA_CHAIN_NAME, chain)
                                                .add(NFNLA_CHAIN_FAMILY, family)));
}

Buffer told(const Attrs& attributes) { return message(kType, nfgenmsg{}, attributes); }

// The places that were asked for, "2 1 eth0": family, hook, device.
std::vector<std::string> asked(const TestReading& test) {
  std::vector<std::string> places;
  for (const Buffer& request : test.netfilter.requests()) {
    const netlink::Message message(*read_at<nlmsghdr>(request),
                                   Bytes(request).subspan(NLMSG_HDRLEN));
    const auto attributes = message.attributes(sizeof(nfgenmsg));
    std::string text = std::to_string(message.family_header<nfgenmsg>()->nfgen_family) + " " +
                       std::to_string(*attributes.find(NFNLA_HOOK_HOOKNUM)->be32());
    if (const auto device = attributes.find(NFNLA_HOOK_DEV))
      text += " " + std::string(device->text());
    places.push_back(text);
  }
  return places;
}

void answer_everything(TestReading& test) {
  test.netfilter.answer(kType, {told(function("somebody_elses", -225))});
}

TEST(CollectHooks, AsksWhereChainsHaveOnePriority) {
  TestReading test;
  answer_everything(test);
  test.ns.firewall.edit().tables = {
      table(Family::inet, {chain(Hook::input, 0), chain(Hook::forward, 0)}),
      table(Family::ip, {chain(Hook::input, 0), chain(Hook::forward, 10)}),
      table(Family::bridge, {chain(Hook::output, 0), chain(Hook::output, 0)})};
  collect_hooks(test.reading);
  EXPECT_THAT(asked(test), ElementsAre("2 1", "7 3"));
}

TEST(CollectHooks, AsksForEachDevice) {
  TestReading test;
  answer_everything(test);
  Chain of_both = chain(Hook::ingress, 0), of_one = of_both;
  of_both.devices = {"eth0", "eth1"};
  of_one.devices = {"eth1"};
  test.ns.firewall.edit().tables = {table(Family::netdev, {of_both}),
                                    table(Family::inet, {of_one, chain(Hook::ingress, 0)})};
  collect_hooks(test.reading);
  EXPECT_THAT(asked(test), ElementsAre("5 0 eth1"));
}

TEST(CollectHooks, AsksNothingWhereTheOrderIsKnown) {
  TestReading test;
  Table dormant = table(Family::ip, {chain(Hook::input, 0)});
  dormant.dormant = true;
  Chain nat = chain(Hook::input, 0);
  nat.type = "nat";
  test.ns.firewall.edit().tables = {table(Family::ip, {chain(Hook::input, 0), nat}),
                                    table(Family::ip6, {chain(Hook::input, 0)}), dormant,
                                    table(Family::ip, {nat})};
  EXPECT_EQ(collect_hooks(test.reading), 0u);
  test.reading.abilities.hooks = false;
  test.ns.firewall.edit().tables.push_back(table(Family::ip, {chain(Hook::input, 0)}));
  EXPECT_EQ(collect_hooks(test.reading), 0u);
  EXPECT_THAT(test.netfilter.requests(), IsEmpty());
}

TEST(CollectHooks, ReadsChainsAndFunctions) {
  TestReading test;
  test.ns.firewall.edit().tables = {
      table(Family::ip, {chain(Hook::input, 0), chain(Hook::input, 0)})};
  test.netfilter.answer(
      kType, {told(function("apparmor_ip_postroute", -225)), told(of_chain(1, "a", "in")),
              told(function("ipt_do_table", 0).text(NFNLA_HOOK_MODULE_NAME, "ip_tables")),
              told(of_chain(2, "b", "in", 2))});
  EXPECT_EQ(collect_hooks(test.reading), 4u);
  const auto& hooks = test.ns.firewall->hooks;
  ASSERT_THAT(hooks, SizeIs(4));
  HookEntry function{.family = Family::ip, .hook = Hook::input, .priority = -225};
  function.function = "apparmor_ip_postroute";
  EXPECT_EQ(hooks[0], function);
  EXPECT_EQ(hooks[1].table_family, Family::inet);
  EXPECT_EQ(hooks[1].table + " " + hooks[1].chain, "a in");
  EXPECT_EQ(hooks[2].function + " " + hooks[2].module, "ipt_do_table ip_tables");
  EXPECT_EQ(hooks[3].table_family, std::nullopt);  // of another type: not a chain
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(CollectHooks, AsksNoMoreWhereNothingIsTold) {
  TestReading test;
  test.netfilter.refuse(kType, EINVAL);
  test.ns.firewall.edit().tables = {
      table(Family::inet, {chain(Hook::input, 0), chain(Hook::input, 0)})};
  EXPECT_EQ(collect_hooks(test.reading), 0u);
  EXPECT_THAT(test.netfilter.requests(), SizeIs(1));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(CollectHooks, LeavesOutWhatMakesNoSense) {
  TestReading test;
  test.ns.firewall.edit().tables = {
      table(Family::ip, {chain(Hook::input, 0), chain(Hook::input, 0)})};
  test.netfilter.answer(kType, {told(Attrs().add(NFNLA_HOOK_PRIORITY, std::uint16_t{1}))});
  EXPECT_EQ(collect_hooks(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), SizeIs(1));
}

}  // namespace
}  // namespace nsmap::collect
