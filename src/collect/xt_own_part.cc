#include "collect/xt_own_part.h"

#include <algorithm>

#include "collect/xt_decoding.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

using Statements = std::vector<Statement>;

template <typename T>
Bytes bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

bool is_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

void add(Statements& out, Match match) { out.push_back({{}, std::move(match)}); }

// Masked bytes; a mask of zeros asks for nothing, and inverted for what never is.
void masked(Statements& out, PacketField field, Bytes value, Bytes mask, bool invert) {
  if (is_zero(mask) && !invert) return;
  Match match{field, invert ? Compare::ne : Compare::eq, {}, Octets(value), {}};
  const auto is_one = [](std::byte byte) { return byte == std::byte{0xff}; };
  if (!std::ranges::all_of(mask, is_one)) match.mask = Octets(mask);
  add(out, std::move(match));
}

template <typename Own>
void interfaces(Statements& out, const Own& own, bool invert_in, bool invert_out) {
  if (!is_zero(bytes_of(own.iniface_mask)) || invert_in)
    add(out, interface_match(PacketField::meta_iifname, bytes_of(own.iniface),
                             bytes_of(own.iniface_mask), invert_in));
  if (!is_zero(bytes_of(own.outiface_mask)) || invert_out)
    add(out, interface_match(PacketField::meta_oifname, bytes_of(own.outiface),
                             bytes_of(own.outiface_mask), invert_out));
}

void protocol(Statements& out, std::uint16_t number, bool invert) {
  add(out, {PacketField::meta_l4proto,
            invert ? Compare::ne : Compare::eq,
            {},
            Octets::number(number, 1),
            {}});
}

}  // namespace

void own_part(const ipt_ip& ip, Statements& out) {
  const auto inverted = [&](unsigned flag) { return (ip.invflags & flag) != 0; };
  interfaces(out, ip, inverted(IPT_INV_VIA_IN), inverted(IPT_INV_VIA_OUT));
  if (ip.proto != 0) protocol(out, ip.proto, inverted(XT_INV_PROTO));
  masked(out, PacketField::ip_saddr, bytes_of(ip.src), bytes_of(ip.smsk), inverted(IPT_INV_SRCIP));
  masked(out, PacketField::ip_daddr, bytes_of(ip.dst), bytes_of(ip.dmsk), inverted(IPT_INV_DSTIP));
  if (ip.flags & IPT_F_FRAG)
    add(out, {PacketField::ip_frag_off,
              inverted(IPT_INV_FRAG) ? Compare::eq : Compare::ne,
              Octets::number(0x1fff, 2),
              Octets::number(0, 2),
              {}});
}

void own_part(const ip6t_ip6& ip, Statements& out) {
  const auto inverted = [&](unsigned flag) { return (ip.invflags & flag) != 0; };
  interfaces(out, ip, inverted(IP6T_INV_VIA_IN), inverted(IP6T_INV_VIA_OUT));
  if (ip.flags & IP6T_F_PROTO && ip.proto != 0) protocol(out, ip.proto, inverted(XT_INV_PROTO));
  masked(out, PacketField::ip6_saddr, bytes_of(ip.src), bytes_of(ip.smsk),
         inverted(IP6T_INV_SRCIP));
  masked(out, PacketField::ip6_daddr, bytes_of(ip.dst), bytes_of(ip.dmsk),
         inverted(IP6T_INV_DSTIP));
  if (ip.flags & IP6T_F_TOS)
    add(out, {Payload{Payload::Base::network, 4, 8},
              inverted(IP6T_INV_TOS) ? Compare::ne : Compare::eq,
              {},
              octets_of(ip.tos),
              {}});
}

namespace {

// The first six bytes of what has room for sixteen: Ethernet's.
void device(Statements& out, PacketField field, const arpt_devaddr_info& address, bool invert) {
  constexpr std::size_t kSize = 6;
  masked(out, field, bytes_of(address.addr).first(kSize), bytes_of(address.mask).first(kSize),
         invert);
}

}  // namespace

void own_part(const arpt_arp& arp, Statements& out) {
  const auto inverted = [&](unsigned flag) { return (arp.invflags & flag) != 0; };
  interfaces(out, arp, inverted(ARPT_INV_VIA_IN), inverted(ARPT_INV_VIA_OUT));
  masked(out, PacketField::arp_htype, bytes_of(arp.arhrd), bytes_of(arp.arhrd_mask),
         inverted(ARPT_INV_ARPHRD));
  masked(out, PacketField::arp_ptype, bytes_of(arp.arpro), bytes_of(arp.arpro_mask),
         inverted(ARPT_INV_ARPPRO));
  masked(out, PacketField::arp_hlen, bytes_of(arp.arhln), bytes_of(arp.arhln_mask),
         inverted(ARPT_INV_ARPHLN));
  masked(out, PacketField::arp_operation, bytes_of(arp.arpop), bytes_of(arp.arpop_mask),
         inverted(ARPT_INV_ARPOP));
  device(out, PacketField::arp_saddr_ether, arp.src_devaddr, inverted(ARPT_INV_SRCDEVADDR));
  masked(out, PacketField::arp_saddr_ip, bytes_of(arp.src), bytes_of(arp.smsk),
         inverted(ARPT_INV_SRCIP));
  device(out, PacketField::arp_daddr_ether, arp.tgt_devaddr, inverted(ARPT_INV_TGTDEVADDR));
  masked(out, PacketField::arp_daddr_ip, bytes_of(arp.tgt), bytes_of(arp.tmsk),
         inverted(ARPT_INV_TGTIP));
}

}  // namespace nsmap::collect
