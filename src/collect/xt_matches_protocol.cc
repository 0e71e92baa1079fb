#include <linux/netfilter/xt_dccp.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_ecn.h>
#include <linux/netfilter/xt_esp.h>
#include <linux/netfilter/xt_ipcomp.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_tcpmss.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_ah.h>
#include <linux/netfilter_ipv4/ipt_ttl.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_ah.h>
#include <linux/netfilter_ipv6/ip6t_hl.h>

#include <algorithm>

#include "collect/xt_decoding.h"

// Matches that look at a header.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

// The range, unless it is all there is; the whole range inverted matches nothing, and stays.
void ports(XtDecoding& out, PacketField field, const std::uint16_t (&range)[2], bool invert) {
  if (range[0] == 0 && range[1] == 0xffff && !invert) return;
  out.range(field, invert, port_octets(range[0]), port_octets(range[1]));
}

// That the header is there at all: a match without options says no more.
void presence(XtDecoding& out, std::size_t before) {
  if (out.rule.statements.size() == before) out.extension({});
}

void tcp_option(XtDecoding& out, const xt_tcp& info) {
  if (info.option == 0) return;
  const ExtensionHeader option{ExtensionHeader::Kind::tcp_option, info.option, 0, 8, true};
  out.match(option, info.invflags & XT_TCP_INV_OPTION, Octets::number(1, 1));
}

bool tcp(XtDecoding& out, const xt_tcp& info) {
  const std::size_t before = out.rule.statements.size();
  ports(out, PacketField::tcp_sport, info.spts, info.invflags & XT_TCP_INV_SRCPT);
  ports(out, PacketField::tcp_dport, info.dpts, info.invflags & XT_TCP_INV_DSTPT);
  tcp_option(out, info);
  const bool invert = info.invflags & XT_TCP_INV_FLAGS;
  if (info.flg_mask != 0 || info.flg_cmp != 0 || invert)
    out.match(PacketField::tcp_flags, invert, octets_of(info.flg_cmp), octets_of(info.flg_mask));
  presence(out, before);
  return true;
}

template <PacketField sport, PacketField dport>
bool udp(XtDecoding& out, const xt_udp& info) {
  const std::size_t before = out.rule.statements.size();
  ports(out, sport, info.spts, info.invflags & XT_UDP_INV_SRCPT);
  ports(out, dport, info.dpts, info.invflags & XT_UDP_INV_DSTPT);
  presence(out, before);
  return true;
}

// linux/netfilter/xt_sctp.h, which is no C++.
struct SctpInfo {
  std::uint16_t dpts[2];
  std::uint16_t spts[2];
  std::uint32_t chunkmap[64];
  std::uint32_t chunk_match_type;
  struct {
    std::uint8_t chunktype, flag, flag_mask;
  } flag_info[4];
  std::int32_t flag_count;
  std::uint32_t flags;
  std::uint32_t invflags;
};
enum : std::uint32_t { kSctpSource = 1, kSctpDestination = 2, kSctpChunks = 4 };

constexpr std::string_view kChunkMatch[] = {"", "any", "all", "", "only"};
struct SctpChunk {
  unsigned type;
  std::string_view name;
  std::string_view flags;  // of bit 7 first; "-": none
};
constexpr SctpChunk kChunkNames[] = {
    {0, "DATA", "----IUBE"},
    {1, "INIT", "--------"},
    {2, "INIT_ACK", "--------"},
    {3, "SACK", "--------"},
    {4, "HEARTBEAT", "--------"},
    {5, "HEARTBEAT_ACK", "--------"},
    {6, "ABORT", "-------T"},
    {7, "SHUTDOWN", "--------"},
    {8, "SHUTDOWN_ACK", "--------"},
    {9, "ERROR", "--------"},
    {10, "COOKIE_ECHO", "--------"},
    {11, "COOKIE_ACK", "--------"},
    {12, "ECN_ECNE", "--------"},
    {13, "ECN_CWR", "--------"},
    {14, "SHUTDOWN_COMPLETE", "-------T"},
    {64, "I_DATA", "----IUBE"},
    {128, "ASCONF_ACK", "--------"},
    {130, "RE_CONFIG", "--------"},
    {132, "PAD", "--------"},
    {192, "FORWARD_TSN", "--------"},
    {193, "ASCONF", "--------"},
    {194, "I_FORWARD_TSN", "--------"},
};

