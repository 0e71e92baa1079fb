#include "collect/link_kinds.h"

#include <fmt/format.h>
#include <linux/if_bonding.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_tunnel.h>

#include <algorithm>
#include <array>

#include "collect/fields.h"
#include "netlink/link_names.h"

// IFLA_INFO_DATA of each kind of link, as its driver's fill_info writes it. Unless a row's comment
// says otherwise an attribute has the type that the driver's policy gives it.

namespace nsmap::collect {
namespace {

using model::BondData;
using model::BondPort;
using model::BridgeData;
using model::BridgePort;
using model::GeneveData;
using model::IpvlanData;
using model::Link;
using model::MacsecData;
using model::MacvlanData;
using model::NetkitData;
using model::TunData;
using model::TunnelData;
using model::VlanData;
using model::VrfData;
using model::VxlanData;
using model::XfrmData;
using netlink::Attribute;
using netlink::Attributes;
using netlink::kBondModes;
using netlink::kIpvlanModes;
using netlink::kLacpRates;
using netlink::kMacvlanModes;
using netlink::kNetkitMode;
using netlink::kNetkitModes;
using netlink::kNetkitPeerPolicy;
using netlink::kNetkitPolicies;
using netlink::kNetkitPolicy;
using netlink::kNetkitPrimary;
using netlink::kValidations;
using netlink::kXmitPolicies;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

// --- bridge (net/bridge/br_netlink.c) -----------------------------------------------------------

// As sysfs and brctl write it: "8000.0242ac110001".
template <auto field>
bool bridge_id(BridgeData& bridge, const Attribute& attribute) {
  const auto id = attribute.as<ifla_bridge_id>();
  if (id)
    bridge.*field =
        fmt::format("{:02x}{:02x}.{:02x}", id->prio[0], id->prio[1], fmt::join(id->addr, ""));
  return id.has_value();
}

// A clock_t, hundredths of a second whatever the kernel's HZ (USER_HZ).
bool ageing_time(BridgeData& bridge, const Attribute& attribute) {
  const auto value = attribute.u32();
  if (value) bridge.ageing_time_ms = *value * 10;
  return value.has_value();
}

constexpr Fields<BridgeData, IFLA_BR_MAX> kBridge({
    {IFLA_BR_VLAN_FILTERING, number<&BridgeData::vlan_filtering, uint8_t>},
    {IFLA_BR_VLAN_PROTOCOL, be_number<&BridgeData::vlan_protocol>},
    {IFLA_BR_VLAN_DEFAULT_PVID, number<&BridgeData::default_pvid, uint16_t>},
    {IFLA_BR_STP_STATE, number<&BridgeData::stp, uint32_t>},
    {IFLA_BR_BRIDGE_ID, bridge_id<&BridgeData::bridge_id>},
    {IFLA_BR_ROOT_ID, bridge_id<&BridgeData::root_id>},
    {IFLA_BR_AGEING_TIME, ageing_time},
    {IFLA_BR_MCAST_SNOOPING, number<&BridgeData::multicast_snooping, uint8_t>},
    {IFLA_BR_GROUP_FWD_MASK, number<&BridgeData::group_fwd_mask, uint16_t>},
    {IFLA_BR_NF_CALL_IPTABLES, number<&BridgeData::nf_call_iptables, uint8_t>},
    {IFLA_BR_NF_CALL_IP6TABLES, number<&BridgeData::nf_call_ip6tables, uint8_t>},
    {IFLA_BR_NF_CALL_ARPTABLES, number<&BridgeData::nf_call_arptables, uint8_t>},
});

// BR_STATE_*
constexpr std::array kStpStates = {"disabled", "listening", "learning", "forwarding", "blocking"};

constexpr Fields<BridgePort, IFLA_BRPORT_MAX> kBridgePort({
    {IFLA_BRPORT_STATE, named<&BridgePort::stp_state, uint8_t, kStpStates>},
    {IFLA_BRPORT_NO, number<&BridgePort::port_no, uint16_t>},
    {IFLA_BRPORT_COST, number<&BridgePort::cost, uint32_t>},
    {IFLA_BRPORT_PRIORITY, number<&BridgePort::priority, uint16_t>},
    {IFLA_BRPORT_MODE, number<&BridgePort::hairpin, uint8_t>},
    {IFLA_BRPORT_ISOLATED, number<&BridgePort::isolated, uint8_t>},
    {IFLA_BRPORT_LEARNING, number<&BridgePort::learning, uint8_t>},
    {IFLA_BRPORT_UNICAST_FLOOD, number<&BridgePort::flood, uint8_t>},
    {IFLA_BRPORT_MCAST_FLOOD, number<&BridgePort::mcast_flood, uint8_t>},
    {IFLA_BRPORT_BCAST_FLOOD, number<&BridgePort::bcast_flood, uint8_t>},
    {IFLA_BRPORT_GUARD, number<&BridgePort::guard, uint8_t>},
    {IFLA_BRPORT_PROTECT, number<&BridgePort::root_block, uint8_t>},
    {IFLA_BRPORT_NEIGH_SUPPRESS, number<&BridgePort::neigh_suppress, uint8_t>},
    {IFLA_BRPORT_VLAN_TUNNEL, number<&BridgePort::vlan_tunnel, uint8_t>},
    {IFLA_BRPORT_LOCKED, number<&BridgePort::locked, uint8_t>},
});

// --- vlan (net/8021q/vlan_netlink.c) ------------------------------------------------------------

constexpr Fields<VlanData, IFLA_VLAN_MAX> kVlan({
    {IFLA_VLAN_ID, number<&VlanData::id, uint16_t>},
    {IFLA_VLAN_PROTOCOL, be_number<&VlanData::protocol>},
    {IFLA_VLAN_FLAGS, number<&VlanData::flags, uint32_t>},  // ifla_vlan_flags: flags, mask
});

// --- bond (drivers/net/bonding/bond_netlink.c) --------------------------------------------------

constexpr Fields<BondData, IFLA_BOND_MAX> kBond({
    {IFLA_BOND_MODE, named<&BondData::mode, uint8_t, kBondModes>},
    {IFLA_BOND_ACTIVE_SLAVE, index_or_none<&BondData::active_slave>},
    {IFLA_BOND_MIIMON, number<&BondData::miimon_ms, uint32_t>},
    {IFLA_BOND_XMIT_HASH_POLICY, named<&BondData::xmit_hash_policy, uint8_t, kXmitPolicies>},
    {IFLA_BOND_AD_LACP_RATE, named<&BondData::lacp_rate, uint8_t, kLacpRates>},
});

// The rate is given in every mode and means something in one.
void finish_bond(BondData& bond) {
  if (bond.mode != kBondModes[BOND_MODE_8023AD]) bond.lacp_rate.clear();
}

constexpr std::array kSlaveStates = {"active", "backup"};                      // BOND_STATE_*
constexpr std::array kMiiStates = {"up", "going down", "down", "going back"};  // BOND_LINK_*

constexpr Fields<BondPort, IFLA_BOND_SLAVE_MAX> kBondPort({
    {IFLA_BOND_SLAVE_STATE, named<&BondPort::state, uint8_t, kSlaveStates>},
    {IFLA_BOND_SLAVE_MII_STATUS, named<&BondPort::mii_status, uint8_t, kMiiStates>},
    {IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, number<&BondPort::link_failures, uint32_t>},
    {IFLA_BOND_SLAVE_QUEUE_ID, number<&BondPort::queue_id, uint16_t>},
});

// --- macvlan, macvtap (drivers/net/macvlan.c) ---------------------------------------------------

bool add_source(MacvlanData& macvlan, const Attribute& attribute) {
  const auto mac = Mac::from_bytes(attribute.payload());
  if (mac) macvlan.sources.push_back(*mac);
  return mac.has_value();
}

constexpr Fields<MacvlanData, IFLA_MACVLAN_MAX> kMacvlanSources({
    {IFLA_MACVLAN_MACADDR, add_source},
});

bool macvlan_sources(MacvlanData& macvlan, const Attribute& attribute) {
  return kMacvlanSources.read(attribute.nested(), macvlan);
}

constexpr Fields<MacvlanData, IFLA_MACVLAN_MAX> kMacvlan({
    {IFLA_MACVLAN_MODE, named<&MacvlanData::mode, uint32_t, kMacvlanModes>},
    {IFLA_MACVLAN_FLAGS, number<&MacvlanData::flags, uint16_t>},
    {IFLA_MACVLAN_MACADDR_DATA, macvlan_sources},
});

// --- ipvlan, ipvtap (drivers/net/ipvlan/ipvlan_main.c) ------------------------------------------

bool ipvlan_flags(IpvlanData& ipvlan, const Attribute& attribute) {
  const auto flags = attribute.u16();
  if (!flags) return false;
  ipvlan.is_private = (*flags & IPVLAN_F_PRIVATE) != 0;
  ipvlan.vepa = (*flags & IPVLAN_F_VEPA) != 0;
  return true;
}

constexpr Fields<IpvlanData, IFLA_IPVLAN_MAX> kIpvlan({
    {IFLA_IPVLAN_MODE, named<&IpvlanData::mode, uint16_t, kIpvlanModes>},
    {IFLA_IPVLAN_FLAGS, ipvlan_flags},
});

// --- vrf (drivers/net/vrf.c) --------------------------------------------------------------------

constexpr Fields<VrfData, IFLA_VRF_MAX> kVrf({
    {IFLA_VRF_TABLE, number<&VrfData::table, uint32_t>},
});

// --- vxlan (drivers/net/vxlan/vxlan_core.c) -----------------------------------------------------

constexpr Fields<VxlanData, IFLA_VXLAN_MAX> kVxlan({
    {IFLA_VXLAN_ID, number<&VxlanData::vni, uint32_t>},
    {IFLA_VXLAN_LOCAL, address_or_none<&VxlanData::local>},
    {IFLA_VXLAN_LOCAL6, address_or_none<&VxlanData::local>},
    {IFLA_VXLAN_GROUP, address_or_none<&VxlanData::remote>},
    {IFLA_VXLAN_GROUP6, address_or_none<&VxlanData::remote>},
    {IFLA_VXLAN_LINK, index_or_none<&VxlanData::underlay>},
    {IFLA_VXLAN_PORT, be_number<&VxlanData::port>},
    {IFLA_VXLAN_TTL, number<&VxlanData::ttl, uint8_t>},
    {IFLA_VXLAN_AGEING, number<&VxlanData::ageing_s, uint32_t>},
    {IFLA_VXLAN_LEARNING, number<&VxlanData::learning, uint8_t>},
    {IFLA_VXLAN_PROXY, number<&VxlanData::proxy, uint8_t>},
    {IFLA_VXLAN_L2MISS, number<&VxlanData::l2miss, uint8_t>},
    {IFLA_VXLAN_L3MISS, number<&VxlanData::l3miss, uint8_t>},
    {IFLA_VXLAN_COLLECT_METADATA, flag<&VxlanData::collect_metadata>},
    {IFLA_VXLAN_VNIFILTER, flag<&VxlanData::vni_filter>},
    {IFLA_VXLAN_GBP, flag<&VxlanData::gbp>},
});

// --- geneve (drivers/net/geneve.c) --------------------------------------------------------------

constexpr Fields<GeneveData, IFLA_GENEVE_MAX> kGeneve({
    {IFLA_GENEVE_ID, number<&GeneveData::vni, uint32_t>},
    {IFLA_GENEVE_REMOTE, address_or_none<&GeneveData::remote>},
    {IFLA_GENEVE_REMOTE6, address_or_none<&GeneveData::remote>},
    {IFLA_GENEVE_PORT, be_number<&GeneveData::port>},
    {IFLA_GENEVE_TTL, number<&GeneveData::ttl, uint8_t>},
    {IFLA_GENEVE_COLLECT_METADATA, flag<&GeneveData::collect_metadata>},
});

// With the tunnel's parameters in each packet's metadata the kernel still gives a VNI, of no
// meaning.
template <typename Data>
void drop_unused_vni(Data& data) {
  if (data.collect_metadata) data.vni.reset();
}

// --- gre and its kin (net/ipv4/ip_gre.c, net/ipv6/ip6_gre.c) ------------------------------------

struct Gre : TunnelData {
  uint16_t input_flags = 0;  // GRE_*, network order
  uint16_t output_flags = 0;
};

constexpr Fields<Gre, IFLA_GRE_MAX> kGre({
    {IFLA_GRE_LINK, index_or_none<&Gre::underlay>},
    {IFLA_GRE_IFLAGS, number<&Gre::input_flags, uint16_t>},
    {IFLA_GRE_OFLAGS, number<&Gre::output_flags, uint16_t>},
    {IFLA_GRE_IKEY, be_number<&Gre::input_key>},
    {IFLA_GRE_OKEY, be_number<&Gre::output_key>},
    {IFLA_GRE_LOCAL, address_or_none<&Gre::local>},
    {IFLA_GRE_REMOTE, address_or_none<&Gre::remote>},
    {IFLA_GRE_TTL, number<&Gre::ttl, uint8_t>},
    {IFLA_GRE_ENCAP_TYPE, number<&Gre::encap_type, uint16_t>},
    {IFLA_GRE_ENCAP_SPORT, be_number<&Gre::encap_sport>},
    {IFLA_GRE_ENCAP_DPORT, be_number<&Gre::encap_dport>},
    {IFLA_GRE_COLLECT_METADATA, flag<&Gre::collect_metadata>},
});

// A key is given always, and used only with its flag.
void finish_gre(Gre& gre) {
  if ((gre.input_flags & GRE_KEY) == 0) gre.input_key.reset();
  if ((gre.output_flags & GRE_KEY) == 0) gre.output_key.reset();
}

// --- ipip, sit, ip6tnl (net/ipv4/ipip.c, net/ipv6/sit.c, net/ipv6/ip6_tunnel.c) -----------------

constexpr Fields<TunnelData, IFLA_IPTUN_MAX> kIpTunnel({
    {IFLA_IPTUN_LINK, index_or_none<&TunnelData::underlay>},
    {IFLA_IPTUN_LOCAL, address_or_none<&TunnelData::local>},
    {IFLA_IPTUN_REMOTE, address_or_none<&TunnelData::remote>},
    {IFLA_IPTUN_TTL, number<&TunnelData::ttl, uint8_t>},
    {IFLA_IPTUN_PROTO, number<&TunnelData::protocol, uint8_t>},
    {IFLA_IPTUN_ENCAP_TYPE, number<&TunnelData::encap_type, uint16_t>},
    {IFLA_IPTUN_ENCAP_SPORT, be_number<&TunnelData::encap_sport>},
    {IFLA_IPTUN_ENCAP_DPORT, be_number<&TunnelData::encap_dport>},
    {IFLA_IPTUN_COLLECT_METADATA, flag<&TunnelData::collect_metadata>},
});

// --- vti, vti6 (net/ipv4/ip_vti.c, net/ipv6/ip6_vti.c) ------------------------------------------

constexpr Fields<TunnelData, IFLA_VTI_MAX> kVti({
    {IFLA_VTI_LINK, index_or_none<&TunnelData::underlay>},
    {IFLA_VTI_IKEY, be_number<&TunnelData::input_key>},
    {IFLA_VTI_OKEY, be_number<&TunnelData::output_key>},
    {IFLA_VTI_LOCAL, address_or_none<&TunnelData::local>},
    {IFLA_VTI_REMOTE, address_or_none<&TunnelData::remote>},
});

// --- xfrm (net/xfrm/xfrm_interface_core.c) ------------------------------------------------------

constexpr Fields<XfrmData, IFLA_XFRM_MAX> kXfrm({
    {IFLA_XFRM_LINK, index_or_none<&XfrmData::underlay>},
    {IFLA_XFRM_IF_ID, number<&XfrmData::if_id, uint32_t>},
    {IFLA_XFRM_COLLECT_METADATA, flag<&XfrmData::collect_metadata>},
});

// --- macsec (drivers/net/macsec.c) --------------------------------------------------------------

bool macsec_sci(MacsecData& macsec, const Attribute& attribute) {
  const auto sci = attribute.u64();
  if (sci) macsec.sci = fmt::format("{:016x}", from_be(*sci));
  return sci.has_value();
}

constexpr Fields<MacsecData, IFLA_MACSEC_MAX> kMacsec({
    {IFLA_MACSEC_SCI, macsec_sci},
    {IFLA_MACSEC_ENCRYPT, number<&MacsecData::encrypt, uint8_t>},
    {IFLA_MACSEC_PROTECT, number<&MacsecData::protect, uint8_t>},
    {IFLA_MACSEC_VALIDATION, named<&MacsecData::validation, uint8_t, kValidations>},
});

// --- tun (drivers/net/tun.c) --------------------------------------------------------------------

constexpr std::array<const char*, 3> kTunModes = {nullptr, "tun", "tap"};  // IFF_TUN, IFF_TAP

constexpr Fields<TunData, IFLA_TUN_MAX> kTun({
    {IFLA_TUN_TYPE, named<&TunData::mode, uint8_t, kTunModes>},
    {IFLA_TUN_OWNER, number<&TunData::owner, uint32_t>},
    {IFLA_TUN_GROUP, number<&TunData::group, uint32_t>},
    {IFLA_TUN_PERSIST, number<&TunData::persist, uint8_t>},
    {IFLA_TUN_MULTI_QUEUE, number<&TunData::multi_queue, uint8_t>},
    {IFLA_TUN_PI, number<&TunData::packet_info, uint8_t>},
    {IFLA_TUN_VNET_HDR, number<&TunData::vnet_header, uint8_t>},
});

// --- netkit (drivers/net/netkit.c) --------------------------------------------------------------

constexpr Fields<NetkitData, kNetkitMode> kNetkit({
    {kNetkitPrimary, number<&NetkitData::primary, uint8_t>},
    {kNetkitPolicy, named<&NetkitData::policy, uint32_t, kNetkitPolicies>},
    {kNetkitPeerPolicy, named<&NetkitData::peer_policy, uint32_t, kNetkitPolicies>},
    {kNetkitMode, named<&NetkitData::mode, uint32_t, kNetkitModes>},
});

// --- which kind is read how ---------------------------------------------------------------------

template <typename Wire>
void as_it_is(Wire&) {}

// Reads into a Wire, which is a Data or derives from one, and keeps the Data.
template <typename Data, const auto& table, typename Wire = Data, void (*finish)(Wire&) = as_it_is>
bool data_of(const Attributes& attributes, Link& link) {
  Wire wire;
  const bool good = table.read(attributes, wire);
  finish(wire);
  link.data = static_cast<Data&&>(wire);
  return good;
}

template <auto port, const auto& table>
bool port_of(const Attributes& attributes, Link& link) {
  return table.read(attributes, (link.*port).emplace());
}

struct KindRow {
  std::string_view kind;
  bool (*read)(const Attributes&, Link&);
};

constexpr auto kReadGre = data_of<TunnelData, kGre, Gre, finish_gre>;
constexpr auto kReadIpTunnel = data_of<TunnelData, kIpTunnel>;
constexpr auto kReadVti = data_of<TunnelData, kVti>;

constexpr KindRow kKinds[] = {
    {"bridge", data_of<BridgeData, kBridge>},
    {"vlan", data_of<VlanData, kVlan>},
    {"bond", data_of<BondData, kBond, BondData, finish_bond>},
    {"macvlan", data_of<MacvlanData, kMacvlan>},
    {"macvtap", data_of<MacvlanData, kMacvlan>},
    {"ipvlan", data_of<IpvlanData, kIpvlan>},
    {"ipvtap", data_of<IpvlanData, kIpvlan>},
    {"vrf", data_of<VrfData, kVrf>},
    {"vxlan", data_of<VxlanData, kVxlan, VxlanData, drop_unused_vni>},
    {"geneve", data_of<GeneveData, kGeneve, GeneveData, drop_unused_vni>},
    {"gre", kReadGre},
    {"gretap", kReadGre},
    {"ip6gre", kReadGre},
    {"ip6gretap", kReadGre},
    {"erspan", kReadGre},
    {"ip6erspan", kReadGre},
    {"ipip", kReadIpTunnel},
    {"sit", kReadIpTunnel},
    {"ip6tnl", kReadIpTunnel},
    {"vti", kReadVti},
    {"vti6", kReadVti},
    {"xfrm", data_of<XfrmData, kXfrm>},
    {"macsec", data_of<MacsecData, kMacsec>},
    {"tun", data_of<TunData, kTun>},
    {"netkit", data_of<NetkitData, kNetkit>},
};

constexpr KindRow kPorts[] = {
    {"bridge", port_of<&Link::bridge_port, kBridgePort>},
    {"bond", port_of<&Link::bond_port, kBondPort>},
};

template <std::size_t N>
bool read_row(const KindRow (&rows)[N], std::string_view kind, const Attributes& data, Link& link) {
  const auto* const row =
      std::find_if(std::begin(rows), std::end(rows), [&](const auto& r) { return r.kind == kind; });
  return row == std::end(rows) || row->read(data, link);
}

}  // namespace

bool read_kind(std::string_view kind, const Attributes& data, Link& link) {
  return read_row(kKinds, kind, data, link);
}

bool read_port(std::string_view master_kind, const Attributes& data, Link& link) {
  return read_row(kPorts, master_kind, data, link);
}

}  // namespace nsmap::collect
