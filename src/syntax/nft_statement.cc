#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "syntax/nft_parts.h"
#include "syntax/values.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::DataType;
using model::PacketField;

// A constant or another value, where such a type is wanted.
std::string argument_text(const NftPlace& place, const Value& value, DataType type) {
  if (const auto* constant = std::get_if<Octets>(&value))
    return constant_text(place, {type, type_bits(type), {}}, *constant);
  return value_text(place, value);
}

bool is_none(const Value& value) { return std::holds_alternative<std::monostate>(value); }

// --- matches

std::string text(const NftPlace& place, std::monostate) {
  return unwritable(place, "no statement");
}
std::string text(const NftPlace& place, const Match& match) { return match_text(place, match); }

std::string text(const NftPlace& place, const Lookup& lookup) {
  return fmt::format("{} {}{}", value_text(place, lookup.key), lookup.invert ? "!= " : "",
                     set_text(place, lookup.set));
}

std::string text(const NftPlace& place, const OneOf& one_of) {
  std::string keys, elements;
  for (const Value& value : one_of.values)
    keys.append(keys.empty() ? "" : " or ").append(value_text(place, value));
  if (one_of.values.size() != 1) unwritable(place, "either of " + keys);
  const KeyParts parts =
      one_of.values.empty() ? KeyParts{} : parts_of(place, one_of.values.front());
  for (const Interval& interval : one_of.intervals)
    elements.append(elements.empty() ? "" : ", ")
        .append(interval_text(place, parts, interval.first, interval.last));
  return fmt::format("{} {}{{ {} }}", keys, one_of.invert ? "!= " : "", elements);
}

std::string text(const NftPlace& place, const IpsetMatch& match) {
  std::string directions;
  for (const std::string& direction : match.directions)
    directions.append(directions.empty() ? "" : ",").append(direction);
  return unwritable(
      place, fmt::format("{}ipset {} {}{}{}", match.invert ? "not in " : "", match.set, directions,
                         match.options.empty() ? "" : " ", match.options));
}

std::string text(const NftPlace&, const Limit& limit) { return limit_text(limit); }
std::string text(const NftPlace&, const Quota& quota) { return quota_text(quota); }

std::string text(const NftPlace&, const ConnectionLimit& limit) {
  return fmt::format("ct count {}{}", limit.invert ? "over " : "", limit.count);
}

std::string text(const NftPlace& place, const Chance& chance) {
  const std::string what =
      chance.every ? fmt::format("packet {} of every {}", chance.packet, *chance.every)
                   : fmt::format("probability {:.6f}",
                                 static_cast<double>(chance.probability.value_or(0)) / 0x80000000u);
  return unwritable(place, (chance.invert ? "not " : "") + what);
}

// --- verdicts

std::string text(const NftPlace& place, const Verdict& verdict) {
  return verdict_text(place, verdict);
}

std::string text(const NftPlace& place, const VerdictMap& map) {
  return fmt::format("{} vmap {}", value_text(place, map.key), set_text(place, map.map));
}

// --- state

std::string text(const NftPlace&, const Counter& counter) {
  return fmt::format("counter packets {} bytes {}", counter.packets, counter.bytes);
}

std::string text(const NftPlace&, const Last& last) {
  return "last used " + (last.ago_ms ? duration_text(*last.ago_ms) : "never");
}

struct ObjectWords {
  std::string_view kind;
  std::string_view words;
};
constexpr ObjectWords kObjects[] = {
    {"counter", "counter name"},     {"quota", "quota name"},
    {"limit", "limit name"},         {"synproxy", "synproxy name"},
    {"ct_helper", "ct helper set"},  {"ct_timeout", "ct timeout set"},
    {"secmark", "meta secmark set"}, {"ct_expectation", "ct expectation set"},
};

std::string text(const NftPlace& place, const ObjectRef& object) {
  const auto found = std::ranges::find(kObjects, object.kind, &ObjectWords::kind);
  if (found == std::end(kObjects)) return unwritable(place, "object of kind " + object.kind);
  if (object.map.empty())
    return fmt::format("{} {}", found->words, quoted_text(place, object.name));
  return fmt::format("{} {} map {}", found->words, value_text(place, object.key),
                     set_text(place, object.map));
}