bool has_chunk(const SctpInfo& info, unsigned type) {
  return info.chunkmap[type / 32] >> (type % 32) & 1;
}

// ":Be": the flag B set, E not.
std::string chunk_flags(const SctpInfo& info, const SctpChunk& chunk) {
  std::string text;
  for (int at = 0; at < std::min(info.flag_count, 4); ++at) {
    const auto& flags = info.flag_info[at];
    if (flags.chunktype != chunk.type) continue;
    for (unsigned bit = 7; bit <= 7; --bit) {
      if (!(flags.flag_mask >> bit & 1)) continue;
      const char letter = chunk.flags[7 - bit];
      text += flags.flag >> bit & 1 ? letter : static_cast<char>(letter | 0x20);
    }
  }
  return text.empty() ? text : ":" + text;
}

// Nothing where a chunk has no name.
std::optional<std::string> chunk_names(const SctpInfo& info) {
  const auto is_full = [](std::uint32_t word) { return word == 0xffffffff; };
  if (std::ranges::all_of(info.chunkmap, is_full)) return "ALL";
  std::string names;
  unsigned named = 0;
  for (const SctpChunk& chunk : kChunkNames) {
    if (!has_chunk(info, chunk.type)) continue;
    ++named;
    names += (names.empty() ? "" : ",") + std::string(chunk.name) + chunk_flags(info, chunk);
  }
  unsigned set = 0;
  for (const std::uint32_t word : info.chunkmap) set += static_cast<unsigned>(std::popcount(word));
  if (set != named) return std::nullopt;
  return names.empty() ? "NONE" : names;
}

bool sctp_chunks(XtDecoding& out, const SctpInfo& info) {
  const auto names = chunk_names(info);
  if (info.chunk_match_type >= std::size(kChunkMatch) || !names) return false;
  XtOptions options;
  if (info.flags & kSctpSource)
    options.invert(info.invflags & kSctpSource)
        .add("--sport {}", range_text(info.spts[0], info.spts[1]));
  if (info.flags & kSctpDestination)
    options.invert(info.invflags & kSctpDestination)
        .add("--dport {}", range_text(info.dpts[0], info.dpts[1]));
  options.invert(info.invflags & kSctpChunks)
      .add("--chunk-types {} {}", kChunkMatch[info.chunk_match_type], *names);
  out.extension(std::move(options).text());
  return true;
}

bool sctp(XtDecoding& out, const SctpInfo& info) {
  if (info.flags & kSctpChunks) return sctp_chunks(out, info);
  const std::size_t before = out.rule.statements.size();
  if (info.flags & kSctpSource)
    out.range(PacketField::sctp_sport, info.invflags & kSctpSource, port_octets(info.spts[0]),
              port_octets(info.spts[1]));
  if (info.flags & kSctpDestination)
    out.range(PacketField::sctp_dport, info.invflags & kSctpDestination, port_octets(info.dpts[0]),
              port_octets(info.dpts[1]));
  presence(out, before);
  return true;
}

std::string dccp_types(std::uint16_t mask) {
  static constexpr std::string_view kTypes[] = {"REQUEST", "RESPONSE", "DATA",   "ACK",
                                                "DATAACK", "CLOSEREQ", "CLOSE",  "RESET",
                                                "SYNC",    "SYNCACK",  "INVALID"};
  std::string names;
  for (std::size_t bit = 0; bit < std::size(kTypes); ++bit)
    if (mask >> bit & 1) names += (names.empty() ? "" : ",") + std::string(kTypes[bit]);
  return names;
}

