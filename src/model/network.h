#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "model/identity.h"

// Addresses, routes, policy rules, neighbours, forwarding database and VLANs: what rtnetlink(7)
// dumps of one namespace give beside its links.

namespace nsmap::model {

enum class Family { inet, inet6 };
BOOST_DESCRIBE_ENUM(Family, inet, inet6)

struct Address {
  IfIndex index;
  IpAddress address;  // the interface's own (IFA_LOCAL where given)
  std::uint8_t prefix = 0;
  std::optional<IpAddress> peer;  // point-to-point: the other end
  std::optional<IpAddress> broadcast;
  std::string label;
  std::string scope;       // global, site, link, host, nowhere, or a number
  bool secondary = false;  // IPv6: temporary
  bool permanent = false;
  bool tentative = false;
  bool dad_failed = false;
  bool deprecated = false;
  bool no_prefix_route = false;
  std::uint32_t flags = 0;               // IFA_F_*, raw
  std::optional<std::uint32_t> valid_s;  // absent: for ever
  std::optional<std::uint32_t> preferred_s;
  std::optional<std::uint32_t> route_metric;
  friend bool operator==(const Address&, const Address&) = default;
};
BOOST_DESCRIBE_STRUCT(Address, (),
                      (index, address, prefix, peer, broadcast, label, scope, secondary, permanent,
                       tentative, dad_failed, deprecated, no_prefix_route, flags, valid_s,
                       preferred_s, route_metric))

struct RouteHop {
  std::optional<IpAddress> gateway;  // may be IPv6 for an IPv4 route (RTA_VIA)
  std::optional<IfIndex> oif;
  std::uint32_t weight = 1;
  std::uint32_t flags = 0;  // RTNH_F_*
  std::string encap;        // lightweight tunnel: mpls, ip, ila, ip6, seg6, bpf, seg6local …
  friend bool operator==(const RouteHop&, const RouteHop&) = default;
};
BOOST_DESCRIBE_STRUCT(RouteHop, (), (gateway, oif, weight, flags, encap))

struct Route {
  Family family = Family::inet;
  TableId table;
  std::string type;  // unicast, local, broadcast, anycast, multicast, blackhole, unreachable,
                     // prohibit, throw, nat, or a number
  Prefix dst;        // /0: the default route
  std::optional<Prefix> src;  // IPv6 source-specific routes
  std::uint8_t tos = 0;
  std::uint32_t metric = 0;
  std::string protocol;  // kernel, boot, static, ra, dhcp, bgp … or a number
  std::string scope;
  std::optional<IpAddress> prefsrc;
  std::optional<std::uint32_t> nexthop_id;
  std::vector<RouteHop> hops;  // one, or several for multipath; none for blackhole and its kind
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint32_t> expires_s;
  std::uint32_t flags = 0;  // RTM_F_*
  friend bool operator==(const Route&, const Route&) = default;
};
BOOST_DESCRIBE_STRUCT(Route, (),
                      (family, table, type, dst, src, tos, metric, protocol, scope, prefsrc,
                       nexthop_id, hops, mtu, expires_s, flags))

struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  friend bool operator==(const Range&, const Range&) = default;
};
BOOST_DESCRIBE_STRUCT(Range, (), (first, last))

struct Rule {
  Family family = Family::inet;
  std::uint32_t priority = 0;
  std::string action;  // table, goto, nop, blackhole, unreachable, prohibit
  TableId table;       // action table
  std::optional<std::uint32_t> goto_priority;
  bool invert = false;
  std::optional<Prefix> src;
  std::optional<Prefix> dst;
  std::string iif;
  std::string oif;
  std::uint8_t tos = 0;
  std::optional<std::uint32_t> fwmark;
  std::optional<std::uint32_t> fwmask;
  std::optional<Range> uids;
  std::optional<std::uint8_t> ip_protocol;
  std::optional<Range> sports;
  std::optional<Range> dports;
  std::optional<std::uint64_t> tunnel_id;
  bool l3mdev = false;
  std::optional<std::int32_t> suppress_prefix_length;
  std::optional<std::int32_t> suppress_group;
  std::string protocol;
  friend bool operator==(const Rule&, const Rule&) = default;
};
BOOST_DESCRIBE_STRUCT(Rule, (),
                      (family, priority, action, table, goto_priority, invert, src, dst, iif, oif,
                       tos, fwmark, fwmask, uids, ip_protocol, sports, dports, tunnel_id, l3mdev,
                       suppress_prefix_length, suppress_group, protocol))

