#include "analyze/rule_ways.h"

#include <algorithm>
#include <span>
#include <utility>

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::PacketField;

constexpr std::size_t kMostDepth = 16;      // NFT_JUMP_STACK_SIZE
constexpr std::size_t kMostSteps = 400000;  // rules and elements looked at

// Whether something holds.
enum class Answer { yes, no, maybe };

Answer inverted(Answer answer, bool invert) {
  if (!invert || answer == Answer::maybe) return answer;
  return answer == Answer::yes ? Answer::no : Answer::yes;
}

Answer sure(bool holds) { return holds ? Answer::yes : Answer::no; }

bool is_within(const Octets& value, const Octets& first, const Octets& last) {
  return first <= value && value <= (last.empty() ? first : last);
}

Octets masked(const Octets& value, const Octets& mask) {
  if (mask.empty()) return value;
  Octets result = value;
  for (std::size_t at = 0; at < result.size(); ++at)
    result[at] &= at < mask.size() ? mask[at] : std::byte{0};
  return result;
}

bool compares(const Octets& value, const Match& match) {
  switch (match.compare) {
    case Compare::eq:
      return value == match.right;
    case Compare::ne:
      return value != match.right;
    case Compare::lt:
      return value < match.right;
    case Compare::le:
      return value <= match.right;
    case Compare::gt:
      return value > match.right;
    case Compare::ge:
      return value >= match.right;
    case Compare::in:
      return is_within(value, match.right, match.last);
    case Compare::not_in:
      return !is_within(value, match.right, match.last);
  }
  return false;
}

Answer ask(const Match& match, const Known& known) {
  const auto value = value_of(match.left, known);
  return value ? sure(compares(masked(*value, match.mask), match)) : Answer::maybe;
}

Answer ask(const OneOf& one_of, const Known& known) {
  Answer answer = Answer::no;
  for (const Value& wanted : one_of.values) {
    const auto value = value_of(wanted, known);
    if (!value) {
      answer = Answer::maybe;
      continue;
    }
    if (std::ranges::any_of(one_of.intervals, [&](const Interval& interval) {
          return is_within(*value, interval.first, interval.last);
        }))
      return inverted(Answer::yes, one_of.invert);
  }
  return inverted(answer, one_of.invert);
}

// The values that a key is made of.
std::span<const Value> key_parts(const Value& key) {
  if (const auto* parts = std::get_if<Box<Concatenation>>(&key)) return (*parts)->parts;
  return {&key, 1};
}

Answer ask_element(const Set& set, const Element& element, const Value& key, const Known& known) {
  if (element.catchall) return Answer::maybe;
  const auto parts = parts_of(set, element);
  const auto values = key_parts(key);
  if (parts.size() != values.size()) return Answer::maybe;
  Answer answer = Answer::yes;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const auto value = value_of(values[at], known);
    if (!value)
      answer = Answer::maybe;
    else if (!is_within(*value, parts[at].first, parts[at].last))
      return Answer::no;
  }
  return answer;
}

class Walk {
 public:
  Walk(const RuleIndex& table, const Known& known, std::vector<Way>& ways)
      : table_(table), known_(known), ways_(ways) {}

  void base(const Chain& chain) {
    if (!follow(chain)) policy(chain);
  }

 private:
  // Whether nothing comes back from it.
  bool follow(const Chain& chain) {
    if (depth_ == kMostDepth) {
      end({&table_.table(), &chain, nullptr}, Way::End::unknown, true);
      return true;
    }
    ++depth_;
    bool ended = false;
    const bool came_back = std::exchange(came_back_, false);
    const auto known = [&](PacketField field) { return known_.find(field); };
    for (const Rule* const rule : table_.rules(chain, known)) {
      const auto next = pass(chain, *rule);
      if (next == Next::rule) continue;
      ended = next == Next::nothing;
      break;
    }
    --depth_;
    ended = ended && !came_back_;
    came_back_ = came_back;
    return ended;
  }

  // What comes after a rule, for packets that do not meet its conditions.
  enum class Next { rule, caller, nothing };

