#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <iterator>
#include <utility>

#include "collect/nft_expressions.h"

// The expressions that put something into registers: what it is, how long, and in whose byte order
// (net/netfilter/nft_*.c, *_eval). Some of them also write what is in a register into the packet.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::FieldSource;
using model::PacketField;

constexpr std::uint32_t kByte = 8;  // bits

// A field that is loaded by a key.
struct KeyedField {
  std::uint32_t key;
  PacketField field;
  bool host_order = false;
};

const KeyedField* find(std::span<const KeyedField> table, std::optional<std::uint32_t> key) {
  for (const KeyedField& row : table)
    if (row.key == key) return &row;
  return nullptr;
}

Loaded loaded_field(PacketField field, bool host_order) {
  return {.value = field,
          .size = static_cast<std::uint32_t>(info(field).bytes()),
          .host_order = host_order};
}

Loaded loaded_number(Value value, std::uint32_t size = sizeof(std::uint32_t)) {
  return {.value = std::move(value), .size = size, .host_order = size > 1};
}

// A field to or from a register.
bool keyed(Decoder& decoder, const NftAttributes& attributes, const KeyedField* row,
           std::size_t to_register, std::size_t from_register) {
  if (row == nullptr) return false;
  if (!attributes.has(from_register))
    return decoder.load(attributes, to_register, loaded_field(row->field, row->host_order));
  auto value = decoder.value(attributes, from_register,
                             static_cast<std::uint32_t>(info(row->field).bytes()), row->host_order);
  if (!value) return false;
  decoder.push(Box(Assign{row->field, std::move(*value)}));
  return true;
}

// net/netfilter/nft_meta.c
constexpr std::uint32_t kMetaBroute = 36;  // NFT_META_BRI_BROUTE, Linux 6.3 on
constexpr KeyedField kMeta[] = {
    {NFT_META_L4PROTO, PacketField::meta_l4proto},
    {NFT_META_NFPROTO, PacketField::meta_nfproto},
    {NFT_META_IIFNAME, PacketField::meta_iifname},
    {NFT_META_OIFNAME, PacketField::meta_oifname},
    {NFT_META_MARK, PacketField::meta_mark, true},
    {NFT_META_LEN, PacketField::meta_length, true},
    {NFT_META_PROTOCOL, PacketField::meta_protocol},
    {NFT_META_PRIORITY, PacketField::meta_priority, true},
    {NFT_META_IIF, PacketField::meta_iif, true},
    {NFT_META_OIF, PacketField::meta_oif, true},
    {NFT_META_IIFTYPE, PacketField::meta_iiftype, true},
    {NFT_META_OIFTYPE, PacketField::meta_oiftype, true},
    {NFT_META_SKUID, PacketField::meta_skuid, true},
    {NFT_META_SKGID, PacketField::meta_skgid, true},
    {NFT_META_NFTRACE, PacketField::meta_nftrace},
    {NFT_META_RTCLASSID, PacketField::meta_rtclassid, true},
    {NFT_META_SECMARK, PacketField::meta_secmark, true},
    {NFT_META_BRI_IIFNAME, PacketField::meta_ibrname},
    {NFT_META_BRI_OIFNAME, PacketField::meta_obrname},
    {NFT_META_PKTTYPE, PacketField::meta_pkttype},
    {NFT_META_CPU, PacketField::meta_cpu, true},
    {NFT_META_IIFGROUP, PacketField::meta_iifgroup, true},
    {NFT_META_OIFGROUP, PacketField::meta_oifgroup, true},
    {NFT_META_CGROUP, PacketField::meta_cgroup, true},
    {NFT_META_PRANDOM, PacketField::meta_random},
    {NFT_META_SECPATH, PacketField::meta_secpath},
    {NFT_META_IIFKIND, PacketField::meta_iifkind},
    {NFT_META_OIFKIND, PacketField::meta_oifkind},
    {NFT_META_BRI_IIFPVID, PacketField::meta_ibrpvid, true},
    {NFT_META_BRI_IIFVPROTO, PacketField::meta_ibrvproto},
    {NFT_META_TIME_NS, PacketField::meta_time, true},
    {NFT_META_TIME_DAY, PacketField::meta_day},
    {NFT_META_TIME_HOUR, PacketField::meta_hour, true},
    {NFT_META_SDIF, PacketField::meta_sdif, true},
    {NFT_META_SDIFNAME, PacketField::meta_sdifname},
    {kMetaBroute, PacketField::meta_broute},
};