struct NexthopMember {
  std::uint32_t id = 0;
  std::uint32_t weight = 1;
  friend bool operator==(const NexthopMember&, const NexthopMember&) = default;
};
BOOST_DESCRIBE_STRUCT(NexthopMember, (), (id, weight))

// A nexthop object (include/uapi/linux/nexthop.h), which routes name by its id.
struct Nexthop {
  std::uint32_t id = 0;
  std::optional<Family> family;  // absent: a group
  std::optional<IfIndex> oif;
  std::optional<IpAddress> gateway;
  bool blackhole = false;
  bool fdb = false;
  std::vector<NexthopMember> group;
  std::string group_type;  // multipath, resilient
  std::string protocol;
  std::string scope;
  std::uint32_t flags = 0;
  std::string encap;
  friend bool operator==(const Nexthop&, const Nexthop&) = default;
};
BOOST_DESCRIBE_STRUCT(Nexthop, (),
                      (id, family, oif, gateway, blackhole, fdb, group, group_type, protocol, scope,
                       flags, encap))

struct Neighbour {
  IfIndex index;
  IpAddress address;
  Mac mac;
  std::string state;   // incomplete, reachable, stale, delay, probe, failed, noarp, permanent, none
  bool proxy = false;  // answered for others (ip neigh show proxy)
  bool router = false;
  bool extern_learned = false;
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};
BOOST_DESCRIBE_STRUCT(Neighbour, (), (index, address, mac, state, proxy, router, extern_learned))

struct FdbEntry {
  IfIndex index;
  Mac mac;
  std::string state;  // as of a neighbour
  std::optional<std::uint16_t> vlan;
  std::optional<IfIndex> master;  // the bridge whose entry it is
  bool self = false;              // the device's own entry (vxlan, hardware)
  bool extern_learned = false;
  bool sticky = false;
  bool offloaded = false;
  std::optional<IpAddress> remote;  // vxlan: where to
  std::optional<std::uint32_t> vni;
  std::optional<std::uint16_t> port;
  std::optional<IfIndex> via;
  std::optional<std::uint32_t> nexthop_id;
  friend bool operator==(const FdbEntry&, const FdbEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(FdbEntry, (),
                      (index, mac, state, vlan, master, self, extern_learned, sticky, offloaded,
                       remote, vni, port, via, nexthop_id))

// VLANs of a bridge or of a port of one.
struct VlanRange {
  IfIndex index;
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool pvid = false;
  bool untagged = false;
  friend bool operator==(const VlanRange&, const VlanRange&) = default;
};
BOOST_DESCRIBE_STRUCT(VlanRange, (), (index, first, last, pvid, untagged))

// A row of the namespace's own table of peers, RTM_GETNSID.
struct NsidEntry {
  Nsid nsid;
  std::optional<NetnsId> ns;  // absent: which namespace that is could not be told
  friend bool operator==(const NsidEntry&, const NsidEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(NsidEntry, (), (nsid, ns))

// A namespace-wide setting, by its sysctl(8) name: "net.ipv4.conf.all.rp_filter".
struct Sysctl {
  std::string name;
  std::int64_t value = 0;
  friend bool operator==(const Sysctl&, const Sysctl&) = default;
};
BOOST_DESCRIBE_STRUCT(Sysctl, (), (name, value))

}  // namespace nsmap::model