  Next pass(const Chain& chain, const Rule& rule) {
    if (++steps_ > kMostSteps)
      return end({&table_.table(), &chain, &rule}, Way::End::unknown, true);
    const std::size_t met = conditions_.size();
    Next next = Next::rule;
    for (const Statement& statement : rule.statements) {
      const auto after = carry_out({&table_.table(), &chain, &rule}, statement, met);
      if (!after) continue;
      next = *after;
      break;
    }
    conditions_.resize(met);
    return next;
  }

  // Nothing: the rule goes on.
  std::optional<Next> carry_out(const RulePlace& place, const Statement& statement,
                                std::size_t met) {
    if (const auto* verdict = std::get_if<Verdict>(&statement.action))
      return decide(place, *verdict, conditions_.size() == met);
    if (const auto* map = std::get_if<Box<VerdictMap>>(&statement.action))
      return choose(place, statement, **map, conditions_.size() == met);
    if (const auto* nat = std::get_if<Box<Nat>>(&statement.action))
      return end(place, Way::End::nat, conditions_.size() == met, &**nat);
    if (std::holds_alternative<Reject>(statement.action))
      return end(place, Way::End::drop, conditions_.size() == met);
    if (std::holds_alternative<Box<Queue>>(statement.action))
      return end(place, Way::End::unknown, conditions_.size() == met);
    if (rewrites_known(statement)) return end(place, Way::End::unknown, conditions_.size() == met);
    switch (ask(statement)) {
      case Answer::yes:
        return std::nullopt;
      case Answer::no:
        return Next::rule;
      case Answer::maybe:
        conditions_.push_back({&statement, nullptr});
        return std::nullopt;
    }
    return std::nullopt;
  }

  Answer ask(const Statement& statement) const {
    if (const auto* match = std::get_if<Match>(&statement.action))
      return analyze::ask(*match, known_);
    if (const auto* one_of = std::get_if<Box<OneOf>>(&statement.action))
      return analyze::ask(**one_of, known_);
    if (const auto* lookup = std::get_if<Lookup>(&statement.action)) return ask(*lookup);
    return changes_nothing(statement) ? Answer::yes : Answer::maybe;
  }

  // Whether what is known of packets does not hold behind it.
  bool rewrites_known(const Statement& statement) const {
    const auto* assign = std::get_if<Box<Assign>>(&statement.action);
    const auto* field = assign ? std::get_if<PacketField>(&(*assign)->to) : nullptr;
    return field && known_.find(*field);
  }

  // What is done beside, and does not keep the rule from going on.
  static bool changes_nothing(const Statement& statement) {
    const Action& action = statement.action;
    if (const auto* extension = std::get_if<Box<Extension>>(&action)) return (*extension)->target;
    return std::holds_alternative<Counter>(action) || std::holds_alternative<Last>(action) ||
           std::holds_alternative<Box<Log>>(action) || std::holds_alternative<Notrack>(action) ||
           std::holds_alternative<Box<Assign>>(action) ||
           std::holds_alternative<Box<Duplicate>>(action) ||
           std::holds_alternative<FlowOffload>(action) ||
           std::holds_alternative<StripOption>(action);
  }

  Answer ask(const Lookup& lookup) const {
    const Set* const set = table_.set(lookup.set);
    if (!set) return Answer::maybe;
    Answer answer = Answer::no;
    for (const Element& element : set->elements) {
      const Answer one = ask_element(*set, element, lookup.key, known_);
      if (one == Answer::yes) return inverted(Answer::yes, lookup.invert);
      if (one == Answer::maybe) answer = Answer::maybe;
    }
    return inverted(answer, lookup.invert);
  }

  // A rule's verdict; `always`: all packets that come to the rule meet it.
  std::optional<Next> decide(const RulePlace& place, const Verdict& verdict, bool always) {
    switch (verdict.kind) {
      case Verdict::Kind::accept:
        return end(place, Way::End::accept, always);
      case Verdict::Kind::drop:
      case Verdict::Kind::stolen:
        return end(place, Way::End::drop, always);
      case Verdict::Kind::queue:
      case Verdict::Kind::repeat:
        return end(place, Way::End::unknown, always);
      case Verdict::Kind::continue_:
        return Next::rule;
      case Verdict::Kind::return_:
        came_back_ = came_back_ || !always;
        return always ? Next::caller : Next::rule;
      case Verdict::Kind::jump:
      case Verdict::Kind::goto_:
        return enter(place, verdict, always);
    }
    return Next::rule;
  }