bool meta(Decoder& decoder, const NftAttributes& attributes) {
  return keyed(decoder, attributes, find(kMeta, attributes.u32(NFTA_META_KEY)), NFTA_META_DREG,
               NFTA_META_SREG);
}

// net/netfilter/nft_rt.c
constexpr KeyedField kRoute[] = {
    {NFT_RT_CLASSID, PacketField::rt_classid, true},
    {NFT_RT_NEXTHOP4, PacketField::rt_ip_nexthop},
    {NFT_RT_NEXTHOP6, PacketField::rt_ip6_nexthop},
    {NFT_RT_TCPMSS, PacketField::rt_mtu, true},
    {NFT_RT_XFRM, PacketField::rt_ipsec},
};

bool route(Decoder& decoder, const NftAttributes& attributes) {
  const KeyedField* const row = find(kRoute, attributes.u32(NFTA_RT_KEY));
  return row != nullptr &&
         decoder.load(attributes, NFTA_RT_DREG, loaded_field(row->field, row->host_order));
}

// net/netfilter/nft_socket.c
constexpr KeyedField kSocket[] = {
    {NFT_SOCKET_TRANSPARENT, PacketField::socket_transparent},
    {NFT_SOCKET_MARK, PacketField::socket_mark, true},
    {NFT_SOCKET_WILDCARD, PacketField::socket_wildcard},
};

bool socket(Decoder& decoder, const NftAttributes& attributes) {
  const auto key = attributes.u32(NFTA_SOCKET_KEY);
  if (key == NFT_SOCKET_CGROUPV2)
    return decoder.load(attributes, NFTA_SOCKET_DREG,
                        loaded_number(SocketCgroup{attributes.u32(NFTA_SOCKET_LEVEL).value_or(0)},
                                      sizeof(std::uint64_t)));
  const KeyedField* const row = find(kSocket, key);
  return row != nullptr &&
         decoder.load(attributes, NFTA_SOCKET_DREG, loaded_field(row->field, row->host_order));
}

// net/netfilter/nft_ct.c
struct CtField {
  std::uint32_t key;
  std::optional<PacketField> field;  // of neither direction
  std::optional<PacketField> original;
  std::optional<PacketField> reply;
  bool host_order = false;
};
using enum PacketField;
constexpr CtField kCt[] = {
    {NFT_CT_STATE, ct_state, {}, {}, true},
    {NFT_CT_DIRECTION, ct_direction, {}, {}},
    {NFT_CT_STATUS, ct_status, {}, {}, true},
    {NFT_CT_MARK, ct_mark, {}, {}, true},
    {NFT_CT_SECMARK, ct_secmark, {}, {}, true},
    {NFT_CT_EXPIRATION, ct_expiration, {}, {}, true},
    {NFT_CT_HELPER, ct_helper, {}, {}},
    {NFT_CT_L3PROTOCOL, ct_l3proto, ct_original_l3proto, ct_reply_l3proto},
    {NFT_CT_PROTOCOL, ct_protocol, ct_original_protocol, ct_reply_protocol},
    {NFT_CT_PROTO_SRC, {}, ct_original_proto_src, ct_reply_proto_src},
    {NFT_CT_PROTO_DST, {}, ct_original_proto_dst, ct_reply_proto_dst},
    {NFT_CT_LABELS, ct_label, {}, {}, true},
    {NFT_CT_PKTS, ct_packets, ct_original_packets, ct_reply_packets, true},
    {NFT_CT_BYTES, ct_bytes, ct_original_bytes, ct_reply_bytes, true},
    {NFT_CT_AVGPKT, ct_avgpkt, ct_original_avgpkt, ct_reply_avgpkt, true},
    {NFT_CT_ZONE, ct_zone, ct_original_zone, ct_reply_zone, true},
    {NFT_CT_EVENTMASK, ct_event, {}, {}, true},
    {NFT_CT_SRC_IP, {}, ct_original_ip_saddr, ct_reply_ip_saddr},
    {NFT_CT_DST_IP, {}, ct_original_ip_daddr, ct_reply_ip_daddr},
    {NFT_CT_SRC_IP6, {}, ct_original_ip6_saddr, ct_reply_ip6_saddr},
    {NFT_CT_DST_IP6, {}, ct_original_ip6_daddr, ct_reply_ip6_daddr},
    {NFT_CT_ID, ct_id, {}, {}},
};

