#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "base/ip.h"
#include "base/text.h"
#include "syntax/iptables_parts.h"

// Matches: a row for each field and the match that looks at it.

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::PacketField;

using Text = std::optional<std::string>;

// What a row's option says; nothing: the comparison is none that the option has.
using Format = Text (*)(const Match& match, std::string_view option);

bool is_range(const Match& match) {
  return match.compare == Compare::in || match.compare == Compare::not_in;
}
bool is_inverted(const Match& match) {
  return match.compare == Compare::ne || match.compare == Compare::not_in;
}
bool is_ordered(const Match& match) {
  return match.compare == Compare::lt || match.compare == Compare::le ||
         match.compare == Compare::gt || match.compare == Compare::ge;
}
const Octets& last_of(const Match& match) { return is_range(match) ? match.last : match.right; }

std::string option_text(bool invert, std::string_view option, std::string_view value) {
  return fmt::format("{}{} {}", invert ? "! " : "", option, value);
}

// "80", "80:90".
template <char between>
Text range(const Match& match, std::string_view option) {
  if (is_ordered(match) || !match.mask.empty()) return std::nullopt;
  return option_text(is_inverted(match), option, ports_text(match.right, last_of(match), between));
}

// One number and no mask.
Text number(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match) || !match.mask.empty()) return std::nullopt;
  return option_text(is_inverted(match), option, std::to_string(match.right.number()));
}

Text mark(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  const std::uint64_t mask = match.mask.empty() ? 0xffffffff : match.mask.number();
  return option_text(is_inverted(match), option, mark_text(match.right.number(), mask));
}

Text mac(const Match& match, std::string_view option) {
  const auto address = Mac::from_bytes(match.right);
  if (is_ordered(match) || is_range(match) || !match.mask.empty() || !address) return std::nullopt;
  return option_text(is_inverted(match), option, address->text());
}

// "--ttl-eq 64": an option for each comparison.
Text hops(const Match& match, std::string_view option) {
  if (is_range(match) || !match.mask.empty()) return std::nullopt;
  const char* const how = match.compare == Compare::lt   ? "lt"
                          : match.compare == Compare::gt ? "gt"
                          : is_ordered(match)            ? nullptr
                                                         : "eq";
  if (how == nullptr) return std::nullopt;
  return option_text(is_inverted(match), fmt::format("{}-{}", option, how),
                     std::to_string(match.right.number()));
}

// --- bits --------------------------------------------------------------------------------------

struct Bit {
  std::uint64_t bit;
  std::string_view name;
};

// Nothing where a bit has no name.
Text bit_names(std::span<const Bit> names, std::uint64_t bits) {
  std::string text;
  for (const Bit& bit : names)
    if (bits & bit.bit) {
      text += (text.empty() ? "" : ",") + std::string(bit.name);
      bits &= ~bit.bit;
    }
  if (bits != 0) return std::nullopt;
  return text.empty() ? "NONE" : text;
}

constexpr Bit kTcpFlags[] = {{0x01, "FIN"}, {0x02, "SYN"}, {0x04, "RST"},
                             {0x08, "PSH"}, {0x10, "ACK"}, {0x20, "URG"}};

Text tcp_flags(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  const std::uint64_t mask = match.mask.empty() ? 0xff : match.mask.number();
  const auto looked_at = bit_names(kTcpFlags, mask);
  const auto set = bit_names(kTcpFlags, match.right.number());
  if (!looked_at || !set) return std::nullopt;
  return option_text(is_inverted(match), option, *looked_at + " " + *set);
}

Text ecn_bits(const Match& match, std::string_view) {
  const std::uint64_t mask = match.mask.number();
  if (match.compare != Compare::eq || (mask != 0x40 && mask != 0x80)) return std::nullopt;
  return fmt::format("{}--ecn-tcp-{}", match.right.is_zero() ? "! " : "",
                     mask == 0x80 ? "cwr" : "ece");
}

constexpr Bit kStates[] = {{0x01, "INVALID"},
                           {0x08, "NEW"},
                           {0x04, "RELATED"},
                           {0x02, "ESTABLISHED"},
                           {0x40, "UNTRACKED"}};
