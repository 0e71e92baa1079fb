#include "collect/link_kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_tunnel.h>

#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using model::Link;
using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

using V4 = std::array<uint8_t, 4>;
using V6 = std::array<uint8_t, 16>;
using Ethernet = std::array<uint8_t, 6>;

constexpr V4 kLocal4 = {192, 0, 2, 1};
constexpr V4 kRemote4 = {192, 0, 2, 2};
constexpr V6 kLocal6 = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

template <typename Data>
Data read(const char* kind, const Attrs& attrs) {
  Link link;
  EXPECT_TRUE(read_kind(kind, netlink::Attributes(attrs.bytes()), link)) << kind;
  const Data* const data = std::get_if<Data>(&link.data);
  EXPECT_NE(data, nullptr) << kind;
  return data ? *data : Data{};
}

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

TEST(LinkKinds, Bridge) {
  const auto id = std::array<uint8_t, 8>{0x80, 0, 2, 0x42, 0xac, 0x11, 0, 1};
  const auto bridge = read<model::BridgeData>(
      "bridge", Attrs()
                    .add(IFLA_BR_VLAN_FILTERING, uint8_t{1})
                    .be(IFLA_BR_VLAN_PROTOCOL, uint16_t{0x88a8})
                    .add(IFLA_BR_VLAN_DEFAULT_PVID, uint16_t{7})
                    .add(IFLA_BR_STP_STATE, uint32_t{2})  // user space runs the protocol
                    .add(IFLA_BR_BRIDGE_ID, id)
                    .add(IFLA_BR_ROOT_ID, id)
                    .add(IFLA_BR_AGEING_TIME, uint32_t{30000})
                    .add(IFLA_BR_MCAST_SNOOPING, uint8_t{1})
                    .add(IFLA_BR_GROUP_FWD_MASK, uint16_t{8})
                    .add(IFLA_BR_NF_CALL_IPTABLES, uint8_t{1})
                    .add(IFLA_BR_NF_CALL_IP6TABLES, uint8_t{1})
                    .add(IFLA_BR_NF_CALL_ARPTABLES, uint8_t{1}));
  EXPECT_EQ(bridge, (model::BridgeData{true, 0x88a8, 7, true, "8000.0242ac110001",
                                       "8000.0242ac110001", 300000, true, 8, true, true, true}));
}

TEST(LinkKinds, VlanIncluding8021ad) {
  const std::array<uint32_t, 2> flags = {1, ~0u};
  const auto vlan = read<model::VlanData>("vlan", Attrs()
                                                      .add(IFLA_VLAN_ID, uint16_t{100})
                                                      .be(IFLA_VLAN_PROTOCOL, uint16_t{0x88a8})
                                                      .add(IFLA_VLAN_FLAGS, flags));
  EXPECT_EQ(vlan, (model::VlanData{100, 0x88a8, 1}));
}

Attrs bond(int mode) {
  return Attrs()
      .add(IFLA_BOND_MODE, static_cast<uint8_t>(mode))
      .add(IFLA_BOND_ACTIVE_SLAVE, 5)
      .add(IFLA_BOND_MIIMON, uint32_t{100})
      .add(IFLA_BOND_XMIT_HASH_POLICY, uint8_t{1})
      .add(IFLA_BOND_AD_LACP_RATE, uint8_t{1});
}

TEST(LinkKinds, Bond) {
  EXPECT_EQ(read<model::BondData>("bond", bond(4)),
            (model::BondData{"802.3ad", IfIndex(5), 100, "layer3+4", "fast"}));
}

TEST(LinkKinds, BondGivesTheLacpRateInItsModeOnly) {
  EXPECT_EQ(read<model::BondData>("bond", bond(1)).lacp_rate, "");
}

TEST(LinkKinds, ANumberWithoutANameIsShownAsItIs) {
  EXPECT_EQ(read<model::BondData>("bond", bond(77)).mode, "77");
}

TEST(LinkKinds, MacvlanAndMacvtap) {
  const Ethernet source = {2, 0, 0, 0, 0, 9};
  const auto attrs =
      Attrs()
          .add(IFLA_MACVLAN_MODE, uint32_t{MACVLAN_MODE_SOURCE})
          .add(IFLA_MACVLAN_FLAGS, uint16_t{1})
          .nest(IFLA_MACVLAN_MACADDR_DATA, Attrs().add(IFLA_MACVLAN_MACADDR, source));
  const model::MacvlanData expected{"source", 1, {*Mac::parse("02:00:00:00:00:09")}};
  EXPECT_EQ(read<model::MacvlanData>("macvlan", attrs), expected);
  EXPECT_EQ(read<model::MacvlanData>("macvtap", attrs), expected);
  EXPECT_EQ(read<model::MacvlanData>("macvlan", Attrs().add(IFLA_MACVLAN_MODE, uint32_t{3})).mode,
            "3");
}

