#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>

#include "base/text.h"
#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/link_kinds.h"

// All of a namespace's links from one RTM_GETLINK dump (net/core/rtnetlink.c rtnl_fill_ifinfo),
// its per-device IPv4 and IPv6 settings included. Who the peer, the parent and the serving process
// are is not for one namespace to tell: whoever has seen them all does.

namespace nsmap::collect {
namespace {

using model::Counters;
using model::Ipv4Conf;
using model::Ipv6Conf;
using model::Link;
using netlink::Attribute;
using netlink::Attributes;
using std::int32_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

// A link and what its message says in pieces.
struct LinkMessage : Link {
  std::string parent_bus;
  std::string parent_name;
  std::string_view info_kind;
  std::string_view info_master_kind;
  Attributes info_data;
  Attributes info_port_data;
};

// --- counters -----------------------------------------------------------------------------------

struct CounterRow {
  std::size_t offset;
  uint64_t Counters::*field;
};

constexpr CounterRow kCounters[] = {
    {offsetof(rtnl_link_stats64, rx_packets), &Counters::rx_packets},
    {offsetof(rtnl_link_stats64, tx_packets), &Counters::tx_packets},
    {offsetof(rtnl_link_stats64, rx_bytes), &Counters::rx_bytes},
    {offsetof(rtnl_link_stats64, tx_bytes), &Counters::tx_bytes},
    {offsetof(rtnl_link_stats64, rx_errors), &Counters::rx_errors},
    {offsetof(rtnl_link_stats64, tx_errors), &Counters::tx_errors},
    {offsetof(rtnl_link_stats64, rx_dropped), &Counters::rx_dropped},
    {offsetof(rtnl_link_stats64, tx_dropped), &Counters::tx_dropped},
    {offsetof(rtnl_link_stats64, collisions), &Counters::collisions},
};

// The structure has grown at its end three times, so only its first part is always there;
// rx_nohandler came with Linux 4.6.
bool counters(LinkMessage& link, const Attribute& attribute) {
  bool whole = true;
  for (const CounterRow& row : kCounters) {
    const auto value = read_at<uint64_t>(attribute.payload(), row.offset);
    whole = whole && value;
    link.counters.*row.field = value.value_or(0);
  }
  link.counters.rx_nohandler =
      read_at<uint64_t>(attribute.payload(), offsetof(rtnl_link_stats64, rx_nohandler)).value_or(0);
  return whole;
}

// --- per-device settings ------------------------------------------------------------------------

template <typename Conf>
struct ConfRow {
  std::size_t index;
  void (*set)(Conf&, int32_t);
};

template <auto field, typename Conf>
void set_conf(Conf& conf, int32_t value) {
  conf.*field = static_cast<detail::ValueOf<field>>(value);
}

// The array of inet_fill_link_af (net/ipv4/devinet.c) holds IPV4_DEVCONF_n at n - 1.
constexpr ConfRow<Ipv4Conf> kIpv4Conf[] = {
    {IPV4_DEVCONF_FORWARDING, set_conf<&Ipv4Conf::forwarding>},
    {IPV4_DEVCONF_MC_FORWARDING, set_conf<&Ipv4Conf::mc_forwarding>},
    {IPV4_DEVCONF_RP_FILTER, set_conf<&Ipv4Conf::rp_filter>},
    {IPV4_DEVCONF_ARP_IGNORE, set_conf<&Ipv4Conf::arp_ignore>},
    {IPV4_DEVCONF_ARP_ANNOUNCE, set_conf<&Ipv4Conf::arp_announce>},
    {IPV4_DEVCONF_ARPFILTER, set_conf<&Ipv4Conf::arp_filter>},
    {IPV4_DEVCONF_ACCEPT_LOCAL, set_conf<&Ipv4Conf::accept_local>},
    {IPV4_DEVCONF_ROUTE_LOCALNET, set_conf<&Ipv4Conf::route_localnet>},
    {IPV4_DEVCONF_PROXY_ARP, set_conf<&Ipv4Conf::proxy_arp>},
    {IPV4_DEVCONF_PROXY_ARP_PVLAN, set_conf<&Ipv4Conf::proxy_arp_pvlan>},
    {IPV4_DEVCONF_SRC_VMARK, set_conf<&Ipv4Conf::src_valid_mark>},
    {IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, set_conf<&Ipv4Conf::ignore_routes_with_linkdown>},
    {IPV4_DEVCONF_SEND_REDIRECTS, set_conf<&Ipv4Conf::send_redirects>},
    {IPV4_DEVCONF_ACCEPT_REDIRECTS, set_conf<&Ipv4Conf::accept_redirects>},
    {IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, set_conf<&Ipv4Conf::accept_source_route>},
};

// The array of ipv6_store_devconf (net/ipv6/addrconf.c) holds DEVCONF_n at n.
constexpr ConfRow<Ipv6Conf> kIpv6Conf[] = {
    {DEVCONF_DISABLE_IPV6, set_conf<&Ipv6Conf::disable_ipv6>},
    {DEVCONF_FORWARDING, set_conf<&Ipv6Conf::forwarding>},
    {DEVCONF_PROXY_NDP, set_conf<&Ipv6Conf::proxy_ndp>},
    {DEVCONF_ACCEPT_RA, set_conf<&Ipv6Conf::accept_ra>},
    {DEVCONF_AUTOCONF, set_conf<&Ipv6Conf::autoconf>},
    {DEVCONF_ACCEPT_REDIRECTS, set_conf<&Ipv6Conf::accept_redirects>},
    {DEVCONF_ACCEPT_SOURCE_ROUTE, set_conf<&Ipv6Conf::accept_source_route>},
    {DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN, set_conf<&Ipv6Conf::ignore_routes_with_linkdown>},
    {DEVCONF_ADDR_GEN_MODE, set_conf<&Ipv6Conf::addr_gen_mode>},
};

// Reads what an array of the kernel's length holds; a setting beyond its end is newer than that
// kernel and stays at what it was before there was a setting, off. The first one always is there.
template <std::size_t first, typename Conf, std::size_t N>
bool read_conf(const ConfRow<Conf> (&rows)[N], Bytes array, std::optional<Conf>& conf) {
  if (array.size() < sizeof(int32_t)) return false;
  conf.emplace();
  for (const auto& row : rows)
    if (const auto value = read_at<int32_t>(array, (row.index - first) * sizeof(int32_t)))
      row.set(*conf, *value);
  return true;
}

bool ipv4_conf(LinkMessage& link, const Attribute& attribute) {
  return read_conf<1>(kIpv4Conf, attribute.payload(), link.ipv4);
}
bool ipv6_conf(LinkMessage& link, const Attribute& attribute) {
  return read_conf<0>(kIpv6Conf, attribute.payload(), link.ipv6);
}

constexpr Fields<LinkMessage, IFLA_INET_MAX> kInet({{IFLA_INET_CONF, ipv4_conf}});
constexpr Fields<LinkMessage, IFLA_INET6_MAX> kInet6({{IFLA_INET6_CONF, ipv6_conf}});

// Nested attributes, read with a table of their own.
template <const auto& table>
bool nested(LinkMessage& link, const Attribute& attribute) {
  return table.read(attribute.nested(), link);
}

constexpr Fields<LinkMessage, AF_INET6> kFamilies({
    {AF_INET, nested<kInet>},
    {AF_INET6, nested<kInet6>},
});

// --- XDP ----------------------------------------------------------------------------------------

struct Xdp {
  uint8_t attached = XDP_ATTACHED_NONE;
  std::optional<uint32_t> program;
  std::optional<uint32_t> driver;
  std::optional<uint32_t> generic;
  std::optional<uint32_t> offload;
};

constexpr Fields<Xdp, IFLA_XDP_MAX> kXdp({
    {IFLA_XDP_ATTACHED, number<&Xdp::attached, uint8_t>},
    {IFLA_XDP_PROG_ID, number<&Xdp::program, uint32_t>},
    {IFLA_XDP_DRV_PROG_ID, number<&Xdp::driver, uint32_t>},
    {IFLA_XDP_SKB_PROG_ID, number<&Xdp::generic, uint32_t>},
    {IFLA_XDP_HW_PROG_ID, number<&Xdp::offload, uint32_t>},
});

struct XdpMode {
  const char* name;
  uint8_t attached;
  std::optional<uint32_t> Xdp::*program;
};

constexpr XdpMode kXdpModes[] = {
    {"driver", XDP_ATTACHED_DRV, &Xdp::driver},
    {"generic", XDP_ATTACHED_SKB, &Xdp::generic},
    {"offload", XDP_ATTACHED_HW, &Xdp::offload},
};

// With several programs (XDP_ATTACHED_MULTI) each mode's own attribute names its program; kernels
// before 4.19 know one program, and its mode from IFLA_XDP_ATTACHED alone.
bool xdp(LinkMessage& link, const Attribute& attribute) {
  Xdp found;
  const bool good = kXdp.read(attribute.nested(), found);
  for (const XdpMode& mode : kXdpModes) {
    const auto& own = found.*mode.program;
    if (own || found.attached == mode.attached)
      link.bpf.push_back({"xdp", mode.name, own ? own : found.program, {}});
  }
  return good;
}

// --- the message --------------------------------------------------------------------------------

// RFC 2863's order, which IF_OPER_* and the model share.
bool oper_state(LinkMessage& link, const Attribute& attribute) {
  const auto state = attribute.u8();
  if (!state || *state > IF_OPER_UP) return false;
  link.state = static_cast<model::OperState>(*state);
  return true;
}
static_assert(static_cast<int>(model::OperState::up) == IF_OPER_UP);

template <auto field>
bool raw_text(LinkMessage& link, const Attribute& attribute) {
  link.*field = attribute.text();
  return true;
}

bool altname(LinkMessage& link, const Attribute& attribute) {
  link.altnames.push_back(clean_text(attribute.text()));
  return true;
}

constexpr Fields<LinkMessage, IFLA_INFO_MAX> kInfo({
    {IFLA_INFO_KIND, raw_text<&LinkMessage::info_kind>},
    {IFLA_INFO_DATA, nest<&LinkMessage::info_data>},
    {IFLA_INFO_SLAVE_KIND, raw_text<&LinkMessage::info_master_kind>},
    {IFLA_INFO_SLAVE_DATA, nest<&LinkMessage::info_port_data>},
});

constexpr Fields<LinkMessage, IFLA_ALT_IFNAME> kProperties({{IFLA_ALT_IFNAME, altname}});

// IFLA_LINK is kept as it is, zero included: a veth without a peer says zero, one whose peer has
// its own index in another namespace says nothing (net/core/rtnetlink.c nla_put_iflink).
constexpr Fields<LinkMessage, IFLA_MAX> kLink({
    {IFLA_IFNAME, text<&LinkMessage::name>},
    {IFLA_IFALIAS, text<&LinkMessage::alias>},
    {IFLA_PROP_LIST, nested<kProperties>},
    {IFLA_ADDRESS, mac<&LinkMessage::mac>},
    {IFLA_BROADCAST, mac<&LinkMessage::broadcast>},
    {IFLA_PERM_ADDRESS, mac<&LinkMessage::permanent_mac>},
    {IFLA_MTU, number<&LinkMessage::mtu, uint32_t>},
    {IFLA_OPERSTATE, oper_state},
    {IFLA_CARRIER, number<&LinkMessage::carrier, uint8_t>},
    {IFLA_PROMISCUITY, number<&LinkMessage::promiscuity, uint32_t>},
    {IFLA_GROUP, number<&LinkMessage::group, uint32_t>},
    {IFLA_QDISC, text<&LinkMessage::qdisc>},
    {IFLA_PARENT_DEV_NAME, text<&LinkMessage::parent_name>},
    {IFLA_PARENT_DEV_BUS_NAME, text<&LinkMessage::parent_bus>},
    {IFLA_MASTER, index_or_none<&LinkMessage::master>},
    {IFLA_LINK, number<&LinkMessage::link, int32_t>},
    {IFLA_LINK_NETNSID, number<&LinkMessage::link_nsid, int32_t>},
    {IFLA_LINKINFO, nested<kInfo>},
    {IFLA_XDP, xdp},
    {IFLA_AF_SPEC, nested<kFamilies>},
    {IFLA_STATS64, counters},
});

void set_header(LinkMessage& link, const ifinfomsg& header) {
  link.index = IfIndex(header.ifi_index);
  link.type = header.ifi_type;
  link.flags = header.ifi_flags;
  link.up = (header.ifi_flags & IFF_UP) != 0;
  link.no_arp = (header.ifi_flags & IFF_NOARP) != 0;
  link.point_to_point = (header.ifi_flags & IFF_POINTOPOINT) != 0;
  link.multicast = (header.ifi_flags & IFF_MULTICAST) != 0;
  link.promiscuous = (header.ifi_flags & IFF_PROMISC) != 0;
}

bool join_pieces(LinkMessage& link) {
  link.kind = clean_text(link.info_kind);
  if (link.kind.empty() && (link.flags & IFF_LOOPBACK) != 0) link.kind = "loopback";
  link.master_kind = clean_text(link.info_master_kind);
  if (!link.parent_name.empty())
    link.parent_device = link.parent_bus + (link.parent_bus.empty() ? "" : "/") + link.parent_name;
  const bool good = read_kind(link.info_kind, link.info_data, link);
  return read_port(link.info_master_kind, link.info_port_data, link) && good;
}

// Sets what the message says. False: part of it is not what it should be.
bool read_message(const netlink::Message& message, LinkMessage& link) {
  const auto header = message.family_header<ifinfomsg>();
  if (!header) return false;
  set_header(link, *header);
  const bool good = kLink.read(message.attributes(sizeof(ifinfomsg)), link);
  return join_pieces(link) && good;
}

// A malformed message is reported, and still gives a link without the part in question, unless that
// is what tells which link it is.
std::optional<Link> parse_link(Reading& reading, const netlink::Message& message) {
  if (message.type() != RTM_NEWLINK) return std::nullopt;
  LinkMessage link;
  const bool good = read_message(message, link);
  const bool identified = link.index.value > 0 && !link.name.empty();
  if (!good || !identified)
    reading.report.add("links",
                       fmt::format("reading link {} \"{}\": the kernel's message is malformed",
                                   link.index.value, link.name),
                       0, reading.ns.id);
  if (!identified) return std::nullopt;
  return static_cast<Link&&>(link);
}

}  // namespace

std::size_t collect_links(Reading& reading) {
  return dump_into(reading, reading.route, "links", netlink::Request(RTM_GETLINK, 0, ifinfomsg{}),
                   reading.ns.links,
                   [&](const auto& message) { return parse_link(reading, message); });
}

}  // namespace nsmap::collect
