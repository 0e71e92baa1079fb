#include "analyze/source_nat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <variant>

#include "analyze/rule_ways.h"
#include "syntax/values.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::PacketField;

constexpr std::size_t kMostValues = 4;      // of a set that are told one by one
constexpr std::size_t kMostExceptions = 8;  // in one chain

struct FieldWord {
  PacketField field;
  const char* word;
};
constexpr FieldWord kWords[] = {
    {PacketField::ip_saddr, ""},          {PacketField::ip6_saddr, ""},
    {PacketField::ip_daddr, "to "},       {PacketField::ip6_daddr, "to "},
    {PacketField::meta_oifname, "out "},  {PacketField::meta_iifname, "in "},
    {PacketField::meta_mark, "marked "},  {PacketField::meta_l4proto, ""},
    {PacketField::ip_protocol, ""},       {PacketField::ip6_nexthdr, ""},
    {PacketField::tcp_dport, "to port "}, {PacketField::udp_dport, "to port "},
    {PacketField::th_dport, "to port "},
};

bool is_source(PacketField field) {
  return field == PacketField::ip_saddr || field == PacketField::ip6_saddr;
}
bool is_interface(PacketField field) {
  return field == PacketField::meta_oifname || field == PacketField::meta_iifname;
}

std::string value_text(PacketField field, const Octets& value) {
  if (is_interface(field)) {
    const std::string_view name(reinterpret_cast<const char*>(value.data()), value.size());
    return std::string(name.substr(0, name.find('\0')));
  }
  if (field == PacketField::meta_mark) return fmt::format("{:#x}", value.number());
  return syntax::value_text(info(field).type, value);
}

// "10.0.0.0/8", "80", "80-90".
std::string range_text(PacketField field, const Octets& first, const Octets& last) {
  if (last.empty() || first == last) return value_text(field, first);
  const model::DataType type = info(field).type;
  const bool address = type == model::DataType::ipv4 || type == model::DataType::ipv6;
  const auto length =
      address && first.size() == last.size() ? syntax::prefix_length(first, last) : std::nullopt;
  if (length) return fmt::format("{}/{}", value_text(field, first), *length);
  return value_text(field, first) + "-" + value_text(field, last);
}

// One thing that is asked of the packets, or its opposite.
struct Asked {
  PacketField field;
  std::string text;
  bool invert = false;
};

std::optional<Asked> asked(const Match& match) {
  const auto* field = std::get_if<PacketField>(&match.left);
  if (!field) return std::nullopt;
  const bool range = match.compare == Compare::in || match.compare == Compare::not_in;
  const bool invert = match.compare == Compare::ne || match.compare == Compare::not_in;
  if (!range && match.compare != Compare::eq && match.compare != Compare::ne) return std::nullopt;
  if (match.mask.empty()) return Asked{*field, range_text(*field, match.right, match.last), invert};
  const auto length = syntax::prefix_length(match.mask);
  std::string text = value_text(*field, match.right);
  if (is_interface(*field))
    text += "*";
  else if (*field == PacketField::meta_mark)
    text += match.mask == match.right ? "" : fmt::format("/{:#x}", match.mask.number());
  else if (!length)
    return std::nullopt;
  else
    text += fmt::format("/{}", *length);
  return Asked{*field, std::move(text), invert};
}

