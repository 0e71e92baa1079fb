#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::IsEmpty;

std::vector<model::Rule> collect(std::vector<Buffer> messages) {
  TestReading test;
  test.route.answer(RTM_GETRULE, std::move(messages));
  collect_rules(test.reading);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
  return std::move(test.ns.rules);
}

fib_rule_hdr header(int family, int action = FR_ACT_TO_TBL) {
  fib_rule_hdr made{};
  made.family = static_cast<std::uint8_t>(family);
  made.action = static_cast<std::uint8_t>(action);
  made.table = RT_TABLE_MAIN;
  return made;
}

TEST(Rules, WithEverySelector) {
  auto family = header(AF_INET);
  family.src_len = 24;
  family.dst_len = 16;
  family.tos = 0x10;
  family.flags = FIB_RULE_INVERT;
  const auto from = *IpAddress::parse("10.1.2.0");
  const auto to = *IpAddress::parse("10.9.0.0");
  const auto found = collect({message(RTM_NEWRULE, family,
                                      Attrs()
                                          .bytes(FRA_SRC, from.bytes())
                                          .bytes(FRA_DST, to.bytes())
                                          .add(FRA_PRIORITY, std::uint32_t{1000})
                                          .add(FRA_TABLE, std::uint32_t{5000})
                                          .text(FRA_IIFNAME, "eth0")
                                          .text(FRA_OIFNAME, "eth1")
                                          .add(FRA_FWMARK, std::uint32_t{0x11})
                                          .add(FRA_FWMASK, std::uint32_t{0xff})
                                          .add(FRA_UID_RANGE, fib_rule_uid_range{1000, 2000})
                                          .add(FRA_IP_PROTO, std::uint8_t{6})
                                          .add(FRA_SPORT_RANGE, fib_rule_port_range{1, 2})
                                          .add(FRA_DPORT_RANGE, fib_rule_port_range{80, 443})
                                          .be(FRA_TUN_ID, std::uint64_t{42})
                                          .add(FRA_L3MDEV, std::uint8_t{1})
                                          .add(FRA_SUPPRESS_PREFIXLEN, std::int32_t{0})
                                          .add(FRA_SUPPRESS_IFGROUP, std::int32_t{7})
                                          .add(FRA_PROTOCOL, std::uint8_t{RTPROT_ZEBRA}))});
  ASSERT_EQ(found.size(), 1u);
  model::Rule wanted;
  wanted.priority = 1000;
  wanted.action = "table";
  wanted.table = TableId(5000);
  wanted.invert = true;
  wanted.src = Prefix::parse("10.1.2.0/24");
  wanted.dst = Prefix::parse("10.9.0.0/16");
  wanted.iif = "eth0";
  wanted.oif = "eth1";
  wanted.tos = 0x10;
  wanted.fwmark = 0x11;
  wanted.fwmask = 0xff;
  wanted.uids = {1000, 2000};
  wanted.ip_protocol = 6;
  wanted.sports = {1, 2};
  wanted.dports = {80, 443};
  wanted.tunnel_id = 42;
  wanted.l3mdev = true;
  wanted.suppress_prefix_length = 0;
  wanted.suppress_group = 7;
  wanted.protocol = "zebra";
  EXPECT_EQ(found[0], wanted);
}

TEST(Rules, MinusOneSuppressesNothing) {
  const auto found = collect({message(RTM_NEWRULE, header(AF_INET6),
                                      Attrs()
                                          .add(FRA_SUPPRESS_PREFIXLEN, std::int32_t{-1})
                                          .add(FRA_SUPPRESS_IFGROUP, std::int32_t{-1}))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].family, model::Family::inet6);
  EXPECT_EQ(found[0].suppress_prefix_length, std::nullopt);
  EXPECT_EQ(found[0].suppress_group, std::nullopt);
}

TEST(Rules, AMarkOfZeroIsLeftOutByTheKernel) {
  const auto found = collect(
      {message(RTM_NEWRULE, header(AF_INET), Attrs().add(FRA_FWMASK, std::uint32_t{0xff}))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].fwmark, 0u);
}

TEST(Rules, ActionsWithoutATable) {
  const auto found = collect({message(RTM_NEWRULE, header(AF_INET, FR_ACT_GOTO),
                                      Attrs().add(FRA_GOTO, std::uint32_t{300})),
                              message(RTM_NEWRULE, header(AF_INET, FR_ACT_PROHIBIT)),
                              message(RTM_NEWRULE, header(AF_INET, 99))});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].action, "goto");
  EXPECT_EQ(found[0].goto_priority, 300u);
  EXPECT_EQ(found[1].action, "prohibit");
  EXPECT_EQ(found[2].action, "99");
}

TEST(Rules, AKernelWithoutThemIsNoFailure) {
  TestReading test;
  test.route.refuse(RTM_GETRULE, EOPNOTSUPP);
  EXPECT_EQ(collect_rules(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
  test.route.refuse(RTM_GETRULE, EPERM);
  collect_rules(test.reading);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
