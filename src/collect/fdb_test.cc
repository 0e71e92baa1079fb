#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::IsEmpty;

ndmsg header(int state, int flags) {
  ndmsg made{};
  made.ndm_family = AF_BRIDGE;
  made.ndm_ifindex = 3;
  made.ndm_state = static_cast<std::uint16_t>(state);
  made.ndm_flags = static_cast<std::uint8_t>(flags);
  return made;
}

const Mac kMac = *Mac::parse("02:00:00:00:00:07");

TEST(Fdb, IsNotAskedForWhereNothingForwardsByMac) {
  TestReading test;
  test.ns.links.push_back(link("veth"));
  EXPECT_EQ(collect_fdb(test.reading), 0u);
  EXPECT_EQ(test.route.count(RTM_GETNEIGH), 0u);
}

TEST(Fdb, OfABridgeAndOfAVxlan) {
  const auto remote = *IpAddress::parse("192.0.2.9");
  TestReading test;
  test.ns.links.push_back(link("bridge"));
  test.route.answer(
      RTM_GETNEIGH, AF_BRIDGE,
      {message(RTM_NEWNEIGH, header(NUD_NOARP, NTF_STICKY | NTF_MASTER | NTF_EXT_LEARNED),
               Attrs()
                   .bytes(NDA_LLADDR, kMac.bytes())
                   .add(NDA_VLAN, std::uint16_t{20})
                   .add(NDA_MASTER, std::uint32_t{1})),
       message(RTM_NEWNEIGH, header(NUD_PERMANENT, NTF_SELF | NTF_OFFLOADED),
               Attrs()
                   .bytes(NDA_LLADDR, kMac.bytes())
                   .bytes(NDA_DST, remote.bytes())
                   .be(NDA_PORT, std::uint16_t{4790})
                   .add(NDA_VNI, std::uint32_t{77})
                   .add(NDA_IFINDEX, std::uint32_t{5})
                   .add(NDA_NH_ID, std::uint32_t{6}))});
  EXPECT_EQ(collect_fdb(test.reading), 2u);
  model::FdbEntry learned;
  learned.index = IfIndex(3);
  learned.mac = kMac;
  learned.state = "noarp";
  learned.vlan = 20;
  learned.master = IfIndex(1);
  learned.extern_learned = true;
  learned.sticky = true;
  EXPECT_EQ(test.ns.fdb[0], learned);
  model::FdbEntry tunnelled;
  tunnelled.index = IfIndex(3);
  tunnelled.mac = kMac;
  tunnelled.state = "permanent";
  tunnelled.self = true;
  tunnelled.offloaded = true;
  tunnelled.remote = remote;
  tunnelled.vni = 77;
  tunnelled.port = 4790;
  tunnelled.via = IfIndex(5);
  tunnelled.nexthop_id = 6;
  EXPECT_EQ(test.ns.fdb[1], tunnelled);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Fdb, ReceiveFiltersAreNoForwarding) {
  const auto group = *Mac::parse("33:33:00:00:00:01");
  TestReading test;
  test.ns.links.push_back(link("bridge"));
  test.route.answer(RTM_GETNEIGH, AF_BRIDGE,
                    {message(RTM_NEWNEIGH, header(NUD_PERMANENT, NTF_SELF),
                             Attrs().bytes(NDA_LLADDR, group.bytes())),
                     message(RTM_NEWNEIGH, header(NUD_PERMANENT, NTF_MASTER),
                             Attrs().bytes(NDA_LLADDR, group.bytes()))});
  EXPECT_EQ(collect_fdb(test.reading), 1u);
  EXPECT_FALSE(test.ns.fdb.at(0).self);
}

}  // namespace
}  // namespace nsmap::collect
