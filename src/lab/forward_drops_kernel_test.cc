#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/forward_drops.h"
#include "lab/nftables.h"
#include "lab/test_kernel.h"

namespace nsmap::lab {
namespace {

using testing::UnorderedElementsAre;

TEST(ForwardDropsOnTheKernel, AreTheChainsThatDropByDefault) {
  IN_FRESH_NAMESPACE([] {
    const auto applied = apply_nftables(R"(
      table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }
      table ip6 filter { chain FORWARD { type filter hook forward priority 0; policy accept; }; }
      table inet f {
        chain in { type filter hook input priority 0; policy drop; }
        chain out { type filter hook forward priority 5; policy drop; }
        chain plain { }
      }
      table bridge b { chain f { type filter hook forward priority 0; policy drop; }; }
    )");
    ASSERT_TRUE(applied) << line(applied.error());
    const auto netfilter = *netlink::open_kernel(os::real_kernel(), os::NetlinkProtocol::netfilter);
    std::vector<std::string> found;
    EXPECT_FALSE(list_forward_drops(*netfilter, found));
    EXPECT_THAT(found, UnorderedElementsAre("ip filter FORWARD", "inet f out"));
  });
}

}  // namespace
}  // namespace nsmap::lab
