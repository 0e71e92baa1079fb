#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Attrs& vlan(Attrs& attrs, int id, int flags) {
  return attrs.add(IFLA_BRIDGE_VLAN_INFO, bridge_vlan_info{static_cast<std::uint16_t>(flags),
                                                           static_cast<std::uint16_t>(id)});
}

Buffer port(int index, const Attrs& vlans) {
  ifinfomsg family{};
  family.ifi_family = AF_BRIDGE;
  family.ifi_index = index;
  return message(RTM_NEWLINK, family,
                 Attrs().text(IFLA_IFNAME, "p").nest(IFLA_AF_SPEC | NLA_F_NESTED, vlans));
}

TEST(Vlans, AreAskedForOnlyWhereABridgeLooksAtThem) {
  TestReading test;
  test.ns.links.push_back(bridge(false));
  EXPECT_EQ(collect_vlans(test.reading), 0u);
  EXPECT_EQ(test.route.count(RTM_GETLINK), 0u);
}

TEST(Vlans, SingleOnesAndRanges) {
  TestReading test;
  test.ns.links.push_back(bridge(true));
  Attrs vlans;
  vlan(vlans, 1, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
  vlan(vlans, 10, BRIDGE_VLAN_INFO_RANGE_BEGIN);
  vlan(vlans, 20, BRIDGE_VLAN_INFO_RANGE_END);
  vlan(vlans, 30, 0);
  test.route.answer(RTM_GETLINK, AF_BRIDGE, {port(4, vlans), port(5, Attrs())});
  EXPECT_EQ(collect_vlans(test.reading), 3u);
  EXPECT_THAT(test.ns.vlans, ElementsAre(model::VlanRange{IfIndex(4), 1, 1, true, true},
                                         model::VlanRange{IfIndex(4), 10, 20, false, false},
                                         model::VlanRange{IfIndex(4), 30, 30, false, false}));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Vlans, AnEndWithoutABeginIsMalformed) {
  TestReading test;
  test.ns.links.push_back(bridge(true));
  Attrs broken;
  vlan(vlan(broken, 2, 0), 20, BRIDGE_VLAN_INFO_RANGE_END);
  Attrs sound;
  vlan(sound, 7, 0);
  test.route.answer(RTM_GETLINK, AF_BRIDGE, {port(4, broken), port(5, sound)});
  EXPECT_EQ(collect_vlans(test.reading), 1u);
  EXPECT_EQ(test.ns.vlans.at(0).index, IfIndex(5));
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
