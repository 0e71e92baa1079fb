#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<model::Route> collect(std::vector<Buffer> messages) {
  TestReading test;
  test.route.answer(RTM_GETROUTE, std::move(messages));
  collect_routes(test.reading);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
  return std::move(test.ns.routes);
}

rtmsg header(int family, int dst_len = 0, int type = RTN_UNICAST) {
  rtmsg made{};
  made.rtm_family = static_cast<unsigned char>(family);
  made.rtm_dst_len = static_cast<unsigned char>(dst_len);
  made.rtm_table = RT_TABLE_MAIN;
  made.rtm_protocol = RTPROT_DHCP;
  made.rtm_type = static_cast<unsigned char>(type);
  return made;
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

Attrs& add(Attrs& attrs, int type, const char* address) {
  const auto parsed = ip(address);
  return attrs.bytes(type, parsed.bytes());
}

TEST(Routes, TheDefaultRoute) {
  Attrs attrs;
  add(add(attrs, RTA_GATEWAY, "10.0.0.1"), RTA_PREFSRC, "10.0.0.2")
      .add(RTA_OIF, std::uint32_t{4})
      .add(RTA_TABLE, std::uint32_t{RT_TABLE_MAIN})
      .add(RTA_PRIORITY, std::uint32_t{100})
      .nest(RTA_METRICS, Attrs().add(RTAX_MTU, std::uint32_t{1400}));
  auto family = header(AF_INET);
  family.rtm_flags = RTNH_F_ONLINK | RTM_F_OFFLOAD;
  const auto found = collect({message(RTM_NEWROUTE, family, attrs)});
  ASSERT_EQ(found.size(), 1u);
  model::Route wanted;
  wanted.table = TableId(254);
  wanted.type = "unicast";
  wanted.dst = *Prefix::parse("0.0.0.0/0");
  wanted.metric = 100;
  wanted.protocol = "dhcp";
  wanted.scope = "global";
  wanted.prefsrc = ip("10.0.0.2");
  wanted.hops = {{ip("10.0.0.1"), IfIndex(4), 1, RTNH_F_ONLINK, ""}};
  wanted.mtu = 1400;
  wanted.flags = RTM_F_OFFLOAD;
  EXPECT_EQ(found[0], wanted);
}

TEST(Routes, ATableAboveTheByteOfTheHeader) {
  const auto found = collect(
      {message(RTM_NEWROUTE, header(AF_INET), Attrs().add(RTA_TABLE, std::uint32_t{70000}))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].table, TableId(70000));
}

// One rtnexthop and its attributes.
void append_hop(Buffer& out, int index, int hops, const Attrs& attrs) {
  rtnexthop hop{};
  hop.rtnh_len = static_cast<unsigned short>(sizeof hop + attrs.bytes().size());
  hop.rtnh_hops = static_cast<unsigned char>(hops);
  hop.rtnh_flags = RTNH_F_LINKDOWN;
  hop.rtnh_ifindex = index;
  append_value(out, hop);
  append_bytes(out, attrs.bytes());
}

TEST(Routes, MultipathOfBothFamiliesWithEncapsulation) {
  Attrs first;
  add(first, RTA_GATEWAY, "2001:db8::1");
  Attrs second;
  add(second, RTA_GATEWAY, "fe80::2")
      .add(RTA_ENCAP_TYPE, std::uint16_t{LWTUNNEL_ENCAP_SEG6})
      .nest(RTA_ENCAP, Attrs());
  Buffer hops;
  append_hop(hops, 3, 0, first);
  append_hop(hops, 5, 9, second);
  const auto found =
      collect({message(RTM_NEWROUTE, header(AF_INET6), Attrs().bytes(RTA_MULTIPATH, hops))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].dst.text(), "::/0");
  EXPECT_THAT(found[0].hops,
              ElementsAre(model::RouteHop{ip("2001:db8::1"), IfIndex(3), 1, RTNH_F_LINKDOWN, ""},
                          model::RouteHop{ip("fe80::2"), IfIndex(5), 10, RTNH_F_LINKDOWN, "seg6"}));
}

TEST(Routes, Ipv4ThroughAnIpv6Gateway) {
  Buffer via;
  append_value(via, std::uint16_t{AF_INET6});
  const auto gateway = ip("fe80::1");
  append_bytes(via, gateway.bytes());
  const auto found = collect(
      {message(RTM_NEWROUTE, header(AF_INET), Attrs().bytes(RTA_VIA, via).add(RTA_OIF, 2))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].hops, ElementsAre(model::RouteHop{gateway, IfIndex(2), 1, 0, ""}));
}

TEST(Routes, ExpiryIsCountedInClockTicks) {
  rta_cacheinfo info{};
  info.rta_expires = 4250;
  rta_cacheinfo over{};
  over.rta_expires = -300;
  const auto found = collect(
      {message(RTM_NEWROUTE, header(AF_INET6), Attrs().add(RTA_CACHEINFO, info)),
       message(RTM_NEWROUTE, header(AF_INET6), Attrs().add(RTA_CACHEINFO, over)),
       message(RTM_NEWROUTE, header(AF_INET6), Attrs().add(RTA_CACHEINFO, rta_cacheinfo{}))});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].expires_s, 42u);
  EXPECT_EQ(found[1].expires_s, 0u);
  EXPECT_EQ(found[2].expires_s, std::nullopt);
}

TEST(Routes, ABlackholeLeadsNowhereThoughIpv6SaysLo) {
  const auto found =
      collect({message(RTM_NEWROUTE, header(AF_INET6, 0, RTN_BLACKHOLE), Attrs().add(RTA_OIF, 1))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].type, "blackhole");
  EXPECT_THAT(found[0].hops, IsEmpty());
}

TEST(Routes, SourceSpecificAndByNexthopObject) {
  Attrs attrs;
  add(add(attrs, RTA_DST, "2001:db8::"), RTA_SRC, "2001:db8:1::").add(RTA_NH_ID, std::uint32_t{9});
  auto family = header(AF_INET6, 32);
  family.rtm_src_len = 48;
  family.rtm_protocol = 77;
  const auto found = collect({message(RTM_NEWROUTE, family, attrs)});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].dst.text(), "2001:db8::/32");
  EXPECT_EQ(found[0].src, Prefix::parse("2001:db8:1::/48"));
  EXPECT_EQ(found[0].nexthop_id, 9u);
  EXPECT_EQ(found[0].protocol, "77");
  EXPECT_THAT(found[0].hops, IsEmpty());
}

TEST(Routes, NeitherCachedNorOfMulticastRouting) {
  auto cloned = header(AF_INET);
  cloned.rtm_flags = RTM_F_CLONED;
  EXPECT_THAT(collect({message(RTM_NEWROUTE, cloned), message(RTM_NEWROUTE, header(AF_MPLS)),
                       message(RTM_NEWROUTE, header(RTNL_FAMILY_IPMR))}),
              IsEmpty());
}

TEST(Routes, AHopThatEndsEarlyIsMalformed) {
  Buffer hops;
  append_hop(hops, 3, 0, Attrs());
  hops.front() = std::byte{100};  // its length
  TestReading test;
  test.route.answer(RTM_GETROUTE,
                    {message(RTM_NEWROUTE, header(AF_INET), Attrs().bytes(RTA_MULTIPATH, hops)),
                     message(RTM_NEWROUTE, header(AF_INET))});
  EXPECT_EQ(collect_routes(test.reading), 1u);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
