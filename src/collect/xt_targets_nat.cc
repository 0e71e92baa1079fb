#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter_ipv6/ip6t_NPT.h>

#include "collect/xt_decoding.h"

// Targets that translate addresses.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

// A range as all structures of NAT hold one.
struct Range {
  unsigned flags = 0;
  Octets first, last;
  std::uint16_t first_port = 0, last_port = 0, base_port = 0;  // host order

  bool has(unsigned flag) const { return flags & flag; }
};

void take_addresses(Nat& nat, const Range& range) {
  nat.address = range.first;
  if (range.first != range.last) nat.last_address = range.last;
}

void take_ports(Nat& nat, const Range& range) {
  nat.port = port_octets(range.first_port);
  if (range.first_port != range.last_port) nat.last_port = port_octets(range.last_port);
  if (range.has(NF_NAT_RANGE_PROTO_OFFSET)) nat.base_port = range.base_port;
}

template <Nat::Kind kind>
bool translate(XtDecoding& out, const Range& range) {
  constexpr bool kHasAddress =
      kind == Nat::Kind::snat || kind == Nat::Kind::dnat || kind == Nat::Kind::by_hook;
  if (range.flags & ~NF_NAT_RANGE_MASK) return false;
  Nat nat;
  nat.kind = kind;
  if (kHasAddress) nat.family = out.ip6() ? NFPROTO_IPV6 : NFPROTO_IPV4;
  // NETMAP has no use for its flags (xt_NETMAP.c).
  nat.netmap = kind == Nat::Kind::by_hook || range.has(NF_NAT_RANGE_NETMAP);
  if (kHasAddress && (nat.netmap || range.has(NF_NAT_RANGE_MAP_IPS))) take_addresses(nat, range);
  if (range.has(NF_NAT_RANGE_PROTO_SPECIFIED)) take_ports(nat, range);
  nat.random = range.has(NF_NAT_RANGE_PROTO_RANDOM);
  nat.fully_random = range.has(NF_NAT_RANGE_PROTO_RANDOM_FULLY);
  nat.persistent = range.has(NF_NAT_RANGE_PERSISTENT);
  out.add(Box(std::move(nat)));
  return true;
}

template <Nat::Kind kind>
bool range4(XtDecoding& out, const nf_nat_ipv4_multi_range_compat& info) {
  if (info.rangesize != 1) return false;
  const nf_nat_ipv4_range& range = info.range[0];
  return translate<kind>(out, {range.flags, octets_of(range.min_ip), octets_of(range.max_ip),
                               from_be(range.min.all), from_be(range.max.all)});
}

template <Nat::Kind kind>
bool range1(XtDecoding& out, const nf_nat_range& range) {
  return translate<kind>(
      out, {range.flags, address_octets(out, range.min_addr), address_octets(out, range.max_addr),
            from_be(range.min_proto.all), from_be(range.max_proto.all)});
}

template <Nat::Kind kind>
bool range2(XtDecoding& out, const nf_nat_range2& range) {
  return translate<kind>(out, {range.flags, address_octets(out, range.min_addr),
                               address_octets(out, range.max_addr), from_be(range.min_proto.all),
                               from_be(range.max_proto.all), from_be(range.base_proto.all)});
}

// Prefixes that are exchanged without connections (RFC 6296).
bool prefix(XtDecoding& out, const ip6t_npt_tginfo& info) {
  if (info.src_pfx_len > 64 || info.dst_pfx_len > 64) return false;
  out.extension(fmt::format("--src-pfx {}/{} --dst-pfx {}/{}", address_text(out, info.src_pfx),
                            info.src_pfx_len, address_text(out, info.dst_pfx), info.dst_pfx_len));
  return true;
}

constexpr auto kSnat = Nat::Kind::snat;
constexpr auto kDnat = Nat::Kind::dnat;
constexpr auto kMasquerade = Nat::Kind::masquerade;
constexpr auto kRedirect = Nat::Kind::redirect;
constexpr auto kByHook = Nat::Kind::by_hook;

constexpr bool kTarget = true;
constexpr XtRow kRows[] = {
    {"SNAT", kTarget, kXtIp, 0, exactly<range4<kSnat>>, true},
    {"SNAT", kTarget, kXtIp | kXtIp6, 1, exactly<range1<kSnat>>, true},
    {"SNAT", kTarget, kXtIp | kXtIp6, 2, exactly<range2<kSnat>>, true},
    {"DNAT", kTarget, kXtIp, 0, exactly<range4<kDnat>>, true},
    {"DNAT", kTarget, kXtIp | kXtIp6, 1, exactly<range1<kDnat>>, true},
    {"DNAT", kTarget, kXtIp | kXtIp6, 2, exactly<range2<kDnat>>, true},
    {"MASQUERADE", kTarget, kXtIp, 0, exactly<range4<kMasquerade>>, true},
    {"MASQUERADE", kTarget, kXtIp6, 0, exactly<range1<kMasquerade>>, true},
    {"REDIRECT", kTarget, kXtIp, 0, exactly<range4<kRedirect>>, true},
    {"REDIRECT", kTarget, kXtIp6, 0, exactly<range1<kRedirect>>, true},
    {"NETMAP", kTarget, kXtIp, 0, exactly<range4<kByHook>>, true},
    {"NETMAP", kTarget, kXtIp6, 0, exactly<range1<kByHook>>, true},
    {"DNPT", kTarget, kXtIp6, 0, exactly<prefix>, false},
    {"SNPT", kTarget, kXtIp6, 0, exactly<prefix>, false},
};

}  // namespace

std::span<const XtRow> xt_nat_targets() { return kRows; }

}  // namespace nsmap::collect
