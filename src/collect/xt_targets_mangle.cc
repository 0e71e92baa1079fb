#include <linux/netfilter/xt_CHECKSUM.h>
#include <linux/netfilter/xt_CLASSIFY.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CONNSECMARK.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_HMARK.h>
#include <linux/netfilter/xt_IDLETIMER.h>
#include <linux/netfilter/xt_LED.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_SECMARK.h>
#include <linux/netfilter/xt_TCPMSS.h>
#include <linux/netfilter/xt_TCPOPTSTRIP.h>
#include <linux/netfilter_ipv4/ipt_CLUSTERIP.h>
#include <linux/netfilter_ipv4/ipt_ECN.h>
#include <linux/netfilter_ipv4/ipt_TTL.h>
#include <linux/netfilter_ipv6/ip6t_HL.h>

#include "collect/xt_decoding.h"

// Targets that write to the packet, to its marks or to its connection's.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

Octets word(std::uint32_t value) { return Octets::number(value, 4); }

void assign(XtDecoding& out, PacketField to, Value value) {
  out.add(Box(Assign{to, std::move(value)}));
}

// (field & mask) ^ flip, as short as it can be said.
Value masked(PacketField field, std::uint32_t mask, std::uint32_t flip) {
  if (mask == 0) return word(flip);
  if (mask == 0xffffffff && flip == 0) return field;
  return Box(Bitwise{field, word(mask), word(flip)});
}

// --- marks -------------------------------------------------------------------------------------

bool mark(XtDecoding& out, const xt_mark_tginfo2& info) {
  assign(out, PacketField::meta_mark, masked(PacketField::meta_mark, ~info.mask, info.mark));
  return true;
}

// What is left of `to` outside its mask, and of `from` within its own.
void copy_mark(XtDecoding& out, PacketField to, std::uint32_t to_mask, PacketField from,
               std::uint32_t from_mask) {
  Value value = masked(from, from_mask, 0);
  if (~to_mask != 0)
    value =
        Box(Combination{Combination::Operator::xor_, masked(to, ~to_mask, 0), std::move(value)});
  assign(out, to, std::move(value));
}

bool connmark(XtDecoding& out, const xt_connmark_tginfo1& info) {
  switch (info.mode) {
    case XT_CONNMARK_SET:
      assign(out, PacketField::ct_mark, masked(PacketField::ct_mark, ~info.ctmask, info.ctmark));
      return true;
    case XT_CONNMARK_SAVE:
      copy_mark(out, PacketField::ct_mark, info.ctmask, PacketField::meta_mark, info.nfmask);
      return true;
    case XT_CONNMARK_RESTORE:
      copy_mark(out, PacketField::meta_mark, info.nfmask, PacketField::ct_mark, info.ctmask);
      return true;
    default:
      return false;
  }
}

bool connmark_shifted(XtDecoding& out, const xt_connmark_tginfo2& info) {
  if (info.shift_dir > D_SHIFT_RIGHT) return false;
  XtOptions options;
  switch (info.mode) {
    case XT_CONNMARK_SET:
      options.add("--set-xmark 0x{:x}/0x{:x}", info.ctmark, info.ctmask);
      break;
    case XT_CONNMARK_SAVE:
    case XT_CONNMARK_RESTORE:
      options.add("{}", info.mode == XT_CONNMARK_SAVE ? "--save-mark" : "--restore-mark");
      options.add("--nfmask 0x{:x} --ctmask 0x{:x}", info.nfmask, info.ctmask);
      break;
    default:
      return false;
  }
  options.add("{} {}", info.shift_dir == D_SHIFT_LEFT ? "--left-shift-mark" : "--right-shift-mark",
              info.shift_bits);
  out.extension(std::move(options).text());
  return true;
}

bool connmark2(XtDecoding& out, const xt_connmark_tginfo2& info) {
  if (info.shift_bits != 0) return connmark_shifted(out, info);
  return connmark(out, {info.ctmark, info.ctmask, info.nfmask, info.mode});
}

template <typename Info>
bool secmark(XtDecoding& out, const Info& info) {
  if (info.mode != SECMARK_MODE_SEL) return false;
  out.extension("--selctx " + iptables_text(xt_text(info.secctx)));
  return true;
}

bool connsecmark(XtDecoding& out, const xt_connsecmark_target_info& info) {
  if (info.mode != CONNSECMARK_SAVE && info.mode != CONNSECMARK_RESTORE) return false;
  out.extension(info.mode == CONNSECMARK_SAVE ? "--save" : "--restore");
  return true;
}

bool classify(XtDecoding& out, const xt_classify_target_info& info) {
  assign(out, PacketField::meta_priority, word(info.priority));
  return true;
}

