#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter/xt_AUDIT.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_RATEEST.h>
#include <linux/netfilter/xt_SYNPROXY.h>
#include <linux/netfilter/xt_TEE.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

#include <algorithm>

#include "collect/xt_decoding.h"

// Targets that decide what becomes of the packet, or tell of it.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

// --- verdicts ----------------------------------------------------------------------------------

// Of the standard target those that jump to no chain; -n - 1 is NF_* n (x_tables.h).
bool standard(XtDecoding& out, const std::int32_t& verdict) {
  static constexpr std::pair<std::int32_t, Verdict::Kind> kVerdicts[] = {
      {-NF_ACCEPT - 1, Verdict::Kind::accept},
      {-NF_DROP - 1, Verdict::Kind::drop},
      {-NF_QUEUE - 1, Verdict::Kind::queue},
      {XT_RETURN, Verdict::Kind::return_},
  };
  const auto known =
      std::ranges::find(kVerdicts, verdict, &std::pair<std::int32_t, Verdict::Kind>::first);
  if (known == std::end(kVerdicts)) return false;
  out.via = {};
  out.add(Verdict{known->second, {}});
  return true;
}

// --- REJECT ------------------------------------------------------------------------------------

struct Rejection {
  std::uint32_t with;
  std::uint8_t code;
};
constexpr Rejection kRejections[] = {
    {IPT_ICMP_NET_UNREACHABLE, ICMP_NET_UNREACH},   {IPT_ICMP_HOST_UNREACHABLE, ICMP_HOST_UNREACH},
    {IPT_ICMP_PROT_UNREACHABLE, ICMP_PROT_UNREACH}, {IPT_ICMP_PORT_UNREACHABLE, ICMP_PORT_UNREACH},
    {IPT_ICMP_NET_PROHIBITED, ICMP_NET_ANO},        {IPT_ICMP_HOST_PROHIBITED, ICMP_HOST_ANO},
    {IPT_ICMP_ADMIN_PROHIBITED, ICMP_PKT_FILTERED},
};
constexpr Rejection kRejections6[] = {
    {IP6T_ICMP6_NO_ROUTE, ICMPV6_NOROUTE},
    {IP6T_ICMP6_ADM_PROHIBITED, ICMPV6_ADM_PROHIBITED},
    {IP6T_ICMP6_NOT_NEIGHBOUR, ICMPV6_NOT_NEIGHBOUR},
    {IP6T_ICMP6_ADDR_UNREACH, ICMPV6_ADDR_UNREACH},
    {IP6T_ICMP6_PORT_UNREACH, ICMPV6_PORT_UNREACH},
    {IP6T_ICMP6_POLICY_FAIL, ICMPV6_POLICY_FAIL},
    {IP6T_ICMP6_REJECT_ROUTE, ICMPV6_REJECT_ROUTE},
};

bool reject_with(XtDecoding& out, std::span<const Rejection> known, Reject::With with,
                 std::uint32_t reason) {
  const auto found = std::ranges::find(known, reason, &Rejection::with);
  if (found == known.end()) return false;
  out.add(Reject{with, found->code});
  return true;
}

// The structure's only member is an enum, which may hold what is none of its values.
static_assert(sizeof(ipt_reject_info) == sizeof(std::uint32_t));
bool reject(XtDecoding& out, const std::uint32_t& with) {
  if (with != IPT_TCP_RESET) return reject_with(out, kRejections, Reject::With::icmp, with);
  out.add(Reject{Reject::With::tcp_reset, 0});
  return true;
}

bool reject6(XtDecoding& out, const ip6t_reject_info& info) {
  if (info.with != IP6T_TCP_RESET)
    return reject_with(out, kRejections6, Reject::With::icmpv6, info.with);
  out.add(Reject{Reject::With::tcp_reset, 0});
  return true;
}

// --- logs --------------------------------------------------------------------------------------

bool log(XtDecoding& out, const xt_log_info& info) {
  Log log;
  log.prefix = xt_text(info.prefix);
  log.level = info.level;
  log.flags = info.logflags;
  out.add(Box(std::move(log)));
  return true;
}

// A length that is not asked for by its flag is ignored (xt_NFLOG.c), and lost here.
bool nflog(XtDecoding& out, const xt_nflog_info& info) {
  if (info.len != 0 && !(info.flags & XT_NFLOG_F_COPY_LEN)) {
    XtOptions options;
    if (info.prefix[0] != '\0')
      options.add("--nflog-prefix {}", iptables_text(xt_text(info.prefix)));
    options.add("--nflog-group {}", info.group).add("--nflog-range {}", info.len);
    if (info.threshold != 0) options.add("--nflog-threshold {}", info.threshold);
    out.extension(std::move(options).text());
    return true;
  }
  Log log;
  log.prefix = xt_text(info.prefix);
  log.group = info.group;
  if (info.flags & XT_NFLOG_F_COPY_LEN) log.snaplen = info.len;
  if (info.threshold != 0) log.threshold = info.threshold;
  out.add(Box(std::move(log)));
  return true;
}

