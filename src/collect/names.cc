#include "collect/names.h"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_ether.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>

namespace nsmap::collect {
namespace {

struct NumberName {
  unsigned number;
  const char* name;
};

template <std::size_t N>
const char* find(const NumberName (&names)[N], unsigned number) {
  const auto found = std::find_if(std::begin(names), std::end(names),
                                  [&](const NumberName& row) { return row.number == number; });
  return found == std::end(names) ? nullptr : found->name;
}

template <std::size_t N>
std::string name_of(const NumberName (&names)[N], unsigned number) {
  const char* name = find(names, number);
  return name ? std::string(name) : std::to_string(number);
}

constexpr NumberName kRouteTypes[] = {
    {RTN_UNSPEC, "unspec"},
    {RTN_UNICAST, "unicast"},
    {RTN_LOCAL, "local"},
    {RTN_BROADCAST, "broadcast"},
    {RTN_ANYCAST, "anycast"},
    {RTN_MULTICAST, "multicast"},
    {RTN_BLACKHOLE, "blackhole"},
    {RTN_UNREACHABLE, "unreachable"},
    {RTN_PROHIBIT, "prohibit"},
    {RTN_THROW, "throw"},
    {RTN_NAT, "nat"},
    {RTN_XRESOLVE, "xresolve"},
};

// include/uapi/linux/rtnetlink.h; 193 to 196 are of iproute2's etc/iproute2/rt_protos alone.
constexpr NumberName kRouteProtocols[] = {
    {RTPROT_UNSPEC, "unspec"},
    {RTPROT_REDIRECT, "redirect"},
    {RTPROT_KERNEL, "kernel"},
    {RTPROT_BOOT, "boot"},
    {RTPROT_STATIC, "static"},
    {RTPROT_GATED, "gated"},
    {RTPROT_RA, "ra"},
    {RTPROT_MRT, "mrt"},
    {RTPROT_ZEBRA, "zebra"},
    {RTPROT_BIRD, "bird"},
    {RTPROT_DNROUTED, "dnrouted"},
    {RTPROT_XORP, "xorp"},
    {RTPROT_NTK, "ntk"},
    {RTPROT_DHCP, "dhcp"},
    {RTPROT_MROUTED, "mrouted"},
    {RTPROT_KEEPALIVED, "keepalived"},
    {RTPROT_BABEL, "babel"},
    {84, "ovn"},  // RTPROT_OVN, Linux 6.14
    {RTPROT_OPENR, "openr"},
    {RTPROT_BGP, "bgp"},
    {RTPROT_ISIS, "isis"},
    {RTPROT_OSPF, "ospf"},
    {RTPROT_RIP, "rip"},
    {RTPROT_EIGRP, "eigrp"},
};

constexpr NumberName kScopes[] = {
    {RT_SCOPE_UNIVERSE, "global"}, {RT_SCOPE_SITE, "site"},       {RT_SCOPE_LINK, "link"},
    {RT_SCOPE_HOST, "host"},       {RT_SCOPE_NOWHERE, "nowhere"},
};

constexpr NumberName kEncaps[] = {
    {LWTUNNEL_ENCAP_NONE, ""},     {LWTUNNEL_ENCAP_MPLS, "mpls"},
    {LWTUNNEL_ENCAP_IP, "ip"},     {LWTUNNEL_ENCAP_ILA, "ila"},
    {LWTUNNEL_ENCAP_IP6, "ip6"},   {LWTUNNEL_ENCAP_SEG6, "seg6"},
    {LWTUNNEL_ENCAP_BPF, "bpf"},   {LWTUNNEL_ENCAP_SEG6_LOCAL, "seg6local"},
    {LWTUNNEL_ENCAP_RPL, "rpl"},   {LWTUNNEL_ENCAP_IOAM6, "ioam6"},
    {LWTUNNEL_ENCAP_XFRM, "xfrm"},
};

constexpr NumberName kRuleActions[] = {
    {FR_ACT_TO_TBL, "table"},
    {FR_ACT_GOTO, "goto"},
    {FR_ACT_NOP, "nop"},
    {FR_ACT_BLACKHOLE, "blackhole"},
    {FR_ACT_UNREACHABLE, "unreachable"},
    {FR_ACT_PROHIBIT, "prohibit"},
};

constexpr NumberName kNexthopGroups[] = {
    {NEXTHOP_GRP_TYPE_MPATH, "multipath"},
    {NEXTHOP_GRP_TYPE_RES, "resilient"},
};

constexpr NumberName kNeighbourStates[] = {
    {NUD_NONE, "none"},     {NUD_INCOMPLETE, "incomplete"}, {NUD_REACHABLE, "reachable"},
    {NUD_STALE, "stale"},   {NUD_DELAY, "delay"},           {NUD_PROBE, "probe"},
    {NUD_FAILED, "failed"}, {NUD_NOARP, "noarp"},           {NUD_PERMANENT, "permanent"},
};

constexpr unsigned kTcpNewSynRecv = 12;  // TCP_NEW_SYN_RECV: a half-open request, no socket yet
constexpr NumberName kTcpStates[] = {
    {TCP_ESTABLISHED, "established"},
    {TCP_SYN_SENT, "syn_sent"},
    {TCP_SYN_RECV, "syn_recv"},
    {TCP_FIN_WAIT1, "fin_wait1"},
    {TCP_FIN_WAIT2, "fin_wait2"},
    {TCP_TIME_WAIT, "time_wait"},
    {TCP_CLOSE, "close"},
    {TCP_CLOSE_WAIT, "close_wait"},
    {TCP_LAST_ACK, "last_ack"},
    {TCP_LISTEN, "listen"},
    {TCP_CLOSING, "closing"},
    {kTcpNewSynRecv, "syn_recv"},
};

constexpr NumberName kSocketTypes[] = {
    {SOCK_STREAM, "stream"}, {SOCK_DGRAM, "dgram"},         {SOCK_RAW, "raw"},
    {SOCK_RDM, "rdm"},       {SOCK_SEQPACKET, "seqpacket"},
};

constexpr NumberName kNetlinkProtocols[] = {
    {NETLINK_ROUTE, "route"},
    {NETLINK_USERSOCK, "usersock"},
    {NETLINK_FIREWALL, "firewall"},
    {NETLINK_SOCK_DIAG, "sock_diag"},
    {NETLINK_NFLOG, "nflog"},
    {NETLINK_XFRM, "xfrm"},
    {NETLINK_SELINUX, "selinux"},
    {NETLINK_ISCSI, "iscsi"},
    {NETLINK_AUDIT, "audit"},
    {NETLINK_FIB_LOOKUP, "fib_lookup"},
    {NETLINK_CONNECTOR, "connector"},
    {NETLINK_NETFILTER, "netfilter"},
    {NETLINK_IP6_FW, "ip6_fw"},
    {NETLINK_DNRTMSG, "dnrtmsg"},
    {NETLINK_KOBJECT_UEVENT, "kobject_uevent"},
    {NETLINK_GENERIC, "generic"},
    {NETLINK_SCSITRANSPORT, "scsitransport"},
    {NETLINK_ECRYPTFS, "ecryptfs"},
    {NETLINK_RDMA, "rdma"},
    {NETLINK_CRYPTO, "crypto"},
    {NETLINK_SMC, "smc"},
};

constexpr NumberName kEtherTypes[] = {
    {0, "none"},          {ETH_P_ALL, "all"},      {ETH_P_802_2, "802.2"},
    {ETH_P_IP, "ip"},     {ETH_P_ARP, "arp"},      {ETH_P_RARP, "rarp"},
    {ETH_P_IPV6, "ipv6"}, {ETH_P_8021Q, "802.1q"}, {ETH_P_8021AD, "802.1ad"},
    {ETH_P_PAE, "eapol"}, {ETH_P_LLDP, "lldp"},    {ETH_P_1588, "ptp"},
};

}  // namespace

std::string route_type_name(std::uint8_t type) { return name_of(kRouteTypes, type); }
std::string route_protocol_name(std::uint8_t protocol) {
  return name_of(kRouteProtocols, protocol);
}
std::string route_scope_name(std::uint8_t scope) { return name_of(kScopes, scope); }
std::string encap_name(std::uint16_t type) { return name_of(kEncaps, type); }
std::string rule_action_name(std::uint8_t action) { return name_of(kRuleActions, action); }
std::string nexthop_group_name(std::uint16_t type) { return name_of(kNexthopGroups, type); }
std::string neighbour_state_name(std::uint16_t state) { return name_of(kNeighbourStates, state); }
std::string tcp_state_name(std::uint8_t state) { return name_of(kTcpStates, state); }
std::string socket_type_name(std::uint8_t type) { return name_of(kSocketTypes, type); }
std::string netlink_protocol_name(std::uint8_t protocol) {
  return name_of(kNetlinkProtocols, protocol);
}

std::string ethertype_name(std::uint16_t type) {
  const char* name = find(kEtherTypes, type);
  return name ? std::string(name) : fmt::format("0x{:04x}", type);
}

}  // namespace nsmap::collect
