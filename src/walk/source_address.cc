#include "walk/source_address.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "walk/fib.h"

namespace nsmap::walk {
namespace {

using model::Address;

constexpr int kLink = 253, kHost = 254;  // RT_SCOPE_*

constexpr std::uint32_t kSecondary = 1;  // IFA_F_SECONDARY of IPv4, IFA_F_TEMPORARY of IPv6

// --- RFC 6724 ------------------------------------------------------------------------------------

// The scope of RFC 4291, for unicast addresses as if they were multicast ones (RFC 6724, 3.1).
int multicast_scope(const IpAddress& address) {
  constexpr int kLinkLocal = 2, kSiteLocal = 5, kGlobal = 14;
  const Bytes bytes = address.bytes();
  if (address.is_multicast()) return std::to_integer<int>(bytes[1] & std::byte{0xf});
  if (address.is_loopback() || address.is_link_local()) return kLinkLocal;
  const bool site = bytes[0] == std::byte{0xfe} && (bytes[1] & std::byte{0xc0}) == std::byte{0xc0};
  return site ? kSiteLocal : kGlobal;
}

// net/ipv6/addrlabel.c ip6addrlbl_init_table, longest first.
struct Label {
  const char* prefix;
  int label;
};
constexpr Label kLabels[] = {{"::1/128", 0},      {"::ffff:0:0/96", 4}, {"::/96", 3},
                             {"2001:10::/28", 7}, {"2001::/32", 6},     {"3ffe::/16", 12},
                             {"2002::/16", 2},    {"fec0::/10", 11},    {"fc00::/7", 5},
                             {"::/0", 1}};

int label_of(const IpAddress& address) {
  static const auto kPrefixes = [] {
    std::array<std::pair<Prefix, int>, std::size(kLabels)> all;
    std::ranges::transform(kLabels, all.begin(), [](const Label& row) {
      return std::pair(*Prefix::parse(row.prefix), row.label);
    });
    return all;
  }();
  return std::ranges::find_if(kPrefixes,
                              [&](const auto& row) { return row.first.contains(address); })
      ->second;
}

int common_bits(const IpAddress& a, const IpAddress& b) {
  const Bytes left = a.bytes(), right = b.bytes();
  for (std::size_t at = 0; at < left.size(); ++at)
    if (const auto differ = std::to_integer<std::uint8_t>(left[at] ^ right[at]); differ != 0)
      return static_cast<int>(at) * 8 + std::countl_zero(differ);
  return 128;
}

// A candidate's marks by the rules, the first that differs decides; more is better.
using Marks = std::array<int, 8>;

Marks marks_of(const Address& candidate, IfIndex device, const IpAddress& destination) {
  const int scope = multicast_scope(candidate.address);
  const int wanted = multicast_scope(destination);
  return {
      candidate.address == destination,
      scope >= wanted ? -scope : scope - 128,
      !candidate.deprecated,
      candidate.index == device,
      label_of(candidate.address) == label_of(destination),
      // Rule 7, with net.ipv6.conf.*.use_tempaddr below 2, which is the default.
      !candidate.secondary,
      std::min(common_bits(candidate.address, destination), int{candidate.prefix}),
  };
}

bool may_be_source(const Address& address) {
  return address.address.is_v6() && !address.tentative && !address.dad_failed;
}

}  // namespace

std::optional<IpAddress> source_v4(const model::Namespace& ns, IfIndex device,
                                   const std::optional<IpAddress>& next_hop, int scope) {
  const auto link = std::ranges::find(ns.links, device, &model::Link::index);
  const bool localnet = link != ns.links.end() && link->ipv4 && link->ipv4->route_localnet;
  const int widest = localnet ? kLink : kHost;  // what an address of the host counts as
  std::optional<IpAddress> first;
  for (const Address& address : ns.addresses) {
    if (address.index != device || address.address.is_v6() || (address.flags & kSecondary) != 0 ||
        std::min(scope_number(address.scope), widest) > scope)
      continue;
    const IpAddress& on_link = address.peer.value_or(address.address);
    if (!next_hop || Prefix{on_link, address.prefix}.contains(*next_hop)) return address.address;
    if (!first) first = address.address;
  }
  if (first) return first;
  // That of any device.
  for (const Address& address : ns.addresses)
    if (!address.address.is_v6() && (address.flags & kSecondary) == 0 &&
        scope_number(address.scope) != kLink && scope_number(address.scope) <= scope)
      return address.address;
  return std::nullopt;
}

std::optional<IpAddress> source_v6(const model::Namespace& ns, IfIndex device,
                                   const IpAddress& destination) {
  constexpr int kLinkLocal = 2;
  const bool only_device = destination.is_multicast() || multicast_scope(destination) <= kLinkLocal;
  const Address* best = nullptr;
  Marks most{};
  for (const Address& address : ns.addresses) {
    if (!may_be_source(address) || (only_device && address.index != device)) continue;
    const Marks marks = marks_of(address, device, destination);
    if (best && marks <= most) continue;
    best = &address;
    most = marks;
  }
  return best ? std::optional(best->address) : std::nullopt;
}

}  // namespace nsmap::walk