constexpr Bit kNat[] = {{0x10, "SNAT"}, {0x20, "DNAT"}};
constexpr Bit kStatus[] = {
    {0x01, "EXPECTED"}, {0x02, "SEEN_REPLY"}, {0x04, "ASSURED"}, {0x08, "CONFIRMED"}};

// "Any bit of" is a mask that is not zero, or is for the inverted one. One bit alone may also be
// compared with itself, as nft writes it.
Text any_bit(const Match& match, std::string_view option, std::span<const Bit> names) {
  if (is_ordered(match) || is_range(match) || match.mask.empty()) return std::nullopt;
  const std::uint64_t mask = match.mask.number();
  const bool single = std::has_single_bit(mask) && match.right == match.mask;
  if (!single && !match.right.is_zero()) return std::nullopt;
  const auto text = bit_names(names, mask);
  if (!text) return std::nullopt;
  return option_text((match.compare == Compare::eq) != single, option, *text);
}

Text states(const Match& match, std::string_view option) { return any_bit(match, option, kStates); }

Text statuses(const Match& match, std::string_view option) {
  if (auto text = any_bit(match, "--ctstate", kNat); text && !match.mask.is_zero()) return text;
  return any_bit(match, option, kStatus);
}

// --- conntrack's others ------------------------------------------------------------------------

Text address(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  std::string text = masked_address(match.right, match.mask);
  if (match.mask.empty()) text.resize(text.rfind('/'));
  return option_text(is_inverted(match), option, text);
}

// Seconds of milliseconds, whose last is 999 after the full one.
Text expires(const Match& match, std::string_view option) {
  if (!is_range(match)) return std::nullopt;
  const std::uint64_t first = match.right.number(), last = match.last.number();
  if (first % 1000 != 0 || last % 1000 != 999) return std::nullopt;
  return option_text(is_inverted(match), option,
                     first / 1000 == last / 1000 ? fmt::format("{}", first / 1000)
                                                 : fmt::format("{}:{}", first / 1000, last / 1000));
}

Text direction(const Match& match, std::string_view option) {
  if (match.compare != Compare::eq || match.right.number() > 1) return std::nullopt;
  return option_text(false, option, match.right.is_zero() ? "ORIGINAL" : "REPLY");
}

struct Count {
  PacketField field;
  std::string_view mode, direction;
};
constexpr Count kCounts[] = {
    {PacketField::ct_packets, "packets", "both"},
    {PacketField::ct_original_packets, "packets", "original"},
    {PacketField::ct_reply_packets, "packets", "reply"},
    {PacketField::ct_bytes, "bytes", "both"},
    {PacketField::ct_original_bytes, "bytes", "original"},
    {PacketField::ct_reply_bytes, "bytes", "reply"},
    {PacketField::ct_avgpkt, "avgpkt", "both"},
    {PacketField::ct_original_avgpkt, "avgpkt", "original"},
    {PacketField::ct_reply_avgpkt, "avgpkt", "reply"},
};

Text counted(const Match& match, std::string_view option) {
  const auto* row = std::ranges::find(kCounts, std::get<PacketField>(match.left), &Count::field);
  if (!is_range(match)) return std::nullopt;
  const bool open = match.last.number() == ~0ull;
  const std::string last = open ? "" : fmt::format(":{}", match.last.number());
  return fmt::format(
      "{} --connbytes-mode {} --connbytes-dir {}",
      option_text(is_inverted(match), option, fmt::format("{}{}", match.right.number(), last)),
      row->mode, row->direction);
}

Text label(const Match& match, std::string_view option) {
  if (match.compare != Compare::ne || !match.right.is_zero() || match.mask.size() != 16)
    return std::nullopt;
  std::optional<std::size_t> bit;
  for (std::size_t at = 0; at < 16; ++at) {
    const auto byte = std::to_integer<std::uint8_t>(match.mask[at]);
    if (byte == 0) continue;
    if (bit || !std::has_single_bit(byte)) return std::nullopt;
    bit = (15 - at) * 8 + static_cast<std::size_t>(std::countr_zero(byte));
  }
  if (!bit) return std::nullopt;
  return option_text(false, option, fmt::format("\"{}\"", *bit));
}

