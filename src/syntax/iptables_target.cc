#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "syntax/iptables_parts.h"

// Targets.

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::PacketField;

Piece target(std::string name, std::string options) {
  return {Piece::Kind::target, std::move(name), std::move(options)};
}

void add(std::string& out, std::string_view word) {
  if (word.empty()) return;
  if (!out.empty()) out += ' ';
  out += word;
}

const Octets* constant(const Value& value) { return std::get_if<Octets>(&value); }
bool is_none(const Value& value) { return std::holds_alternative<std::monostate>(value); }
bool is_none_or_constant(const Value& value) { return is_none(value) || constant(value); }

constexpr std::uint32_t kAll = 0xffffffff;

// --- NAT ---------------------------------------------------------------------------------------

std::string nat_ports(const Nat& nat) {
  const Octets& first = *constant(nat.port);
  const Octets& last = constant(nat.last_port) ? *constant(nat.last_port) : first;
  std::string text = ports_text(first, last, '-');
  if (nat.base_port) text += fmt::format("/{}", *nat.base_port);
  return text;
}

// "10.0.0.1-10.0.0.9:80-90", an IPv6 address with ports in brackets.
std::string nat_range(const Nat& nat) {
  std::string text;
  if (const Octets* const first = constant(nat.address)) {
    text = address_text(*first);
    if (const Octets* const last = constant(nat.last_address)) text += "-" + address_text(*last);
    if (first->size() == 16 && constant(nat.port)) text = "[" + text + "]";
  }
  if (constant(nat.port)) text += ":" + nat_ports(nat);
  return text;
}

// The prefix that begins and ends at the two addresses.
std::string netmap_range(const Nat& nat) {
  const Octets first = *constant(nat.address);
  const Octets last = constant(nat.last_address) ? *constant(nat.last_address) : first;
  Octets mask(first.size());
  for (std::size_t at = 0; at < mask.size() && at < last.size(); ++at)
    mask[at] = ~(first[at] ^ last[at]);
  return masked_address(first, mask);
}

std::string nat_flags(const Nat& nat) {
  std::string text;
  if (nat.random) add(text, "--random");
  if (nat.fully_random) add(text, "--random-fully");
  if (nat.persistent) add(text, "--persistent");
  return text;
}

Piece nat_target(const Nat& nat, std::string name, std::string_view option,
                 std::string_view range) {
  std::string options;
  if (!range.empty()) options = fmt::format("{} {}", option, range);
  add(options, nat_flags(nat));
  return target(std::move(name), std::move(options));
}

// --- marks -------------------------------------------------------------------------------------

struct Masked {
  std::uint32_t mask = 0, flip = 0;  // (value & mask) ^ flip
};

// The value as that of a field, or a constant, which leaves nothing of it.
std::optional<Masked> masked(const Value& value, PacketField field) {
  if (const Octets* const all = constant(value))
    return Masked{0, static_cast<std::uint32_t>(all->number())};
  if (const auto* same = std::get_if<PacketField>(&value); same && *same == field)
    return Masked{kAll, 0};
  const auto* bitwise = std::get_if<Box<Bitwise>>(&value);
  const auto* of = bitwise ? std::get_if<PacketField>(&(*bitwise)->value) : nullptr;
  if (!of || *of != field) return std::nullopt;
  return Masked{static_cast<std::uint32_t>((*bitwise)->mask.number()),
                static_cast<std::uint32_t>((*bitwise)->flip.number())};
}

// `from`, masked, over what the mask leaves of `to`.
struct Copy {
  std::uint32_t to_mask = kAll, from_mask = kAll;
};
std::optional<Copy> copied(const Value& value, PacketField to, PacketField from) {
  if (const auto all = masked(value, from); all && !constant(value) && all->flip == 0)
    return Copy{kAll, all->mask};
  const auto* both = std::get_if<Box<Combination>>(&value);
  if (!both || (*both)->with != Combination::Operator::xor_) return std::nullopt;
  const auto left = masked((*both)->left, to);
  const auto right = masked((*both)->right, from);
  const bool plain = left && right && left->flip == 0 && right->flip == 0;
  if (!plain) return std::nullopt;
  return Copy{~left->mask, right->mask};
}

Piece copy_target(std::string_view option, std::uint32_t nfmask, std::uint32_t ctmask) {
  return target("CONNMARK",
                fmt::format("{} --nfmask 0x{:x} --ctmask 0x{:x}", option, nfmask, ctmask));
}

std::optional<Piece> mark_target(const Assign& assign, PacketField own, PacketField other,
                                 const char* name) {
  if (const auto set = masked(assign.value, own))
    return target(name, fmt::format("--set-xmark 0x{:x}/0x{:x}", set->flip, ~set->mask));
  const auto copy = copied(assign.value, own, other);
  if (!copy) return std::nullopt;
  if (own == PacketField::ct_mark)
    return copy_target("--save-mark", copy->from_mask, copy->to_mask);
  return copy_target("--restore-mark", copy->to_mask, copy->from_mask);
}

