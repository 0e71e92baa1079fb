#include "analyze/rule_index.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::PacketField;

// What rules are told apart by, the best first; th_dport stands for that of every protocol.
constexpr std::array kFields = {PacketField::ip_daddr, PacketField::ip6_daddr,
                                PacketField::th_dport};
constexpr std::size_t kLong = 16;  // rules of a chain that is worth it

bool only_asks(const Statement& statement) {
  return std::holds_alternative<Match>(statement.action) ||
         std::holds_alternative<Lookup>(statement.action) ||
         std::holds_alternative<Box<OneOf>>(statement.action);
}

bool is_whole(const Octets& mask) {
  return std::ranges::all_of(mask, [](std::byte byte) { return byte == std::byte{0xff}; });
}

}  // namespace

bool same_slice(PacketField a, PacketField b) {
  if (a == b) return true;
  const auto& x = info(a);
  const auto& y = info(b);
  const auto is_transport = [](model::FieldSource source) {
    return source >= model::FieldSource::icmp && source <= model::FieldSource::th;
  };
  return x.type == model::DataType::port && y.type == model::DataType::port &&
         x.offset == y.offset && is_transport(x.source) && is_transport(y.source);
}

std::size_t RuleIndex::KeyHash::operator()(const Key& key) const {
  const Bytes bytes = key.value;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>()(text) * 31 + key.field;
}

RuleIndex::RuleIndex(const Table& table) : TableIndex(table) {
  for (const Chain& chain : table.chains)
    if (chain.rules.size() >= kLong) add(chain);
}

// The best of what a rule asks before it does anything; nothing: it may do something whatever the
// fields are.
std::optional<RuleIndex::Key> RuleIndex::key_of(const Rule& rule) {
  std::optional<Key> best;
  for (const Statement& statement : rule.statements) {
    if (!only_asks(statement)) break;
    const auto* match = std::get_if<Match>(&statement.action);
    const auto* field = match ? std::get_if<PacketField>(&match->left) : nullptr;
    if (!field || match->compare != Compare::eq || !is_whole(match->mask)) continue;
    const auto known = std::ranges::find_if(
        kFields, [&](PacketField wanted) { return same_slice(wanted, *field); });
    const auto at = static_cast<std::size_t>(known - kFields.begin());
    if (at < (best ? best->field : kFields.size())) best = {at, match->right};
  }
  return best;
}

void RuleIndex::add(const Chain& chain) {
  Asking& asking = chains_[&chain];
  asking.of_field.resize(kFields.size());
  for (std::uint32_t at = 0; at != chain.rules.size(); ++at) {
    auto key = key_of(chain.rules[at]);
    if (!key) {
      asking.others.push_back(at);
      continue;
    }
    asking.of_field[key->field].push_back(at);
    asking.by_key[std::move(*key)].push_back(at);
  }
}

std::vector<const Rule*> RuleIndex::rules(const Chain& chain, const Find& known) const {
  std::vector<const Rule*> rules;
  const auto found = chains_.find(&chain);
  if (found == chains_.end()) {
    for (const Rule& rule : chain.rules) rules.push_back(&rule);
    return rules;
  }
  const Asking& asking = found->second;
  Places places = asking.others;
  for (std::size_t at = 0; at != kFields.size(); ++at) {
    const Octets* const value = known(kFields[at]);
    const auto with_value = value ? asking.by_key.find({at, *value}) : asking.by_key.end();
    static const Places kNone;
    const Places& more = !value                              ? asking.of_field[at]
                         : with_value == asking.by_key.end() ? kNone
                                                             : with_value->second;
    Places both;
    both.reserve(places.size() + more.size());
    std::ranges::merge(places, more, std::back_inserter(both));
    places = std::move(both);
  }
  for (const std::uint32_t place : places) rules.push_back(&chain.rules[place]);
  return rules;
}

}  // namespace nsmap::analyze