// --- the rest ----------------------------------------------------------------------------------

Text packet_type(const Match& match, std::string_view option) {
  static constexpr std::string_view kTypes[] = {"unicast", "broadcast", "multicast"};
  if (is_ordered(match) || is_range(match) || match.right.number() >= std::size(kTypes))
    return std::nullopt;
  return option_text(is_inverted(match), option, kTypes[match.right.number()]);
}

Text dscp(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match) || !match.mask.empty()) return std::nullopt;
  return option_text(is_inverted(match), option, fmt::format("0x{:02x}", match.right.number()));
}
template <unsigned shift, unsigned mask>
Text tos_bits(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match) || !match.mask.empty()) return std::nullopt;
  return option_text(is_inverted(match), option,
                     fmt::format("0x{:02x}/0x{:02x}", match.right.number() << shift, mask));
}

Text group(const Match& match, std::string_view option) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  const std::uint64_t mask = match.mask.empty() ? 0xffffffff : match.mask.number();
  return option_text(is_inverted(match), option, mark_text(match.right.number(), mask));
}

Text addresses(const Match& match, std::string_view option) {
  if (!is_range(match)) return std::nullopt;
  return option_text(is_inverted(match), option,
                     address_text(match.right) + "-" + address_text(match.last));
}

struct MatchRow {
  PacketField field;
  std::string_view via;
  std::string_view option;
  Format format;
};