bool dccp_more(XtDecoding& out, const xt_dccp_info& info) {
  XtOptions options;
  const auto inverted = [&](unsigned flag) { return (info.invflags & flag) != 0; };
  if (info.flags & XT_DCCP_SRC_PORTS)
    options.invert(inverted(XT_DCCP_SRC_PORTS))
        .add("--sport {}", range_text(info.spts[0], info.spts[1]));
  if (info.flags & XT_DCCP_DEST_PORTS)
    options.invert(inverted(XT_DCCP_DEST_PORTS))
        .add("--dport {}", range_text(info.dpts[0], info.dpts[1]));
  if (info.flags & XT_DCCP_TYPE)
    options.invert(inverted(XT_DCCP_TYPE)).add("--dccp-types {}", dccp_types(info.typemask));
  if (info.flags & XT_DCCP_OPTION)
    options.invert(inverted(XT_DCCP_OPTION)).add("--dccp-option {}", info.option);
  out.extension(std::move(options).text());
  return true;
}

bool dccp(XtDecoding& out, const xt_dccp_info& info) {
  if (info.flags & (XT_DCCP_TYPE | XT_DCCP_OPTION)) return dccp_more(out, info);
  const std::size_t before = out.rule.statements.size();
  if (info.flags & XT_DCCP_SRC_PORTS)
    out.range(PacketField::dccp_sport, info.invflags & XT_DCCP_SRC_PORTS, port_octets(info.spts[0]),
              port_octets(info.spts[1]));
  if (info.flags & XT_DCCP_DEST_PORTS)
    out.range(PacketField::dccp_dport, info.invflags & XT_DCCP_DEST_PORTS,
              port_octets(info.dpts[0]), port_octets(info.dpts[1]));
  presence(out, before);
  return true;
}

// A type with a range of codes (icmp_type_code_match). An inverted one with a code is not two
// matches but one of both bytes.
bool icmp_type(XtDecoding& out, PacketField type, PacketField code, std::uint8_t value,
               const std::uint8_t (&codes)[2], bool invert) {
  const bool any_code = codes[0] == 0 && codes[1] == 0xff;
  if (any_code) {
    out.match(type, invert, octets_of(value));
  } else if (!invert) {
    out.match(type, false, octets_of(value));
    out.range(code, false, octets_of(codes[0]), octets_of(codes[1]));
  } else if (codes[0] == codes[1]) {
    out.match(Payload{Payload::Base::transport, 0, 16}, true,
              Octets::number(static_cast<std::uint64_t>(value << 8 | codes[0]), 2));
  } else {
    return false;
  }
  return true;
}

bool icmp(XtDecoding& out, const ipt_icmp& info) {
  const bool invert = info.invflags & IPT_ICMP_INV;
  if (info.type == 0xff) {  // any (net/netfilter/xt_tcpudp.c icmp_match)
    out.extension(invert ? "! --icmp-type any" : "--icmp-type any");
    return true;
  }
  return icmp_type(out, PacketField::icmp_type, PacketField::icmp_code, info.type, info.code,
                   invert);
}

bool icmp6(XtDecoding& out, const ip6t_icmp& info) {
  return icmp_type(out, PacketField::icmpv6_type, PacketField::icmpv6_code, info.type, info.code,
                   info.invflags & IP6T_ICMP_INV);
}

// --- multiport ---------------------------------------------------------------------------------

struct PortFields {
  std::uint8_t protocol;
  PacketField source, destination;
};
constexpr PortFields kPortFields[] = {
    {IPPROTO_TCP, PacketField::tcp_sport, PacketField::tcp_dport},
    {IPPROTO_UDP, PacketField::udp_sport, PacketField::udp_dport},
    {IPPROTO_UDPLITE, PacketField::udplite_sport, PacketField::udplite_dport},
    {IPPROTO_SCTP, PacketField::sctp_sport, PacketField::sctp_dport},
    {IPPROTO_DCCP, PacketField::dccp_sport, PacketField::dccp_dport},
};
constexpr PortFields kAnyPortFields{0, PacketField::th_sport, PacketField::th_dport};

