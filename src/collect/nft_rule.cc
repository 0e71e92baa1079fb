#include "collect/nft_rule.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "collect/nft_expressions.h"

// A rule is a list of expressions, each with a name and attributes of its own, that work on
// registers (net/netfilter/nf_tables_core.c nft_do_chain). Decoding goes through them once and
// keeps, for each register, what it would hold.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::size_t kMostBytes = 1024;  // of what is not understood

const Expression* find(std::string_view name) {
  for (const auto table : {match_expressions(), load_expressions(), action_expressions()})
    for (const Expression& row : table)
      if (row.name == name) return &row;
  return nullptr;
}

void push_opaque(Decoder& decoder, std::string_view name, Bytes bytes) {
  Opaque opaque;
  opaque.name = clean_text(name);
  opaque.bytes = Octets(bytes.first(std::min(bytes.size(), kMostBytes)));
  decoder.push(Box(std::move(opaque)));
}

void decode(Decoder& decoder, const NftAttributes& expression) {
  const std::string_view name = expression.raw_text(NFTA_EXPR_NAME);
  const Expression* const row = find(name);
  const NftAttributes attributes(expression.nested(NFTA_EXPR_DATA));
  const std::size_t before = decoder.rule.statements.size();
  if (row != nullptr && attributes.good() && row->decode(decoder, attributes)) return;
  decoder.rule.statements.resize(before);
  push_opaque(decoder, name, expression.bytes(NFTA_EXPR_DATA));
  // Whatever it put into registers, nobody knows what and where.
  if (row == nullptr || row->loads) decoder.registers.forget();
}

void decode_all(Decoder& decoder, netlink::Attributes expressions) {
  auto it = expressions.begin();
  for (const auto end = expressions.end(); it != end; ++it)
    if ((*it).type() == NFTA_LIST_ELEM) decode(decoder, NftAttributes((*it).nested()));
  if (it.malformed()) push_opaque(decoder, "", {});
}

// Calls `decode` with a decoder of its own; what it pushes is returned. No set is known to it, so
// that an expression of an expression (dynset) has none itself.
template <typename Decode>
std::vector<Statement> apart(Family family, Decode decode) {
  NftSets none;
  Rule rule;
  Decoder decoder{.family = family, .sets = none, .rule = rule};
  decode(decoder);
  return std::move(rule.statements);
}

}  // namespace

// --- the decoder -----------------------------------------------------------------------------

std::optional<Value> Decoder::value(const NftAttributes& attributes, std::size_t type,
                                    std::uint32_t length, bool host_order) const {
  const auto word = Registers::word(attributes.u32(type).value_or(0));
  const Loaded* const loaded = word ? registers.at(*word) : nullptr;
  if (loaded == nullptr || (length != 0 && loaded->size < length)) return std::nullopt;
  if (loaded->constant) {
    const Bytes bytes = std::get<Octets>(loaded->value);
    return in_network_order(bytes.first(length != 0 ? length : bytes.size()), host_order);
  }
  auto found = plain(*loaded);
  if (!found || found->coding.shift != 0) return std::nullopt;
  const bool turned = loaded->size > 1 && found->coding.host_order != host_order;
  const bool longer = length != 0 && loaded->size > length;
  if (turned || longer) return std::nullopt;
  return std::move(found->value);
}

bool Decoder::read(const NftAttributes& attributes, std::size_t type, Value& out,
                   bool host_order) const {
  if (!attributes.has(type)) return true;
  auto found = value(attributes, type, 0, host_order);
  if (found) out = std::move(*found);
  return found.has_value();
}

bool Decoder::load(const NftAttributes& attributes, std::size_t type, Loaded loaded) {
  const auto word = Registers::word(attributes.u32(type).value_or(0));
  return word && registers.put(*word, std::move(loaded));
}

