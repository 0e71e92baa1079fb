#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using model::Sysctl;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

HandMadeTransport::Matches of(int family, std::int32_t index) {
  return [=](const netlink::Message& request) {
    const auto asked = request.attributes(sizeof(netconfmsg)).find(NETCONFA_IFINDEX);
    return request.family_header<netconfmsg>()->ncm_family == family && asked &&
           asked->s32() == index;
  };
}

Buffer netconf(const Attrs& attrs) { return message(RTM_NEWNETCONF, netconfmsg{}, attrs, 0); }

TEST(Sysctls, ByNetlinkWherePossible) {
  TestReading test;
  test.route.answer_if(RTM_GETNETCONF, of(AF_INET, NETCONFA_IFINDEX_ALL),
                       {netconf(Attrs()
                                    .add(NETCONFA_IFINDEX, std::int32_t{-1})
                                    .add(NETCONFA_FORWARDING, std::int32_t{0})
                                    .add(NETCONFA_RP_FILTER, std::int32_t{2})
                                    .add(NETCONFA_PROXY_NEIGH, std::int32_t{1}))});
  test.route.answer_if(RTM_GETNETCONF, of(AF_INET6, NETCONFA_IFINDEX_DEFAULT),
                       {netconf(Attrs().add(NETCONFA_PROXY_NEIGH, std::int32_t{1}))});
  EXPECT_EQ(collect_sysctls(test.reading), 4u);
  EXPECT_THAT(test.ns.sysctls, UnorderedElementsAre(Sysctl{"net.ipv4.conf.all.forwarding", 0},
                                                    Sysctl{"net.ipv4.conf.all.rp_filter", 2},
                                                    Sysctl{"net.ipv4.conf.all.proxy_arp", 1},
                                                    Sysctl{"net.ipv6.conf.default.proxy_ndp", 1}));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

void add_files(TestReading& test) {
  test.kernel.add_file("/proc/sys/net/ipv4/conf/all/route_localnet", "1\n");
  test.kernel.add_file("/proc/sys/net/ipv4/ip_nonlocal_bind", "many\n");
  test.kernel.add_file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
}

TEST(Sysctls, FilesAreLeftAloneWhereNoPacketPassesThrough) {
  TestReading test;
  add_files(test);
  test.ns.links.push_back(link("veth"));
  EXPECT_EQ(collect_sysctls(test.reading), 0u);
}

TEST(Sysctls, FilesOfARouter) {
  TestReading test;
  add_files(test);
  test.route.answer_if(RTM_GETNETCONF, of(AF_INET, NETCONFA_IFINDEX_ALL),
                       {netconf(Attrs().add(NETCONFA_FORWARDING, std::int32_t{1}))});
  collect_sysctls(test.reading);
  EXPECT_THAT(test.ns.sysctls, UnorderedElementsAre(Sysctl{"net.ipv4.conf.all.forwarding", 1},
                                                    Sysctl{"net.ipv4.conf.all.route_localnet", 1}));
}

TEST(Sysctls, FilesOfABridge) {
  TestReading test;
  add_files(test);
  test.ns.links.push_back(link("bridge"));
  collect_sysctls(test.reading);
  EXPECT_THAT(test.ns.sysctls,
              UnorderedElementsAre(Sysctl{"net.ipv4.conf.all.route_localnet", 1},
                                   Sysctl{"net.bridge.bridge-nf-call-iptables", 1}));
}

TEST(Sysctls, TrackedConnectionsAreCountedWhereTheTableIsNearlyFull) {
  TestReading test;
  test.ns.links.push_back(link("bridge"));
  test.kernel.add_file("/proc/sys/net/netfilter/nf_conntrack_max", "1000\n");
  test.kernel.add_file("/proc/sys/net/netfilter/nf_conntrack_count", "799\n");
  collect_sysctls(test.reading);
  EXPECT_THAT(test.ns.sysctls,
              UnorderedElementsAre(Sysctl{"net.netfilter.nf_conntrack_max", 1000}));
  test.ns.sysctls.clear();
  test.kernel.add_file("/proc/sys/net/netfilter/nf_conntrack_count", "800\n");
  collect_sysctls(test.reading);
  EXPECT_THAT(test.ns.sysctls,
              UnorderedElementsAre(Sysctl{"net.netfilter.nf_conntrack_max", 1000},
                                   Sysctl{"net.netfilter.nf_conntrack_count", 800}));
}

TEST(Sysctls, WhatIsNotPermittedIsCounted) {
  TestReading test;
  add_files(test);
  test.kernel.refuse("/proc/sys/net/ipv4", EACCES);
  test.ns.links.push_back(link("bridge"));
  collect_sysctls(test.reading);
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
  test.report.finish(coverage, diagnostics);
  ASSERT_EQ(coverage.size(), 1u);
  EXPECT_EQ(coverage[0].refused, 1u);
}

}  // namespace
}  // namespace nsmap::collect