bool audit(XtDecoding& out, const xt_audit_info& info) {
  static constexpr const char* kTypes[] = {"accept", "drop", "reject"};
  if (info.type >= std::size(kTypes)) return false;
  out.extension(std::string("--type ") + kTypes[info.type]);
  return true;
}

std::string estimator_time(std::uint64_t us) {
  if (us >= 1000000) return fmt::format("{:.1f}s", static_cast<double>(us) / 1e6);
  return us >= 1000 ? fmt::format("{:.1f}ms", static_cast<double>(us) / 1e3)
                    : fmt::format("{}us", us);
}

bool rateest(XtDecoding& out, const xt_rateest_target_info& info) {
  constexpr std::uint64_t kQuarter = 250000;
  if (info.interval < -2 || info.interval > 3 || info.ewma_log > 31) return false;
  const std::uint64_t interval = (kQuarter << (info.interval + 2));
  out.extension(fmt::format("--rateest-name {} --rateest-interval {} --rateest-ewmalog {}",
                            iptables_text(xt_text(info.name)), estimator_time(interval),
                            estimator_time(interval << info.ewma_log)));
  return true;
}

// --- queues, proxies, copies -------------------------------------------------------------------

bool queue(XtDecoding& out, unsigned first, unsigned count, unsigned flags) {
  const unsigned last = first + std::max(count, 1u) - 1;
  if (last > 0xffff || flags & ~unsigned{NFQ_FLAG_MASK}) return false;
  out.add(Box(Queue{static_cast<std::uint16_t>(first),
                    static_cast<std::uint16_t>(last),
                    {},
                    (flags & NFQ_FLAG_BYPASS) != 0,
                    (flags & NFQ_FLAG_CPU_FANOUT) != 0}));
  return true;
}
bool queue0(XtDecoding& out, const xt_NFQ_info& info) { return queue(out, info.queuenum, 1, 0); }
bool queue1(XtDecoding& out, const xt_NFQ_info_v1& info) {
  return queue(out, info.queuenum, info.queues_total, 0);
}
bool queue2(XtDecoding& out, const xt_NFQ_info_v2& info) {
  return queue(out, info.queuenum, info.queues_total, info.bypass);
}
bool queue3(XtDecoding& out, const xt_NFQ_info_v3& info) {
  return queue(out, info.queuenum, info.queues_total, info.flags);
}

// Without an address it is the interface's own, without a port the packet's (xt_TPROXY.c).
void tproxy_to(XtDecoding& out, Octets address, std::uint16_t port, std::uint32_t mark,
               std::uint32_t mask) {
  Tproxy proxy;
  proxy.family = out.ip6() ? NFPROTO_IPV6 : NFPROTO_IPV4;
  if (!address.is_zero()) proxy.address = std::move(address);
  if (port != 0) proxy.port = port_octets(from_be(port));
  if (mark != 0 || mask != 0) {
    proxy.mark = mark;
    proxy.mark_mask = mask;
  }
  out.add(Box(std::move(proxy)));
}
bool tproxy0(XtDecoding& out, const xt_tproxy_target_info& info) {
  tproxy_to(out, octets_of(info.laddr), info.lport, info.mark_value, info.mark_mask);
  return true;
}
bool tproxy1(XtDecoding& out, const xt_tproxy_target_info_v1& info) {
  tproxy_to(out, address_octets(out, info.laddr), info.lport, info.mark_value, info.mark_mask);
  return true;
}

// The model's device is an index, which the rule does not have.
bool tee(XtDecoding& out, const xt_tee_tginfo& info) {
  if (info.oif[0] != '\0')
    out.extension(
        fmt::format("--gateway {} --oif {}", address_text(out, info.gw), xt_text(info.oif)));
  else
    out.add(Box(Duplicate{address_octets(out, info.gw), {}}));
  return true;
}

bool synproxy(XtDecoding& out, const xt_synproxy_info& info) {
  const auto has = [&](unsigned option) { return (info.options & option) != 0; };
  out.add(Synproxy{has(XT_SYNPROXY_OPT_MSS) ? info.mss : std::uint16_t{0},
                   has(XT_SYNPROXY_OPT_WSCALE) ? info.wscale : std::uint8_t{0},
                   has(XT_SYNPROXY_OPT_TIMESTAMP), has(XT_SYNPROXY_OPT_SACK_PERM),
                   has(XT_SYNPROXY_OPT_ECN)});
  return true;
}

bool trace(XtDecoding& out) {
  out.add(Box(Assign{PacketField::meta_nftrace, Octets::number(1, 1)}));
  return out.xt.info.empty();
}

// --- CT ----------------------------------------------------------------------------------------

bool notrack(XtDecoding& out) {
  out.add(Notrack{});
  return out.xt.info.empty();
}

std::string event_names(std::uint32_t events, std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t bit = 0; bit < names.size(); ++bit)
    if (events >> bit & 1 && !names[bit].empty())
      text += (text.empty() ? "" : ",") + std::string(names[bit]);
  return text;
}