// The older keys of addresses are of the family that the packet has (nft_ct_get_init).
std::uint32_t ct_key(std::uint32_t key, const Headers& headers) {
  if (key != NFT_CT_SRC && key != NFT_CT_DST) return key;
  const bool source = key == NFT_CT_SRC;
  if (headers.network == FieldSource::ip) return source ? NFT_CT_SRC_IP : NFT_CT_DST_IP;
  if (headers.network == FieldSource::ip6) return source ? NFT_CT_SRC_IP6 : NFT_CT_DST_IP6;
  return key;
}

bool ct(Decoder& decoder, const NftAttributes& attributes) {
  const auto key = attributes.u32(NFTA_CT_KEY);
  if (!key) return false;
  const auto direction = attributes.u8(NFTA_CT_DIRECTION);
  if (direction && *direction > IP_CT_DIR_REPLY) return false;
  const auto wanted = ct_key(*key, decoder.headers);
  for (const CtField& row : kCt) {
    if (row.key != wanted) continue;
    const auto field = !direction                         ? row.field
                       : *direction == IP_CT_DIR_ORIGINAL ? row.original
                                                          : row.reply;
    if (!field) return false;
    const KeyedField found{row.key, *field, row.host_order};
    return keyed(decoder, attributes, &found, NFTA_CT_DREG, NFTA_CT_SREG);
  }
  return false;
}

// --- of the packet ---------------------------------------------------------------------------

// A field of whose bytes only some are written: nft(8) reads, changes and writes them back
// (payload statements of bit fields, to keep what is beside and the checksum's alignment).
bool assign_bits(Decoder& decoder, const Loaded& to, const Loaded& from) {
  if (from.value != to.value || from.size != to.size || from.mask.empty() || from.host_order)
    return false;
  Octets changed(from.mask);
  for (std::byte& byte : std::span(changed.data(), changed.size())) byte = ~byte;
  Loaded field = to;
  field.mask = changed;
  const auto found = plain(field);
  const Octets flip = from.flip.empty() ? Octets(from.size) : from.flip;
  if (!found || !std::holds_alternative<PacketField>(found->value) ||
      and_octets(flip, from.mask).is_zero() == false)
    return false;
  const auto value = decode_part(flip, found->coding);
  if (!value) return false;
  decoder.push(Box(Assign{found->value, *value}));
  return true;
}

bool write_payload(Decoder& decoder, const NftAttributes& attributes, const Loaded& to) {
  const auto word = Registers::word(attributes.u32(NFTA_PAYLOAD_SREG).value_or(0));
  const Loaded* const from = word ? decoder.registers.at(*word) : nullptr;
  if (from == nullptr) return false;
  if (assign_bits(decoder, to, *from)) return true;
  auto target = plain(to);
  auto value = decoder.value(attributes, NFTA_PAYLOAD_SREG, to.size, false);
  if (!target || !value) return false;
  decoder.push(Box(Assign{std::move(target->value), std::move(*value)}));
  return true;
}

// net/netfilter/nft_payload.c
bool payload(Decoder& decoder, const NftAttributes& attributes) {
  constexpr std::uint32_t kMostOffset = 1 << 16;
  const auto base = attributes.u32(NFTA_PAYLOAD_BASE);
  const auto offset = attributes.u32(NFTA_PAYLOAD_OFFSET);
  const auto length = attributes.u32(NFTA_PAYLOAD_LEN);
  if (!base || *base > NFT_PAYLOAD_INNER_HEADER || !offset || *offset > kMostOffset || !length ||
      *length > NFT_DATA_VALUE_MAXLEN)
    return false;
  const Payload slice{static_cast<Payload::Base>(*base), kByte * *offset, kByte * *length};
  Loaded loaded{.value = slice, .size = *length, .header = decoder.headers.of(slice)};
  if (attributes.has(NFTA_PAYLOAD_SREG)) return write_payload(decoder, attributes, loaded);
  return decoder.load(attributes, NFTA_PAYLOAD_DREG, std::move(loaded));
}