// --- headers -----------------------------------------------------------------------------------

bool dscp(XtDecoding& out, const xt_DSCP_info& info) {
  if (info.dscp > 0x3f) return false;
  assign(out, out.ip6() ? PacketField::ip6_dscp : PacketField::ip_dscp, octets_of(info.dscp));
  return true;
}

bool tos(XtDecoding& out, const xt_tos_target_info& info) {
  out.extension(fmt::format("--set-tos 0x{:02x}/0x{:02x}", info.tos_value, info.tos_mask));
  return true;
}

bool hops(XtDecoding& out, PacketField field, unsigned mode, std::uint8_t value,
          std::string_view option) {
  if (mode == IPT_TTL_SET) {
    assign(out, field, octets_of(value));
    return true;
  }
  if (mode != IPT_TTL_INC && mode != IPT_TTL_DEC) return false;
  out.extension(fmt::format("--{}-{} {}", option, mode == IPT_TTL_INC ? "inc" : "dec", value));
  return true;
}
bool ttl(XtDecoding& out, const ipt_TTL_info& info) {
  return hops(out, PacketField::ip_ttl, info.mode, info.ttl, "ttl");
}
bool hop_limit(XtDecoding& out, const ip6t_HL_info& info) {
  return hops(out, PacketField::ip6_hoplimit, info.mode, info.hop_limit, "hl");
}

bool tcpmss(XtDecoding& out, const xt_tcpmss_info& info) {
  out.extension(info.mss == XT_TCPMSS_CLAMP_PMTU ? "--clamp-mss-to-pmtu"
                                                 : fmt::format("--set-mss {}", info.mss));
  return true;
}

bool strip_options(XtDecoding& out, const xt_tcpoptstrip_target_info& info) {
  const std::size_t before = out.rule.statements.size();
  for (unsigned kind = 0; kind < 256; ++kind)
    if (info.strip_bmap[kind / 32] >> (kind % 32) & 1)
      out.add(StripOption{static_cast<std::uint8_t>(kind)});
  return out.rule.statements.size() > before;
}

bool checksum(XtDecoding& out, const xt_CHECKSUM_info& info) {
  if (info.operation != XT_CHECKSUM_OP_FILL) return false;
  out.extension("--checksum-fill");
  return true;
}

bool ecn(XtDecoding& out, const ipt_ECN_info& info) {
  if (info.operation == (IPT_ECN_OP_SET_ECE | IPT_ECN_OP_SET_CWR) && info.proto.tcp.ece == 0 &&
      info.proto.tcp.cwr == 0) {
    out.extension("--ecn-tcp-remove");
    return true;
  }
  if (info.operation != IPT_ECN_OP_SET_IP) return false;
  out.extension(fmt::format("--ecn-ip-ect {}", info.ip_ect));
  return true;
}

// --- others ------------------------------------------------------------------------------------

template <typename Info>
bool idletimer(XtDecoding& out, const Info& info) {
  XtOptions options;
  options.add("--timeout {} --label {}", info.timeout, iptables_text(xt_text(info.label)));
  if constexpr (requires { info.timer_type; })
    if (info.timer_type & XT_IDLETIMER_ALARM) options.add("--alarm");
  out.extension(std::move(options).text());
  return true;
}

bool led(XtDecoding& out, const xt_led_info& info) {
  constexpr std::string_view kPrefix = "netfilter-";
  const std::string id = xt_text(info.id);
  if (!id.starts_with(kPrefix)) return false;
  XtOptions options;
  options.add("--led-trigger-id {}", iptables_text(id.substr(kPrefix.size())));
  if (info.delay == 0xffffffff)
    options.add("--led-delay inf");
  else if (info.delay != 0)
    options.add("--led-delay {}", info.delay);
  if (info.always_blink) options.add("--led-always-blink");
  out.extension(std::move(options).text());
  return true;
}

void hash_ports(XtOptions& options, const xt_hmark_info& info) {
  const auto has = [&](unsigned flag) { return (info.flags >> flag & 1) != 0; };
  if (has(XT_HMARK_SPORT)) options.add("--hmark-sport 0x{:04x}", from_be(info.port_set.b16.src));
  if (has(XT_HMARK_DPORT)) options.add("--hmark-dport 0x{:04x}", from_be(info.port_set.b16.dst));
  if (has(XT_HMARK_SPI)) options.add("--hmark-spi 0x{:08x}", from_be(info.port_set.v32));
  if (has(XT_HMARK_SPORT_MASK))
    options.add("--hmark-sport-mask 0x{:04x}", from_be(info.port_mask.b16.src));
  if (has(XT_HMARK_DPORT_MASK))
    options.add("--hmark-dport-mask 0x{:04x}", from_be(info.port_mask.b16.dst));
  if (has(XT_HMARK_SPI_MASK)) options.add("--hmark-spi-mask 0x{:08x}", from_be(info.port_mask.v32));
}

