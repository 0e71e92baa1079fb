#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_synproxy.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <iterator>
#include <utility>

#include "collect/nft_expressions.h"
#include "collect/xt.h"

// The expressions that do something, those that keep count and then may not match among them.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

bool has_flag(const NftAttributes& attributes, std::size_t type, std::uint32_t flag) {
  return (attributes.u32(type).value_or(0) & flag) != 0;
}

// --- what keeps count ------------------------------------------------------------------------

bool counter(Decoder& decoder, const NftAttributes& attributes) {
  const auto packets = attributes.u64(NFTA_COUNTER_PACKETS);
  const auto bytes = attributes.u64(NFTA_COUNTER_BYTES);
  if (!packets || !bytes) return false;
  decoder.push(Counter{*packets, *bytes});
  return true;
}

bool limit(Decoder& decoder, const NftAttributes& attributes) {
  const auto rate = attributes.u64(NFTA_LIMIT_RATE);
  const auto unit = attributes.u64(NFTA_LIMIT_UNIT);
  if (!rate || !unit) return false;
  decoder.push(Box(Limit{.rate = *rate,
                         .per_s = *unit,
                         .burst = attributes.u32(NFTA_LIMIT_BURST).value_or(0),
                         .bytes = attributes.u32(NFTA_LIMIT_TYPE) == NFT_LIMIT_PKT_BYTES,
                         .invert = has_flag(attributes, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV)}));
  return true;
}

bool quota(Decoder& decoder, const NftAttributes& attributes) {
  const auto bytes = attributes.u64(NFTA_QUOTA_BYTES);
  if (!bytes) return false;
  decoder.push(Box(Quota{*bytes, attributes.u64(NFTA_QUOTA_CONSUMED).value_or(0),
                         has_flag(attributes, NFTA_QUOTA_FLAGS, NFT_QUOTA_F_INV)}));
  return true;
}

bool last(Decoder& decoder, const NftAttributes& attributes) {
  Last last;
  if (attributes.u32(NFTA_LAST_SET).value_or(0) != 0) last.ago_ms = attributes.u64(NFTA_LAST_MSECS);
  decoder.push(last);
  return true;
}

bool connlimit(Decoder& decoder, const NftAttributes& attributes) {
  const auto count = attributes.u32(NFTA_CONNLIMIT_COUNT);
  if (!count) return false;
  decoder.push(
      ConnectionLimit{*count, has_flag(attributes, NFTA_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV)});
  return true;
}

bool objref(Decoder& decoder, const NftAttributes& attributes) {
  if (attributes.has(NFTA_OBJREF_IMM_NAME)) {
    decoder.push(Box(ObjectRef{object_kind(attributes.u32(NFTA_OBJREF_IMM_TYPE).value_or(0)),
                               attributes.text(NFTA_OBJREF_IMM_NAME),
                               {},
                               {}}));
    return true;
  }
  const auto found = decoder.sets.find(attributes.raw_text(NFTA_OBJREF_SET_NAME));
  if (found == decoder.sets.end()) return false;
  auto key = read_key(decoder.registers, attributes.u32(NFTA_OBJREF_SET_SREG).value_or(0),
                      found->second.key_length);
  if (!key || !found->second.use(key->coding, key->value)) return false;
  decoder.push(Box(ObjectRef{object_kind(found->second.object_type),
                             {},
                             std::move(key->value),
                             clean_text(found->first)}));
  return true;
}

// --- verdicts and what comes with them -------------------------------------------------------

bool log(Decoder& decoder, const NftAttributes& attributes) {
  Log log;
  log.prefix = attributes.text(NFTA_LOG_PREFIX);
  log.level = attributes.u32(NFTA_LOG_LEVEL);
  log.flags = attributes.u32(NFTA_LOG_FLAGS).value_or(0);
  log.group = attributes.u16(NFTA_LOG_GROUP);
  log.snaplen = attributes.u32(NFTA_LOG_SNAPLEN);
  log.threshold = attributes.u16(NFTA_LOG_QTHRESHOLD);
  decoder.push(Box(std::move(log)));
  return true;
}