// The first row of a field is that for a statement that came from no match.
constexpr MatchRow kRows[] = {
    {PacketField::tcp_sport, "tcp", "--sport", range<':'>},
    {PacketField::tcp_dport, "tcp", "--dport", range<':'>},
    {PacketField::tcp_flags, "tcp", "--tcp-flags", tcp_flags},
    {PacketField::tcp_flags, "ecn", "", ecn_bits},
    {PacketField::udp_sport, "udp", "--sport", range<':'>},
    {PacketField::udp_dport, "udp", "--dport", range<':'>},
    {PacketField::udplite_sport, "udplite", "--sport", range<':'>},
    {PacketField::udplite_dport, "udplite", "--dport", range<':'>},
    {PacketField::sctp_sport, "sctp", "--sport", range<':'>},
    {PacketField::sctp_dport, "sctp", "--dport", range<':'>},
    {PacketField::dccp_sport, "dccp", "--sport", range<':'>},
    {PacketField::dccp_dport, "dccp", "--dport", range<':'>},
    {PacketField::icmp_type, "icmp", "--icmp-type", number},
    {PacketField::icmpv6_type, "icmp6", "--icmpv6-type", number},
    {PacketField::esp_spi, "esp", "--espspi", range<':'>},
    {PacketField::ah_spi, "ah", "--ahspi", range<':'>},
    {PacketField::comp_cpi, "ipcomp", "--ipcompspi", range<':'>},
    {PacketField::meta_length, "length", "--length", range<':'>},
    {PacketField::ip_ttl, "ttl", "--ttl", hops},
    {PacketField::ip6_hoplimit, "hl", "--hl", hops},
    {PacketField::ip_dscp, "dscp", "--dscp", dscp},
    {PacketField::ip_dscp, "tos", "--tos", tos_bits<2, 0xfc>},
    {PacketField::ip6_dscp, "dscp", "--dscp", dscp},
    {PacketField::ip6_dscp, "tos", "--tos", tos_bits<2, 0xfc>},
    {PacketField::ip_ecn, "ecn", "--ecn-ip-ect", number},
    {PacketField::ip_ecn, "tos", "--tos", tos_bits<0, 0x03>},
    {PacketField::ip6_ecn, "ecn", "--ecn-ip-ect", number},
    {PacketField::ip6_ecn, "tos", "--tos", tos_bits<0, 0x03>},
    {PacketField::ip_saddr, "iprange", "--src-range", addresses},
    {PacketField::ip_daddr, "iprange", "--dst-range", addresses},
    {PacketField::ip6_saddr, "iprange", "--src-range", addresses},
    {PacketField::ip6_daddr, "iprange", "--dst-range", addresses},
    {PacketField::ether_saddr, "mac", "--mac-source", mac},
    {PacketField::ct_state, "conntrack", "--ctstate", states},
    {PacketField::ct_state, "state", "--state", states},
    {PacketField::ct_status, "conntrack", "--ctstatus", statuses},
    {PacketField::ct_status, "state", "--ctstatus", statuses},
    {PacketField::ct_protocol, "conntrack", "--ctproto", number},
    {PacketField::ct_original_ip_saddr, "conntrack", "--ctorigsrc", address},
    {PacketField::ct_original_ip_daddr, "conntrack", "--ctorigdst", address},
    {PacketField::ct_reply_ip_saddr, "conntrack", "--ctreplsrc", address},
    {PacketField::ct_reply_ip_daddr, "conntrack", "--ctrepldst", address},
    {PacketField::ct_original_ip6_saddr, "conntrack", "--ctorigsrc", address},
    {PacketField::ct_original_ip6_daddr, "conntrack", "--ctorigdst", address},
    {PacketField::ct_reply_ip6_saddr, "conntrack", "--ctreplsrc", address},
    {PacketField::ct_reply_ip6_daddr, "conntrack", "--ctrepldst", address},
    {PacketField::ct_original_proto_src, "conntrack", "--ctorigsrcport", range<':'>},
    {PacketField::ct_original_proto_dst, "conntrack", "--ctorigdstport", range<':'>},
    {PacketField::ct_reply_proto_src, "conntrack", "--ctreplsrcport", range<':'>},
    {PacketField::ct_reply_proto_dst, "conntrack", "--ctrepldstport", range<':'>},
    {PacketField::ct_expiration, "conntrack", "--ctexpire", expires},
    {PacketField::ct_direction, "conntrack", "--ctdir", direction},
    {PacketField::ct_mark, "connmark", "--mark", mark},
    {PacketField::ct_packets, "connbytes", "--connbytes", counted},
    {PacketField::ct_original_packets, "connbytes", "--connbytes", counted},
    {PacketField::ct_reply_packets, "connbytes", "--connbytes", counted},
    {PacketField::ct_bytes, "connbytes", "--connbytes", counted},
    {PacketField::ct_original_bytes, "connbytes", "--connbytes", counted},
    {PacketField::ct_reply_bytes, "connbytes", "--connbytes", counted},
    {PacketField::ct_avgpkt, "connbytes", "--connbytes", counted},
    {PacketField::ct_original_avgpkt, "connbytes", "--connbytes", counted},
    {PacketField::ct_reply_avgpkt, "connbytes", "--connbytes", counted},
    {PacketField::ct_label, "connlabel", "--label", label},
    {PacketField::meta_mark, "mark", "--mark", mark},
    {PacketField::meta_pkttype, "pkttype", "--pkt-type", packet_type},
    {PacketField::meta_cpu, "cpu", "--cpu", number},
    {PacketField::meta_rtclassid, "realm", "--realm", mark},
    {PacketField::meta_iifgroup, "devgroup", "--src-group", group},
    {PacketField::meta_oifgroup, "devgroup", "--dst-group", group},
    {PacketField::meta_skuid, "owner", "--uid-owner", range<'-'>},
    {PacketField::meta_skgid, "owner", "--gid-owner", range<'-'>},
    {PacketField::meta_cgroup, "cgroup", "--cgroup", number},
};

// --- the entry's own part ----------------------------------------------------------------------

using OwnFormat = Text (*)(const Match& match);

std::string option(const Match& match, const char* letter, std::string_view text) {
  return option_text(is_inverted(match), letter, text);
}

template <char letter>
Text own_address(const Match& match) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  const char name[] = {'-', letter, 0};
  return option(match, name, masked_address(match.right, match.mask));
}

// "eth+" of a prefix.
template <char letter>
Text own_interface(const Match& match) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  std::string text;
  for (const std::byte byte : match.right)
    if (byte != std::byte{0}) text += static_cast<char>(byte);
  if (!match.mask.empty()) text += '+';
  const char name[] = {'-', letter, 0};
  return option(match, name, text);
}

