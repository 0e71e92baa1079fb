#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "collect/collectors.h"
#include "collect/test_capture.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using model::BpfProgram;
using model::Link;
using std::int32_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Ethernet = std::array<uint8_t, 6>;

ifinfomsg header(int index, unsigned flags = 0, int type = ARPHRD_ETHER) {
  ifinfomsg family{};
  family.ifi_index = index;
  family.ifi_flags = flags;
  family.ifi_type = static_cast<unsigned short>(type);
  return family;
}

Attrs named(const char* name) { return Attrs().text(IFLA_IFNAME, name); }

// The one link that the collector makes of a message.
Link link_of(TestReading& test, const ifinfomsg& family, const Attrs& attrs) {
  test.route.answer(RTM_GETLINK, {message(RTM_NEWLINK, family, attrs)});
  EXPECT_EQ(collect_links(test.reading), 1u);
  return test.ns.links.empty() ? Link{} : test.ns.links.front();
}

Link link_of(const Attrs& attrs) {
  TestReading test;
  Link link = link_of(test, header(2), attrs);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
  return link;
}

TEST(Links, AsksOnceInTheFormThatStrictCheckingWants) {
  TestReading test;
  EXPECT_EQ(collect_links(test.reading), 0u);
  ASSERT_THAT(test.route.requests(), SizeIs(1));
  const Buffer& request = test.route.requests().front();
  // net/core/rtnetlink.c rtnl_valid_dump_ifinfo_req: a header of zeros and nothing unknown.
  ASSERT_THAT(request, SizeIs(NLMSG_LENGTH(sizeof(ifinfomsg))));
  EXPECT_TRUE(std::all_of(request.begin() + NLMSG_HDRLEN, request.end(),
                          [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(Links, CommonPart) {
  const Ethernet mac = {2, 0, 0, 0, 0, 1};
  const Ethernet permanent = {2, 0, 0, 0, 0, 2};
  const Ethernet broadcast = {255, 255, 255, 255, 255, 255};
  TestReading test;
  const Link link =
      link_of(test, header(7, IFF_UP | IFF_NOARP | IFF_POINTOPOINT | IFF_MULTICAST | IFF_PROMISC),
              named("eth0")
                  .text(IFLA_IFALIAS, "uplink")
                  .nest(IFLA_PROP_LIST,
                        Attrs().text(IFLA_ALT_IFNAME, "enp0s3").text(IFLA_ALT_IFNAME, "uplink0"))
                  .add(IFLA_ADDRESS, mac)
                  .add(IFLA_BROADCAST, broadcast)
                  .add(IFLA_PERM_ADDRESS, permanent)
                  .add(IFLA_MTU, uint32_t{9000})
                  .add(IFLA_OPERSTATE, uint8_t{IF_OPER_UP})
                  .add(IFLA_CARRIER, uint8_t{1})
                  .add(IFLA_PROMISCUITY, uint32_t{2})
                  .add(IFLA_GROUP, uint32_t{3})
                  .text(IFLA_QDISC, "fq_codel")
                  .text(IFLA_PARENT_DEV_NAME, "0000:00:03.0")
                  .text(IFLA_PARENT_DEV_BUS_NAME, "pci")
                  .add(IFLA_MASTER, 4)
                  .add(IFLA_LINK, 5)
                  .add(IFLA_LINK_NETNSID, 6)
                  .nest(IFLA_LINKINFO,
                        Attrs().text(IFLA_INFO_KIND, "veth").text(IFLA_INFO_SLAVE_KIND, "bridge")));

  Link expected;
  expected.index = IfIndex(7);
  expected.name = "eth0";
  expected.kind = "veth";
  expected.alias = "uplink";
  expected.altnames = {"enp0s3", "uplink0"};
  expected.type = ARPHRD_ETHER;
  expected.mac = *Mac::parse("02:00:00:00:00:01");
  expected.permanent_mac = *Mac::parse("02:00:00:00:00:02");
  expected.broadcast = *Mac::parse("ff:ff:ff:ff:ff:ff");
  expected.mtu = 9000;
  expected.state = model::OperState::up;
  expected.up = expected.carrier = expected.no_arp = expected.point_to_point = true;
  expected.multicast = expected.promiscuous = true;
  expected.promiscuity = 2;
  expected.flags = IFF_UP | IFF_NOARP | IFF_POINTOPOINT | IFF_MULTICAST | IFF_PROMISC;
  expected.group = 3;
  expected.qdisc = "fq_codel";
  expected.parent_device = "pci/0000:00:03.0";
  expected.master = IfIndex(4);
  expected.master_kind = "bridge";
  expected.bridge_port.emplace();
  expected.link = IfIndex(5);
  expected.link_nsid = Nsid(6);
  EXPECT_EQ(link, expected);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Links, WithoutAKindItIsLoopbackOrHardware) {
  TestReading loopback;
  EXPECT_EQ(link_of(loopback, header(1, IFF_LOOPBACK, ARPHRD_LOOPBACK), named("lo")).kind,
            "loopback");
  EXPECT_EQ(link_of(named("eth0")).kind, "");
}

TEST(Links, ALinkOfZeroIsNotAnAbsentOne) {
  EXPECT_EQ(link_of(named("veth0").add(IFLA_LINK, 0)).link, IfIndex(0));
  EXPECT_EQ(link_of(named("veth0")).link, std::nullopt);
}

TEST(Links, DataOfKindAndPort) {
  const Link link = link_of(named("v").nest(
      IFLA_LINKINFO, Attrs()
                         .nest(IFLA_INFO_DATA, Attrs().add(IFLA_VLAN_ID, std::uint16_t{9}))
                         .text(IFLA_INFO_KIND, "vlan")
                         .nest(IFLA_INFO_SLAVE_DATA, Attrs().add(IFLA_BOND_SLAVE_STATE, uint8_t{0}))
                         .text(IFLA_INFO_SLAVE_KIND, "bond")));
  EXPECT_EQ(std::get<model::VlanData>(link.data).id, 9);
  ASSERT_TRUE(link.bond_port);
  EXPECT_EQ(link.bond_port->state, "active");
}

TEST(Links, Counters) {
  rtnl_link_stats64 stats{};
  stats.rx_packets = 1;
  stats.tx_packets = 2;
  stats.rx_bytes = 3;
  stats.tx_bytes = 4;
  stats.rx_errors = 5;
  stats.tx_errors = 6;
  stats.rx_dropped = 7;
  stats.tx_dropped = 8;
  stats.collisions = 9;
  stats.rx_nohandler = 10;
  EXPECT_EQ(link_of(named("e").add(IFLA_STATS64, stats)).counters,
            (model::Counters{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));

  // Before Linux 4.6 the structure ended at rx_nohandler.
  const Bytes old =
      std::as_bytes(std::span(&stats, 1)).first(offsetof(decltype(stats), rx_nohandler));
  EXPECT_EQ(link_of(named("e").bytes(IFLA_STATS64, old)).counters,
            (model::Counters{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}));
}

// The settings' arrays as the kernel sends them, each value telling its own place.
TEST(Links, SettingsOfBothFamilies) {
  std::vector<int32_t> inet(IPV4_DEVCONF_MAX, 0);
  inet[IPV4_DEVCONF_FORWARDING - 1] = 1;
  inet[IPV4_DEVCONF_RP_FILTER - 1] = 2;
  inet[IPV4_DEVCONF_ARP_IGNORE - 1] = 3;
  inet[IPV4_DEVCONF_ARP_ANNOUNCE - 1] = 4;
  inet[IPV4_DEVCONF_ROUTE_LOCALNET - 1] = 1;
  std::vector<int32_t> inet6(DEVCONF_MAX, 0);
  inet6[DEVCONF_FORWARDING] = 1;
  inet6[DEVCONF_ACCEPT_RA] = 2;
  inet6[DEVCONF_ACCEPT_SOURCE_ROUTE] = -1;
  inet6[DEVCONF_ADDR_GEN_MODE] = 3;
  const Link link = link_of(
      named("e").nest(IFLA_AF_SPEC, Attrs()
                                        .nest(AF_INET, Attrs().array(IFLA_INET_CONF, inet))
                                        .nest(AF_INET6, Attrs().array(IFLA_INET6_CONF, inet6))));
  model::Ipv4Conf ipv4;
  ipv4.forwarding = true;
  ipv4.rp_filter = 2;
  ipv4.arp_ignore = 3;
  ipv4.arp_announce = 4;
  ipv4.route_localnet = true;
  EXPECT_EQ(link.ipv4, ipv4);
  model::Ipv6Conf ipv6;
  ipv6.forwarding = true;
  ipv6.accept_ra = 2;
  ipv6.accept_source_route = -1;
  ipv6.addr_gen_mode = 3;
  EXPECT_EQ(link.ipv6, ipv6);
}

TEST(Links, SettingsOfAnOlderKernelAreFewer) {
  const Link link = link_of(named("e").nest(
      IFLA_AF_SPEC, Attrs().nest(AF_INET, Attrs().array(IFLA_INET_CONF, std::vector{1, 1}))));
  model::Ipv4Conf ipv4;
  ipv4.forwarding = ipv4.mc_forwarding = true;
  EXPECT_EQ(link.ipv4, ipv4);
  EXPECT_EQ(link.ipv6, std::nullopt);
}

TEST(Links, XdpProgramOfOneMode) {
  const auto attrs =
      named("e").nest(IFLA_XDP, Attrs()
                                    .add(IFLA_XDP_ATTACHED, uint8_t{XDP_ATTACHED_SKB})
                                    .add(IFLA_XDP_PROG_ID, uint32_t{9})
                                    .add(IFLA_XDP_SKB_PROG_ID, uint32_t{9}));
  EXPECT_THAT(link_of(attrs).bpf, ElementsAre(BpfProgram{"xdp", "generic", 9, ""}));
}

TEST(Links, XdpProgramsOfSeveralModes) {
  const auto attrs =
      named("e").nest(IFLA_XDP, Attrs()
                                    .add(IFLA_XDP_ATTACHED, uint8_t{XDP_ATTACHED_MULTI})
                                    .add(IFLA_XDP_DRV_PROG_ID, uint32_t{8})
                                    .add(IFLA_XDP_HW_PROG_ID, uint32_t{9}));
  EXPECT_THAT(link_of(attrs).bpf,
              ElementsAre(BpfProgram{"xdp", "driver", 8, ""}, BpfProgram{"xdp", "offload", 9, ""}));
}

TEST(Links, XdpProgramAsOldKernelsTellIt) {
  const auto attrs = named("e").nest(
      IFLA_XDP, Attrs().add(IFLA_XDP_ATTACHED, uint8_t{XDP_ATTACHED_DRV}).add(IFLA_XDP_PROG_ID, 5));
  EXPECT_THAT(link_of(attrs).bpf, ElementsAre(BpfProgram{"xdp", "driver", 5, ""}));
}

TEST(Links, NoXdpProgram) {
  const auto attrs = named("e").nest(IFLA_XDP, Attrs().add(IFLA_XDP_ATTACHED, uint8_t{0}));
  EXPECT_THAT(link_of(attrs).bpf, IsEmpty());
}

TEST(Links, HostileNamesBecomeText) {
  const Link link = link_of(named("\xff\x1b[2J").text(IFLA_IFALIAS, "\xc0\xaf"));
  EXPECT_EQ(link.name, "\\xff\x1b[2J");
  EXPECT_EQ(link.alias, "\\xc0\\xaf");
}

TEST(Links, ADamagedAttributeIsLeftOutAndReported) {
  const std::vector<Attrs> damaged = {
      Attrs().add(IFLA_MTU, uint8_t{1}),
      Attrs().add(IFLA_OPERSTATE, uint8_t{200}),
      Attrs().bytes(IFLA_ADDRESS, Buffer(33)),
      Attrs().bytes(IFLA_STATS64, Buffer(16)),
      Attrs().flag(IFLA_MASTER),
      Attrs().bytes(IFLA_LINKINFO, Buffer(3)),
      Attrs().nest(IFLA_AF_SPEC, Attrs().nest(AF_INET, Attrs().flag(IFLA_INET_CONF))),
      Attrs().nest(IFLA_XDP, Attrs().add(IFLA_XDP_SKB_PROG_ID, uint8_t{1})),
      Attrs().raw(Buffer(4, std::byte{0xff})),
  };
  for (const Attrs& attrs : damaged) {
    TestReading test;
    const Link link = link_of(test, header(3), named("eth0").raw(attrs.bytes()));
    Link expected;
    expected.index = IfIndex(3);
    expected.name = "eth0";
    expected.type = ARPHRD_ETHER;
    EXPECT_EQ(link, expected);
    const auto diagnostics = test.diagnostics();
    ASSERT_THAT(diagnostics, SizeIs(1));
    EXPECT_EQ(diagnostics[0].source, "links");
    EXPECT_THAT(diagnostics[0].what, HasSubstr("link 3 \"eth0\""));
  }
}

TEST(Links, AMessageThatNamesNoLinkIsReportedAndGivesNone) {
  TestReading test;
  test.route.answer(
      RTM_GETLINK,
      {message(RTM_NEWLINK, header(3)), message(RTM_NEWLINK, header(0), named("eth0")),
       message(RTM_NEWLINK, std::uint16_t{0}), message(RTM_NEWLINK, header(4), named("eth1"))});
  EXPECT_EQ(collect_links(test.reading), 1u);
  EXPECT_THAT(test.ns.links, SizeIs(1));
  EXPECT_THAT(test.diagnostics(), SizeIs(3));
}

TEST(Links, ATornDumpIsReadAgainFromTheStart) {
  TestReading test;
  test.route.answer(RTM_GETLINK,
                    {message(RTM_NEWLINK, header(1), named("lo"), NLM_F_MULTI | NLM_F_DUMP_INTR)});
  collect_links(test.reading);
  EXPECT_THAT(test.ns.links, SizeIs(1));
  EXPECT_EQ(test.route.count(RTM_GETLINK), 4u);
  ASSERT_THAT(test.diagnostics(), SizeIs(1));
}

TEST(Links, ARefusalIsReported) {
  TestReading test;
  test.route.refuse(RTM_GETLINK, EPERM);
  EXPECT_EQ(collect_links(test.reading), 0u);
  const auto diagnostics = test.diagnostics();
  ASSERT_THAT(diagnostics, SizeIs(1));
  EXPECT_EQ(diagnostics[0].error, EPERM);
}

// What tests/captures/record-kinds.sh set up, as Linux 6.18 tells it.
class RecordedKinds : public testing::Test {
 protected:
  void SetUp() override {
    const auto transport = replay_capture("6.18-kinds.nlcap");
    ASSERT_NE(transport, nullptr);
    Reading reading{test_.kernel, *transport, *transport,  *transport,
                    *transport,   test_.ns,   test_.report};
    collect_links(reading);
    collect_bpf(reading);
    ASSERT_THAT(test_.diagnostics(), IsEmpty());
  }

  const Link& link(const std::string& name) {
    const auto found = std::find_if(test_.ns.links.begin(), test_.ns.links.end(),
                                    [&](const Link& l) { return l.name == name; });
    if (found != test_.ns.links.end()) return *found;
    ADD_FAILURE() << "no link " << name;
    static const Link none;
    return none;
  }
  template <typename Data>
  const Data& data(const std::string& name) {
    if (const auto* found = std::get_if<Data>(&link(name).data)) return *found;
    ADD_FAILURE() << name << " has no data of kind " << Data::kKind;
    static const Data none{};
    return none;
  }

  TestReading test_;
};

TEST_F(RecordedKinds, Loopback) {
  EXPECT_EQ(link("lo").kind, "loopback");
  EXPECT_EQ(link("lo").type, ARPHRD_LOOPBACK);
  EXPECT_EQ(link("lo").mtu, 65536u);
  EXPECT_EQ(link("lo").index, IfIndex(1));
}

TEST_F(RecordedKinds, VethPair) {
  EXPECT_EQ(link("veth1").kind, "veth");
  EXPECT_EQ(link("veth1").link, link("veth0").index);
  EXPECT_EQ(link("veth0").link, link("veth1").index);
  EXPECT_EQ(link("veth1").link_nsid, std::nullopt);
  EXPECT_EQ(link("veth1").mac, Mac::parse("02:00:00:00:00:11"));
  EXPECT_EQ(link("veth1").alias, "the other end");
  EXPECT_THAT(link("veth1").altnames, ElementsAre("a-name-longer-than-sixteen", "second"));
  EXPECT_EQ(link("veth1").group, 7u);
  EXPECT_TRUE(link("veth1").promiscuous);
  EXPECT_GE(link("veth1").promiscuity, 1u);
  EXPECT_TRUE(link("veth1").up);
  EXPECT_TRUE(link("veth1").carrier);
  EXPECT_EQ(link("veth1").state, model::OperState::up);
}

TEST_F(RecordedKinds, VethIntoAnotherNamespace) {
  EXPECT_TRUE(link("far0").link);
  EXPECT_TRUE(link("far0").link_nsid);
  EXPECT_FALSE(link("far0").carrier);  // the other end is down
  EXPECT_TRUE(link("same0").link_nsid);
  EXPECT_EQ(link("same0").index, IfIndex(100));
  EXPECT_EQ(link("same0").link.value_or(IfIndex(100)), IfIndex(100));
}

TEST_F(RecordedKinds, BridgeAndPort) {
  const auto& bridge = data<model::BridgeData>("br0");
  EXPECT_TRUE(bridge.stp);
  EXPECT_EQ(bridge.ageing_time_ms, 600000u);
  EXPECT_EQ(bridge.vlan_protocol, 0x8100);
  EXPECT_EQ(bridge.bridge_id, "8000.020000000010");
  EXPECT_EQ(bridge.root_id, bridge.bridge_id);
  EXPECT_EQ(link("veth0").master, link("br0").index);
  EXPECT_EQ(link("veth0").master_kind, "bridge");
  ASSERT_TRUE(link("veth0").bridge_port);
  const auto& port = *link("veth0").bridge_port;
  EXPECT_EQ(port.port_no, 1);
  EXPECT_EQ(port.stp_state, "listening");
  EXPECT_TRUE(port.hairpin && port.isolated && port.guard && port.flood && port.bcast_flood);
  EXPECT_FALSE(port.learning || port.locked || port.root_block);
}

TEST_F(RecordedKinds, Vxlan) {
  const auto& v4 = data<model::VxlanData>("vxlan0");
  EXPECT_EQ(v4.vni, 42u);
  EXPECT_EQ(v4.local, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(v4.remote, IpAddress::parse("192.0.2.2"));
  EXPECT_EQ(v4.underlay, link("veth1").index);
  EXPECT_EQ(v4.port, 4789);
  EXPECT_EQ(v4.ttl, 5);
  EXPECT_TRUE(v4.learning);
  const auto& v6 = data<model::VxlanData>("vxlan6");
  EXPECT_EQ(v6.local, IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(v6.remote, IpAddress::parse("2001:db8::2"));
  EXPECT_EQ(v6.underlay, std::nullopt);
  EXPECT_FALSE(v6.learning);
  const auto& metadata = data<model::VxlanData>("vxlanmd");
  EXPECT_TRUE(metadata.collect_metadata);
  EXPECT_EQ(metadata.vni, std::nullopt);
}

TEST_F(RecordedKinds, MacvlanMacvtapIfb) {
  EXPECT_EQ(data<model::MacvlanData>("mac0").mode, "bridge");
  EXPECT_EQ(link("mac0").link, link("veth1").index);
  EXPECT_EQ(data<model::MacvlanData>("macsrc").mode, "source");
  EXPECT_THAT(data<model::MacvlanData>("macsrc").sources,
              ElementsAre(*Mac::parse("02:00:00:00:00:99")));
  EXPECT_EQ(link("macvtap0").kind, "macvtap");
  EXPECT_EQ(data<model::MacvlanData>("macvtap0").mode, "vepa");
  EXPECT_EQ(link("ifb0").kind, "ifb");
}

TEST_F(RecordedKinds, TunAndTap) {
  const auto& tap = data<model::TunData>("tap0");
  EXPECT_EQ(tap.mode, "tap");
  EXPECT_EQ(tap.owner, Uid(1000));
  EXPECT_EQ(tap.group, 1001u);
  EXPECT_TRUE(tap.persist && tap.multi_queue);
  EXPECT_FALSE(tap.packet_info || tap.vnet_header);
  const auto& tun = data<model::TunData>("tun0");
  EXPECT_EQ(tun.mode, "tun");
  EXPECT_EQ(tun.owner, std::nullopt);
  EXPECT_TRUE(tun.packet_info && tun.vnet_header && tun.persist);
  EXPECT_TRUE(link("tun0").point_to_point && link("tun0").no_arp);
  EXPECT_TRUE(link("tun0").mac.empty());
}

TEST_F(RecordedKinds, Settings) {
  ASSERT_TRUE(link("veth1").ipv4 && link("veth1").ipv6 && link("ifb0").ipv6);
  EXPECT_TRUE(link("veth1").ipv4->forwarding);
  EXPECT_EQ(link("veth1").ipv4->rp_filter, 2);
  EXPECT_TRUE(link("veth1").ipv6->proxy_ndp);
  EXPECT_TRUE(link("ifb0").ipv6->disable_ipv6);
  EXPECT_FALSE(link("veth1").ipv6->disable_ipv6);
}

TEST_F(RecordedKinds, Counters) {
  EXPECT_GT(link("veth0").counters.tx_packets + link("veth0").counters.rx_packets, 0u);
}

TEST_F(RecordedKinds, BpfPrograms) {
  const auto& bpf = link("far0").bpf;
  ASSERT_THAT(bpf, SizeIs(3));
  EXPECT_EQ(bpf[0].hook + " " + bpf[0].mode, "xdp generic");
  EXPECT_TRUE(bpf[0].id);
  EXPECT_EQ(bpf[1], (BpfProgram{"tc", "ingress", {}, ""}));  // classic BPF has neither
  EXPECT_EQ(bpf[2].hook + " " + bpf[2].mode, "tc egress");
  EXPECT_TRUE(bpf[2].id);
  EXPECT_THAT(bpf[2].name, HasSubstr("[classifier]"));
}

}  // namespace
}  // namespace nsmap::collect