// --- logs --------------------------------------------------------------------------------------

Piece log_target(const Log& log) {
  static constexpr std::pair<std::uint32_t, std::string_view> kFlags[] = {
      {0x01, "--log-tcp-sequence"},
      {0x02, "--log-tcp-options"},
      {0x04, "--log-ip-options"},
      {0x08, "--log-uid"},
      {0x20, "--log-macdecode"}};  // NF_LOG_*
  constexpr std::uint32_t kWarning = 4;
  std::string options;
  if (!log.prefix.empty()) add(options, "--log-prefix " + iptables_text(log.prefix));
  if (log.level.value_or(kWarning) != kWarning)
    add(options, fmt::format("--log-level {}", *log.level));
  for (const auto& [flag, option] : kFlags)
    if (log.flags & flag) add(options, option);
  return target("LOG", std::move(options));
}

Piece nflog_target(const Log& log) {
  std::string options;
  if (!log.prefix.empty()) add(options, "--nflog-prefix " + iptables_text(log.prefix));
  if (*log.group != 0) add(options, fmt::format("--nflog-group {}", *log.group));
  if (log.snaplen) add(options, fmt::format("--nflog-size {}", *log.snaplen));
  if (log.threshold) add(options, fmt::format("--nflog-threshold {}", *log.threshold));
  return target("NFLOG", std::move(options));
}

// --- REJECT ------------------------------------------------------------------------------------

struct Reason {
  Reject::With with;
  std::uint8_t code;
  const char* name;
};
constexpr Reason kReasons[] = {
    {Reject::With::icmp, 0, "icmp-net-unreachable"},
    {Reject::With::icmp, 1, "icmp-host-unreachable"},
    {Reject::With::icmp, 2, "icmp-proto-unreachable"},
    {Reject::With::icmp, 3, "icmp-port-unreachable"},
    {Reject::With::icmp, 9, "icmp-net-prohibited"},
    {Reject::With::icmp, 10, "icmp-host-prohibited"},
    {Reject::With::icmp, 13, "icmp-admin-prohibited"},
    {Reject::With::icmpv6, 0, "icmp6-no-route"},
    {Reject::With::icmpv6, 1, "icmp6-adm-prohibited"},
    {Reject::With::icmpv6, 3, "icmp6-addr-unreachable"},
    {Reject::With::icmpv6, 4, "icmp6-port-unreachable"},
    {Reject::With::icmpv6, 5, "icmp6-policy-fail"},
    {Reject::With::icmpv6, 6, "icmp6-reject-route"},
    {Reject::With::tcp_reset, 0, "tcp-reset"},
};

// --- other assignments -------------------------------------------------------------------------

struct Setter {
  PacketField field;
  const char* target;
  const char* option;  // with the number's format
};
constexpr Setter kSetters[] = {
    {PacketField::ip_dscp, "DSCP", "--set-dscp 0x{:02x}"},
    {PacketField::ip6_dscp, "DSCP", "--set-dscp 0x{:02x}"},
    {PacketField::ip_ttl, "TTL", "--ttl-set {}"},
    {PacketField::ip6_hoplimit, "HL", "--hl-set {}"},
    {PacketField::ct_zone, "CT", "--zone {}"},
    {PacketField::ct_original_zone, "CT", "--zone-orig {}"},
    {PacketField::ct_reply_zone, "CT", "--zone-reply {}"},
};

std::optional<Piece> constant_target(PacketField to, std::uint64_t value) {
  if (to == PacketField::meta_nftrace && value == 1) return target("TRACE", {});
  if (to == PacketField::meta_priority)
    return target("CLASSIFY",
                  fmt::format("--set-class {:04x}:{:04x}", value >> 16, value & 0xffff));
  const auto* setter = std::ranges::find(kSetters, to, &Setter::field);
  if (setter == std::end(kSetters)) return std::nullopt;
  return target(setter->target, fmt::format(fmt::runtime(setter->option), value));
}

}  // namespace

std::optional<Piece> piece(std::string_view, const Nat& nat) {
  for (const Value* value : {&nat.address, &nat.last_address, &nat.port, &nat.last_port})
    if (!is_none_or_constant(*value)) return std::nullopt;
  const bool to_prefix = nat.kind == Nat::Kind::by_hook;
  if (nat.netmap != to_prefix || (to_prefix && is_none(nat.address))) return std::nullopt;
  switch (nat.kind) {
    case Nat::Kind::snat:
      return nat_target(nat, "SNAT", "--to-source", nat_range(nat));
    case Nat::Kind::dnat:
      return nat_target(nat, "DNAT", "--to-destination", nat_range(nat));
    case Nat::Kind::masquerade:
      return nat_target(nat, "MASQUERADE", "--to-ports", is_none(nat.port) ? "" : nat_ports(nat));
    case Nat::Kind::redirect:
      return nat_target(nat, "REDIRECT", "--to-ports", is_none(nat.port) ? "" : nat_ports(nat));
    case Nat::Kind::by_hook:
      return target("NETMAP", "--to " + netmap_range(nat));
  }
  return std::nullopt;
}