  Next enter(const RulePlace& place, const Verdict& verdict, bool always) {
    const Chain* const chain = table_.chain(verdict.chain);
    if (!chain) return end(place, Way::End::unknown, always);
    const bool ended = follow(*chain);
    if (!always) return Next::rule;
    if (ended) return Next::nothing;
    return verdict.kind == Verdict::Kind::goto_ ? Next::caller : Next::rule;
  }

  // The elements of a verdict map that the key may be.
  Next choose(const RulePlace& place, const Statement& statement, const VerdictMap& map,
              bool always) {
    const Set* const set = table_.set(map.map);
    if (!set) return end(place, Way::End::unknown, false);
    const std::size_t met = conditions_.size();
    for (const Element& element : set->elements) {
      const Answer answer = ask_element(*set, element, map.key, known_);
      if (answer == Answer::no || !element.verdict || ++steps_ > kMostSteps) continue;
      if (answer == Answer::maybe) conditions_.push_back({&statement, &element});
      const auto next = decide(place, *element.verdict, always && answer == Answer::yes);
      conditions_.resize(met);
      if (next && *next == Next::nothing) return Next::nothing;
    }
    return Next::rule;
  }

  Next end(const RulePlace& place, Way::End end, bool always, const Nat* nat = nullptr) {
    ways_.push_back({end, nat, conditions_, place});
    return always ? Next::nothing : Next::rule;
  }

  void policy(const Chain& chain) {
    const bool drops = chain.policy && chain.policy->kind == Verdict::Kind::drop;
    ways_.push_back({drops ? Way::End::drop : Way::End::accept,
                     nullptr,
                     {},
                     {&table_.table(), &chain, nullptr}});
  }

  const RuleIndex& table_;
  const Known& known_;
  std::vector<Way>& ways_;
  std::vector<Condition> conditions_;
  bool came_back_ = false;  // some packets, from the chain that is followed
  std::size_t depth_ = 0;
  std::size_t steps_ = 0;
};

std::optional<Octets> fib_value(const Fib& fib, const Known& known) {
  constexpr std::uint32_t kLocal = 2;  // RTN_LOCAL
  if (fib.result != Fib::Result::type || !fib.daddr || !known.is_local) return std::nullopt;
  for (const PacketField field : {PacketField::ip_daddr, PacketField::ip6_daddr}) {
    const Octets* const value = known.find(field);
    const auto address = value ? IpAddress::from_bytes(*value) : std::nullopt;
    // Of others it is not known which type they are.
    if (address && known.is_local(*address)) return Octets::number(kLocal, 4);
  }
  return std::nullopt;
}

}  // namespace

const Octets* Known::find(PacketField field) const {
  for (const auto& [known, value] : fields)
    if (same_slice(known, field)) return &value;
  return nullptr;
}

std::optional<Octets> value_of(const Value& value, const Known& known) {
  if (const auto* constant = std::get_if<Octets>(&value)) return *constant;
  if (const auto* fib = std::get_if<Fib>(&value)) return fib_value(*fib, known);
  const auto* field = std::get_if<PacketField>(&value);
  const Octets* const found = field ? known.find(*field) : nullptr;
  return found ? std::optional(*found) : std::nullopt;
}

std::vector<Interval> parts_of(const std::vector<KeyPart>& key, const Octets& first,
                               const Octets& last) {
  const Octets& end = last.empty() ? first : last;
  if (key.size() <= 1) return {{first, end}};
  std::vector<Interval> parts;
  std::size_t at = 0;
  for (const KeyPart& part : key) {
    const std::size_t bytes = (part.bits + 7) / 8;
    if (at + bytes > first.size() || at + bytes > end.size()) return {};
    parts.push_back(
        {Octets(Bytes(first).subspan(at, bytes)), Octets(Bytes(end).subspan(at, bytes))});
    at += (bytes + 3) / 4 * 4;
  }
  return parts;
}

std::vector<Interval> parts_of(const Set& set, const Element& element) {
  return parts_of(set.key, element.first, element.last);
}

std::vector<Way> ways_through(const RuleIndex& table, const Chain& base, const Known& known) {
  std::vector<Way> ways;
  Walk(table, known, ways).base(base);
  return ways;
}

}  // namespace nsmap::analyze
