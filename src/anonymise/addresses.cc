#include "anonymise/addresses.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace nsmap::anonymise {
namespace {

// What bits of the addresses of a range stay.
struct Range {
  std::string_view prefix;
  int kept;  // leading bits, at least the prefix's
};

// A bit that leads towards a range stays too, so that nothing from outside gets in. Of RFC 6890 and
// the IANA registries of special-purpose addresses and of multicast groups.
constexpr Range kRanges[] = {
    {"0.0.0.0/8", 32},       {"10.0.0.0/8", 8},
    {"100.64.0.0/10", 10},   {"127.0.0.0/8", 32},
    {"169.254.0.0/16", 16},  {"172.16.0.0/12", 12},
    {"192.0.0.0/24", 32},    {"192.0.2.0/24", 24},
    {"192.168.0.0/16", 16},  {"198.18.0.0/15", 15},
    {"198.51.100.0/24", 24}, {"203.0.113.0/24", 24},
    {"224.0.0.0/4", 4},      {"224.0.0.0/24", 32},
    {"240.0.0.0/4", 4},      {"255.255.255.255/32", 32},
    {"::/128", 128},         {"::1/128", 128},
    {"::ffff:0:0/96", 96},   {"64:ff9b::/96", 96},
    {"2000::/3", 3},         {"2001:db8::/32", 32},
    {"2002::/16", 16},       {"fc00::/8", 8},
    {"fd00::/8", 8},         {"fe80::/64", 64},
    {"ff00::/8", 16},        {"ff01::/112", 128},
    {"ff02::/112", 128},     {"ff02::1:ff00:0/104", 104},
    {"ff05::/112", 128},
};

struct ParsedRange {
  Prefix prefix;
  int kept;
};

std::vector<ParsedRange> parse_ranges() {
  std::vector<ParsedRange> ranges;
  for (const Range& range : kRanges) ranges.push_back({*Prefix::parse(range.prefix), range.kept});
  return ranges;
}

// Whether its last 32 bits are an IPv4 address.
bool embeds_v4(const IpAddress& address) {
  static const Prefix embedding[] = {*Prefix::parse("::ffff:0:0/96"),
                                     *Prefix::parse("64:ff9b::/96")};
  return std::ranges::any_of(embedding,
                             [&](const Prefix& prefix) { return prefix.contains(address); });
}

constexpr int kIpv4Kept = 24;    // the first bit of the last byte
constexpr int kIdentifier = 64;  // the first bit of an interface identifier (RFC 4291)

// Whether it tells hosts of a network apart, and stays.
bool is_host_bit(const IpAddress& address, int bit) {
  if (!address.is_v6()) return bit >= kIpv4Kept;
  for (int i = kIdentifier; i < bit; ++i)
    if ((std::to_integer<unsigned>(address.bytes()[i / 8]) & (0x80u >> i % 8)) != 0) return false;
  return bit >= kIdentifier;
}

// Whether bit `bit` of the address stays, as far as the bits before it tell.
bool stays(const IpAddress& address, int bit) {
  static const std::vector<ParsedRange> ranges = parse_ranges();
  return std::ranges::any_of(ranges, [&](const ParsedRange& range) {
    if (bit >= range.kept) return false;
    const int common = std::min<int>(bit, range.prefix.length);
    return Prefix{range.prefix.address, static_cast<std::uint8_t>(common)}.contains(address);
  });
}

// The address with nothing but zeros after the first `length` bits.
IpAddress masked(const IpAddress& address, int length) {
  std::array<std::uint8_t, 16> bytes{};
  const Bytes from = address.bytes();
  for (int i = 0; i < static_cast<int>(from.size()); ++i) {
    const int bits = std::clamp(length - 8 * i, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(std::to_integer<unsigned>(from[i]) & (0xff00u >> bits));
  }
  return *IpAddress::from_bytes(std::as_bytes(std::span(bytes)).first(from.size()));
}

bool all(Bytes bytes, unsigned value) {
  return std::ranges::all_of(
      bytes, [&](std::byte byte) { return std::to_integer<unsigned>(byte) == value; });
}

struct KnownMacs {
  std::string_view first;  // bytes
  std::size_t kept;        // how many leading bytes stay
};

// Groups: of link-layer protocols (IEEE 802.1), of IPv4 (RFC 1112) and IPv6 (RFC 2464), the
// well-known ones whole. The first that matches decides.
constexpr KnownMacs kGroups[] = {
    {"01:80:c2:00:00", 6}, {"01:00:5e:00:00", 6}, {"33:33:00:00:00", 6},
    {"01:00:5e", 3},       {"33:33", 2},
};

std::size_t kept_bytes(const Mac& mac) {
  for (const KnownMacs& group : kGroups)
    if (mac.text().starts_with(group.first)) return group.kept;
  return 0;
}

}  // namespace

Addresses::Addresses(const Key& key) : key_(key), v4_(key, "ipv4"), v6_(key, "ipv6") {}

// Whether the bit is turned round, which the bits before it alone decide.
bool Addresses::flip(const IpAddress& address, int bit) const {
  if (bit >= 96 && embeds_v4(address))
    return flip(*IpAddress::from_bytes(address.bytes().last(4)), bit - 96);
  if (stays(address, bit) || is_host_bit(address, bit)) return false;
  return (address.is_v6() ? v6_ : v4_).after(address.bytes(), bit);
}

IpAddress Addresses::look_up(const IpAddress& address) const {
  std::array<std::uint8_t, 16> bytes{};
  const Bytes from = address.bytes();
  for (int bit = 0; bit < address.bits(); ++bit) {
    const auto mask = static_cast<unsigned>(0x80 >> bit % 8);
    const bool set = (std::to_integer<unsigned>(from[bit / 8]) & mask) != 0;
    if (set != flip(address, bit)) bytes[bit / 8] |= static_cast<std::uint8_t>(mask);
  }
  return *IpAddress::from_bytes(std::as_bytes(std::span(bytes)).first(from.size()));
}

IpAddress Addresses::of(const IpAddress& address) {
  const auto known = known_.find(address);
  if (known != known_.end()) return known->second;
  return known_.emplace(address, look_up(address)).first->second;
}

Prefix Addresses::of(const Prefix& prefix) {
  const bool is_network = masked(prefix.address, prefix.length) == prefix.address;
  const IpAddress address = of(prefix.address);
  return {is_network ? masked(address, prefix.length) : address, prefix.length};
}

Mac Addresses::ethernet(const Mac& mac) const {
  const Bytes from = mac.bytes();
  const auto random = scramble(key_, "mac", mac.text());
  const std::size_t kept = kept_bytes(mac);
  std::array<std::uint8_t, Mac::kMaxSize> bytes{};
  for (std::size_t i = 0; i < from.size(); ++i)
    bytes[i] = i < kept ? std::to_integer<std::uint8_t>(from[i]) : random[i];
  constexpr unsigned kMulticastAndLocal = 3;
  const unsigned first = std::to_integer<unsigned>(from[0]);
  bytes[0] =
      static_cast<std::uint8_t>((bytes[0] & ~kMulticastAndLocal) | (first & kMulticastAndLocal));
  return *Mac::from_bytes(std::as_bytes(std::span(bytes)).first(from.size()));
}

Mac Addresses::of(const Mac& mac) {
  const Bytes bytes = mac.bytes();
  if (all(bytes, 0) || all(bytes, 0xff)) return mac;
  if (const auto address = IpAddress::from_bytes(bytes))
    return *Mac::from_bytes(of(*address).bytes());
  return ethernet(mac);
}

}  // namespace nsmap::anonymise