// net/netfilter/nft_exthdr.c
bool exthdr(Decoder& decoder, const NftAttributes& attributes) {
  constexpr std::uint32_t kMostOffset = 1 << 16;
  const auto type = attributes.u8(NFTA_EXTHDR_TYPE);
  const std::uint32_t op = attributes.u32(NFTA_EXTHDR_OP).value_or(NFT_EXTHDR_OP_IPV6);
  const std::uint32_t offset = attributes.u32(NFTA_EXTHDR_OFFSET).value_or(0);
  const std::uint32_t length = attributes.u32(NFTA_EXTHDR_LEN).value_or(0);
  if (!type || op > NFT_EXTHDR_OP_DCCP || offset > kMostOffset || length > NFT_DATA_VALUE_MAXLEN)
    return false;
  const bool present = (attributes.u32(NFTA_EXTHDR_FLAGS).value_or(0) & NFT_EXTHDR_F_PRESENT) != 0;
  const ExtensionHeader slice{static_cast<ExtensionHeader::Kind>(op), *type, kByte * offset,
                              kByte * length, present};
  if (attributes.has(NFTA_EXTHDR_DREG))
    return decoder.load(attributes, NFTA_EXTHDR_DREG,
                        {.value = slice, .size = present ? 1 : length});
  if (op != NFT_EXTHDR_OP_TCPOPT) return false;
  if (!attributes.has(NFTA_EXTHDR_SREG)) {
    decoder.push(StripOption{*type});
    return true;
  }
  auto value = decoder.value(attributes, NFTA_EXTHDR_SREG, length, false);
  if (!value) return false;
  decoder.push(Box(Assign{slice, std::move(*value)}));
  return true;
}

// --- what the kernel works out ---------------------------------------------------------------

// net/netfilter/nft_fib.c
bool fib(Decoder& decoder, const NftAttributes& attributes) {
  const auto result = attributes.u32(NFTA_FIB_RESULT);
  const auto flags = attributes.u32(NFTA_FIB_FLAGS);
  constexpr Fib::Result kResults[] = {Fib::Result::oif, Fib::Result::oif_name, Fib::Result::type};
  if (!result || *result == NFT_FIB_RESULT_UNSPEC || *result > std::size(kResults) || !flags)
    return false;
  const auto has = [&](std::uint32_t flag) { return (*flags & flag) != 0; };
  const Fib fib{.result = kResults[*result - 1],
                .saddr = has(NFTA_FIB_F_SADDR),
                .daddr = has(NFTA_FIB_F_DADDR),
                .mark = has(NFTA_FIB_F_MARK),
                .iif = has(NFTA_FIB_F_IIF),
                .oif = has(NFTA_FIB_F_OIF),
                .present = has(NFTA_FIB_F_PRESENT)};
  if (fib.present) return decoder.load(attributes, NFTA_FIB_DREG, loaded_number(fib, 1));
  if (fib.result == Fib::Result::oif_name)
    return decoder.load(attributes, NFTA_FIB_DREG, {.value = fib, .size = 16});
  return decoder.load(attributes, NFTA_FIB_DREG, loaded_number(fib));
}

// net/netfilter/nft_numgen.c
bool numgen(Decoder& decoder, const NftAttributes& attributes) {
  const auto modulus = attributes.u32(NFTA_NG_MODULUS);
  const auto type = attributes.u32(NFTA_NG_TYPE);
  if (!modulus || !type || *type > NFT_NG_RANDOM) return false;
  return decoder.load(attributes, NFTA_NG_DREG,
                      loaded_number(NumberGenerator{*type == NFT_NG_RANDOM, *modulus,
                                                    attributes.u32(NFTA_NG_OFFSET).value_or(0)}));
}

// net/netfilter/nft_hash.c
bool hash(Decoder& decoder, const NftAttributes& attributes) {
  const auto type = attributes.u32(NFTA_HASH_TYPE).value_or(NFT_HASH_JENKINS);
  const auto modulus = attributes.u32(NFTA_HASH_MODULUS);
  if (type > NFT_HASH_SYM || !modulus) return false;
  Hash hash{{}, *modulus, {}, attributes.u32(NFTA_HASH_OFFSET).value_or(0)};
  int depth = 1;
  if (type == NFT_HASH_JENKINS) {
    auto key = read_key(decoder.registers, attributes.u32(NFTA_HASH_SREG).value_or(0),
                        attributes.u32(NFTA_HASH_LEN).value_or(0));
    if (!key) return false;
    depth = key->depth + 1;
    hash.value = std::move(key->value);
    hash.seed = attributes.u32(NFTA_HASH_SEED);
  }
  Loaded loaded = loaded_number(Box(std::move(hash)));
  loaded.depth = depth;
  return decoder.load(attributes, NFTA_HASH_DREG, std::move(loaded));
}