std::optional<Piece> piece(std::string_view, const Log& log) {
  return log.group ? nflog_target(log) : log_target(log);
}

std::optional<Piece> piece(std::string_view, const Reject& reject) {
  const auto* reason = std::ranges::find_if(kReasons, [&](const Reason& known) {
    return known.with == reject.with && known.code == reject.code;
  });
  if (reason == std::end(kReasons)) return std::nullopt;
  return target("REJECT", std::string("--reject-with ") + reason->name);
}

std::optional<Piece> piece(std::string_view, const Tproxy& proxy) {
  if (!is_none_or_constant(proxy.address) || !is_none_or_constant(proxy.port) || !proxy.family)
    return std::nullopt;
  const Octets* const port = constant(proxy.port);
  const Octets* const address = constant(proxy.address);
  constexpr std::uint8_t kIpv6 = 10;
  return target("TPROXY", fmt::format("--on-port {} --on-ip {} --tproxy-mark 0x{:x}/0x{:x}",
                                      port ? port->number() : 0,
                                      address                  ? address_text(*address)
                                      : *proxy.family == kIpv6 ? "::"
                                                               : "0.0.0.0",
                                      proxy.mark.value_or(0), proxy.mark_mask.value_or(0)));
}

std::optional<Piece> piece(std::string_view, const Queue& queue) {
  if (!is_none(queue.number)) return std::nullopt;
  std::string options = queue.first == queue.last
                            ? fmt::format("--queue-num {}", queue.first)
                            : fmt::format("--queue-balance {}:{}", queue.first, queue.last);
  if (queue.bypass) add(options, "--queue-bypass");
  if (queue.fanout) add(options, "--queue-cpu-fanout");
  return target("NFQUEUE", std::move(options));
}

std::optional<Piece> piece(std::string_view, const Assign& assign) {
  const auto* to = std::get_if<PacketField>(&assign.to);
  if (!to) return std::nullopt;
  if (*to == PacketField::meta_mark) return mark_target(assign, *to, PacketField::ct_mark, "MARK");
  if (*to == PacketField::ct_mark)
    return mark_target(assign, *to, PacketField::meta_mark, "CONNMARK");
  const Octets* const value = constant(assign.value);
  if (!value) return std::nullopt;
  return constant_target(*to, value->number());
}

std::optional<Piece> piece(std::string_view, const Synproxy& synproxy) {
  std::string options;
  if (synproxy.sack_perm) add(options, "--sack-perm");
  if (synproxy.timestamp) add(options, "--timestamp");
  if (synproxy.wscale != 0) add(options, fmt::format("--wscale {}", synproxy.wscale));
  if (synproxy.mss != 0) add(options, fmt::format("--mss {}", synproxy.mss));
  if (synproxy.ecn) add(options, "--ecn");
  return target("SYNPROXY", std::move(options));
}

std::optional<Piece> piece(std::string_view, const Duplicate& copy) {
  const Octets* const address = constant(copy.address);
  if (!address || !is_none(copy.device)) return std::nullopt;
  return target("TEE", "--gateway " + address_text(*address));
}

// Several kinds are one target, put together where they stand side by side.
std::optional<Piece> piece(std::string_view, const StripOption& strip) {
  return target("TCPOPTSTRIP", fmt::format("--strip-options {}", strip.kind));
}

std::optional<Piece> piece(std::string_view, const Verdict& verdict) {
  const auto jump = [](std::string_view option, std::string name) {
    return Piece{Piece::Kind::jump, {}, fmt::format("{} {}", option, name)};
  };
  switch (verdict.kind) {
    case Verdict::Kind::accept:
      return jump("-j", "ACCEPT");
    case Verdict::Kind::drop:
      return jump("-j", "DROP");
    case Verdict::Kind::return_:
      return jump("-j", "RETURN");
    case Verdict::Kind::queue:
      return jump("-j", "QUEUE");
    case Verdict::Kind::jump:
      return jump("-j", verdict.chain);
    case Verdict::Kind::goto_:
      return jump("-g", verdict.chain);
    case Verdict::Kind::continue_:
    case Verdict::Kind::stolen:
    case Verdict::Kind::repeat:
      break;
  }
  return std::nullopt;
}

}  // namespace nsmap::syntax
