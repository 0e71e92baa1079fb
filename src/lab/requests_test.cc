#include "lab/requests.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

// What the requests say, where the kernel's answer would not tell; the rest is held against the
// kernel (requests_kernel_test.cc).

namespace nsmap::lab {
namespace {

using netlink::Attributes;
using netlink::Message;
using netlink::Request;

Message message_of(const Request& request) {
  return {*read_at<nlmsghdr>(request.bytes()), request.bytes().subspan(NLMSG_HDRLEN)};
}

Link veth(const char* name) {
  Link link;
  link.name = name;
  link.kind = "veth";
  return link;
}

TEST(CreateLink, SaysBothEndsAndWhereTheyGo) {
  const Link a = veth("a");
  Link b = veth("b");
  b.mtu = 1400;
  const auto request = create_link({a, IfIndex(5), Fd(30)}, End{b, IfIndex(6), Fd(31)}, {});
  ASSERT_TRUE(request);
  const Message message = message_of(*request);
  EXPECT_EQ(message.header().nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
  EXPECT_EQ(message.family_header<ifinfomsg>()->ifi_index, 5);
  const Attributes all = message.attributes(sizeof(ifinfomsg));
  EXPECT_FALSE(all.malformed());
  EXPECT_EQ(all.find(IFLA_IFNAME)->text(), "a");
  EXPECT_EQ(all.find(IFLA_NET_NS_FD)->u32(), 30u);
  const auto data = all.find(IFLA_LINKINFO)->nested().find(IFLA_INFO_DATA);
  const auto peer = data->nested().find(VETH_INFO_PEER);
  EXPECT_EQ(read_at<ifinfomsg>(peer->payload())->ifi_index, 6);
  const Attributes other(peer->payload().subspan(sizeof(ifinfomsg)));
  EXPECT_EQ(other.find(IFLA_IFNAME)->text(), "b");
  EXPECT_EQ(other.find(IFLA_NET_NS_FD)->u32(), 31u);
  EXPECT_EQ(other.find(IFLA_MTU)->u32(), 1400u);
}

TEST(CreateLink, AWrongSettingIsAnError) {
  Link link = veth("a");
  link.settings = {{"mode", "fast"}};
  const auto request = create_link({link, IfIndex(5), Fd()}, {}, {});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().text, "link a: veth mode: no setting of a veth");
}

tc_tbf_qopt tbf_of(const Request& request) {
  const auto options = message_of(request).attributes(sizeof(tcmsg)).find(TCA_OPTIONS)->nested();
  return *options.find(TCA_TBF_PARMS)->as<tc_tbf_qopt>();
}

TEST(Impair, ARateIsInBytesAndALowOneIsNotNone) {
  Impairment impairment;
  impairment.rate_bps = 10'000'000;
  EXPECT_EQ(tbf_of(impair(IfIndex(1), impairment).at(0)).rate.rate, 1'250'000u);
  EXPECT_GT(tbf_of(impair(IfIndex(1), impairment).at(0)).limit, 0u);
  impairment.rate_bps = 1;
  EXPECT_EQ(tbf_of(impair(IfIndex(1), impairment).at(0)).rate.rate, 1u);
}

TEST(Impair, TheRateStandsBelowTheDelay) {
  Impairment impairment;
  EXPECT_TRUE(impair(IfIndex(1), impairment).empty());
  impairment.rate_bps = 1000;
  impairment.delay_us = 20'000;
  impairment.loss_percent = 50;
  const auto requests = impair(IfIndex(1), impairment);
  ASSERT_EQ(requests.size(), 2u);
  const Message above = message_of(requests[0]);
  const Message below = message_of(requests[1]);
  EXPECT_EQ(above.family_header<tcmsg>()->tcm_parent, TC_H_ROOT);
  EXPECT_EQ(below.family_header<tcmsg>()->tcm_parent,
            above.family_header<tcmsg>()->tcm_handle | 1u);
  const auto options = above.attributes(sizeof(tcmsg)).find(TCA_OPTIONS);
  EXPECT_EQ(options->as<tc_netem_qopt>()->loss, UINT32_MAX / 2);
  const Attributes more(options->payload().subspan(sizeof(tc_netem_qopt)));
  EXPECT_EQ(more.find(TCA_NETEM_LATENCY64)->u64(), 20'000'000u);
}

TEST(AddAddress, V6NeedsNoDuplicateAddressDetection) {
  const Address address{{}, *IpAddress::parse("2001:db8::1"), 64, {}};
  const auto header = message_of(add_address(IfIndex(3), address)).family_header<ifaddrmsg>();
  EXPECT_EQ(header->ifa_flags, IFA_F_NODAD);
  EXPECT_EQ(header->ifa_prefixlen, 64);
}

}  // namespace
}  // namespace nsmap::lab