std::string text(const NftPlace& place, const SetUpdate& update) {
  constexpr std::array<std::string_view, 3> kOperations = {"add", "update", "delete"};
  if (update.invert) unwritable(place, "an update that goes on where nothing was new");
  std::string element = value_text(place, update.key);
  if (update.timeout_ms) element += " timeout " + duration_text(*update.timeout_ms);
  for (const Statement& statement : update.statements)
    element += " " + statement_text(place.deeper(), statement);
  if (const auto* constant = std::get_if<Octets>(&update.data)) {
    const Set* map = place.table.set(update.set);
    element += " : " + interval_text(place, map ? map->data : KeyParts{KeyPart{}}, *constant, {});
  } else if (!is_none(update.data)) {
    element += " : " + value_text(place, update.data);
  }
  return fmt::format("{} @{} {{ {} }}", kOperations.at(static_cast<std::size_t>(update.operation)),
                     name_text(place, update.set), element);
}

// --- what is done

struct Bit {
  std::uint32_t bits;
  std::string_view name;
};
// linux/netfilter/nf_log.h NF_LOG_*
constexpr std::uint32_t kLogAll = 0x2f;
constexpr Bit kLogFlags[] = {{0x1, "tcp sequence"},
                             {0x2, "tcp options"},
                             {0x4, "ip options"},
                             {0x8, "skuid"},
                             {0x20, "ether"}};

std::string log_flags_text(std::uint32_t flags) {
  if ((flags & kLogAll) == kLogAll) return " flags all";
  std::string out;
  if ((flags & 3) == 3) out += " flags tcp sequence,options";
  for (const Bit& bit : kLogFlags)
    if ((flags & bit.bits) != 0 && !((flags & 3) == 3 && bit.bits <= 2))
      out.append(" flags ").append(bit.name);
  return out;
}

std::string text(const NftPlace& place, const Log& log) {
  constexpr std::array<std::string_view, 9> kLevels = {"emerg",  "alert", "crit",  "err",  "warn",
                                                       "notice", "info",  "debug", "audit"};
  constexpr std::uint32_t kUsual = 4;  // LOG_WARNING: nft's own
  std::string out = "log";
  if (!log.prefix.empty()) out += " prefix " + quoted_text(place, log.prefix);
  if (log.group) out += fmt::format(" group {}", *log.group);
  if (log.snaplen) out += fmt::format(" snaplen {}", *log.snaplen);
  if (log.threshold) out += fmt::format(" queue-threshold {}", *log.threshold);
  if (log.level && *log.level != kUsual && *log.level < kLevels.size())
    out.append(" level ").append(kLevels[*log.level]);
  return out + log_flags_text(log.flags);
}

std::string text(const NftPlace&, const Reject& reject) {
  const auto with = [&](std::string_view word, DataType type) {
    return fmt::format("reject with {} {}", word, value_text(type, Octets::number(reject.code, 1)));
  };
  switch (reject.with) {
    case Reject::With::icmp:
      return with("icmp", DataType::icmp_code);
    case Reject::With::icmpv6:
      return with("icmpv6", DataType::icmpv6_code);
    case Reject::With::icmpx:
      return with("icmpx", DataType::icmpx_code);
    case Reject::With::tcp_reset:
      return "reject with tcp reset";
  }
  return {};
}

// Whether the table's rules see both kinds of addresses.
bool is_mixed(const NftPlace& place) {
  const Family family = place.table.table.family;
  return family != Family::ip && family != Family::ip6;
}

// NFPROTO_IPV4, NFPROTO_IPV6 (linux/netfilter.h)
std::string family_text(const NftPlace& place, std::optional<std::uint8_t> family) {
  if (!family || !is_mixed(place)) return {};
  return *family == 10 ? " ip6" : " ip";
}

// Whether both are parts of what one map gives: nft names it once.
bool of_one_map(const Value& a, const Value& b) {
  const auto* one = std::get_if<Box<MapLookup>>(&a);
  const auto* other = std::get_if<Box<MapLookup>>(&b);
  return one && other && (*one)->map == (*other)->map && (*one)->key == (*other)->key;
}

// An address or a port, or a range of them.
std::string span_text(const NftPlace& place, const Value& first, const Value& last, DataType type,
                      bool brackets) {
  const auto one = [&](const Value& value) {
    const std::string out = argument_text(place, value, type);
    return brackets ? "[" + out + "]" : out;
  };
  const bool single = is_none(last) || last == first || of_one_map(first, last);
  return single ? one(first) : one(first) + "-" + one(last);
}

bool is_ipv6(const Value& value) {
  const auto* constant = std::get_if<Octets>(&value);
  return constant && constant->size() == 16;
}

// A map may give address and port at once.
bool gives_port(const Nat& nat) { return is_none(nat.port) || of_one_map(nat.address, nat.port); }