bool reject(Decoder& decoder, const NftAttributes& attributes) {
  const auto type = attributes.u32(NFTA_REJECT_TYPE);
  Reject reject{Reject::With::icmp, attributes.u8(NFTA_REJECT_ICMP_CODE).value_or(0)};
  if (type == NFT_REJECT_TCP_RST)
    reject = {Reject::With::tcp_reset, 0};
  else if (type == NFT_REJECT_ICMPX_UNREACH)
    reject.with = Reject::With::icmpx;
  else if (type != NFT_REJECT_ICMP_UNREACH)
    return false;
  else if (decoder.headers.network == model::FieldSource::ip6)
    reject.with = Reject::With::icmpv6;
  else if (decoder.headers.network != model::FieldSource::ip)
    return false;
  decoder.push(reject);
  return true;
}

bool notrack(Decoder& decoder, const NftAttributes&) {
  decoder.push(Notrack{});
  return true;
}

bool queue(Decoder& decoder, const NftAttributes& attributes) {
  Queue queue;
  const std::uint16_t flags = attributes.u16(NFTA_QUEUE_FLAGS).value_or(0);
  queue.bypass = (flags & NFT_QUEUE_FLAG_BYPASS) != 0;
  queue.fanout = (flags & NFT_QUEUE_FLAG_CPU_FANOUT) != 0;
  if (!decoder.read(attributes, NFTA_QUEUE_SREG_QNUM, queue.number, true)) return false;
  const auto first = attributes.u16(NFTA_QUEUE_NUM);
  if (!first && !attributes.has(NFTA_QUEUE_SREG_QNUM)) return false;
  const std::uint16_t total = attributes.u16(NFTA_QUEUE_TOTAL).value_or(1);
  queue.first = first.value_or(0);
  queue.last = static_cast<std::uint16_t>(queue.first + (total != 0 ? total - 1 : 0));
  decoder.push(Box(std::move(queue)));
  return true;
}

// --- other addresses -------------------------------------------------------------------------

void set_flags(Nat& nat, std::uint32_t flags) {
  nat.random = (flags & NF_NAT_RANGE_PROTO_RANDOM) != 0;
  nat.fully_random = (flags & NF_NAT_RANGE_PROTO_RANDOM_FULLY) != 0;
  nat.persistent = (flags & NF_NAT_RANGE_PERSISTENT) != 0;
  nat.netmap = (flags & NF_NAT_RANGE_NETMAP) != 0;
}

// The end of a range that is no other than its beginning is none.
void drop_same_ends(Nat& nat) {
  if (nat.last_address == nat.address) nat.last_address = {};
  if (nat.last_port == nat.port) nat.last_port = {};
}

bool nat(Decoder& decoder, const NftAttributes& attributes) {
  const auto type = attributes.u32(NFTA_NAT_TYPE);
  const auto family = attributes.u32(NFTA_NAT_FAMILY);
  if (!type || *type > NFT_NAT_DNAT || (family && *family > UINT8_MAX)) return false;
  Nat nat;
  nat.kind = *type == NFT_NAT_SNAT ? Nat::Kind::snat : Nat::Kind::dnat;
  if (family) nat.family = static_cast<std::uint8_t>(*family);
  if (!decoder.read(attributes, NFTA_NAT_REG_ADDR_MIN, nat.address) ||
      !decoder.read(attributes, NFTA_NAT_REG_ADDR_MAX, nat.last_address) ||
      !decoder.read(attributes, NFTA_NAT_REG_PROTO_MIN, nat.port) ||
      !decoder.read(attributes, NFTA_NAT_REG_PROTO_MAX, nat.last_port))
    return false;
  set_flags(nat, attributes.u32(NFTA_NAT_FLAGS).value_or(0));
  drop_same_ends(nat);
  decoder.push(Box(std::move(nat)));
  return true;
}

