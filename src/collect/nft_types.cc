#include "collect/nft_types.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>

namespace nsmap::collect {
namespace {

using model::DataType;
using model::firewall::KeyPart;

struct NftType {
  DataType type;
  std::uint32_t bits;  // zero: as long as it happens to be
};

// By number, as nft(8) counts them (nft describe; include/datatype.h of nftables). They are no part
// of the kernel's interface, but every program that makes sets writes them.
constexpr NftType kTypes[] = {
    {DataType::integer, 0},
    {DataType::verdict, 32},
    {DataType::nf_protocol, 8},
    {DataType::integer, 0},  // bitmask
    {DataType::integer, 0},
    {DataType::text, 0},
    {DataType::integer, 0},  // link layer address
    {DataType::ipv4, 32},
    {DataType::ipv6, 128},
    {DataType::mac, 48},
    {DataType::ether_type, 16},
    {DataType::arp_operation, 16},
    {DataType::protocol, 8},
    {DataType::port, 16},
    {DataType::icmp_type, 8},
    {DataType::tcp_flags, 8},
    {DataType::integer, 4},  // DCCP packet type
    {DataType::integer, 8},  // mobility header type
    {DataType::duration, 64},
    {DataType::mark, 32},
    {DataType::interface_index, 32},
    {DataType::interface_type, 16},
    {DataType::realm, 32},
    {DataType::class_id, 32},
    {DataType::uid, 32},
    {DataType::gid, 32},
    {DataType::ct_state, 32},
    {DataType::ct_direction, 8},
    {DataType::ct_status, 32},
    {DataType::icmpv6_type, 8},
    {DataType::ct_label, 128},
    {DataType::packet_type, 8},
    {DataType::icmp_code, 8},
    {DataType::icmpv6_code, 8},
    {DataType::icmpx_code, 8},
    {DataType::device_group, 32},
    {DataType::dscp, 6},
    {DataType::ecn, 2},
    {DataType::address_type, 32},
    {DataType::boolean, 1},
    {DataType::ct_event, 32},
    {DataType::interface_name, 128},
    {DataType::igmp_type, 8},
    {DataType::time, 64},
    {DataType::hour, 32},
    {DataType::day, 8},
    {DataType::cgroup, 64},
};
constexpr unsigned kBitsPerType = 6;

std::vector<NftType> split(std::uint32_t type) {
  std::vector<NftType> parts;
  for (; type != 0; type >>= kBitsPerType) {
    const std::uint32_t number = type & ((1u << kBitsPerType) - 1);
    parts.push_back(number < std::size(kTypes) ? kTypes[number] : kTypes[0]);
  }
  std::ranges::reverse(parts);
  return parts;
}

std::size_t sum_padded(const std::vector<std::uint32_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0},
                         [](std::size_t sum, std::uint32_t size) { return sum + padded(size); });
}

// How many bytes each part has; empty: that does not come to `length`.
std::vector<std::uint32_t> sizes_of(const std::vector<NftType>& types, std::uint32_t length) {
  std::vector<std::uint32_t> sizes;
  for (const NftType& type : types) sizes.push_back((type.bits + 7) / 8);
  const std::size_t known = sum_padded(sizes);
  if (std::ranges::count(sizes, 0u) == 1 && known < length)
    *std::ranges::find(sizes, 0u) = static_cast<std::uint32_t>(length - known);
  // A bit field lies in as many bytes as were loaded for it.
  if (sizes.size() == 1 && types[0].bits % 8 != 0) sizes[0] = length;
  const bool sound = sizes.size() == 1 ? sizes[0] == length : sum_padded(sizes) == length;
  return sound ? sizes : std::vector<std::uint32_t>();
}

}  // namespace

Octets in_network_order(Bytes bytes, bool host_order) {
  Octets octets(bytes);
  if (host_order && std::endian::native == std::endian::little)
    std::reverse(octets.data(), octets.data() + octets.size());
  return octets;
}

