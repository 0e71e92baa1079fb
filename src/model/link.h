#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "model/identity.h"

// Interfaces and what each kind of interface knows beyond the common part. Sources are rtnetlink(7)
// attributes of RTM_NEWLINK (include/uapi/linux/if_link.h) unless a field says otherwise. An
// alternative's kKind values are the kernel's own names, IFLA_INFO_KIND.

namespace nsmap::model {

// RFC 2863 operational state, IFLA_OPERSTATE.
enum class OperState { unknown, not_present, down, lower_layer_down, testing, dormant, up };
BOOST_DESCRIBE_ENUM(OperState, unknown, not_present, down, lower_layer_down, testing, dormant, up)

struct BridgeData {
  bool vlan_filtering = false;
  std::uint16_t vlan_protocol = 0x8100;  // EtherType
  std::uint16_t default_pvid = 0;        // 0: none
  bool stp = false;
  std::string bridge_id;  // "8000.0242ac110001"
  std::string root_id;
  std::uint32_t ageing_time_ms = 0;
  bool multicast_snooping = false;
  std::uint16_t group_fwd_mask = 0;
  bool nf_call_iptables = false;  // per bridge; the namespace-wide switch is a sysctl
  bool nf_call_ip6tables = false;
  bool nf_call_arptables = false;
  friend bool operator==(const BridgeData&, const BridgeData&) = default;
  static constexpr const char* kKind = "bridge";
};
BOOST_DESCRIBE_STRUCT(BridgeData, (),
                      (vlan_filtering, vlan_protocol, default_pvid, stp, bridge_id, root_id,
                       ageing_time_ms, multicast_snooping, group_fwd_mask, nf_call_iptables,
                       nf_call_ip6tables, nf_call_arptables))

struct VlanData {
  std::uint16_t id = 0;
  std::uint16_t protocol = 0x8100;  // EtherType: 0x8100 802.1Q, 0x88a8 802.1ad
  std::uint32_t flags = 0;          // VLAN_FLAG_*
  friend bool operator==(const VlanData&, const VlanData&) = default;
  static constexpr const char* kKind = "vlan";
};
BOOST_DESCRIBE_STRUCT(VlanData, (), (id, protocol, flags))

struct BondData {
  std::string mode;  // "802.3ad", "active-backup", …
  std::optional<IfIndex> active_slave;
  std::uint32_t miimon_ms = 0;
  std::string xmit_hash_policy;
  std::string lacp_rate;  // "slow" or "fast"; 802.3ad only
  friend bool operator==(const BondData&, const BondData&) = default;
  static constexpr const char* kKind = "bond";
};
BOOST_DESCRIBE_STRUCT(BondData, (), (mode, active_slave, miimon_ms, xmit_hash_policy, lacp_rate))

// macvlan and macvtap.
struct MacvlanData {
  std::string mode;  // private, vepa, bridge, passthru, source
  std::uint16_t flags = 0;
  std::vector<Mac> sources;  // mode source: who may send
  friend bool operator==(const MacvlanData&, const MacvlanData&) = default;
  static constexpr const char* kKind = "macvlan";
};
BOOST_DESCRIBE_STRUCT(MacvlanData, (), (mode, flags, sources))

// ipvlan and ipvtap.
struct IpvlanData {
  std::string mode;  // l2, l3, l3s
  bool is_private = false;
  bool vepa = false;
  friend bool operator==(const IpvlanData&, const IpvlanData&) = default;
  static constexpr const char* kKind = "ipvlan";
};
BOOST_DESCRIBE_STRUCT(IpvlanData, (), (mode, is_private, vepa))

struct VrfData {
  TableId table;
  friend bool operator==(const VrfData&, const VrfData&) = default;
  static constexpr const char* kKind = "vrf";
};
BOOST_DESCRIBE_STRUCT(VrfData, (), (table))

struct VxlanData {
  std::optional<std::uint32_t> vni;  // absent in collect-metadata mode
  std::optional<IpAddress> local;
  std::optional<IpAddress> remote;  // a unicast peer or a multicast group
  std::optional<IfIndex> underlay;  // IFLA_VXLAN_LINK, in the namespace of the tunnel's socket
  std::uint16_t port = 0;
  std::uint8_t ttl = 0;
  std::uint32_t ageing_s = 0;
  bool learning = false;
  bool proxy = false;
  bool l2miss = false;
  bool l3miss = false;
  bool collect_metadata = false;
  bool vni_filter = false;
  bool gbp = false;
  friend bool operator==(const VxlanData&, const VxlanData&) = default;
  static constexpr const char* kKind = "vxlan";
};
BOOST_DESCRIBE_STRUCT(VxlanData, (),
                      (vni, local, remote, underlay, port, ttl, ageing_s, learning, proxy, l2miss,
                       l3miss, collect_metadata, vni_filter, gbp))

struct GeneveData {
  std::optional<std::uint32_t> vni;
  std::optional<IpAddress> remote;
  std::uint16_t port = 0;
  std::uint8_t ttl = 0;
  bool collect_metadata = false;
  friend bool operator==(const GeneveData&, const GeneveData&) = default;
  static constexpr const char* kKind = "geneve";
};
BOOST_DESCRIBE_STRUCT(GeneveData, (), (vni, remote, port, ttl, collect_metadata))

// gre, gretap, ip6gre, ip6gretap, erspan, ip6erspan, ipip, sit, ip6tnl, vti, vti6.
struct TunnelData {
  std::optional<IpAddress> local;
  std::optional<IpAddress> remote;
  std::optional<IfIndex> underlay;  // IFLA_GRE_LINK, IFLA_IPTUN_LINK, IFLA_VTI_LINK
  std::uint8_t ttl = 0;             // 0: inherited from the inner packet
  std::optional<std::uint32_t> input_key;
  std::optional<std::uint32_t> output_key;
  std::optional<std::uint8_t> protocol;  // the inner protocol an iptunnel carries, 0: any
  std::uint16_t encap_type = 0;          // TUNNEL_ENCAP_*
  std::uint16_t encap_sport = 0;
  std::uint16_t encap_dport = 0;
  bool collect_metadata = false;
  friend bool operator==(const TunnelData&, const TunnelData&) = default;
  static constexpr const char* kKind = "tunnel";
};
BOOST_DESCRIBE_STRUCT(TunnelData, (),
                      (local, remote, underlay, ttl, input_key, output_key, protocol, encap_type,
                       encap_sport, encap_dport, collect_metadata))

struct XfrmData {
  std::uint32_t if_id = 0;
  std::optional<IfIndex> underlay;
  bool collect_metadata = false;
  friend bool operator==(const XfrmData&, const XfrmData&) = default;
  static constexpr const char* kKind = "xfrm";
};
BOOST_DESCRIBE_STRUCT(XfrmData, (), (if_id, underlay, collect_metadata))

struct MacsecData {
  std::string sci;  // 16 hexadecimal digits
  bool encrypt = false;
  bool protect = false;
  std::string validation;  // disabled, check, strict
  friend bool operator==(const MacsecData&, const MacsecData&) = default;
  static constexpr const char* kKind = "macsec";
};
BOOST_DESCRIBE_STRUCT(MacsecData, (), (sci, encrypt, protect, validation))

struct TunData {
  std::string mode;  // "tun" or "tap"
  std::optional<Uid> owner;
  std::optional<std::uint32_t> group;
  bool persist = false;
  bool multi_queue = false;
  bool packet_info = false;
  bool vnet_header = false;
  friend bool operator==(const TunData&, const TunData&) = default;
  static constexpr const char* kKind = "tun";
};
BOOST_DESCRIBE_STRUCT(TunData, (),
                      (mode, owner, group, persist, multi_queue, packet_info, vnet_header))

struct NetkitData {
  std::string mode;    // l2, l3
  std::string policy;  // pass (forward), drop (blackhole)
  std::string peer_policy;
  bool primary = false;
  friend bool operator==(const NetkitData&, const NetkitData&) = default;
  static constexpr const char* kKind = "netkit";
};
BOOST_DESCRIBE_STRUCT(NetkitData, (), (mode, policy, peer_policy, primary))

using LinkData =
    std::variant<std::monostate, BridgeData, VlanData, BondData, MacvlanData, IpvlanData, VrfData,
                 VxlanData, GeneveData, TunnelData, XfrmData, MacsecData, TunData, NetkitData>;

// What a link knows as a port of a bridge, IFLA_INFO_SLAVE_DATA of a bridge (IFLA_BRPORT_*).
struct BridgePort {
  std::string stp_state;  // disabled, listening, learning, forwarding, blocking
  std::uint16_t port_no = 0;
  std::uint32_t cost = 0;
  std::uint16_t priority = 0;
  bool hairpin = false;
  bool isolated = false;
  bool learning = false;
  bool flood = false;  // unknown unicast
  bool mcast_flood = false;
  bool bcast_flood = false;
  bool guard = false;  // BPDU guard
  bool root_block = false;
  bool neigh_suppress = false;
  bool vlan_tunnel = false;
  bool locked = false;
  friend bool operator==(const BridgePort&, const BridgePort&) = default;
};
BOOST_DESCRIBE_STRUCT(BridgePort, (),
                      (stp_state, port_no, cost, priority, hairpin, isolated, learning, flood,
                       mcast_flood, bcast_flood, guard, root_block, neigh_suppress, vlan_tunnel,
                       locked))

// What a link knows as a slave of a bond, IFLA_INFO_SLAVE_DATA of a bond (IFLA_BOND_SLAVE_*).
struct BondPort {
  std::string state;       // active, backup
  std::string mii_status;  // up, going down, down, going back
  std::uint32_t link_failures = 0;
  std::uint16_t queue_id = 0;
  friend bool operator==(const BondPort&, const BondPort&) = default;
};
BOOST_DESCRIBE_STRUCT(BondPort, (), (state, mii_status, link_failures, queue_id))

struct Counters {
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_errors = 0;
  std::uint64_t tx_errors = 0;
  std::uint64_t rx_dropped = 0;
  std::uint64_t tx_dropped = 0;
  std::uint64_t collisions = 0;
  std::uint64_t rx_nohandler = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};
BOOST_DESCRIBE_STRUCT(Counters, (),
                      (rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped,
                       tx_dropped, collisions, rx_nohandler))

// The per-device settings that decide forwarding, from the IFLA_AF_SPEC arrays
// (IPV4_DEVCONF_*, net/ipv4/devinet.c inet_fill_link_af).
struct Ipv4Conf {
  bool forwarding = false;
  bool mc_forwarding = false;
  int rp_filter = 0;
  int arp_ignore = 0;
  int arp_announce = 0;
  bool arp_filter = false;
  bool accept_local = false;
  bool route_localnet = false;
  bool proxy_arp = false;
  bool proxy_arp_pvlan = false;
  bool src_valid_mark = false;
  bool ignore_routes_with_linkdown = false;
  bool send_redirects = false;
  bool accept_redirects = false;
  bool accept_source_route = false;
  friend bool operator==(const Ipv4Conf&, const Ipv4Conf&) = default;
};
BOOST_DESCRIBE_STRUCT(Ipv4Conf, (),
                      (forwarding, mc_forwarding, rp_filter, arp_ignore, arp_announce, arp_filter,
                       accept_local, route_localnet, proxy_arp, proxy_arp_pvlan, src_valid_mark,
                       ignore_routes_with_linkdown, send_redirects, accept_redirects,
                       accept_source_route))

// DEVCONF_* (net/ipv6/addrconf.c ipv6_store_devconf).
struct Ipv6Conf {
  bool disable_ipv6 = false;
  bool forwarding = false;
  bool proxy_ndp = false;
  int accept_ra = 0;
  bool autoconf = false;
  bool accept_redirects = false;
  int accept_source_route = 0;
  bool ignore_routes_with_linkdown = false;
  int addr_gen_mode = 0;
  friend bool operator==(const Ipv6Conf&, const Ipv6Conf&) = default;
};
BOOST_DESCRIBE_STRUCT(Ipv6Conf, (),
                      (disable_ipv6, forwarding, proxy_ndp, accept_ra, autoconf, accept_redirects,
                       accept_source_route, ignore_routes_with_linkdown, addr_gen_mode))

// A BPF program attached to an interface: "xdp" (modes driver, generic, offload), or "tc" and "tcx"
// (ingress, egress). Presence only: what it does to packets is not modelled.
struct BpfProgram {
  std::string hook;
  std::string mode;
  std::optional<std::uint32_t> id;
  std::string name;
  friend bool operator==(const BpfProgram&, const BpfProgram&) = default;
};
BOOST_DESCRIBE_STRUCT(BpfProgram, (), (hook, mode, id, name))

// That filters of tc hang on an interface, at an end of it (ingress, egress); BpfProgram has those
// of kind bpf. Presence only, too.
struct TcFilter {
  std::string mode;
  std::string kind;  // u32, flower, matchall …
  friend bool operator==(const TcFilter&, const TcFilter&) = default;
};
BOOST_DESCRIBE_STRUCT(TcFilter, (), (mode, kind))

// The process at the other end of a TUN or TAP interface.
struct TunServer {
  Pid pid;
  std::int32_t fd = -1;
  friend bool operator==(const TunServer&, const TunServer&) = default;
};
BOOST_DESCRIBE_STRUCT(TunServer, (), (pid, fd))

struct Link {
  IfIndex index;
  std::string name;
  std::string kind;  // IFLA_INFO_KIND; "loopback" or empty (hardware) where the kernel has none
  std::string alias;
  std::vector<std::string> altnames;
  std::uint16_t type = 0;  // ARPHRD_*
  Mac mac;
  Mac broadcast;
  Mac permanent_mac;
  std::uint32_t mtu = 0;  // bytes
  OperState state = OperState::unknown;
  bool up = false;       // administratively, IFF_UP
  bool carrier = false;  // IFLA_CARRIER
  bool no_arp = false;
  bool point_to_point = false;
  bool multicast = false;
  std::uint32_t promiscuity = 0;  // how many users asked, IFLA_PROMISCUITY
  bool promiscuous = false;       // asked for by an administrator, IFF_PROMISC
  std::uint32_t flags = 0;        // IFF_*, raw
  std::uint32_t group = 0;
  std::string qdisc;
  std::string parent_device;      // "pci/0000:00:03.0": IFLA_PARENT_DEV_BUS_NAME and _NAME
  std::optional<IfIndex> master;  // the bridge, bond, VRF … it is enslaved to, same namespace
  std::string master_kind;        // IFLA_INFO_SLAVE_KIND
  std::optional<IfIndex> link;    // IFLA_LINK as the kernel gives it, in namespace `link_nsid`
  std::optional<Nsid> link_nsid;  // IFLA_LINK_NETNSID; absent: here; -1: one that is going
  std::optional<LinkRef> peer;    // veth, netkit: the other end
  // vlan, macvlan, ipvlan …, tunnels: what it stands on. Index 0: a tunnel that leaves by the
  // routes of that namespace, not by one link.
  std::optional<LinkRef> parent;
  LinkData data;
  std::optional<BridgePort> bridge_port;
  std::optional<BondPort> bond_port;
  std::vector<BpfProgram> bpf;
  std::vector<TcFilter> filters;  // one of a mode and kind
  std::vector<TunServer> served_by;
  std::optional<Ipv4Conf> ipv4;
  std::optional<Ipv6Conf> ipv6;
  Counters counters;

  friend bool operator==(const Link&, const Link&) = default;
};
BOOST_DESCRIBE_STRUCT(Link, (),
                      (index, name, kind, alias, altnames, type, mac, broadcast, permanent_mac, mtu,
                       state, up, carrier, no_arp, point_to_point, multicast, promiscuity,
                       promiscuous, flags, group, qdisc, parent_device, master, master_kind, link,
                       link_nsid, peer, parent, data, bridge_port, bond_port, bpf, filters,
                       served_by, ipv4, ipv6, counters))

}  // namespace nsmap::model