bool nat_of_ports(Decoder& decoder, const NftAttributes& attributes, Nat::Kind kind,
                  std::size_t flags, std::size_t first, std::size_t last) {
  Nat nat;
  nat.kind = kind;
  if (!decoder.read(attributes, first, nat.port) || !decoder.read(attributes, last, nat.last_port))
    return false;
  set_flags(nat, attributes.u32(flags).value_or(0));
  drop_same_ends(nat);
  decoder.push(Box(std::move(nat)));
  return true;
}

bool masq(Decoder& decoder, const NftAttributes& attributes) {
  return nat_of_ports(decoder, attributes, Nat::Kind::masquerade, NFTA_MASQ_FLAGS,
                      NFTA_MASQ_REG_PROTO_MIN, NFTA_MASQ_REG_PROTO_MAX);
}

bool redir(Decoder& decoder, const NftAttributes& attributes) {
  return nat_of_ports(decoder, attributes, Nat::Kind::redirect, NFTA_REDIR_FLAGS,
                      NFTA_REDIR_REG_PROTO_MIN, NFTA_REDIR_REG_PROTO_MAX);
}

// A family of the two; nothing for both.
std::optional<std::uint8_t> one_family(std::optional<std::uint32_t> family) {
  if (family == NFPROTO_IPV4 || family == NFPROTO_IPV6) return static_cast<std::uint8_t>(*family);
  return std::nullopt;
}

bool tproxy(Decoder& decoder, const NftAttributes& attributes) {
  Tproxy tproxy;
  tproxy.family = one_family(attributes.u32(NFTA_TPROXY_FAMILY));
  if (!decoder.read(attributes, NFTA_TPROXY_REG_ADDR, tproxy.address) ||
      !decoder.read(attributes, NFTA_TPROXY_REG_PORT, tproxy.port))
    return false;
  decoder.push(Box(std::move(tproxy)));
  return true;
}

bool dup(Decoder& decoder, const NftAttributes& attributes) {
  Duplicate duplicate;
  if (!decoder.read(attributes, NFTA_DUP_SREG_ADDR, duplicate.address) ||
      !decoder.read(attributes, NFTA_DUP_SREG_DEV, duplicate.device, true))
    return false;
  decoder.push(Box(std::move(duplicate)));
  return true;
}

bool fwd(Decoder& decoder, const NftAttributes& attributes) {
  Forward forward;
  forward.family = one_family(attributes.u32(NFTA_FWD_NFPROTO));
  if (!decoder.read(attributes, NFTA_FWD_SREG_DEV, forward.device, true) ||
      !decoder.read(attributes, NFTA_FWD_SREG_ADDR, forward.address))
    return false;
  decoder.push(Box(std::move(forward)));
  return true;
}

bool flow_offload(Decoder& decoder, const NftAttributes& attributes) {
  decoder.push(FlowOffload{attributes.text(NFTA_FLOW_TABLE_NAME)});
  return true;
}

bool synproxy(Decoder& decoder, const NftAttributes& attributes) {
  const std::uint32_t flags = attributes.u32(NFTA_SYNPROXY_FLAGS).value_or(0);
  decoder.push(Synproxy{.mss = attributes.u16(NFTA_SYNPROXY_MSS).value_or(0),
                        .wscale = attributes.u8(NFTA_SYNPROXY_WSCALE).value_or(0),
                        .timestamp = (flags & NF_SYNPROXY_OPT_TIMESTAMP) != 0,
                        .sack_perm = (flags & NF_SYNPROXY_OPT_SACK_PERM) != 0,
                        .ecn = (flags & NF_SYNPROXY_OPT_ECN) != 0});
  return true;
}

// --- sets ------------------------------------------------------------------------------------

