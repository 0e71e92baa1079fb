#include "collect/names.h"

#include <gtest/gtest.h>

namespace nsmap::collect {
namespace {

TEST(Names, OfTheKernelsNumbers) {
  EXPECT_EQ(route_type_name(7), "unreachable");
  EXPECT_EQ(route_protocol_name(186), "bgp");
  EXPECT_EQ(route_protocol_name(188), "ospf");
  EXPECT_EQ(route_protocol_name(9), "ra");
  EXPECT_EQ(route_scope_name(253), "link");
  EXPECT_EQ(encap_name(0), "");
  EXPECT_EQ(encap_name(7), "seg6local");
  EXPECT_EQ(rule_action_name(1), "table");
  EXPECT_EQ(nexthop_group_name(0), "multipath");
  EXPECT_EQ(neighbour_state_name(0), "none");
  EXPECT_EQ(neighbour_state_name(0x40), "noarp");
  EXPECT_EQ(tcp_state_name(10), "listen");
  EXPECT_EQ(tcp_state_name(12), "syn_recv");
  EXPECT_EQ(socket_type_name(5), "seqpacket");
  EXPECT_EQ(netlink_protocol_name(16), "generic");
  EXPECT_EQ(ethertype_name(3), "all");
}

TEST(Names, AnUnknownNumberIsItsDecimal) {
  EXPECT_EQ(route_type_name(200), "200");
  EXPECT_EQ(route_protocol_name(250), "250");
  EXPECT_EQ(route_scope_name(17), "17");
  EXPECT_EQ(neighbour_state_name(3), "3");
  EXPECT_EQ(netlink_protocol_name(30), "30");
  EXPECT_EQ(ethertype_name(0x88f7 + 0x100), "0x89f7");
}

}  // namespace
}  // namespace nsmap::collect