std::optional<Key> read_key(const Registers& registers, std::uint32_t number,
                            std::uint32_t length) {
  const auto first = Registers::word(number);
  if (!first || length == 0) return std::nullopt;
  Key key;
  std::vector<Value> parts;
  for (std::size_t word = *first, left = length; left != 0;) {
    const Loaded* const loaded = registers.at(word);
    if (loaded == nullptr || loaded->constant) return std::nullopt;
    const auto cut = truncated(*loaded, static_cast<std::uint32_t>(left));
    if (loaded->size > left && !cut) return std::nullopt;
    auto part = plain(cut ? *cut : *loaded);
    if (!part) return std::nullopt;
    parts.push_back(std::move(part->value));
    key.coding.push_back(part->coding);
    key.depth = std::max(key.depth, part->depth);
    word += padded(part->coding.size) / 4;
    left -= std::min(left, padded(part->coding.size));
  }
  if (parts.size() == 1) {
    key.value = std::move(parts.front());
  } else {
    if (++key.depth > kMostDepth) return std::nullopt;
    key.value = Box(Concatenation{std::move(parts)});
  }
  return key;
}

// --- rules and the like ----------------------------------------------------------------------

void decode_rule(netlink::Attributes expressions, Family family, NftSets& sets, Rule& rule,
                 IpsetNames* ipsets) {
  // Made in a place that is there already, and then given just the room they need.
  static thread_local Rule made;
  made.statements.clear();
  made.comment.clear();
  Decoder decoder{.family = family, .sets = sets, .rule = made, .ipsets = ipsets};
  decoder.headers = Headers::of_family(family);
  decode_all(decoder, expressions);
  rule.statements.assign(std::move_iterator(made.statements.begin()),
                         std::move_iterator(made.statements.end()));
  if (!made.comment.empty()) rule.comment = std::move(made.comment);
}

std::vector<Statement> decode_stateful(netlink::Attributes expressions, Family family) {
  return apart(family, [&](Decoder& decoder) { decode_all(decoder, expressions); });
}

std::vector<Statement> decode_stateful_one(netlink::Attributes expression, Family family) {
  return apart(family, [&](Decoder& decoder) { decode(decoder, NftAttributes(expression)); });
}

std::vector<Statement> decode_object(std::string_view name, netlink::Attributes data,
                                     Family family) {
  return apart(family, [&](Decoder& decoder) {
    const Expression* const row = find(name);
    if (row != nullptr) row->decode(decoder, NftAttributes(data));
  });
}

std::optional<Verdict> read_verdict(netlink::Attributes attributes) {
  const NftAttributes verdict(attributes);
  const auto code = verdict.u32(NFTA_VERDICT_CODE);
  if (!code) return std::nullopt;
  struct Row {
    std::int32_t code;
    Verdict::Kind kind;
  };
  static constexpr Row kRows[] = {
      {NF_ACCEPT, Verdict::Kind::accept},   {NF_DROP, Verdict::Kind::drop},
      {NFT_JUMP, Verdict::Kind::jump},      {NFT_GOTO, Verdict::Kind::goto_},
      {NFT_RETURN, Verdict::Kind::return_}, {NFT_CONTINUE, Verdict::Kind::continue_},
      {NF_STOLEN, Verdict::Kind::stolen},   {NF_QUEUE, Verdict::Kind::queue},
      {NF_REPEAT, Verdict::Kind::repeat},
  };
  const auto row = std::ranges::find(kRows, static_cast<std::int32_t>(*code), &Row::code);
  if (row == std::end(kRows)) return std::nullopt;
  return Verdict{row->kind, verdict.text(NFTA_VERDICT_CHAIN)};
}

std::string object_kind(std::uint32_t type) {
  static constexpr const char* kKinds[] = {"",        "counter",          "quota",   "ct_helper",
                                           "limit",   "connection_limit", "tunnel",  "ct_timeout",
                                           "secmark", "ct_expectation",   "synproxy"};
  return type != 0 && type < std::size(kKinds) ? kKinds[type] : std::to_string(type);
}

}  // namespace nsmap::collect