std::optional<Value> read_data(const Decoder& decoder, const NftAttributes& attributes,
                               const NftSet& map) {
  if (map.data.size() == 1)
    return decoder.value(attributes, NFTA_DYNSET_SREG_DATA, map.data_length,
                         map.data[0].host_order);
  auto data = read_key(decoder.registers, attributes.u32(NFTA_DYNSET_SREG_DATA).value_or(0),
                       map.data_length);
  if (!data || data->coding != map.data) return std::nullopt;
  return std::move(data->value);
}

bool dynset(Decoder& decoder, const NftAttributes& attributes) {
  constexpr SetUpdate::Operation kOperations[] = {
      SetUpdate::Operation::add, SetUpdate::Operation::update, SetUpdate::Operation::delete_};
  const auto found = decoder.sets.find(attributes.raw_text(NFTA_DYNSET_SET_NAME));
  const auto operation = attributes.u32(NFTA_DYNSET_OP);
  if (found == decoder.sets.end() || !operation || *operation >= std::size(kOperations))
    return false;
  NftSet& set = found->second;
  auto key =
      read_key(decoder.registers, attributes.u32(NFTA_DYNSET_SREG_KEY).value_or(0), set.key_length);
  if (!key || !set.use(key->coding, key->value)) return false;
  SetUpdate update{.operation = kOperations[*operation],
                   .set = clean_text(found->first),
                   .key = std::move(key->value)};
  if (attributes.has(NFTA_DYNSET_SREG_DATA)) {
    auto data = read_data(decoder, attributes, set);
    if (!data) return false;
    update.data = std::move(*data);
  }
  if (const auto timeout = attributes.u64(NFTA_DYNSET_TIMEOUT); timeout.value_or(0) != 0)
    update.timeout_ms = timeout;
  update.invert = has_flag(attributes, NFTA_DYNSET_FLAGS, NFT_DYNSET_F_INV);
  update.statements =
      attributes.has(NFTA_DYNSET_EXPR)
          ? decode_stateful_one(attributes.nested(NFTA_DYNSET_EXPR), decoder.family)
          : decode_stateful(attributes.nested(NFTA_DYNSET_EXPRESSIONS), decoder.family);
  decoder.push(Box(std::move(update)));
  return true;
}

// --- x_tables' own ---------------------------------------------------------------------------

bool extension(Decoder& decoder, bool target, std::string_view name,
               std::optional<std::uint32_t> revision, Bytes info) {
  decode_xt({.name = name,
             .target = target,
             .revision = static_cast<std::uint8_t>(revision.value_or(0)),
             .info = info,
             .family = decoder.family,
             .ipsets = decoder.ipsets},
            decoder.rule);
  return true;
}

bool match(Decoder& decoder, const NftAttributes& attributes) {
  return extension(decoder, false, attributes.raw_text(NFTA_MATCH_NAME),
                   attributes.u32(NFTA_MATCH_REV), attributes.bytes(NFTA_MATCH_INFO));
}

bool target(Decoder& decoder, const NftAttributes& attributes) {
  return extension(decoder, true, attributes.raw_text(NFTA_TARGET_NAME),
                   attributes.u32(NFTA_TARGET_REV), attributes.bytes(NFTA_TARGET_INFO));
}

constexpr Expression kActions[] = {
    {"counter", counter}, {"match", match},         {"target", target},
    {"nat", nat},         {"masq", masq},           {"redir", redir},
    {"log", log},         {"reject", reject},       {"limit", limit},
    {"dynset", dynset},   {"objref", objref},       {"quota", quota},
    {"last", last},       {"connlimit", connlimit}, {"notrack", notrack},
    {"queue", queue},     {"tproxy", tproxy},       {"dup", dup},
    {"fwd", fwd},         {"synproxy", synproxy},   {"flow_offload", flow_offload},
};

}  // namespace

std::span<const Expression> action_expressions() { return kActions; }

}  // namespace nsmap::collect
