#include "collect/test_reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

namespace nsmap::collect {
namespace {

using testing::ElementsAre;

std::vector<std::uint32_t> mtus(TestReading& test, int family) {
  std::vector<std::uint32_t> found;
  ifinfomsg family_header{};
  family_header.ifi_family = static_cast<unsigned char>(family);
  dump_into(test.reading, test.reading.route, "test",
            netlink::Request(RTM_GETLINK, 0, family_header), found,
            [](const netlink::Message& message) {
              const auto linkinfo = message.attributes(sizeof(ifinfomsg)).find(IFLA_LINKINFO);
              const auto mtu = linkinfo ? linkinfo->nested().find(IFLA_MTU) : std::nullopt;
              return mtu ? mtu->u32() : std::nullopt;
            });
  return found;
}

Buffer link_with(std::uint32_t mtu) {
  return message(RTM_NEWLINK, ifinfomsg{},
                 Attrs().text(IFLA_IFNAME, "x").nest(IFLA_LINKINFO, Attrs().add(IFLA_MTU, mtu)));
}

TEST(TestReading, AnswersTheMatchingRequest) {
  TestReading test;
  test.route.answer(RTM_GETLINK, {link_with(1), link_with(2)});
  test.route.answer(RTM_GETLINK, AF_BRIDGE, {link_with(3)});
  EXPECT_THAT(mtus(test, AF_UNSPEC), ElementsAre(1, 2));
  EXPECT_THAT(mtus(test, AF_BRIDGE), ElementsAre(3));
  EXPECT_EQ(test.route.count(RTM_GETLINK), 2u);
  EXPECT_THAT(test.diagnostics(), ElementsAre());
}

TEST(TestReading, RefusesAsTheKernelDoes) {
  TestReading test;
  test.route.refuse(RTM_GETLINK, EPERM);
  EXPECT_THAT(mtus(test, AF_UNSPEC), ElementsAre());
  const auto diagnostics = test.diagnostics();
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].error, EPERM);
}

TEST(TestReading, AnEmptyDumpIsNoFailure) {
  TestReading test;
  EXPECT_THAT(mtus(test, AF_UNSPEC), ElementsAre());
  EXPECT_THAT(test.diagnostics(), ElementsAre());
}

}  // namespace
}  // namespace nsmap::collect