struct Protocol {
  std::uint64_t number;
  std::string_view name;
};
// Those that iptables knows without /etc/protocols (xtables_chain_protos).
constexpr Protocol kProtocols[] = {{6, "tcp"},        {17, "udp"},      {1, "icmp"},
                                   {58, "ipv6-icmp"}, {132, "sctp"},    {50, "esp"},
                                   {51, "ah"},        {136, "udplite"}, {135, "mobility-header"}};

Text own_protocol(const Match& match) {
  if (is_ordered(match) || is_range(match) || !match.mask.empty()) return std::nullopt;
  const auto* known = std::ranges::find(kProtocols, match.right.number(), &Protocol::number);
  return option(match, "-p",
                known == std::end(kProtocols) ? std::to_string(match.right.number()) : known->name);
}

Text own_fragment(const Match& match) {
  if (is_ordered(match) || is_range(match) || match.mask.number() != 0x1fff ||
      !match.right.is_zero())
    return std::nullopt;
  return match.compare == Compare::ne ? "-f" : "! -f";
}

struct OwnRow {
  PacketField field;
  Piece::Kind kind;
  OwnFormat format;
};
constexpr OwnRow kOwnRows[] = {
    {PacketField::ip_saddr, Piece::Kind::source, own_address<'s'>},
    {PacketField::ip_daddr, Piece::Kind::destination, own_address<'d'>},
    {PacketField::ip6_saddr, Piece::Kind::source, own_address<'s'>},
    {PacketField::ip6_daddr, Piece::Kind::destination, own_address<'d'>},
    {PacketField::meta_iifname, Piece::Kind::in, own_interface<'i'>},
    {PacketField::meta_oifname, Piece::Kind::out, own_interface<'o'>},
    {PacketField::meta_l4proto, Piece::Kind::protocol, own_protocol},
    {PacketField::ip_protocol, Piece::Kind::protocol, own_protocol},
    {PacketField::ip_frag_off, Piece::Kind::fragment, own_fragment},
};

std::optional<Piece> own_piece(PacketField field, const Match& match) {
  const auto* row = std::ranges::find(kOwnRows, field, &OwnRow::field);
  if (row == std::end(kOwnRows)) return std::nullopt;
  auto text = row->format(match);
  if (!text) return std::nullopt;
  return Piece{row->kind, {}, std::move(*text)};
}

// A type that stands before it.
std::optional<Piece> code_piece(PacketField field, const Match& match) {
  const bool v6 = field == PacketField::icmpv6_code;
  if ((!v6 && field != PacketField::icmp_code) || match.compare != Compare::eq) return std::nullopt;
  return Piece{Piece::Kind::match, v6 ? "icmp6" : "icmp", fmt::format("/{}", match.right.number()),
               true};
}

std::optional<Piece> field_piece(std::string_view via, PacketField field, const Match& match) {
  if (via.empty())
    if (auto own = own_piece(field, match)) return own;
  if (auto code = code_piece(field, match)) return code;
  const auto* row = std::ranges::find_if(kRows, [&](const MatchRow& known) {
    return known.field == field && (via.empty() || known.via == via);
  });
  if (row == std::end(kRows)) return std::nullopt;
  auto text = row->format(match, row->option);
  if (!text) return std::nullopt;
  return Piece{Piece::Kind::match, std::string(row->via), std::move(*text)};
}

// --- values without a name ---------------------------------------------------------------------

// Type and code of ICMP at once, and the type of service with a mask of its own.
std::optional<Piece> payload_piece(std::string_view via, const Payload& payload,
                                   const Match& match) {
  if (is_ordered(match) || is_range(match)) return std::nullopt;
  const std::uint64_t right = match.right.number();
  if (payload == Payload{Payload::Base::transport, 0, 16} && via.starts_with("icmp")) {
    const char* const option = via == "icmp6" ? "--icmpv6-type" : "--icmp-type";
    return Piece{
        Piece::Kind::match, std::string(via),
        option_text(is_inverted(match), option, fmt::format("{}/{}", right >> 8, right & 0xff))};
  }
  if (payload.base != Payload::Base::network || payload.length != 8 || via != "tos")
    return std::nullopt;
  const std::uint64_t mask = match.mask.empty() ? 0xff : match.mask.number();
  return Piece{
      Piece::Kind::match, "tos",
      option_text(is_inverted(match), "--tos", fmt::format("0x{:02x}/0x{:02x}", right, mask))};
}