bool hmark(XtDecoding& out, const xt_hmark_info& info) {
  const auto has = [&](unsigned flag) { return (info.flags >> flag & 1) != 0; };
  const auto source = mask_length(address_octets(out, info.src_mask));
  const auto destination = mask_length(address_octets(out, info.dst_mask));
  if (!source || !destination) return false;
  XtOptions options;
  if (has(XT_HMARK_SADDR_MASK) && !has(XT_HMARK_METHOD_L3_4))
    options.add("--hmark-src-prefix {}", *source);
  if (has(XT_HMARK_DADDR_MASK) && !has(XT_HMARK_METHOD_L3_4))
    options.add("--hmark-dst-prefix {}", *destination);
  hash_ports(options, info);
  if (has(XT_HMARK_PROTO_MASK)) options.add("--hmark-proto-mask 0x{:x}", info.proto_mask);
  if (has(XT_HMARK_RND)) options.add("--hmark-rnd 0x{:08x}", info.hashrnd);
  if (has(XT_HMARK_MODULUS)) options.add("--hmark-mod {}", info.hmodulus);
  if (has(XT_HMARK_OFFSET)) options.add("--hmark-offset {}", info.hoffset);
  if (has(XT_HMARK_CT)) options.add("--hmark-tuple ct");
  out.extension(std::move(options).text());
  return true;
}

std::string device_address(const std::uint8_t (&bytes)[6]) {
  return Mac::from_bytes(std::as_bytes(std::span(bytes)))->text();
}

bool clusterip(XtDecoding& out, const ipt_clusterip_tgt_info& info) {
  static constexpr const char* kModes[] = {"sourceip", "sourceip-sourceport",
                                           "sourceip-sourceport-destport"};
  if (info.hash_mode >= std::size(kModes)) return false;
  XtOptions options;
  if (info.flags & CLUSTERIP_FLAG_NEW)
    options.add("--new --hashmode {} --clustermac {} --total-nodes {} --local-node {}",
                kModes[info.hash_mode], device_address(info.clustermac), info.num_total_nodes,
                info.local_nodes[0]);
  if (info.flags & CLUSTERIP_FLAG_NEW) options.add("--hash-init {}", info.hash_initval);
  out.extension(std::move(options).text());
  return true;
}

constexpr bool kTarget = true;
constexpr XtRow kRows[] = {
    {"MARK", kTarget, kXtAny, 2, exactly<mark>, true},
    {"CONNMARK", kTarget, kXtAny, 1, exactly<connmark>, true},
    {"CONNMARK", kTarget, kXtAny, 2, exactly<connmark2>, true},
    {"SECMARK", kTarget, kXtAny, 0, exactly<secmark<xt_secmark_target_info>>, false},
    {"SECMARK", kTarget, kXtAny, 1, exactly<secmark<xt_secmark_target_info_v1>>, false},
    {"CONNSECMARK", kTarget, kXtAny, 0, exactly<connsecmark>, false},
    {"CLASSIFY", kTarget, kXtAny, 0, exactly<classify>, true},
    {"DSCP", kTarget, kXtAny, 0, exactly<dscp>, true},
    {"TOS", kTarget, kXtAny, 1, exactly<tos>, false},
    {"TTL", kTarget, kXtIp, 0, exactly<ttl>, true},
    {"HL", kTarget, kXtIp6, 0, exactly<hop_limit>, true},
    {"TCPMSS", kTarget, kXtAny, 0, exactly<tcpmss>, false},
    {"TCPOPTSTRIP", kTarget, kXtAny, 0, exactly<strip_options>, true},
    {"CHECKSUM", kTarget, kXtAny, 0, exactly<checksum>, false},
    {"ECN", kTarget, kXtIp, 0, exactly<ecn>, false},
    {"IDLETIMER", kTarget, kXtAny, 0, exactly<idletimer<idletimer_tg_info>>, false},
    {"IDLETIMER", kTarget, kXtAny, 1, exactly<idletimer<idletimer_tg_info_v1>>, false},
    {"LED", kTarget, kXtAny, 0, exactly<led>, false},
    {"HMARK", kTarget, kXtAny, 0, exactly<hmark>, false},
    {"CLUSTERIP", kTarget, kXtIp, 0, exactly<clusterip>, false},
};

}  // namespace

std::span<const XtRow> xt_mangle_targets() { return kRows; }

}  // namespace nsmap::collect
