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

struct Spelling {
  PacketField field;
  std::string_view text;
};
// Fields that nft writes otherwise than they are called.
constexpr Spelling kSpellings[] = {{PacketField::meta_secpath, "meta ipsec"},
                                   {PacketField::meta_rtclassid, "meta rtclassid"}};

std::string text(const NftPlace&, PacketField field) {
  const auto found = std::ranges::find(kSpellings, field, &Spelling::field);
  return std::string(found == std::end(kSpellings) ? info(field).name : found->text);
}

std::string text(const NftPlace& place, std::monostate) { return unwritable(place, "no value"); }
std::string text(const NftPlace&, const Octets& value) { return "0x" + value.text(); }

std::string text(const NftPlace&, const Payload& payload) {
  constexpr std::array<std::string_view, 4> kBases = {"ll", "nh", "th", "ih"};
  return fmt::format("@{},{},{}", kBases.at(static_cast<std::size_t>(payload.base)), payload.offset,
                     payload.length);
}

std::string text(const NftPlace& place, const ExtensionHeader& header) {
  std::string slice = header_slice(header).text;
  return slice.empty() ? unwritable(place, "a slice of an extension header") : slice;
}

std::string text(const NftPlace&, const Fib& fib) {
  struct Flag {
    bool set;
    std::string_view name;
  };
  const Flag flags[] = {{fib.saddr, "saddr"},
                        {fib.daddr, "daddr"},
                        {fib.mark, "mark"},
                        {fib.iif, "iif"},
                        {fib.oif, "oif"}};
  constexpr std::array<std::string_view, 3> kResults = {"oif", "oifname", "type"};
  std::string keys;
  for (const Flag& flag : flags)
    if (flag.set) keys.append(keys.empty() ? "" : " . ").append(flag.name);
  return fmt::format("fib {} {}", keys, kResults.at(static_cast<std::size_t>(fib.result)));
}

std::string offset_text(std::uint32_t offset) {
  return offset ? fmt::format(" offset {}", offset) : "";
}

std::string text(const NftPlace&, const NumberGenerator& numbers) {
  return fmt::format("numgen {} mod {}{}", numbers.random ? "random" : "inc", numbers.modulus,
                     offset_text(numbers.offset));
}

std::string text(const NftPlace&, const SocketCgroup& cgroup) {
  return fmt::format("socket cgroupv2 level {}", cgroup.level);
}

std::string text(const NftPlace&, const Ipsec& ipsec) {
  constexpr std::array<std::string_view, 6> kKeys = {"reqid",    "spi",       "ip saddr",
                                                     "ip daddr", "ip6 saddr", "ip6 daddr"};
  const std::string number = ipsec.number ? fmt::format("spnum {} ", ipsec.number) : "";
  return fmt::format("ipsec {} {}{}", ipsec.out ? "out" : "in", number,
                     kKeys.at(static_cast<std::size_t>(ipsec.key)));
}

// NFT_OSF_TTL: 0 as it is, 1 less than or equal, 2 not looked at (linux/netfilter/nfnetlink_osf.h).
std::string text(const NftPlace&, const OsFingerprint& osf) {
  constexpr std::array<std::string_view, 3> kTtl = {"", "ttl loose ", "ttl skip "};
  return fmt::format("osf {}{}", osf.ttl < kTtl.size() ? kTtl[osf.ttl] : "",
                     osf.version ? "version" : "name");
}

std::string text(const NftPlace& place, const Concatenation& concatenation) {
  std::string out;
  for (const Value& part : concatenation.parts)
    out.append(out.empty() ? "" : " . ").append(value_text(place, part));
  return out;
}

std::string text(const NftPlace& place, const MapLookup& lookup) {
  if (lookup.part.value_or(0) != 0) unwritable(place, "a part of what a map gives");
  return fmt::format("{} map {}", value_text(place, lookup.key), set_text(place, lookup.map));
}

Octets inverted(Octets mask) {
  for (std::size_t at = 0; at != mask.size(); ++at) mask[at] = ~mask[at];
  return mask;
}

// nft puts a row of operators with constants into one expression again.
std::string text(const NftPlace& place, const Bitwise& bitwise) {
  const KeyParts parts = parts_of(place, bitwise.value);
  const KeyPart part = parts.size() == 1 ? parts.front() : KeyPart{};
  const auto constant = [&](const Octets& value) { return constant_text(place, part, value); };
  std::string out = operand_text(place, bitwise.value);
  if (bitwise.mask == inverted(bitwise.flip)) return out + " | " + constant(bitwise.flip);
  if (!inverted(bitwise.mask).is_zero()) out += " & " + constant(bitwise.mask);
  if (!bitwise.flip.is_zero()) out += " ^ " + constant(bitwise.flip);
  return out;
}

std::string text(const NftPlace& place, const Combination& combination) {
  constexpr std::array<std::string_view, 3> kOperators = {"&", "|", "^"};
  return fmt::format("{} {} {}", operand_text(place, combination.left),
                     kOperators.at(static_cast<std::size_t>(combination.with)),
                     operand_text(place, combination.right));
}

std::string text(const NftPlace& place, const Shift& shift) {
  return fmt::format("{} {} {}", operand_text(place, shift.value), shift.left ? "<<" : ">>",
                     shift.bits);
}