TEST(LinkKinds, IpvlanAndIpvtap) {
  const auto attrs = Attrs()
                         .add(IFLA_IPVLAN_MODE, uint16_t{IPVLAN_MODE_L3S})
                         .add(IFLA_IPVLAN_FLAGS, uint16_t{IPVLAN_F_VEPA});
  const model::IpvlanData expected{"l3s", false, true};
  EXPECT_EQ(read<model::IpvlanData>("ipvlan", attrs), expected);
  EXPECT_EQ(read<model::IpvlanData>("ipvtap", attrs), expected);
}

TEST(LinkKinds, Vrf) {
  EXPECT_EQ(read<model::VrfData>("vrf", Attrs().add(IFLA_VRF_TABLE, uint32_t{1000})).table,
            TableId(1000));
}

TEST(LinkKinds, Vxlan) {
  const auto vxlan = read<model::VxlanData>("vxlan", Attrs()
                                                         .add(IFLA_VXLAN_ID, uint32_t{42})
                                                         .add(IFLA_VXLAN_LOCAL6, kLocal6)
                                                         .add(IFLA_VXLAN_GROUP, kRemote4)
                                                         .add(IFLA_VXLAN_LINK, 3)
                                                         .be(IFLA_VXLAN_PORT, uint16_t{4789})
                                                         .add(IFLA_VXLAN_TTL, uint8_t{5})
                                                         .add(IFLA_VXLAN_AGEING, uint32_t{300})
                                                         .add(IFLA_VXLAN_LEARNING, uint8_t{1})
                                                         .add(IFLA_VXLAN_PROXY, uint8_t{1})
                                                         .add(IFLA_VXLAN_L2MISS, uint8_t{1})
                                                         .add(IFLA_VXLAN_L3MISS, uint8_t{1})
                                                         .flag(IFLA_VXLAN_GBP));
  EXPECT_EQ(vxlan, (model::VxlanData{42, ip("2001:db8::1"), ip("192.0.2.2"), IfIndex(3), 4789, 5,
                                     300, true, true, true, true, false, false, true}));
}

TEST(LinkKinds, VxlanThatTakesItsNumberFromMetadataHasNone) {
  const auto vxlan =
      read<model::VxlanData>("vxlan", Attrs()
                                          .add(IFLA_VXLAN_ID, uint32_t{0})
                                          .add(IFLA_VXLAN_COLLECT_METADATA, uint8_t{1})
                                          .add(IFLA_VXLAN_VNIFILTER, uint8_t{1}));
  EXPECT_EQ(vxlan.vni, std::nullopt);
  EXPECT_TRUE(vxlan.collect_metadata);
  EXPECT_TRUE(vxlan.vni_filter);
}

TEST(LinkKinds, Geneve) {
  const auto geneve = read<model::GeneveData>("geneve", Attrs()
                                                            .add(IFLA_GENEVE_ID, uint32_t{9})
                                                            .add(IFLA_GENEVE_REMOTE6, kLocal6)
                                                            .be(IFLA_GENEVE_PORT, uint16_t{6081})
                                                            .add(IFLA_GENEVE_TTL, uint8_t{64}));
  EXPECT_EQ(geneve, (model::GeneveData{9, ip("2001:db8::1"), 6081, 64, false}));
  const auto external = read<model::GeneveData>(
      "geneve", Attrs().add(IFLA_GENEVE_ID, uint32_t{0}).flag(IFLA_GENEVE_COLLECT_METADATA));
  EXPECT_EQ(external.vni, std::nullopt);
  EXPECT_TRUE(external.collect_metadata);
}