// Of the protocol that the rule asked for before.
PortFields port_fields(const Rule& rule) {
  for (const Statement& statement : rule.statements) {
    const auto* match = std::get_if<Match>(&statement.action);
    const auto* field = match ? std::get_if<PacketField>(&match->left) : nullptr;
    if (!field || *field != PacketField::meta_l4proto || match->compare != Compare::eq) continue;
    const auto known = std::ranges::find(kPortFields, match->right.number(), &PortFields::protocol);
    if (known != std::end(kPortFields)) return *known;
  }
  return kAnyPortFields;
}

bool multiport(XtDecoding& out, std::uint8_t side, std::vector<Interval> intervals, bool invert) {
  const PortFields fields = port_fields(out.rule);
  OneOf of{{}, std::move(intervals), invert};
  if (side > XT_MULTIPORT_EITHER) return false;
  if (side != XT_MULTIPORT_DESTINATION) of.values.emplace_back(fields.source);
  if (side != XT_MULTIPORT_SOURCE) of.values.emplace_back(fields.destination);
  out.add(Box(std::move(of)));
  return true;
}

bool multiport0(XtDecoding& out, const xt_multiport& info) {
  if (info.count > XT_MULTI_PORTS) return false;
  std::vector<Interval> intervals;
  for (std::size_t at = 0; at < info.count; ++at)
    intervals.push_back({port_octets(info.ports[at]), port_octets(info.ports[at])});
  return multiport(out, info.flags, std::move(intervals), false);
}

// `pflags` marks the first of a range, whose last comes next.
bool multiport1(XtDecoding& out, const xt_multiport_v1& info) {
  if (info.count > XT_MULTI_PORTS) return false;
  std::vector<Interval> intervals;
  for (std::size_t at = 0; at < info.count; ++at) {
    const std::size_t last = info.pflags[at] ? at + 1 : at;
    if (last >= info.count) return false;
    intervals.push_back({port_octets(info.ports[at]), port_octets(info.ports[last])});
    at = last;
  }
  return multiport(out, info.flags, std::move(intervals), info.invert);
}

// --- IPsec -------------------------------------------------------------------------------------

void spis(XtDecoding& out, PacketField field, const std::uint32_t (&range)[2], bool invert,
          std::size_t bytes) {
  const std::uint64_t most = bytes == 4 ? 0xffffffff : 0xffff;
  if (range[0] == 0 && range[1] >= most && !invert) return;
  out.range(field, invert, Octets::number(range[0], bytes),
            Octets::number(std::min<std::uint64_t>(range[1], most), bytes));
}

bool esp(XtDecoding& out, const xt_esp& info) {
  const std::size_t before = out.rule.statements.size();
  spis(out, PacketField::esp_spi, info.spis, info.invflags & XT_ESP_INV_SPI, 4);
  presence(out, before);
  return true;
}

bool ah4(XtDecoding& out, const ipt_ah& info) {
  const std::size_t before = out.rule.statements.size();
  spis(out, PacketField::ah_spi, info.spis, info.invflags & IPT_AH_INV_SPI, 4);
  presence(out, before);
  return true;
}

bool ah6(XtDecoding& out, const ip6t_ah& info) {
  XtOptions options;
  if (info.spis[0] != 0 || info.spis[1] != 0xffffffff || info.invflags & IP6T_AH_INV_SPI)
    options.invert(info.invflags & IP6T_AH_INV_SPI)
        .add("--ahspi {}", range_text(info.spis[0], info.spis[1]));
  if (info.hdrlen != 0 || info.invflags & IP6T_AH_INV_LEN)
    options.invert(info.invflags & IP6T_AH_INV_LEN).add("--ahlen {}", info.hdrlen);
  if (info.hdrres != 0) options.add("--ahres");
  out.extension(std::move(options).text());
  return true;
}