std::string text(const NftPlace& place, const Hash& hash) {
  const bool symmetric = std::holds_alternative<std::monostate>(hash.value);
  const std::string seed = hash.seed ? fmt::format(" seed {:#x}", *hash.seed) : "";
  return fmt::format("{} mod {}{}{}",
                     symmetric ? "symhash" : "jhash " + value_text(place, hash.value), hash.modulus,
                     seed, offset_text(hash.offset));
}

template <typename T>
std::string text(const NftPlace& place, const Box<T>& box) {
  return text(place.deeper(), *box);
}

KeyPart part(DataType type, std::uint32_t bits) { return {type, bits, {}}; }
KeyPart typed(DataType type) { return part(type, type_bits(type)); }

KeyParts parts(const NftPlace&, std::monostate) { return {part(DataType::integer, 0)}; }
KeyParts parts(const NftPlace&, PacketField field) {
  return {part(info(field).type, info(field).bits)};
}
KeyParts parts(const NftPlace&, const Octets& value) {
  return {part(DataType::integer, static_cast<std::uint32_t>(value.size() * 8))};
}
KeyParts parts(const NftPlace&, const Payload& payload) {
  return {part(DataType::integer, payload.length)};
}
KeyParts parts(const NftPlace&, const ExtensionHeader& header) {
  return {part(header_slice(header).type, header.length)};
}
KeyParts parts(const NftPlace&, const Fib& fib) {
  constexpr std::array kTypes = {DataType::interface_index, DataType::interface_name,
                                 DataType::address_type};
  return {typed(kTypes.at(static_cast<std::size_t>(fib.result)))};
}
KeyParts parts(const NftPlace&, const NumberGenerator&) { return {part(DataType::integer, 32)}; }
KeyParts parts(const NftPlace&, const SocketCgroup&) { return {typed(DataType::cgroup)}; }
KeyParts parts(const NftPlace&, const Ipsec& ipsec) {
  switch (ipsec.key) {
    case Ipsec::Key::reqid:
    case Ipsec::Key::spi:
      return {part(DataType::integer, 32)};
    case Ipsec::Key::saddr4:
    case Ipsec::Key::daddr4:
      return {typed(DataType::ipv4)};
    case Ipsec::Key::saddr6:
    case Ipsec::Key::daddr6:
      return {typed(DataType::ipv6)};
  }
  return {};
}
KeyParts parts(const NftPlace&, const OsFingerprint&) { return {part(DataType::text, 256)}; }
KeyParts parts(const NftPlace& place, const Concatenation& concatenation) {
  KeyParts all;
  for (const Value& value : concatenation.parts)
    for (KeyPart& one : parts_of(place, value)) all.push_back(std::move(one));
  return all;
}
KeyParts parts(const NftPlace& place, const MapLookup& lookup) {
  const Set* map = place.table.set(lookup.map);
  if (!map) return {part(DataType::integer, 0)};
  if (lookup.part && *lookup.part < map->data.size()) return {map->data[*lookup.part]};
  return map->data;
}
KeyParts parts(const NftPlace& place, const Bitwise& bitwise) {
  return parts_of(place, bitwise.value);
}
KeyParts parts(const NftPlace& place, const Combination& combination) {
  return parts_of(place, combination.left);
}
KeyParts parts(const NftPlace& place, const Shift& shift) { return parts_of(place, shift.value); }
KeyParts parts(const NftPlace&, const Hash&) { return {part(DataType::integer, 32)}; }

template <typename T>
KeyParts parts(const NftPlace& place, const Box<T>& box) {
  return parts(place.deeper(), *box);
}

std::string interface_index_text(const NftPlace& place, const Octets& value) {
  const auto& names = place.table.interfaces;
  const auto found = names.find(static_cast<std::uint32_t>(value.number()));
  return found == names.end() ? std::to_string(value.number()) : quoted_text(place, found->second);
}

}  // namespace

std::string value_text(const NftPlace& place, const Value& value) {
  if (place.too_deep()) return unwritable(place, "too deep an expression");
  return std::visit([&](const auto& held) { return text(place, held); }, value);
}

std::string operand_text(const NftPlace& place, const Value& value) {
  const bool has_operator = std::holds_alternative<Box<Bitwise>>(value) ||
                            std::holds_alternative<Box<Combination>>(value) ||
                            std::holds_alternative<Box<Shift>>(value);
  const std::string out = value_text(place, value);
  return has_operator ? "(" + out + ")" : out;
}

KeyParts parts_of(const NftPlace& place, const Value& value) {
  if (place.too_deep()) return {};
  return std::visit([&](const auto& held) { return parts(place, held); }, value);
}

bool tells_presence(const Value& value) {
  if (const auto* field = std::get_if<PacketField>(&value))
    return *field == PacketField::rt_ipsec || *field == PacketField::meta_secpath;
  if (const auto* fib = std::get_if<Fib>(&value)) return fib->present;
  const auto* header = std::get_if<ExtensionHeader>(&value);
  return header && header->present;
}

std::string constant_text(const NftPlace& place, const KeyPart& part, const Octets& value) {
  if (part.type == DataType::interface_index) return interface_index_text(place, value);
  if (is_bit_set(part.type)) return bits_text(part.type, value, " | ");
  return value_text(part.type, value);
}

}  // namespace nsmap::syntax