TEST(LinkKinds, GreAndItsKin) {
  const auto attrs = Attrs()
                         .add(IFLA_GRE_LINK, 4)
                         .add(IFLA_GRE_IFLAGS, uint16_t{GRE_KEY})
                         .add(IFLA_GRE_OFLAGS, uint16_t{0})
                         .be(IFLA_GRE_IKEY, uint32_t{77})
                         .be(IFLA_GRE_OKEY, uint32_t{78})
                         .add(IFLA_GRE_LOCAL, kLocal4)
                         .add(IFLA_GRE_REMOTE, V4{})
                         .add(IFLA_GRE_TTL, uint8_t{64})
                         .add(IFLA_GRE_ENCAP_TYPE, uint16_t{TUNNEL_ENCAP_FOU})
                         .be(IFLA_GRE_ENCAP_SPORT, uint16_t{1})
                         .be(IFLA_GRE_ENCAP_DPORT, uint16_t{5555});
  model::TunnelData expected;
  expected.local = ip("192.0.2.1");
  expected.underlay = IfIndex(4);
  expected.ttl = 64;
  expected.input_key = 77;  // the output key has no flag, the remote address is any
  expected.encap_type = 1;
  expected.encap_sport = 1;
  expected.encap_dport = 5555;
  for (const char* kind : {"gre", "gretap", "ip6gre", "ip6gretap", "erspan", "ip6erspan"})
    EXPECT_EQ(read<model::TunnelData>(kind, attrs), expected) << kind;
}

TEST(LinkKinds, IpTunnels) {
  const auto attrs = Attrs()
                         .add(IFLA_IPTUN_LINK, 0)
                         .add(IFLA_IPTUN_LOCAL, kLocal6)
                         .add(IFLA_IPTUN_REMOTE, V6{0xfe, 0x80})
                         .add(IFLA_IPTUN_TTL, uint8_t{0})
                         .add(IFLA_IPTUN_PROTO, uint8_t{41})
                         .flag(IFLA_IPTUN_COLLECT_METADATA);
  model::TunnelData expected;
  expected.local = ip("2001:db8::1");
  expected.remote = ip("fe80::");
  expected.protocol = uint8_t{41};
  expected.collect_metadata = true;
  for (const char* kind : {"ipip", "sit", "ip6tnl"})
    EXPECT_EQ(read<model::TunnelData>(kind, attrs), expected) << kind;
}

TEST(LinkKinds, Vti) {
  const auto attrs = Attrs()
                         .add(IFLA_VTI_LINK, 6)
                         .be(IFLA_VTI_IKEY, uint32_t{1})
                         .be(IFLA_VTI_OKEY, uint32_t{2})
                         .add(IFLA_VTI_LOCAL, kLocal4)
                         .add(IFLA_VTI_REMOTE, kRemote4);
  model::TunnelData expected;
  expected.local = ip("192.0.2.1");
  expected.remote = ip("192.0.2.2");
  expected.underlay = IfIndex(6);
  expected.input_key = 1;
  expected.output_key = 2;
  for (const char* kind : {"vti", "vti6"})
    EXPECT_EQ(read<model::TunnelData>(kind, attrs), expected) << kind;
}

TEST(LinkKinds, Xfrm) {
  EXPECT_EQ(read<model::XfrmData>("xfrm", Attrs()
                                              .add(IFLA_XFRM_LINK, 2)
                                              .add(IFLA_XFRM_IF_ID, uint32_t{31})
                                              .flag(IFLA_XFRM_COLLECT_METADATA)),
            (model::XfrmData{31, IfIndex(2), true}));
}

TEST(LinkKinds, Macsec) {
  EXPECT_EQ(read<model::MacsecData>("macsec", Attrs()
                                                  .be(IFLA_MACSEC_SCI, std::uint64_t{0x020001})
                                                  .add(IFLA_MACSEC_ENCRYPT, uint8_t{1})
                                                  .add(IFLA_MACSEC_PROTECT, uint8_t{1})
                                                  .add(IFLA_MACSEC_VALIDATION, uint8_t{2})),
            (model::MacsecData{"0000000000020001", true, true, "strict"}));
}

TEST(LinkKinds, Tun) {
  EXPECT_EQ(read<model::TunData>("tun", Attrs()
                                            .add(IFLA_TUN_TYPE, uint8_t{IFF_TAP})
                                            .add(IFLA_TUN_OWNER, uint32_t{1000})
                                            .add(IFLA_TUN_PERSIST, uint8_t{1})
                                            .add(IFLA_TUN_VNET_HDR, uint8_t{1})),
            (model::TunData{"tap", Uid(1000), std::nullopt, true, false, false, true}));
}

TEST(LinkKinds, Netkit) {
  enum { kPrimary = 2, kPolicy, kPeerPolicy, kMode };  // IFLA_NETKIT_*, Linux 6.7
  EXPECT_EQ(read<model::NetkitData>("netkit", Attrs()
                                                  .add(kPrimary, uint8_t{1})
                                                  .add(kPolicy, uint32_t{0})
                                                  .add(kPeerPolicy, uint32_t{2})
                                                  .add(kMode, uint32_t{1})),
            (model::NetkitData{"l3", "pass", "drop", true}));
}