std::optional<Piece> header_piece(const ExtensionHeader& header, const Match& match) {
  if (header.kind != ExtensionHeader::Kind::tcp_option || !match.mask.empty()) return std::nullopt;
  if (header.present) {
    if (is_ordered(match) || is_range(match)) return std::nullopt;
    const bool invert = is_inverted(match) != match.right.is_zero();
    return Piece{Piece::Kind::match, "tcp",
                 option_text(invert, "--tcp-option", std::to_string(header.type))};
  }
  constexpr std::uint8_t kMaxSegmentSize = 2;
  const auto text = range<':'>(match, "--mss");
  if (header.type != kMaxSegmentSize || header.offset != 16 || header.length != 16 || !text ||
      is_inverted(match))
    return std::nullopt;
  return Piece{Piece::Kind::match, "tcpmss", *text};
}

constexpr std::string_view kRouteTypes[] = {"UNSPEC",   "UNICAST",   "LOCAL",     "BROADCAST",
                                            "ANYCAST",  "MULTICAST", "BLACKHOLE", "UNREACHABLE",
                                            "PROHIBIT", "THROW",     "NAT",       "XRESOLVE"};

std::optional<Piece> fib_piece(const Fib& fib, bool invert, std::span<const Interval> types) {
  if (fib.result != Fib::Result::type || fib.mark || fib.present || fib.saddr == fib.daddr)
    return std::nullopt;
  std::string names;
  for (const Interval& type : types) {
    const std::uint64_t number = type.first.number();
    if (number >= std::size(kRouteTypes) || type.first != type.last) return std::nullopt;
    names += (names.empty() ? "" : ",") + std::string(kRouteTypes[number]);
  }
  std::string text = option_text(invert, fib.saddr ? "--src-type" : "--dst-type", names);
  if (fib.iif) text += " --limit-iface-in";
  if (fib.oif) text += " --limit-iface-out";
  return Piece{Piece::Kind::match, "addrtype", std::move(text)};
}

}  // namespace

std::optional<Piece> match_piece(std::string_view via, const Match& match) {
  if (const auto* field = std::get_if<PacketField>(&match.left))
    return field_piece(via, *field, match);
  if (const auto* payload = std::get_if<Payload>(&match.left))
    return payload_piece(via, *payload, match);
  if (const auto* header = std::get_if<ExtensionHeader>(&match.left))
    return header_piece(*header, match);
  const auto* fib = std::get_if<Fib>(&match.left);
  if (!fib || is_ordered(match) || is_range(match) || !match.mask.empty()) return std::nullopt;
  const Interval type{match.right, match.right};
  return fib_piece(*fib, is_inverted(match), {&type, 1});
}

// Ports of any protocol, or types of a route.
std::optional<Piece> one_of_piece(const OneOf& of) {
  if (of.values.size() == 1)
    if (const auto* fib = std::get_if<Fib>(&of.values.front()))
      return fib_piece(*fib, of.invert, of.intervals);
  bool source = false, destination = false;
  for (const Value& value : of.values) {
    const auto* field = std::get_if<PacketField>(&value);
    if (!field || info(*field).type != model::DataType::port) return std::nullopt;
    (info(*field).offset == 0 ? source : destination) = true;
  }
  std::string ports;
  for (const Interval& interval : of.intervals)
    ports += (ports.empty() ? "" : ",") + ports_text(interval.first, interval.last);
  const char* const option = source && destination ? "--ports" : source ? "--sports" : "--dports";
  return Piece{Piece::Kind::match, "multiport", option_text(of.invert, option, ports)};
}

}  // namespace nsmap::syntax
