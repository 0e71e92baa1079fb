#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::IsEmpty;

HandMadeTransport::Matches with_flags(int flags) {
  return [flags](const netlink::Message& request) {
    return request.family_header<ndmsg>()->ndm_flags == flags;
  };
}

ndmsg header(int family, int state, int flags) {
  ndmsg made{};
  made.ndm_family = static_cast<std::uint8_t>(family);
  made.ndm_ifindex = 3;
  made.ndm_state = static_cast<std::uint16_t>(state);
  made.ndm_flags = static_cast<std::uint8_t>(flags);
  return made;
}

TEST(Neighbours, LearnedOnesAndProxies) {
  const auto v6 = *IpAddress::parse("fe80::7");
  const auto v4 = *IpAddress::parse("10.0.0.7");
  const auto mac = *Mac::parse("02:00:00:00:00:07");
  TestReading test;
  test.route.answer_if(
      RTM_GETNEIGH, with_flags(0),
      {message(RTM_NEWNEIGH, header(AF_INET6, NUD_STALE, NTF_ROUTER | NTF_EXT_LEARNED),
               Attrs().bytes(NDA_DST, v6.bytes()).bytes(NDA_LLADDR, mac.bytes())),
       message(RTM_NEWNEIGH, header(AF_INET, NUD_FAILED, 0), Attrs().bytes(NDA_DST, v4.bytes())),
       message(RTM_NEWNEIGH, header(AF_BRIDGE, NUD_PERMANENT, 0),
               Attrs().bytes(NDA_LLADDR, mac.bytes()))});
  test.route.answer_if(RTM_GETNEIGH, with_flags(NTF_PROXY),
                       {message(RTM_NEWNEIGH, header(AF_INET, NUD_NONE, NTF_PROXY),
                                Attrs().bytes(NDA_DST, v4.bytes()))});
  EXPECT_EQ(collect_neighbours(test.reading), 3u);
  EXPECT_THAT(
      test.ns.neighbours,
      testing::ElementsAre(model::Neighbour{IfIndex(3), v6, mac, "stale", false, true, true},
                           model::Neighbour{IfIndex(3), v4, Mac(), "failed", false, false, false},
                           model::Neighbour{IfIndex(3), v4, Mac(), "none", true, false, false}));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Neighbours, WithoutAnAddressItIsMalformed) {
  TestReading test;
  test.route.answer_if(RTM_GETNEIGH, with_flags(0),
                       {message(RTM_NEWNEIGH, header(AF_INET, NUD_STALE, 0))});
  EXPECT_EQ(collect_neighbours(test.reading), 0u);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
