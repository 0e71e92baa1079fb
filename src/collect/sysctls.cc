#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "collect/collectors.h"
#include "collect/fields.h"

// Settings of a namespace as a whole that decide what becomes of a packet. What RTM_GETNETCONF
// tells of "all" and "default" costs under a microsecond a question. The rest is in /proc/sys,
// where a file costs 2 µs, and the first ever touched in a namespace another 35 µs, for the kernel
// makes the directory entries on the way then; so a namespace whose interfaces are all down, where
// no packet goes, is spared that.

namespace nsmap::collect {
namespace {

// A sysctl(8) name that netlink knows: conf.NAME of one family.
struct Netconf {
  std::uint16_t attribute;
  const char* name;
};
constexpr Netconf kNetconf4[] = {
    {NETCONFA_FORWARDING, "forwarding"},
    {NETCONFA_MC_FORWARDING, "mc_forwarding"},
    {NETCONFA_BC_FORWARDING, "bc_forwarding"},
    {NETCONFA_RP_FILTER, "rp_filter"},
    {NETCONFA_PROXY_NEIGH, "proxy_arp"},
    {NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, "ignore_routes_with_linkdown"},
};
constexpr Netconf kNetconf6[] = {
    {NETCONFA_FORWARDING, "forwarding"},
    {NETCONFA_MC_FORWARDING, "mc_forwarding"},
    {NETCONFA_PROXY_NEIGH, "proxy_ndp"},
    {NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, "ignore_routes_with_linkdown"},
};

struct NetconfRequest {
  unsigned char family;
  std::int32_t index;
  const char* prefix;
  std::span<const Netconf> names;
};
constexpr NetconfRequest kNetconfRequests[] = {
    {AF_INET, NETCONFA_IFINDEX_ALL, "net.ipv4.conf.all.", kNetconf4},
    {AF_INET, NETCONFA_IFINDEX_DEFAULT, "net.ipv4.conf.default.", kNetconf4},
    {AF_INET6, NETCONFA_IFINDEX_ALL, "net.ipv6.conf.all.", kNetconf6},
    {AF_INET6, NETCONFA_IFINDEX_DEFAULT, "net.ipv6.conf.default.", kNetconf6},
};

void take(Reading& reading, const NetconfRequest& row, const netlink::Message& message) {
  const auto attributes = message.attributes(sizeof(netconfmsg));
  if (message.type() != RTM_NEWNETCONF || attributes.malformed()) {
    malformed(reading, "sysctls");
    return;
  }
  for (const netlink::Attribute attribute : attributes) {
    const auto name = std::find_if(row.names.begin(), row.names.end(), [&](const Netconf& known) {
      return known.attribute == attribute.type();
    });
    if (name == row.names.end()) continue;
    if (const auto value = attribute.s32())
      reading.ns.sysctls.push_back({std::string(row.prefix) + name->name, *value});
    else
      malformed(reading, "sysctls");
  }
}

void ask(Reading& reading, const NetconfRequest& row) {
  netconfmsg family{};
  family.ncm_family = row.family;
  netlink::Request request(RTM_GETNETCONF, 0, family);
  request.attribute(NETCONFA_IFINDEX, row.index);
  const auto failure =
      netlink::get(reading.route, std::move(request),
                   [&](const netlink::Message& message) { take(reading, row, message); });
  constexpr int kAbsent[] = {EOPNOTSUPP, EAFNOSUPPORT, ENOENT, EINVAL};  // a kernel without IPv6
  if (failure &&
      std::find(std::begin(kAbsent), std::end(kAbsent), failure->error) == std::end(kAbsent))
    reading.report.add("sysctls", "reading sysctls: " + describe(*failure), failure->error,
                       reading.ns.id);
}

bool any_up(const model::Namespace& ns) {
  return std::any_of(ns.links.begin(), ns.links.end(),
                     [](const model::Link& link) { return link.up; });
}

bool any_bridge(const model::Namespace& ns) {
  return std::any_of(ns.links.begin(), ns.links.end(),
                     [](const model::Link& link) { return link.kind == "bridge"; });
}

// The settings that only /proc/sys tells, and where each matters.
struct File {
  const char* name;
  const char* path;
  bool (*matters)(const model::Namespace&);
};
constexpr File kFiles[] = {
    {"net.ipv4.conf.all.accept_local", "/proc/sys/net/ipv4/conf/all/accept_local", any_up},
    {"net.ipv4.conf.all.arp_ignore", "/proc/sys/net/ipv4/conf/all/arp_ignore", any_up},
    {"net.ipv4.conf.all.route_localnet", "/proc/sys/net/ipv4/conf/all/route_localnet", any_up},
    {"net.ipv4.conf.all.src_valid_mark", "/proc/sys/net/ipv4/conf/all/src_valid_mark", any_up},
    {"net.ipv4.fib_multipath_hash_policy", "/proc/sys/net/ipv4/fib_multipath_hash_policy", any_up},
    {"net.ipv4.ip_nonlocal_bind", "/proc/sys/net/ipv4/ip_nonlocal_bind", any_up},
    {"net.ipv4.ip_unprivileged_port_start", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
     any_up},
    {"net.bridge.bridge-nf-call-arptables", "/proc/sys/net/bridge/bridge-nf-call-arptables",
     any_bridge},
    {"net.bridge.bridge-nf-call-ip6tables", "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
     any_bridge},
    {"net.bridge.bridge-nf-call-iptables", "/proc/sys/net/bridge/bridge-nf-call-iptables",
     any_bridge},
};

// A file that is not there (br_netfilter not loaded, an older kernel) is no such setting.
void read(Reading& reading, const File& file) {
  constexpr std::size_t kLimit = 32;
  const auto content = reading.kernel.read_file(os::kNoDir, file.path, kLimit);
  if (!content) {
    if (content.error().value == EACCES || content.error().value == EPERM)
      reading.report.count({.source = "sysctls", .refused = 1});
    return;
  }
  std::int64_t value = 0;
  const char* const end = content->data() + content->size();
  if (std::from_chars(content->data(), end, value).ec == std::errc())
    reading.ns.sysctls.push_back({file.name, value});
}

}  // namespace

std::size_t collect_sysctls(Reading& reading) {
  for (const NetconfRequest& request : kNetconfRequests) ask(reading, request);
  for (const File& file : kFiles)
    if (file.matters(reading.ns)) read(reading, file);
  return reading.ns.sysctls.size();
}

}  // namespace nsmap::collect