bool ipcomp(XtDecoding& out, const xt_ipcomp& info) {
  if (info.hdrres != 0) return false;
  const std::size_t before = out.rule.statements.size();
  spis(out, PacketField::comp_cpi, info.spis, info.invflags & XT_IPCOMP_INV_SPI, 2);
  presence(out, before);
  return true;
}

// --- the network header ------------------------------------------------------------------------

// The whole packet from its network header on, IPv6's forty bytes included (xt_length.c).
bool length(XtDecoding& out, const xt_length_info& info) {
  out.range(PacketField::meta_length, info.invert, Octets::number(info.min, 4),
            Octets::number(info.max, 4));
  return true;
}

bool hops(XtDecoding& out, PacketField field, std::uint8_t mode, std::uint8_t value) {
  static constexpr Compare kModes[] = {Compare::eq, Compare::ne, Compare::lt, Compare::gt};
  if (mode >= std::size(kModes)) return false;
  out.add(Match{field, kModes[mode], {}, octets_of(value), {}});
  return true;
}
bool ttl(XtDecoding& out, const ipt_ttl_info& info) {
  return hops(out, PacketField::ip_ttl, info.mode, info.ttl);
}
bool hop_limit(XtDecoding& out, const ip6t_hl_info& info) {
  return hops(out, PacketField::ip6_hoplimit, info.mode, info.hop_limit);
}

PacketField dscp_field(const XtDecoding& out) {
  return out.ip6() ? PacketField::ip6_dscp : PacketField::ip_dscp;
}
PacketField ecn_field(const XtDecoding& out) {
  return out.ip6() ? PacketField::ip6_ecn : PacketField::ip_ecn;
}

bool dscp(XtDecoding& out, const xt_dscp_info& info) {
  out.match(dscp_field(out), info.invert, octets_of(info.dscp));
  return true;
}

// The byte that was the type of service: dscp and ecn.
bool tos(XtDecoding& out, const xt_tos_match_info& info) {
  const bool within = (info.tos_value & ~info.tos_mask) == 0;
  if (within && info.tos_mask == 0xfc) {
    out.match(dscp_field(out), info.invert, Octets::number(info.tos_value >> 2, 1));
  } else if (within && info.tos_mask == 0x03) {
    out.match(ecn_field(out), info.invert, octets_of(info.tos_value));
  } else {
    out.match(Payload{Payload::Base::network, out.ip6() ? 4u : 8u, 8}, info.invert,
              octets_of(info.tos_value), octets_of(info.tos_mask));
  }
  return true;
}

void tcp_bit(XtDecoding& out, const xt_ecn_info& info, std::uint8_t operation, std::uint8_t bit) {
  if (!(info.operation & operation)) return;
  const auto right = static_cast<std::uint8_t>(info.invert & operation ? 0 : bit);
  out.match(PacketField::tcp_flags, false, octets_of(right), octets_of(bit));
}

bool ecn(XtDecoding& out, const xt_ecn_info& info) {
  constexpr std::uint8_t kEce = 0x40, kCwr = 0x80;  // RFC 3168
  constexpr std::uint8_t kKnown = XT_ECN_OP_MATCH_IP | XT_ECN_OP_MATCH_ECE | XT_ECN_OP_MATCH_CWR;
  if (info.operation & ~kKnown || info.operation == 0) return false;
  tcp_bit(out, info, XT_ECN_OP_MATCH_ECE, kEce);
  tcp_bit(out, info, XT_ECN_OP_MATCH_CWR, kCwr);
  if (info.operation & XT_ECN_OP_MATCH_IP)
    out.match(ecn_field(out), info.invert & XT_ECN_OP_MATCH_IP, octets_of(info.ip_ect));
  return true;
}