// net/netfilter/nft_osf.c
bool osf(Decoder& decoder, const NftAttributes& attributes) {
  const bool version = (attributes.u32(NFTA_OSF_FLAGS).value_or(0) & NFT_OSF_F_VERSION) != 0;
  return decoder.load(attributes, NFTA_OSF_DREG,
                      {.value = OsFingerprint{attributes.u8(NFTA_OSF_TTL).value_or(0), version},
                       .size = NFT_OSF_MAXGENRELEN});
}

// net/netfilter/nft_xfrm.c
struct IpsecKey {
  std::uint32_t key;
  Ipsec::Key meaning;
  std::uint32_t size;
  bool host_order = false;
};
constexpr IpsecKey kIpsec[] = {
    {NFT_XFRM_KEY_REQID, Ipsec::Key::reqid, 4, true},
    {NFT_XFRM_KEY_SPI, Ipsec::Key::spi, 4},
    {NFT_XFRM_KEY_SADDR_IP4, Ipsec::Key::saddr4, 4},
    {NFT_XFRM_KEY_DADDR_IP4, Ipsec::Key::daddr4, 4},
    {NFT_XFRM_KEY_SADDR_IP6, Ipsec::Key::saddr6, 16},
    {NFT_XFRM_KEY_DADDR_IP6, Ipsec::Key::daddr6, 16},
};
constexpr std::uint8_t kPolicyOut = 1;  // XFRM_POLICY_OUT

bool xfrm(Decoder& decoder, const NftAttributes& attributes) {
  const auto key = attributes.u32(NFTA_XFRM_KEY);
  const auto direction = attributes.u8(NFTA_XFRM_DIR);
  if (!direction || *direction > kPolicyOut) return false;
  for (const IpsecKey& row : kIpsec)
    if (row.key == key)
      return decoder.load(attributes, NFTA_XFRM_DREG,
                          {.value = Ipsec{row.meaning, *direction == kPolicyOut,
                                          attributes.u32(NFTA_XFRM_SPNUM).value_or(0)},
                           .size = row.size,
                           .host_order = row.host_order});
  return false;
}

// --- registers to registers ------------------------------------------------------------------

bool immediate(Decoder& decoder, const NftAttributes& attributes) {
  const NftAttributes data(attributes.nested(NFTA_IMMEDIATE_DATA));
  if (attributes.u32(NFTA_IMMEDIATE_DREG) == NFT_REG_VERDICT) {
    auto verdict = read_verdict(data.nested(NFTA_DATA_VERDICT));
    if (!verdict) return false;
    decoder.push(std::move(*verdict));
    return true;
  }
  const Bytes bytes = data.bytes(NFTA_DATA_VALUE);
  if (bytes.empty() || bytes.size() > NFT_DATA_VALUE_MAXLEN) return false;
  return decoder.load(
      attributes, NFTA_IMMEDIATE_DREG,
      {.value = Octets(bytes), .size = static_cast<std::uint32_t>(bytes.size()), .constant = true});
}

// What the operation works on: one known value of that length.
const Loaded* operand(const Decoder& decoder, const NftAttributes& attributes, std::size_t type,
                      std::optional<std::uint32_t> length) {
  const auto word = Registers::word(attributes.u32(type).value_or(0));
  const Loaded* const loaded = word ? decoder.registers.at(*word) : nullptr;
  return loaded != nullptr && loaded->size == length ? loaded : nullptr;
}

// (value & mask) ^ flip of what is such a thing already.
bool mask_and_flip(Decoder& decoder, const NftAttributes& attributes, Loaded loaded) {
  const NftAttributes mask(attributes.nested(NFTA_BITWISE_MASK));
  const NftAttributes flip(attributes.nested(NFTA_BITWISE_XOR));
  const Bytes mask_bytes = mask.bytes(NFTA_DATA_VALUE);
  const Bytes flip_bytes = flip.bytes(NFTA_DATA_VALUE);
  if (loaded.constant || mask_bytes.size() != loaded.size || flip_bytes.size() != loaded.size)
    return false;
  const Octets by = in_network_order(mask_bytes, loaded.host_order);
  loaded.mask = and_octets(loaded.mask, by);
  if (!loaded.flip.empty()) loaded.flip = and_octets(loaded.flip, by);
  loaded.flip = xor_octets(loaded.flip, in_network_order(flip_bytes, loaded.host_order));
  return decoder.load(attributes, NFTA_BITWISE_DREG, std::move(loaded));
}

