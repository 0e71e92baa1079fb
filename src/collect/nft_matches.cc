#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "collect/nft_expressions.h"

// The expressions that may not match, lookups in sets and maps among them.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

bool append(Decoder& decoder, const NftAttributes& attributes, std::size_t from_register,
            Compare compare, Bytes right, Bytes last = {}) {
  const auto word = Registers::word(attributes.u32(from_register).value_or(0));
  const Loaded* const loaded = word ? decoder.registers.at(*word) : nullptr;
  const std::size_t before = decoder.rule.statements.size();
  if (loaded == nullptr || right.empty() ||
      !append_matches(*loaded, compare, right, last, decoder.rule.statements))
    return false;
  for (std::size_t at = before; at < decoder.rule.statements.size(); ++at)
    if (const auto* const match = std::get_if<Match>(&decoder.rule.statements[at].action))
      decoder.headers.learn(*match);
  return true;
}

Bytes data_of(const NftAttributes& attributes, std::size_t type) {
  return NftAttributes(attributes.nested(type)).bytes(NFTA_DATA_VALUE);
}

bool cmp(Decoder& decoder, const NftAttributes& attributes) {
  constexpr Compare kCompares[] = {Compare::eq, Compare::ne, Compare::lt,
                                   Compare::le, Compare::gt, Compare::ge};
  const auto op = attributes.u32(NFTA_CMP_OP);
  return op && *op < std::size(kCompares) &&
         append(decoder, attributes, NFTA_CMP_SREG, kCompares[*op],
                data_of(attributes, NFTA_CMP_DATA));
}

bool range(Decoder& decoder, const NftAttributes& attributes) {
  const auto op = attributes.u32(NFTA_RANGE_OP);
  if (!op || *op > NFT_RANGE_NEQ) return false;
  const Bytes last = data_of(attributes, NFTA_RANGE_TO_DATA);
  return !last.empty() && append(decoder, attributes, NFTA_RANGE_SREG,
                                 *op == NFT_RANGE_EQ ? Compare::in : Compare::not_in,
                                 data_of(attributes, NFTA_RANGE_FROM_DATA), last);
}

// Puts what the map has for the key into registers, its parts one after the other.
bool load_data(Decoder& decoder, const NftAttributes& attributes, const NftSet& map, Key key,
               const std::string& name) {
  const auto first = Registers::word(attributes.u32(NFTA_LOOKUP_DREG).value_or(0));
  if (!first || map.data.empty() || ++key.depth > kMostDepth) return false;
  std::size_t word = *first;
  for (std::size_t at = 0; at < map.data.size(); ++at) {
    MapLookup lookup{key.value, name, {}};
    if (map.data.size() > 1) lookup.part = static_cast<std::uint32_t>(at);
    const PartCoding& part = map.data[at];
    if (!decoder.registers.put(word, {.value = Box(std::move(lookup)),
                                      .size = part.size,
                                      .host_order = part.host_order,
                                      .depth = key.depth}))
      return false;
    word += padded(part.size) / 4;
  }
  return true;
}

// net/netfilter/nft_lookup.c
bool lookup(Decoder& decoder, const NftAttributes& attributes) {
  const auto found = decoder.sets.find(attributes.raw_text(NFTA_LOOKUP_SET));
  if (found == decoder.sets.end()) return false;
  NftSet& set = found->second;
  auto key =
      read_key(decoder.registers, attributes.u32(NFTA_LOOKUP_SREG).value_or(0), set.key_length);
  if (!key || !set.use(key->coding, key->value)) return false;
  std::string name = clean_text(found->first);
  if (!attributes.has(NFTA_LOOKUP_DREG)) {
    const bool invert = (attributes.u32(NFTA_LOOKUP_FLAGS).value_or(0) & NFT_LOOKUP_F_INV) != 0;
    decoder.push(Lookup{std::move(key->value), std::move(name), invert});
    return true;
  }
  if (!set.verdicts) return load_data(decoder, attributes, set, std::move(*key), name);
  decoder.push(Box(VerdictMap{std::move(key->value), std::move(name)}));
  return true;
}

constexpr Expression kMatches[] = {
    {"cmp", cmp},
    {"lookup", lookup, true},
    {"range", range},
};

}  // namespace

std::span<const Expression> match_expressions() { return kMatches; }

}  // namespace nsmap::collect
