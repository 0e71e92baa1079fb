#include <fcntl.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "collect/collectors.h"
#include "collect/fields.h"

// Settings of a namespace as a whole that decide what becomes of a packet. What RTM_GETNETCONF
// tells of "all" and "default" costs a microsecond a question, however many namespaces there are.
//
// The rest is in /proc/sys alone, and that is a trap: /proc/sys/net is one directory for all
// namespaces, the entries below it are one set a namespace, and all of the same name land in the
// same chain of the kernel's dentry cache, where finding this namespace's own means comparing one
// after another (fs/proc/proc_sysctl.c proc_sys_compare). Measured on Linux 6.18, each path through
// it costs 3 µs with 50 namespaces and 40 µs with 1,000, and the entries, once made, slow down
// everybody. So /proc/sys is read only where packets pass through (forwarding is on, or there is a
// bridge), and its directory is looked up once.

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

bool has_bridge(const model::Namespace& ns) {
  return std::any_of(ns.links.begin(), ns.links.end(),
                     [](const model::Link& link) { return link.kind == "bridge"; });
}

// Whether packets may pass through. Wants the settings that netlink tells to be there.
bool passes_packets(const model::Namespace& ns) {
  const auto forwards = [](const model::Link& link) {
    return (link.ipv4 && link.ipv4->forwarding) || (link.ipv6 && link.ipv6->forwarding);
  };
  const auto is_forwarding = [](const model::Sysctl& sysctl) {
    return sysctl.value != 0 && std::string_view(sysctl.name).ends_with(".all.forwarding");
  };
  return has_bridge(ns) || std::any_of(ns.links.begin(), ns.links.end(), forwards) ||
         std::any_of(ns.sysctls.begin(), ns.sysctls.end(), is_forwarding);
}

// The settings that only /proc/sys tells, and where they matter.
struct Directory {
  const char* path;
  const char* prefix;
  bool (*matters)(const model::Namespace&);
  std::span<const char* const> files;
};
constexpr const char* kIpv4Files[] = {
    "conf/all/accept_local",      "conf/all/arp_ignore",       "conf/all/route_localnet",
    "conf/all/src_valid_mark",    "fib_multipath_hash_policy", "ip_nonlocal_bind",
    "ip_unprivileged_port_start",
};
constexpr const char* kBridgeFiles[] = {
    "bridge-nf-call-arptables",
    "bridge-nf-call-ip6tables",
    "bridge-nf-call-iptables",
};
constexpr const char* kNetfilterFiles[] = {"nf_conntrack_count", "nf_conntrack_max"};
constexpr Directory kDirectories[] = {
    {"/proc/sys/net/ipv4", "net.ipv4.", passes_packets, kIpv4Files},
    {"/proc/sys/net/bridge", "net.bridge.", has_bridge, kBridgeFiles},
    {"/proc/sys/net/netfilter", "net.netfilter.", passes_packets, kNetfilterFiles},
};

void count_refusal(Reading& reading, Errno error) {
  if (error.value == EACCES || error.value == EPERM)
    reading.report.count({.source = "sysctls", .refused = 1});
}

// The name that sysctl(8) gives a file: slashes become dots.
std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

void read(Reading& reading, Fd directory, const char* prefix, const char* file) {
  constexpr std::size_t kLimit = 32;
  const auto content = reading.kernel.read_file(directory, file, kLimit);
  if (!content) {
    count_refusal(reading, content.error());
    return;
  }
  std::int64_t value = 0;
  const char* const end = content->data() + content->size();
  if (std::from_chars(content->data(), end, value).ec == std::errc())
    reading.ns.sysctls.push_back({dotted(std::string(prefix) + file), value});
}

// What is not there (br_netfilter not loaded, an older kernel) is no such setting.
void read(Reading& reading, const Directory& row) {
  const auto directory = reading.kernel.open(os::kNoDir, row.path, O_PATH | O_DIRECTORY);
  if (!directory) {
    count_refusal(reading, directory.error());
    return;
  }
  for (const char* file : row.files) read(reading, *directory, row.prefix, file);
}

// How many connections are tracked changes all the time, and matters where few more can be.
void forget_room(std::vector<model::Sysctl>& sysctls) {
  constexpr std::string_view kCount = "net.netfilter.nf_conntrack_count";
  constexpr std::string_view kMost = "net.netfilter.nf_conntrack_max";
  const auto count = std::ranges::find(sysctls, kCount, &model::Sysctl::name);
  const auto most = std::ranges::find(sysctls, kMost, &model::Sysctl::name);
  if (count == sysctls.end()) return;
  if (most == sysctls.end() || count->value < most->value / 10 * 8) sysctls.erase(count);
}

}  // namespace

std::size_t collect_sysctls(Reading& reading) {
  for (const NetconfRequest& request : kNetconfRequests) ask(reading, request);
  for (const Directory& directory : kDirectories)
    if (directory.matters(reading.ns)) read(reading, directory);
  forget_room(reading.ns.sysctls);
  return reading.ns.sysctls.size();
}

}  // namespace nsmap::collect