std::string list_text(PacketField field, const std::vector<Interval>& values) {
  std::vector<std::string> texts;
  for (const Interval& each : values) {
    if (texts.size() == kMostValues) {
      texts.push_back(fmt::format("{} more", values.size() - kMostValues));
      break;
    }
    texts.push_back(range_text(field, each.first, each.last));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::optional<Asked> asked(const Lookup& lookup, const RuleIndex& table) {
  const auto* field = std::get_if<PacketField>(&lookup.key);
  const Set* const set = table.set(lookup.set);
  if (!field || !set || set->key.size() != 1) return std::nullopt;
  std::vector<Interval> values;
  for (const Element& element : set->elements)
    if (element.catchall)
      return std::nullopt;
    else
      values.push_back({element.first, element.last});
  return Asked{*field, list_text(*field, values), lookup.invert};
}

std::optional<Asked> asked(const Statement& statement, const RuleIndex& table) {
  if (const auto* match = std::get_if<Match>(&statement.action)) return asked(*match);
  if (const auto* lookup = std::get_if<Lookup>(&statement.action)) return asked(*lookup, table);
  const auto* of = std::get_if<Box<OneOf>>(&statement.action);
  if (!of || (*of)->values.size() != 1) return std::nullopt;
  const auto* field = std::get_if<PacketField>(&(*of)->values.front());
  if (!field) return std::nullopt;
  return Asked{*field, list_text(*field, (*of)->intervals), (*of)->invert};
}

void take(const std::optional<Asked>& asked, SourceNat& nat) {
  if (asked && asked->field == PacketField::meta_nfproto) return;
  const auto* const word =
      asked ? std::ranges::find(kWords, asked->field, &FieldWord::field) : std::end(kWords);
  if (word == std::end(kWords)) {
    nat.conditional = true;
    return;
  }
  std::string text = (asked->invert ? "not " : "") + (word->word + asked->text);
  auto& list = is_source(asked->field) ? nat.from : nat.where;
  if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

// The part of a rule that packets must meet, where its end is to let them go by.
struct Exception {
  const Rule* rule;
  std::optional<Asked> asked;  // nothing: more than one condition, or one of another kind
};

std::vector<Exception> exceptions_of(const Chain& chain, const RuleIndex& table) {
  std::vector<Exception> found;
  for (const Rule& rule : chain.rules) {
    std::vector<const Statement*> conditions;
    bool lets_go = false;
    for (const Statement& statement : rule.statements) {
      if (const auto* verdict = std::get_if<Verdict>(&statement.action))
        lets_go = verdict->kind == Verdict::Kind::accept || verdict->kind == Verdict::Kind::return_;
      else if (!std::holds_alternative<Counter>(statement.action))
        conditions.push_back(&statement);
    }
    if (!lets_go || conditions.empty()) continue;
    Exception& exception = found.emplace_back(Exception{&rule, std::nullopt});
    if (conditions.size() == 1) exception.asked = asked(*conditions.front(), table);
    if (exception.asked) exception.asked->invert = !exception.asked->invert;
    if (found.size() == kMostExceptions) break;
  }
  return found;
}

std::string constant_text(const Value& value, bool port) {
  const auto* octets = std::get_if<Octets>(&value);
  if (!octets) return std::holds_alternative<std::monostate>(value) ? "" : "?";
  if (port) return std::to_string(octets->number());
  const auto address = IpAddress::from_bytes(*octets);
  return address ? address->text() : octets->text();
}

std::string range_text(const Value& first, const Value& last, bool port) {
  const std::string from = constant_text(first, port), to = constant_text(last, port);
  return to.empty() || to == from ? from : from + "-" + to;
}

std::string target_text(const Nat& nat) {
  if (std::holds_alternative<Box<MapLookup>>(nat.address))
    return "map " + std::get<Box<MapLookup>>(nat.address)->map;
  std::string address = range_text(nat.address, nat.last_address, false);
  const std::string port = range_text(nat.port, nat.last_port, true);
  if (port.empty()) return address;
  if (address.find(':') != address.npos) address = "[" + address + "]";
  return address + ":" + port;
}

class Search {
 public:
  Search(RuleNames& names, const model::Namespace& ns) : names_(names), ns_(ns) {}

  std::vector<SourceNat> run() {
    for (const HookChains& here : hook_order(*ns_.firewall))
      if (here.hook == Hook::postrouting || here.hook == Hook::input)
        for (const ChainRef& ref : here.chains)
          if (ref.chain->type == "nat" && !ref.table->dormant) add(ref);
    return std::move(found_);
  }

 private:
  void add(const ChainRef& ref) {
    const RuleIndex& table = tables_.try_emplace(ref.table, *ref.table).first->second;
    for (const bool v6 : {false, true}) {
      if (ref.table->family != Family::inet && (ref.table->family == Family::ip6) != v6) continue;
      const Known known{.fields = {{PacketField::meta_nfproto, Octets::number(v6 ? 10 : 2, 1)}}};
      for (const Way& way : ways_through(table, *ref.chain, known))
        if (way.end == Way::End::nat && way.nat->kind != Nat::Kind::dnat &&
            way.nat->kind != Nat::Kind::redirect)
          add(way, table);
    }
  }

  void add(const Way& way, const RuleIndex& table) {
    SourceNat nat{.masquerade = way.nat->kind == Nat::Kind::masquerade,
                  .to = target_text(*way.nat)};
    const auto [exceptions, is_new] = exceptions_.try_emplace(way.place.chain);
    if (is_new) exceptions->second = exceptions_of(*way.place.chain, table);
    for (const Condition& condition : way.conditions) {
      if (condition.element)
        nat.conditional = true;
      else
        take(asked(*condition.statement, table), nat);
    }
    for (const Exception& exception : exceptions->second)
      if (exception.rule < way.place.rule) take(exception.asked, nat);
    nat.hairpin = nat.from.size() == 1 &&
                  std::ranges::find(nat.where, "to " + nat.from.front()) != nat.where.end();
    // Of a table for both families, a rule that asks for neither is met in both.
    if (!known_.emplace(way.place.rule, fmt::format("{} {}", nat.from, nat.where)).second) return;
    nat.rule = names_.of(ns_, way.place);
    found_.push_back(std::move(nat));
  }

  RuleNames& names_;
  const model::Namespace& ns_;
  std::map<const Table*, RuleIndex> tables_;
  std::map<const Chain*, std::vector<Exception>> exceptions_;
  std::set<std::pair<const Rule*, std::string>> known_;
  std::vector<SourceNat> found_;
};

}  // namespace

std::vector<SourceNat> source_nats(RuleNames& names, const model::Namespace& ns) {
  return Search(names, ns).run();
}

}  // namespace nsmap::analyze
