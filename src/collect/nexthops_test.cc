#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/lwtunnel.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

nhmsg header(int family) {
  nhmsg made{};
  made.nh_family = static_cast<unsigned char>(family);
  made.nh_protocol = RTPROT_STATIC;
  return made;
}

TEST(Nexthops, OneHopAndAGroup) {
  struct Entry {
    std::uint32_t id;
    std::uint8_t weight, weight_high;
    std::uint16_t reserved;
  };
  const auto gateway = *IpAddress::parse("fe80::1");
  TestReading test;
  test.route.answer(
      RTM_GETNEXTHOP,
      {message(RTM_NEWNEXTHOP, header(AF_INET6),
               Attrs()
                   .add(NHA_ID, std::uint32_t{1})
                   .add(NHA_OIF, std::uint32_t{4})
                   .bytes(NHA_GATEWAY, gateway.bytes())
                   .add(NHA_ENCAP_TYPE, std::uint16_t{LWTUNNEL_ENCAP_MPLS})),
       message(RTM_NEWNEXTHOP, header(AF_INET),
               Attrs().add(NHA_ID, std::uint32_t{2}).flag(NHA_BLACKHOLE)),
       message(RTM_NEWNEXTHOP, header(AF_UNSPEC),
               Attrs()
                   .add(NHA_ID, std::uint32_t{3})
                   .array(NHA_GROUP, std::vector<Entry>{{1, 0, 0, 0}, {2, 0xff, 1, 0}})
                   .add(NHA_GROUP_TYPE, std::uint16_t{NEXTHOP_GRP_TYPE_RES})
                   .flag(NHA_FDB))});
  EXPECT_EQ(collect_nexthops(test.reading), 3u);
  const auto& found = test.ns.nexthops;
  EXPECT_EQ(found[0].family, model::Family::inet6);
  EXPECT_EQ(found[0].oif, IfIndex(4));
  EXPECT_EQ(found[0].gateway, gateway);
  EXPECT_EQ(found[0].encap, "mpls");
  EXPECT_EQ(found[0].protocol, "static");
  EXPECT_FALSE(found[0].blackhole);
  EXPECT_TRUE(found[1].blackhole);
  EXPECT_EQ(found[2].family, std::nullopt);
  EXPECT_EQ(found[2].group_type, "resilient");
  EXPECT_TRUE(found[2].fdb);
  EXPECT_THAT(found[2].group,
              ElementsAre(model::NexthopMember{1, 1}, model::NexthopMember{2, 512}));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Nexthops, KernelsBefore5_3HaveNone) {
  TestReading test;
  test.route.refuse(RTM_GETNEXTHOP, EOPNOTSUPP);
  EXPECT_EQ(collect_nexthops(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

}  // namespace
}  // namespace nsmap::collect