bool iprange(XtDecoding& out, const xt_iprange_mtinfo& info) {
  const auto side = [&](PacketField field, const nf_inet_addr& first, const nf_inet_addr& last,
                        bool invert) {
    out.add(Match{field,
                  invert ? Compare::not_in : Compare::in,
                  {},
                  address_octets(out, first),
                  address_octets(out, last)});
  };
  if (info.flags & IPRANGE_SRC)
    side(out.ip6() ? PacketField::ip6_saddr : PacketField::ip_saddr, info.src_min, info.src_max,
         info.flags & IPRANGE_SRC_INV);
  if (info.flags & IPRANGE_DST)
    side(out.ip6() ? PacketField::ip6_daddr : PacketField::ip_daddr, info.dst_min, info.dst_max,
         info.flags & IPRANGE_DST_INV);
  return info.flags & (IPRANGE_SRC | IPRANGE_DST);
}

bool mac(XtDecoding& out, const xt_mac_info& info) {
  out.match(PacketField::ether_saddr, info.invert, octets_of(info.srcaddr));
  return true;
}

// A segment without the option matches the inverted one (xt_tcpmss.c), which no comparison does.
bool tcpmss(XtDecoding& out, const xt_tcpmss_match_info& info) {
  if (info.invert) {
    out.extension("! --mss " + range_text(info.mss_min, info.mss_max));
    return true;
  }
  constexpr std::uint8_t kMaxSegmentSize = 2;
  out.range(ExtensionHeader{ExtensionHeader::Kind::tcp_option, kMaxSegmentSize, 16, 16, false},
            false, Octets::number(info.mss_min, 2), Octets::number(info.mss_max, 2));
  return true;
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"tcp", kMatch, kXtAny, 0, exactly<tcp>, true},
    {"udp", kMatch, kXtAny, 0, exactly<udp<PacketField::udp_sport, PacketField::udp_dport>>, true},
    {"udplite", kMatch, kXtAny, 0,
     exactly<udp<PacketField::udplite_sport, PacketField::udplite_dport>>, true},
    {"sctp", kMatch, kXtAny, 0, exactly<sctp>, true},
    {"dccp", kMatch, kXtAny, 0, exactly<dccp>, true},
    {"icmp", kMatch, kXtIp, 0, exactly<icmp>, true},
    {"icmp6", kMatch, kXtIp6, 0, exactly<icmp6>, true},
    {"multiport", kMatch, kXtAny, 0, exactly<multiport0>, true},
    {"multiport", kMatch, kXtAny, 1, exactly<multiport1>, true},
    {"esp", kMatch, kXtAny, 0, exactly<esp>, true},
    {"ah", kMatch, kXtIp, 0, exactly<ah4>, true},
    {"ah", kMatch, kXtIp6, 0, exactly<ah6>, false},
    {"ipcomp", kMatch, kXtAny, 0, exactly<ipcomp>, true},
    {"length", kMatch, kXtAny, 0, exactly<length>, true},
    {"ttl", kMatch, kXtIp, 0, exactly<ttl>, true},
    {"hl", kMatch, kXtIp6, 0, exactly<hop_limit>, true},
    {"dscp", kMatch, kXtAny, 0, exactly<dscp>, true},
    {"tos", kMatch, kXtAny, 1, exactly<tos>, true},
    {"ecn", kMatch, kXtAny, 0, exactly<ecn>, true},
    {"iprange", kMatch, kXtAny, 1, exactly<iprange>, true},
    {"mac", kMatch, kXtAny, 0, exactly<mac>, true},
    {"tcpmss", kMatch, kXtAny, 0, exactly<tcpmss>, true},
};

}  // namespace

std::span<const XtRow> xt_protocol_matches() { return kRows; }

}  // namespace nsmap::collect