bool shift(Decoder& decoder, const NftAttributes& attributes, const Loaded& loaded, bool left) {
  const NftAttributes data(attributes.nested(NFTA_BITWISE_DATA));
  // In this machine's order, as the registers have it (nft_bitwise_init_shift).
  const auto bits = read_at<std::uint32_t>(data.bytes(NFTA_DATA_VALUE));
  auto result = bits ? shifted(loaded, left, *bits) : std::nullopt;
  return result && decoder.load(attributes, NFTA_BITWISE_DREG, std::move(*result));
}

bool combine(Decoder& decoder, const NftAttributes& attributes, const Loaded& left,
             Combination::Operator with, std::size_t right_register) {
  auto a = plain(left);
  const Loaded* const right = operand(decoder, attributes, right_register, left.size);
  auto b = right != nullptr ? plain(*right) : std::nullopt;
  if (!a || !b || left.constant || right->constant || a->coding != b->coding) return false;
  Loaded loaded{.size = left.size, .host_order = left.host_order};
  loaded.depth = std::max(a->depth, b->depth) + 1;
  loaded.value = Box(Combination{with, std::move(a->value), std::move(b->value)});
  return decoder.load(attributes, NFTA_BITWISE_DREG, std::move(loaded));
}

// net/netfilter/nft_bitwise.c; two registers since Linux 6.13
bool bitwise(Decoder& decoder, const NftAttributes& attributes) {
  enum : std::uint32_t { kAnd = 3, kOr = 4, kXor = 5 };
  constexpr std::size_t kSecondRegister = 8;  // NFTA_BITWISE_SREG2
  const Loaded* const loaded =
      operand(decoder, attributes, NFTA_BITWISE_SREG, attributes.u32(NFTA_BITWISE_LEN));
  if (loaded == nullptr) return false;
  switch (attributes.u32(NFTA_BITWISE_OP).value_or(NFT_BITWISE_BOOL)) {
    case NFT_BITWISE_BOOL:
      return mask_and_flip(decoder, attributes, *loaded);
    case NFT_BITWISE_LSHIFT:
      return shift(decoder, attributes, *loaded, true);
    case NFT_BITWISE_RSHIFT:
      return shift(decoder, attributes, *loaded, false);
    case kAnd:
      return combine(decoder, attributes, *loaded, Combination::Operator::and_, kSecondRegister);
    case kOr:
      return combine(decoder, attributes, *loaded, Combination::Operator::or_, kSecondRegister);
    case kXor:
      return combine(decoder, attributes, *loaded, Combination::Operator::xor_, kSecondRegister);
  }
  return false;
}

// net/netfilter/nft_byteorder.c: whole numbers of `size` bytes among `length` bytes are turned, so
// none where `length` is shorter.
bool byteorder(Decoder& decoder, const NftAttributes& attributes) {
  const auto length = attributes.u32(NFTA_BYTEORDER_LEN);
  const auto size = attributes.u32(NFTA_BYTEORDER_SIZE);
  const Loaded* const loaded = operand(decoder, attributes, NFTA_BYTEORDER_SREG, length);
  if (loaded == nullptr || loaded->constant || !size || *size == 0) return false;
  Loaded turned = *loaded;
  if (*size <= *length) {
    const bool to_host = attributes.u32(NFTA_BYTEORDER_OP) == NFT_BYTEORDER_NTOH;
    if (*size != *length || loaded->host_order == to_host) return false;
    turned.host_order = to_host;
  } else if (attributes.u32(NFTA_BYTEORDER_SREG) != attributes.u32(NFTA_BYTEORDER_DREG)) {
    return false;
  }
  return decoder.load(attributes, NFTA_BYTEORDER_DREG, std::move(turned));
}

constexpr Expression kLoads[] = {
    {"immediate", immediate, true},
    {"payload", payload, true},
    {"meta", meta, true},
    {"ct", ct, true},
    {"bitwise", bitwise, true},
    {"fib", fib, true},
    {"byteorder", byteorder, true},
    {"numgen", numgen, true},
    {"exthdr", exthdr, true},
    {"hash", hash, true},
    {"rt", route, true},
    {"socket", socket, true},
    {"osf", osf, true},
    {"xfrm", xfrm, true},
};

}  // namespace

std::span<const Expression> load_expressions() { return kLoads; }

}  // namespace nsmap::collect