std::string prefix_text(const NftPlace& place, const Nat& nat, DataType type) {
  const auto* first = std::get_if<Octets>(&nat.address);
  const auto* last = std::get_if<Octets>(&nat.last_address);
  if (!first || !last) return argument_text(place, nat.address, type);
  const KeyPart part{type, type_bits(type), {}};
  return interval_text(place, {&part, 1}, *first, *last);
}

std::string translation_text(const NftPlace& place, const Nat& nat) {
  const DataType type = is_ipv6(nat.address) ? DataType::ipv6 : DataType::ipv4;
  std::string out;
  if (!is_none(nat.address)) {
    const bool brackets = type == DataType::ipv6 && !gives_port(nat);
    out += nat.netmap ? prefix_text(place, nat, type)
                      : span_text(place, nat.address, nat.last_address, type, brackets);
  }
  if (!gives_port(nat))
    out += ":" + span_text(place, nat.port, nat.last_port, DataType::port, false);
  return out;
}

std::string nat_flags_text(const Nat& nat) {
  struct Flag {
    bool set;
    std::string_view name;
  };
  const Flag flags[] = {
      {nat.random, "random"}, {nat.fully_random, "fully-random"}, {nat.persistent, "persistent"}};
  std::string out;
  for (const Flag& flag : flags)
    if (flag.set) out.append(out.empty() ? " " : ",").append(flag.name);
  return out;
}

std::string text(const NftPlace& place, const Nat& nat) {
  constexpr std::array<std::string_view, 5> kKinds = {"snat", "dnat", "masquerade", "redirect",
                                                      "netmap"};
  if (nat.kind == Nat::Kind::by_hook) unwritable(place, "a translation that depends on the hook");
  if (nat.base_port) unwritable(place, "a shifted range of ports");
  const std::string to = translation_text(place, nat);
  std::string out(kKinds.at(static_cast<std::size_t>(nat.kind)));
  if (!is_none(nat.address)) out += family_text(place, nat.family);
  if (nat.netmap) out += " prefix";
  if (!to.empty()) out += " to " + to;
  return out + nat_flags_text(nat);
}

std::string text(const NftPlace& place, const Tproxy& tproxy) {
  if (tproxy.mark) unwritable(place, "tproxy with a mark");
  const DataType type = is_ipv6(tproxy.address) ? DataType::ipv6 : DataType::ipv4;
  const bool brackets = type == DataType::ipv6 && !is_none(tproxy.port);
  std::string to;
  if (!is_none(tproxy.address)) to = span_text(place, tproxy.address, {}, type, brackets);
  if (!is_none(tproxy.port)) to += ":" + argument_text(place, tproxy.port, DataType::port);
  return fmt::format("tproxy{} to {}", family_text(place, tproxy.family), to);
}

DataType type_of(const NftPlace& place, const Value& value) {
  const KeyParts parts = parts_of(place, value);
  return parts.size() == 1 ? parts.front().type : DataType::integer;
}

std::string text(const NftPlace& place, const Assign& assign) {
  const DataType type = type_of(place, assign.to);
  std::string value = argument_text(place, assign.value, type);
  const auto* constant = std::get_if<Octets>(&assign.value);
  if (constant && is_bit_set(type)) value = value_text(type, *constant);
  return fmt::format("{} set {}", value_text(place, assign.to), value);
}

std::string text(const NftPlace&, const Notrack&) { return "notrack"; }

std::string text(const NftPlace& place, const Queue& queue) {
  std::string flags = queue.bypass ? "bypass" : "";
  if (queue.fanout) flags.append(flags.empty() ? "" : ",").append("fanout");
  if (!flags.empty()) flags = " flags " + flags;
  if (!is_none(queue.number))
    return fmt::format("queue{} to {}", flags, value_text(place, queue.number));
  return queue.first == queue.last
             ? fmt::format("queue{} to {}", flags, queue.first)
             : fmt::format("queue{} to {}-{}", flags, queue.first, queue.last);
}

std::string text(const NftPlace&, const Synproxy& synproxy) { return synproxy_text(synproxy); }

std::string device_text(const NftPlace& place, const Value& device) {
  return argument_text(place, device, DataType::interface_index);
}

std::string address_text(const NftPlace& place, const Value& address) {
  return argument_text(place, address, is_ipv6(address) ? DataType::ipv6 : DataType::ipv4);
}

