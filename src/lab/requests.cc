#include "lab/requests.h"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "lab/link_kinds.h"

namespace nsmap::lab {
namespace {

using netlink::AttributeList;
using netlink::Request;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;

constexpr uint8_t family_of(bool v6) { return v6 ? AF_INET6 : AF_INET; }

// --- links --------------------------------------------------------------------------------------

ifinfomsg link_header(IfIndex index) {
  ifinfomsg header{};
  header.ifi_index = index.value;
  return header;
}

Request change_link(IfIndex index) { return Request(RTM_NEWLINK, 0, link_header(index)); }

// What both ends of a pair are told alike.
void append_common(AttributeList& list, const End& end) {
  list.text(IFLA_IFNAME, end.link.name);
  if (end.ns.valid()) list.add(IFLA_NET_NS_FD, end.ns.get());
  if (end.link.mtu) list.add(IFLA_MTU, *end.link.mtu);
  if (end.link.mac) list.add(IFLA_ADDRESS, end.link.mac->bytes());
}

// The other end of a pair: an ifinfomsg with its attributes (drivers/net/veth.c veth_newlink).
AttributeList peer_info(const End& peer) {
  const ifinfomsg header = link_header(peer.index);
  AttributeList info;
  info.raw(std::as_bytes(std::span(&header, 1)));
  append_common(info, peer);
  return info;
}

constexpr uint16_t kNetkitPeerInfo = 1;  // IFLA_NETKIT_PEER_INFO, Linux 6.7

uint16_t peer_attribute(const std::string& kind) {
  return kind == "netkit" ? kNetkitPeerInfo : uint16_t{VETH_INFO_PEER};
}

AttributeList link_info(const Link& link, const AttributeList& data) {
  AttributeList info;
  info.text(IFLA_INFO_KIND, link.kind);
  if (!data.empty()) info.nest(IFLA_INFO_DATA, data);
  return info;
}

// --- addresses ----------------------------------------------------------------------------------

Request address_request(uint16_t type, uint16_t flags, IfIndex index, const Address& address) {
  const bool v6 = address.address.is_v6();
  ifaddrmsg header{};
  header.ifa_family = family_of(v6);
  header.ifa_prefixlen = address.prefix;
  header.ifa_index = static_cast<uint32_t>(index.value);
  header.ifa_scope = !v6 && address.address.is_loopback() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  // Without duplicate address detection it can be used at once.
  header.ifa_flags = v6 ? IFA_F_NODAD : 0;
  Request request(type, flags, header);
  request.attribute(IFA_LOCAL, address.address.bytes());
  request.attribute(IFA_ADDRESS, address.peer.value_or(address.address).bytes());
  return request;
}

// --- routes -------------------------------------------------------------------------------------

struct RouteType {
  std::string_view name;
  uint8_t number;
};

constexpr RouteType kRouteTypes[] = {
    {"unicast", RTN_UNICAST},   {"blackhole", RTN_BLACKHOLE}, {"unreachable", RTN_UNREACHABLE},
    {"prohibit", RTN_PROHIBIT}, {"throw", RTN_THROW},
};

auto route_error(const Route& route, std::string_view why) {
  return usage_error(fmt::format("route to {}: {}", route.to.text(), why));
}

Result<uint8_t> route_type(const Route& route) {
  for (const RouteType& known : kRouteTypes)
    if (known.name == route.type) return known.number;
  return route_error(route, fmt::format("\"{}\" is no type of route that can be made", route.type));
}

// Zero where the hop names no link.
Result<IfIndex> hop_index(const Route& route, const Hop& hop, const IndexOf& index_of) {
  if (hop.dev.empty()) return IfIndex(0);
  if (const auto index = index_of(hop.dev)) return *index;
  return route_error(route, fmt::format("there is no link \"{}\"", hop.dev));
}

// A gateway of the other family stands in an attribute that names it (RFC 5549, struct rtvia).
void append_gateway(AttributeList& list, bool v6_route, const IpAddress& via) {
  if (via.is_v6() == v6_route) {
    list.add(RTA_GATEWAY, via.bytes());
    return;
  }
  const sa_family_t family = family_of(via.is_v6());
  std::vector<std::byte> bytes(sizeof(rtvia));
  std::memcpy(bytes.data(), &family, sizeof family);
  bytes.insert(bytes.end(), via.bytes().begin(), via.bytes().end());
  list.add(RTA_VIA, Bytes(bytes));
}

Result<AttributeList> only_hop(const Route& route, const Hop& hop, const IndexOf& index_of) {
  const auto index = hop_index(route, hop, index_of);
  if (!index) return tl::unexpected(index.error());
  AttributeList list;
  if (hop.via) append_gateway(list, route.to.address.is_v6(), *hop.via);
  if (index->value != 0) list.add(RTA_OIF, index->value);
  return list;
}

// One of several: an rtnexthop with its attributes.
Result<AttributeList> one_hop(const Route& route, const Hop& hop, const IndexOf& index_of) {
  const auto index = hop_index(route, hop, index_of);
  if (!index) return tl::unexpected(index.error());
  if (hop.weight < 1 || hop.weight > 256)
    return route_error(route, fmt::format("a weight of {} is not from 1 to 256", hop.weight));
  AttributeList gateway;
  if (hop.via) append_gateway(gateway, route.to.address.is_v6(), *hop.via);
  rtnexthop header{};
  header.rtnh_len = static_cast<uint16_t>(sizeof header + gateway.bytes().size());
  header.rtnh_hops = static_cast<uint8_t>(hop.weight - 1);
  header.rtnh_ifindex = index->value;
  return AttributeList().raw(std::as_bytes(std::span(&header, 1))).raw(gateway.bytes());
}

Result<AttributeList> all_hops(const Route& route, const IndexOf& index_of) {
  if (route.hops.empty()) return AttributeList();
  if (route.hops.size() == 1) return only_hop(route, route.hops.front(), index_of);
  AttributeList run;
  for (const Hop& hop : route.hops) {
    const auto one = one_hop(route, hop, index_of);
    if (!one) return one;
    run.raw(one->bytes());
  }
  return AttributeList().add(RTA_MULTIPATH, run.bytes());
}

rtmsg route_header(const Route& route, uint8_t type) {
  rtmsg header{};
  header.rtm_family = family_of(route.to.address.is_v6());
  header.rtm_dst_len = route.to.length;
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE has it
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = type;
  const bool straight =
      type == RTN_UNICAST && std::none_of(route.hops.begin(), route.hops.end(),
                                          [](const Hop& hop) { return hop.via.has_value(); });
  header.rtm_scope = straight && !route.to.address.is_v6() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  return header;
}

Result<Request> route_request(uint16_t type, uint16_t flags, const Route& route,
                              const IndexOf& index_of) {
  const auto number = route_type(route);
  if (!number) return tl::unexpected(number.error());
  const auto hops = all_hops(route, index_of);
  if (!hops) return tl::unexpected(hops.error());
  rtmsg header = route_header(route, *number);
  if (type == RTM_DELROUTE) {  // any scope, whoever made it: net/ipv4/fib_trie.c fib_table_delete
    header.rtm_scope = RT_SCOPE_NOWHERE;
    header.rtm_protocol = RTPROT_UNSPEC;
  }
  Request request(type, flags, header);
  if (route.to.length != 0) request.attribute(RTA_DST, route.to.address.bytes());
  request.attribute(RTA_TABLE, route.table.value);
  if (route.metric) request.attribute(RTA_PRIORITY, *route.metric);
  if (route.src) request.attribute(RTA_PREFSRC, route.src->bytes());
  request.attributes(*hops);
  return request;
}

// --- rules --------------------------------------------------------------------------------------

uint8_t rule_action(const Rule& rule) {
  if (rule.action == "blackhole") return FR_ACT_BLACKHOLE;
  if (rule.action == "unreachable") return FR_ACT_UNREACHABLE;
  if (rule.action == "prohibit") return FR_ACT_PROHIBIT;
  return FR_ACT_TO_TBL;
}

void append_marks(AttributeList& list, const Rule& rule) {
  if (rule.fwmark) list.add(FRA_FWMARK, *rule.fwmark);
  if (rule.fwmask) list.add(FRA_FWMASK, *rule.fwmask);
}

Request rule_request(uint16_t type, uint16_t flags, const Rule& rule) {
  fib_rule_hdr header{};
  header.family = family_of(rule.v6);
  header.action = rule_action(rule);
  header.src_len = rule.from ? rule.from->length : uint8_t{0};
  header.dst_len = rule.to ? rule.to->length : uint8_t{0};
  AttributeList list;
  list.add(FRA_PRIORITY, rule.priority);
  if (header.src_len != 0) list.add(FRA_SRC, rule.from->address.bytes());
  if (header.dst_len != 0) list.add(FRA_DST, rule.to->address.bytes());
  if (!rule.iif.empty()) list.text(FRA_IIFNAME, rule.iif);
  if (!rule.oif.empty()) list.text(FRA_OIFNAME, rule.oif);
  append_marks(list, rule);
  if (header.action == FR_ACT_TO_TBL) list.add(FRA_TABLE, rule.table.value);
  list.add(FRA_PROTOCOL, uint8_t{RTPROT_STATIC});
  return Request(type, flags, header).attributes(list);
}

// --- impairments --------------------------------------------------------------------------------

constexpr uint32_t handle(uint32_t major, uint32_t minor) { return major << 16 | minor; }

// The major numbers of what is at the root, and of what stands below it; netem's one class has the
// minor number 1.
struct Majors {
  uint32_t root = 1;
  uint32_t below = 2;
};

// Other ones than an impairment has that is there; those above are for the user (tc(8)).
Majors majors_beside(uint16_t replaced) {
  return replaced == 1 || replaced == 2 ? Majors{3, 4} : Majors{};
}

Request qdisc_request(IfIndex index, uint32_t parent, uint32_t own, bool replaces,
                      std::string_view kind, const AttributeList& options) {
  tcmsg header{};
  header.tcm_ifindex = index.value;
  header.tcm_parent = parent;
  header.tcm_handle = handle(own, 0);
  Request request(RTM_NEWQDISC, replaces ? NLM_F_CREATE | NLM_F_REPLACE : kCreate, header);
  AttributeList list;
  list.text(TCA_KIND, kind).nest(TCA_OPTIONS, options);
  return request.attributes(list);
}

constexpr uint64_t kLeastBurst = 16384;  // bytes: the longest frame of a usual or a jumbo link
constexpr uint64_t kBurstsASecond = 100;
constexpr uint64_t kQueuesASecond = 20;  // what waits is sent within 50 ms

uint32_t narrowed(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
}

// net/sched/sch_tbf.c tbf_change.
AttributeList tbf(uint64_t rate_bps) {
  const uint64_t rate = std::max<uint64_t>(rate_bps / 8, 1);  // bytes a second
  const uint64_t burst = std::max(rate / kBurstsASecond, kLeastBurst);
  tc_tbf_qopt options{};
  options.rate.rate = narrowed(rate);
  options.rate.linklayer = TC_LINKLAYER_ETHERNET;  // so that no rate table is asked for
  options.limit = narrowed(burst + rate / kQueuesASecond);
  AttributeList list;
  list.add(TCA_TBF_PARMS, options);
  if (rate > UINT32_MAX) list.add(TCA_TBF_RATE64, rate);
  return list.add(TCA_TBF_BURST, narrowed(burst));
}

constexpr uint32_t kNetemPackets = 10000;  // that may wait: 100 ms of 1 Gbit/s

// net/sched/sch_netem.c netem_change: a struct, then attributes.
AttributeList netem(const Impairment& impairment) {
  tc_netem_qopt options{};
  options.limit = kNetemPackets;
  const double loss = std::clamp(impairment.loss_percent.value_or(0) / 100, 0.0, 1.0);
  options.loss = static_cast<uint32_t>(loss * UINT32_MAX);
  AttributeList list;
  list.raw(std::as_bytes(std::span(&options, 1)));
  list.add(TCA_NETEM_LATENCY64, std::int64_t{impairment.delay_us.value_or(0)} * 1000);
  return list.add(TCA_NETEM_JITTER64, std::int64_t{impairment.jitter_us.value_or(0)} * 1000);
}

}  // namespace

Result<Request> create_link(const End& made, const std::optional<End>& peer,
                            std::optional<IfIndex> parent) {
  const Link& link = made.link;
  auto data = creation_data(link);
  if (!data) return tl::unexpected(data.error());
  if (peer) data->add(peer_attribute(link.kind), peer_info(*peer).bytes());
  AttributeList list;
  append_common(list, made);
  if (parent && !append_parent(*data, link.kind, *parent)) list.add(IFLA_LINK, parent->value);
  list.nest(IFLA_LINKINFO, link_info(link, *data));
  return Request(RTM_NEWLINK, kCreate, link_header(made.index)).attributes(list);
}

Request remove_link(IfIndex index) { return Request(RTM_DELLINK, 0, link_header(index)); }

Request enslave(IfIndex index, IfIndex master) {
  return change_link(index).attribute(IFLA_MASTER, master.value);
}

Request set_up(IfIndex index, bool up) {
  ifinfomsg header = link_header(index);
  header.ifi_change = IFF_UP;
  header.ifi_flags = up ? IFF_UP : 0;
  return Request(RTM_NEWLINK, 0, header);
}

Request set_mtu(IfIndex index, uint32_t mtu) { return change_link(index).attribute(IFLA_MTU, mtu); }

Request set_mac(IfIndex index, const Mac& mac) {
  return change_link(index).attribute(IFLA_ADDRESS, mac.bytes());
}

Result<Request> change_settings(IfIndex index, const Link& is, const Link& wanted) {
  const auto data = change_data(is, wanted);
  if (!data) return tl::unexpected(data.error());
  AttributeList list;
  list.nest(IFLA_LINKINFO, link_info(wanted, *data));
  return change_link(index).attributes(list);
}

Request add_address(IfIndex index, const Address& address) {
  return address_request(RTM_NEWADDR, kCreate, index, address);
}

Request remove_address(IfIndex index, const Address& address) {
  return address_request(RTM_DELADDR, 0, index, address);
}

Result<Request> add_route(const Route& route, const IndexOf& index_of) {
  return route_request(RTM_NEWROUTE, kCreate, route, index_of);
}

Result<Request> remove_route(const Route& route, const IndexOf& index_of) {
  return route_request(RTM_DELROUTE, 0, route, index_of);
}

Request add_rule(const Rule& rule) { return rule_request(RTM_NEWRULE, kCreate, rule); }

Request remove_rule(const Rule& rule) { return rule_request(RTM_DELRULE, 0, rule); }

std::vector<Request> impair(IfIndex index, const Impairment& impairment,
                            std::optional<uint16_t> replaced) {
  const Majors majors = replaced ? majors_beside(*replaced) : Majors{};
  std::vector<Request> requests;
  const bool has_netem = impairment.delay_us || impairment.jitter_us || impairment.loss_percent;
  if (has_netem)
    requests.push_back(qdisc_request(index, TC_H_ROOT, majors.root, replaced.has_value(), "netem",
                                     netem(impairment)));
  if (impairment.rate_bps)
    requests.push_back(qdisc_request(index, has_netem ? handle(majors.root, 1) : TC_H_ROOT,
                                     has_netem ? majors.below : majors.root, replaced && !has_netem,
                                     "tbf", tbf(*impairment.rate_bps)));
  return requests;
}

Request clear_impairment(IfIndex index) {
  tcmsg header{};
  header.tcm_ifindex = index.value;
  header.tcm_parent = TC_H_ROOT;
  return Request(RTM_DELQDISC, 0, header);
}

}  // namespace nsmap::lab