Octets shift_right(const Octets& number, std::uint32_t bits) {
  Octets shifted(number.size());
  const std::size_t whole = bits / 8;
  const unsigned rest = bits % 8;
  for (std::size_t at = number.size(); at-- > whole;) {
    const unsigned low = std::to_integer<unsigned>(number[at - whole]);
    const unsigned high = at > whole ? std::to_integer<unsigned>(number[at - whole - 1]) : 0;
    shifted[at] = static_cast<std::byte>((high << 8 | low) >> rest);
  }
  return shifted;
}

std::optional<Octets> decode_part(Bytes bytes, const PartCoding& coding) {
  if (bytes.size() < coding.size) return std::nullopt;
  Octets all = in_network_order(bytes.first(coding.size), coding.host_order);
  if (coding.shift != 0) all = shift_right(all, coding.shift);
  if (coding.bytes >= all.size()) return all;
  const Bytes kept = Bytes(all).last(coding.bytes);
  const Bytes cut = Bytes(all).first(all.size() - coding.bytes);
  if (std::ranges::any_of(cut, [](std::byte byte) { return byte != std::byte{0}; }))
    return std::nullopt;
  return Octets(kept);
}

std::optional<Octets> decode_parts(Bytes bytes, const Coding& coding) {
  if (coding.size() == 1) return decode_part(bytes, coding.front());
  std::size_t size = 0;
  for (const PartCoding& part : coding) size += padded(part.bytes);
  Octets all(size);
  std::size_t from = 0;
  std::size_t to = 0;
  for (const PartCoding& part : coding) {
    if (from > bytes.size()) return std::nullopt;
    const auto decoded = decode_part(bytes.subspan(from), part);
    if (!decoded) return std::nullopt;
    std::copy(decoded->begin(), decoded->end(), all.data() + to);
    from += padded(part.size);
    to += padded(part.bytes);
  }
  return all;
}

DeclaredParts declared_parts(std::uint32_t type, std::uint32_t length,
                             const std::vector<std::uint32_t>& lengths) {
  std::vector<NftType> types = split(type);
  std::vector<std::uint32_t> sizes = sizes_of(types, length);
  if (lengths.size() == types.size() && sum_padded(lengths) == padded(length)) sizes = lengths;
  if (sizes.empty()) {
    types.assign(1, kTypes[0]);
    sizes.assign(1, length);
  }
  DeclaredParts declared;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool known = types[i].bits % 8 != 0 || types[i].bits == 8 * sizes[i];
    const std::uint32_t bits = known ? types[i].bits : 8 * sizes[i];
    declared.parts.push_back({types[i].type, bits, {}});
    declared.coding.push_back({sizes[i], is_host_order(types[i].type), 0, sizes[i]});
  }
  return declared;
}

bool is_host_order(DataType type) {
  switch (type) {
    case DataType::mark:
    case DataType::interface_index:
    case DataType::interface_type:
    case DataType::ct_state:
    case DataType::ct_status:
    case DataType::ct_label:
    case DataType::ct_event:
    case DataType::uid:
    case DataType::gid:
    case DataType::class_id:
    case DataType::realm:
    case DataType::device_group:
    case DataType::duration:
    case DataType::time:
    case DataType::hour:
    case DataType::address_type:
    case DataType::cgroup:
      return true;
    case DataType::integer:
    case DataType::mac:
    case DataType::ether_type:
    case DataType::ipv4:
    case DataType::ipv6:
    case DataType::protocol:
    case DataType::port:
    case DataType::interface_name:
    case DataType::nf_protocol:
    case DataType::ct_direction:
    case DataType::tcp_flags:
    case DataType::icmp_type:
    case DataType::icmpv6_type:
    case DataType::icmp_code:
    case DataType::icmpv6_code:
    case DataType::icmpx_code:
    case DataType::igmp_type:
    case DataType::arp_operation:
    case DataType::dscp:
    case DataType::ecn:
    case DataType::packet_type:
    case DataType::day:
    case DataType::boolean:
    case DataType::text:
    case DataType::verdict:
      return false;
  }
  return false;
}

}  // namespace nsmap::collect