struct Ct {
  std::string helper, timeout;
  std::uint16_t flags, zone;
  std::uint32_t ct_events, exp_events;
};

bool ct_options(XtDecoding& out, const Ct& ct) {
  static constexpr std::string_view kEvents[] = {"new",        "related",   "destroy", "reply",
                                                 "assured",    "protoinfo", "helper",  "mark",
                                                 "natseqinfo", "secmark"};  // IPCT_*
  static constexpr std::string_view kExpected[] = {"new"};
  XtOptions options;
  if (ct.flags & XT_CT_NOTRACK) options.add("--notrack");
  if (!ct.helper.empty()) options.add("--helper {}", iptables_text(ct.helper));
  if (!ct.timeout.empty()) options.add("--timeout {}", iptables_text(ct.timeout));
  if (ct.ct_events != 0) options.add("--ctevents {}", event_names(ct.ct_events, kEvents));
  if (ct.exp_events != 0) options.add("--expevents {}", event_names(ct.exp_events, kExpected));
  const char* const zone = ct.flags & XT_CT_ZONE_DIR_ORIG   ? "--zone-orig"
                           : ct.flags & XT_CT_ZONE_DIR_REPL ? "--zone-reply"
                                                            : "--zone";
  if (ct.flags & XT_CT_ZONE_MARK)
    options.add("{} mark", zone);
  else if (ct.zone != 0)
    options.add("{} {}", zone, ct.zone);
  out.extension(std::move(options).text());
  return true;
}

bool ct(XtDecoding& out, const Ct& ct) {
  if (ct.flags & ~XT_CT_MASK) return false;
  if (ct.flags & XT_CT_NOTRACK_ALIAS) out.via = "NOTRACK";
  const bool more = !ct.helper.empty() || !ct.timeout.empty() || ct.ct_events || ct.exp_events;
  if (!more && ct.zone == 0 && ct.flags & XT_CT_NOTRACK) {
    out.add(Notrack{});
    return true;
  }
  if (more || ct.zone == 0 || ct.flags & (XT_CT_NOTRACK | XT_CT_ZONE_MARK))
    return ct_options(out, ct);
  const PacketField zone = ct.flags & XT_CT_ZONE_DIR_ORIG   ? PacketField::ct_original_zone
                           : ct.flags & XT_CT_ZONE_DIR_REPL ? PacketField::ct_reply_zone
                                                            : PacketField::ct_zone;
  out.add(Box(Assign{zone, Octets::number(ct.zone, 2)}));
  return true;
}
bool ct0(XtDecoding& out, const xt_ct_target_info& info) {
  return ct(out,
            {xt_text(info.helper), {}, info.flags, info.zone, info.ct_events, info.exp_events});
}
bool ct1(XtDecoding& out, const xt_ct_target_info_v1& info) {
  return ct(out, {xt_text(info.helper), xt_text(info.timeout), info.flags, info.zone,
                  info.ct_events, info.exp_events});
}

constexpr bool kTarget = true;
constexpr XtRow kRows[] = {
    {"", kTarget, kXtAny, 0, exactly<standard>, true},
    {"standard", kTarget, kXtAny, 0, exactly<standard>, true},
    {"REJECT", kTarget, kXtIp, 0, exactly<reject>, true},
    {"REJECT", kTarget, kXtIp6, 0, exactly<reject6>, true},
    {"LOG", kTarget, kXtAny, 0, exactly<log>, true},
    {"NFLOG", kTarget, kXtAny, 0, exactly<nflog>, true},
    {"AUDIT", kTarget, kXtAny, 0, exactly<audit>, false},
    {"RATEEST", kTarget, kXtAny, 0, exactly<rateest>, false},
    {"NFQUEUE", kTarget, kXtAny, 0, exactly<queue0>, true},
    {"NFQUEUE", kTarget, kXtAny, 1, exactly<queue1>, true},
    {"NFQUEUE", kTarget, kXtAny, 2, exactly<queue2>, true},
    {"NFQUEUE", kTarget, kXtAny, 3, exactly<queue3>, true},
    {"TPROXY", kTarget, kXtIp, 0, exactly<tproxy0>, true},
    {"TPROXY", kTarget, kXtAny, 1, exactly<tproxy1>, true},
    {"TEE", kTarget, kXtAny, 1, exactly<tee>, true},
    {"SYNPROXY", kTarget, kXtAny, 0, exactly<synproxy>, true},
    {"TRACE", kTarget, kXtAny, 0, trace, true},
    {"NOTRACK", kTarget, kXtAny, 0, notrack, true},
    {"CT", kTarget, kXtAny, 0, exactly<ct0>, true},
    {"CT", kTarget, kXtAny, 1, exactly<ct1>, true},
    {"CT", kTarget, kXtAny, 2, exactly<ct1>, true},
};

}  // namespace

std::span<const XtRow> xt_verdict_targets() { return kRows; }

}  // namespace nsmap::collect
