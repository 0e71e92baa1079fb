#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/number.h"
#include "lab/observe_parts.h"

namespace nsmap::lab {
namespace {

// What a new namespace has. The `default` settings, and those of links, follow what is set for all.
struct Fresh {
  std::string_view name;
  std::int64_t value;
  std::string_view printed = {};  // where people know it by another name
};
constexpr Fresh kFresh[] = {
    {"net.ipv4.conf.all.forwarding", 0, "net.ipv4.ip_forward"},
    {"net.ipv4.conf.all.rp_filter", 0},
    {"net.ipv4.conf.all.proxy_arp", 0},
    {"net.ipv4.conf.all.bc_forwarding", 0},
    {"net.ipv4.conf.all.accept_local", 0},
    {"net.ipv4.conf.all.arp_ignore", 0},
    {"net.ipv4.conf.all.route_localnet", 0},
    {"net.ipv4.conf.all.src_valid_mark", 0},
    {"net.ipv4.conf.default.rp_filter", 0},
    {"net.ipv4.conf.default.proxy_arp", 0},
    {"net.ipv4.fib_multipath_hash_policy", 0},
    {"net.ipv4.ip_nonlocal_bind", 0},
    {"net.ipv4.ip_unprivileged_port_start", 1024},
    {"net.ipv6.conf.all.forwarding", 0},
    {"net.ipv6.conf.all.proxy_ndp", 0},
    {"net.ipv6.conf.default.proxy_ndp", 0},
};

// Those of one link, by the last part of their names.
struct OfLink {
  std::string_view family;
  std::string_view name;
  std::optional<std::int64_t> (*value)(const model::Link&);
};

template <auto member>
std::optional<std::int64_t> v4(const model::Link& link) {
  if (!link.ipv4) return std::nullopt;
  return static_cast<std::int64_t>((*link.ipv4).*member);
}
template <auto member>
std::optional<std::int64_t> v6(const model::Link& link) {
  if (!link.ipv6) return std::nullopt;
  return static_cast<std::int64_t>((*link.ipv6).*member);
}

constexpr OfLink kOfLink[] = {
    {"ipv4", "forwarding", v4<&model::Ipv4Conf::forwarding>},
    {"ipv4", "rp_filter", v4<&model::Ipv4Conf::rp_filter>},
    {"ipv4", "proxy_arp", v4<&model::Ipv4Conf::proxy_arp>},
    {"ipv4", "accept_local", v4<&model::Ipv4Conf::accept_local>},
    {"ipv4", "route_localnet", v4<&model::Ipv4Conf::route_localnet>},
    {"ipv4", "arp_ignore", v4<&model::Ipv4Conf::arp_ignore>},
    {"ipv6", "forwarding", v6<&model::Ipv6Conf::forwarding>},
    {"ipv6", "disable_ipv6", v6<&model::Ipv6Conf::disable_ipv6>},
    {"ipv6", "proxy_ndp", v6<&model::Ipv6Conf::proxy_ndp>},
};

using Values = std::map<std::string, std::int64_t, std::less<>>;

Values values_of(const model::Namespace& ns) {
  Values values;
  for (const model::Sysctl& sysctl : ns.sysctls) values.emplace(sysctl.name, sysctl.value);
  return values;
}

// In a setting's name a link's dots are slashes (sysctl(8)).
std::string setting_name(const OfLink& setting, std::string link) {
  std::replace(link.begin(), link.end(), '.', '/');
  return fmt::format("net.{}.conf.{}.{}", setting.family, link, setting.name);
}

void export_link(const model::Link& link, const Values& values, Namespace& to) {
  for (const OfLink& setting : kOfLink) {
    const auto value = setting.value(link);
    const auto usual =
        values.find(fmt::format("net.{}.conf.default.{}", setting.family, setting.name));
    if (value && *value != (usual == values.end() ? 0 : usual->second))
      to.sysctls.push_back({{}, setting_name(setting, link.name), std::to_string(*value)});
  }
}

}  // namespace

void export_sysctls(const Observing& observing, const model::Namespace& from, Namespace& to) {
  const Values values = values_of(from);
  for (const Fresh& fresh : kFresh) {
    const auto found = values.find(fresh.name);
    if (found == values.end() || found->second == fresh.value) continue;
    const auto name = fresh.printed.empty() ? fresh.name : fresh.printed;
    to.sysctls.push_back({{}, std::string(name), std::to_string(found->second)});
  }
  std::vector<const model::Link*> links;
  for (const model::Link& link : from.links)
    if (observing.has(from, link.index)) links.push_back(&link);
  std::sort(links.begin(), links.end(),
            [](const model::Link* a, const model::Link* b) { return a->name < b->name; });
  for (const model::Link* const link : links) export_link(*link, values, to);
}

void observe_sysctls(const model::Namespace& from, const Namespace& lab, Namespace& to) {
  if (lab.sysctls.empty()) return;
  Values values = values_of(from);
  const auto forwarding = values.find("net.ipv4.conf.all.forwarding");
  if (forwarding != values.end()) values.emplace("net.ipv4.ip_forward", forwarding->second);
  for (const model::Link& link : from.links)
    for (const OfLink& setting : kOfLink)
      if (const auto value = setting.value(link))
        values.emplace(setting_name(setting, link.name), *value);
  for (const Sysctl& wanted : lab.sysctls) {
    const auto found = values.find(wanted.name);
    if (found == values.end()) continue;
    const bool same = parse_number<std::int64_t>(wanted.value) == found->second;
    to.sysctls.push_back({{}, wanted.name, same ? wanted.value : std::to_string(found->second)});
  }
}

}  // namespace nsmap::lab