std::string text(const NftPlace& place, const Duplicate& duplicate) {
  if (is_none(duplicate.address)) return "dup to " + device_text(place, duplicate.device);
  const std::string device =
      is_none(duplicate.device) ? "" : " device " + device_text(place, duplicate.device);
  return fmt::format("dup to {}{}", address_text(place, duplicate.address), device);
}

std::string text(const NftPlace& place, const Forward& forward) {
  if (is_none(forward.address)) return "fwd to " + device_text(place, forward.device);
  return fmt::format("fwd{} to {} device {}", family_text(place, forward.family),
                     address_text(place, forward.address), device_text(place, forward.device));
}

std::string text(const NftPlace& place, const FlowOffload& offload) {
  return "flow add @" + name_text(place, offload.flowtable);
}

std::string text(const NftPlace&, const StripOption& strip) {
  return "reset tcp option " + tcp_option_text(strip.kind);
}

std::string text(const NftPlace& place, const Extension& extension) {
  return unwritable(place,
                    fmt::format("{} {}{}{}", extension.target ? "target" : "match", extension.name,
                                extension.options.empty() ? "" : " ", extension.options));
}

std::string text(const NftPlace& place, const Opaque& opaque) {
  return unwritable(place, opaque.name);
}

template <typename T>
std::string text(const NftPlace& place, const Box<T>& box) {
  return text(place, *box);
}

struct Unit {
  std::uint64_t size;
  std::string_view name;
};
constexpr Unit kSizes[] = {{1024 * 1024, "mbytes"}, {1024, "kbytes"}, {1, "bytes"}};
constexpr Unit kSpans[] = {
    {1, "second"}, {60, "minute"}, {3600, "hour"}, {86'400, "day"}, {604'800, "week"}};

// In the largest unit that makes a whole number of it.
std::string size_text(std::uint64_t bytes) {
  const auto unit = std::ranges::find_if(
      kSizes, [&](const Unit& one) { return bytes != 0 && bytes % one.size == 0; });
  const Unit& found = unit == std::end(kSizes) ? kSizes[2] : *unit;
  return fmt::format("{} {}", bytes / found.size, found.name);
}

}  // namespace

std::string limit_text(const Limit& limit) {
  constexpr std::uint32_t kUsualBurst = 5;  // nft's own, of packets
  const auto span = std::ranges::find(kSpans, limit.per_s, &Unit::size);
  const std::string per =
      span == std::end(kSpans) ? fmt::format("{}s", limit.per_s) : std::string(span->name);
  const std::string rate = limit.bytes ? size_text(limit.rate) : std::to_string(limit.rate);
  std::string out = fmt::format("limit rate {}{}/{}", limit.invert ? "over " : "", rate, per);
  if (limit.bytes)
    out += " burst " + size_text(limit.burst);
  else if (limit.burst != kUsualBurst)
    out += fmt::format(" burst {} packets", limit.burst);
  return out;
}

std::string quota_text(const Quota& quota) {
  const std::string used = quota.used ? " used " + size_text(quota.used) : "";
  return fmt::format("quota {}{}{}", quota.invert ? "over " : "", size_text(quota.bytes), used);
}

std::string synproxy_text(const Synproxy& synproxy) {
  return fmt::format("synproxy mss {} wscale {}{}{}", synproxy.mss, synproxy.wscale,
                     synproxy.timestamp ? " timestamp" : "",
                     synproxy.sack_perm ? " sack-perm" : "");
}

std::string verdict_text(const NftPlace& place, const Verdict& verdict) {
  constexpr std::array<std::string_view, 9> kVerdicts = {
      "accept", "drop", "continue", "return", "jump", "goto", "stolen", "queue", "repeat"};
  const std::string word(kVerdicts.at(static_cast<std::size_t>(verdict.kind)));
  const bool leads = verdict.kind == Verdict::Kind::jump || verdict.kind == Verdict::Kind::goto_;
  if (verdict.kind == Verdict::Kind::stolen || verdict.kind == Verdict::Kind::repeat)
    return unwritable(place, "verdict " + word);
  if (!leads) return word;
  const Chain* chain = place.table.chain(verdict.chain);
  if (!chain || !chain->binding) return word + " " + name_text(place, verdict.chain);
  if (place.too_deep()) return unwritable(place, "chains within chains");
  std::string rules;
  for (const Rule& rule : chain->rules) rules += rule_text(place.deeper(), rule) + "; ";
  return fmt::format("{} {{ {}}}", word, rules);
}

std::string statement_text(const NftPlace& place, const Statement& statement) {
  return std::visit([&](const auto& held) { return text(place, held); }, statement.action);
}

}  // namespace nsmap::syntax