TEST(LinkKinds, AKindOfWhichNothingIsKnownHasNoData) {
  for (const char* kind :
       {"wireguard", "dummy", "ifb", "openvswitch", "nlmon", "team", "", "new"}) {
    Link link;
    EXPECT_TRUE(read_kind(kind, netlink::Attributes(Attrs().add(1, 1).bytes()), link));
    EXPECT_EQ(link, Link{}) << kind;
  }
}

TEST(LinkKinds, AShortAttributeIsRefusedAndTheRestRead) {
  Link link;
  const auto attrs = Attrs().add(IFLA_VLAN_ID, uint8_t{1}).be(IFLA_VLAN_PROTOCOL, uint16_t{0x88a8});
  EXPECT_FALSE(read_kind("vlan", netlink::Attributes(attrs.bytes()), link));
  EXPECT_EQ(std::get<model::VlanData>(link.data), (model::VlanData{0, 0x88a8, 0}));
}

TEST(LinkKinds, AnAddressOfAnotherLengthIsRefused) {
  Link link;
  const auto attrs = Attrs().add(IFLA_VXLAN_LOCAL, std::array<uint8_t, 5>{1, 2, 3, 4, 5});
  EXPECT_FALSE(read_kind("vxlan", netlink::Attributes(attrs.bytes()), link));
  EXPECT_EQ(std::get<model::VxlanData>(link.data).local, std::nullopt);
}

TEST(LinkKinds, ATornRunOfAttributesIsRefused) {
  const auto attrs = Attrs().add(IFLA_MACVLAN_MODE, uint32_t{MACVLAN_MODE_VEPA});
  for (std::size_t size = 1; size < attrs.bytes().size(); ++size) {
    Link link;
    EXPECT_FALSE(read_kind("macvlan", netlink::Attributes(attrs.bytes().first(size)), link));
    EXPECT_EQ(std::get<model::MacvlanData>(link.data), model::MacvlanData{});
  }
}

TEST(LinkPorts, Bridge) {
  Link link;
  const auto attrs = Attrs()
                         .add(IFLA_BRPORT_STATE, uint8_t{3})
                         .add(IFLA_BRPORT_NO, uint16_t{2})
                         .add(IFLA_BRPORT_COST, uint32_t{4})
                         .add(IFLA_BRPORT_PRIORITY, uint16_t{32})
                         .add(IFLA_BRPORT_MODE, uint8_t{1})
                         .add(IFLA_BRPORT_ISOLATED, uint8_t{1})
                         .add(IFLA_BRPORT_LEARNING, uint8_t{0})
                         .add(IFLA_BRPORT_UNICAST_FLOOD, uint8_t{1})
                         .add(IFLA_BRPORT_MCAST_FLOOD, uint8_t{1})
                         .add(IFLA_BRPORT_BCAST_FLOOD, uint8_t{1})
                         .add(IFLA_BRPORT_GUARD, uint8_t{1})
                         .add(IFLA_BRPORT_PROTECT, uint8_t{0})
                         .add(IFLA_BRPORT_NEIGH_SUPPRESS, uint8_t{1})
                         .add(IFLA_BRPORT_VLAN_TUNNEL, uint8_t{0})
                         .add(IFLA_BRPORT_LOCKED, uint8_t{1});
  ASSERT_TRUE(read_port("bridge", netlink::Attributes(attrs.bytes()), link));
  EXPECT_EQ(link.bridge_port, (model::BridgePort{"forwarding", 2, 4, 32, true, true, false, true,
                                                 true, true, true, false, true, false, true}));
  EXPECT_EQ(link.bond_port, std::nullopt);
}

TEST(LinkPorts, Bond) {
  Link link;
  const auto attrs = Attrs()
                         .add(IFLA_BOND_SLAVE_STATE, uint8_t{1})
                         .add(IFLA_BOND_SLAVE_MII_STATUS, uint8_t{3})
                         .add(IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, uint32_t{2})
                         .add(IFLA_BOND_SLAVE_QUEUE_ID, uint16_t{1});
  ASSERT_TRUE(read_port("bond", netlink::Attributes(attrs.bytes()), link));
  EXPECT_EQ(link.bond_port, (model::BondPort{"backup", "going back", 2, 1}));
}

TEST(LinkPorts, OfAMasterOfWhichNothingIsKnown) {
  Link link;
  EXPECT_TRUE(read_port("vrf", netlink::Attributes(Attrs().add(1, 10).bytes()), link));
  EXPECT_EQ(link, Link{});
}

}  // namespace
}  // namespace nsmap::collect
