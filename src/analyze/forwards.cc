#include "analyze/forwards.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <variant>

#include "syntax/values.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::DataType;
using model::PacketField;

bool sees(const Table& table, bool v6) {
  return table.family == Family::inet || table.family == (v6 ? Family::ip6 : Family::ip);
}

// The base chains of a hook and type that packets of a family meet, in the order they do.
std::vector<ChainRef> base_chains(const std::vector<HookChains>& order, Hook hook, bool nat,
                                  bool v6) {
  std::vector<ChainRef> found;
  for (const HookChains& here : order)
    if (here.hook == hook)
      for (const ChainRef& ref : here.chains)
        if (sees(*ref.table, v6) && !ref.table->dormant && (ref.chain->type == "nat") == nat)
          found.push_back(ref);
  return found;
}

bool is_destination_port(PacketField field) {
  const auto& known = info(field);
  return known.type == DataType::port && known.offset == 16 &&
         known.source < model::FieldSource::meta;
}

// What is asked of one field: in [first, last], or not.
struct Asked {
  PacketField field;
  std::vector<Interval> intervals;
  Octets mask;
  bool invert = false;
};

// The fields that a key is made of; nothing where it is made of something else.
std::optional<std::vector<PacketField>> fields_of(const Value& key) {
  std::vector<PacketField> fields;
  const auto add = [&](const Value& part) {
    const auto* field = std::get_if<PacketField>(&part);
    if (field) fields.push_back(*field);
    return field != nullptr;
  };
  const auto* parts = std::get_if<Box<Concatenation>>(&key);
  const bool all = parts ? std::ranges::all_of((*parts)->parts, add) : add(key);
  return all ? std::optional(fields) : std::nullopt;
}

std::optional<Asked> asked(const Match& match) {
  const auto* field = std::get_if<PacketField>(&match.left);
  if (!field) return std::nullopt;
  switch (match.compare) {
    case Compare::eq:
    case Compare::ne:
      return Asked{*field, {{match.right, match.right}}, match.mask, match.compare == Compare::ne};
    case Compare::in:
    case Compare::not_in:
      return Asked{
          *field, {{match.right, match.last}}, match.mask, match.compare == Compare::not_in};
    case Compare::lt:
    case Compare::le:
    case Compare::gt:
    case Compare::ge:
      return std::nullopt;
  }
  return std::nullopt;
}

// Intervals of a set of single values.
std::optional<Asked> asked(const Lookup& lookup, const RuleIndex& table) {
  const auto fields = fields_of(lookup.key);
  const Set* const set = table.set(lookup.set);
  if (!set || !fields || fields->size() != 1) return std::nullopt;
  Asked asked{fields->front(), {}, {}, lookup.invert};
  for (const Element& element : set->elements)
    for (Interval& part : parts_of(*set, element)) asked.intervals.push_back(std::move(part));
  return asked;
}

// An element of a map, which a key is.
struct Choice {
  const Set* map = nullptr;
  const Element* element = nullptr;
};

// What a key asks that is an element; nothing: the key is not of fields.
std::vector<Asked> asked(const Value& key, const Choice& choice) {
  const auto fields = fields_of(key);
  auto parts = parts_of(*choice.map, *choice.element);
  if (!fields || fields->size() != parts.size() || choice.element->catchall) return {};
  std::vector<Asked> all;
  for (std::size_t at = 0; at < parts.size(); ++at)
    all.push_back({(*fields)[at], {std::move(parts[at])}, {}, false});
  return all;
}

// What one condition asks; nothing: it is not of a kind that is told apart.
std::vector<Asked> asked(const Condition& condition, const RuleIndex& table) {
  std::vector<Asked> all;
  const Action& action = condition.statement->action;
  const auto add = [&](std::optional<Asked> one) {
    if (one) all.push_back(std::move(*one));
  };
  if (const auto* match = std::get_if<Match>(&action)) add(asked(*match));
  if (const auto* lookup = std::get_if<Lookup>(&action)) add(asked(*lookup, table));
  if (const auto* one_of = std::get_if<Box<OneOf>>(&action))
    if (const auto* field = (*one_of)->values.size() == 1
                                ? std::get_if<PacketField>(&(*one_of)->values.front())
                                : nullptr)
      add(Asked{*field, (*one_of)->intervals, {}, (*one_of)->invert});
  const auto* map = std::get_if<Box<VerdictMap>>(&action);
  const Set* const set = map && condition.element ? table.set((*map)->map) : nullptr;
  return set ? asked((*map)->key, {set, condition.element}) : all;
}

std::optional<Prefix> prefix(const Octets& first, std::optional<unsigned> length) {
  const auto address = IpAddress::from_bytes(first);
  if (!address || !length) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

// Addresses from a first to a last one that are a prefix.
std::optional<Prefix> prefix_of(const Interval& interval) {
  if (interval.first.size() != interval.last.size()) return std::nullopt;
  return prefix(interval.first, syntax::prefix_length(interval.first, interval.last));
}

std::optional<Prefix> prefix_of(const Asked& asked) {
  if (asked.intervals.size() != 1) return std::nullopt;
  if (asked.mask.empty()) return prefix_of(asked.intervals.front());
  return prefix(asked.intervals.front().first, syntax::prefix_length(asked.mask));
}

// "10.0.0.1", "10.0.0.0/8".
std::string prefix_text(const Prefix& prefix) {
  return prefix.length == prefix.address.bits() ? prefix.address.text() : prefix.text();
}

std::string interface_name(const Octets& name) {
  std::string text;
  for (const std::byte byte : name) {
    if (byte == std::byte{0}) break;
    text += static_cast<char>(byte);
  }
  return text;
}

std::string range_text(const Interval& interval) {
  if (const auto prefix = prefix_of(interval)) return prefix_text(*prefix);
  const auto first = IpAddress::from_bytes(interval.first);
  const auto last = IpAddress::from_bytes(interval.last);
  if (!first || !last) return interval.first.text();
  return first->text() + "-" + last->text();
}

// Where packets come from, as one condition says it; empty: it says something else.
std::vector<std::string> sources_of(const Asked& asked) {
  const std::string no = asked.invert ? "not " : "";
  std::vector<std::string> sources;
  if (asked.field == PacketField::meta_iifname) {
    for (const Interval& interval : asked.intervals)
      sources.push_back(no + interface_name(interval.first) + (asked.mask.empty() ? "" : "*"));
  } else if (asked.field == PacketField::ip_saddr || asked.field == PacketField::ip6_saddr) {
    if (const auto prefix = prefix_of(asked)) return {no + prefix_text(*prefix)};
    if (!asked.mask.empty()) return {};
    for (const Interval& interval : asked.intervals) sources.push_back(no + range_text(interval));
  }
  return sources;
}

// The ports that are in both; those that are in no range are in all.
Ports in_both(const Ports& these, const Ports& those) {
  Ports both;
  for (const auto& [first, last] : these)
    for (const auto& [from, to] : those)
      if (std::max(first, from) <= std::min(last, to))
        both.emplace_back(std::max(first, from), std::min(last, to));
  return both;
}

// Puts together what the conditions of a way ask.
class Reader {
 public:
  Reader(const RuleIndex& table, Forward& forward) : table_(table), forward_(forward) {}

  void read(const Condition& condition) {
    if (is_local(condition)) {
      forward_.to_local = true;
      return;
    }
    take(asked(condition, table_));
  }
  // The key of a map, of which an element is chosen.
  void read(const Value& key, const Choice& choice) { take(asked(key, choice)); }

  // Whether no packet meets all of it.
  bool impossible() const { return impossible_; }

 private:
  static bool is_local(const Condition& condition) {
    const auto* match = std::get_if<Match>(&condition.statement->action);
    const auto* fib = match ? std::get_if<Fib>(&match->left) : nullptr;
    return fib && fib->result == Fib::Result::type && fib->daddr && match->right.number() == 2 &&
           match->compare == Compare::eq;
  }

  void take(const std::vector<Asked>& all) {
    if (all.empty()) forward_.conditional = true;
    for (const Asked& one : all) take(one);
  }

  void take(const Asked& asked) {
    if (asked.field == PacketField::meta_nfproto) return;
    const auto sources = sources_of(asked);
    if (!sources.empty()) {
      forward_.only_from.insert(forward_.only_from.end(), sources.begin(), sources.end());
    } else if (asked.invert || (!asked.mask.empty() && !prefix_of(asked))) {
      forward_.conditional = true;
    } else if (asked.field == PacketField::meta_l4proto ||
               asked.field == PacketField::ip_protocol || asked.field == PacketField::ip6_nexthdr) {
      protocol(asked);
    } else if (is_destination_port(asked.field)) {
      ports(asked);
    } else if (asked.field == PacketField::ip_daddr || asked.field == PacketField::ip6_daddr) {
      destination(asked);
    } else {
      forward_.conditional = true;
    }
  }

  void protocol(const Asked& asked) {
    if (asked.intervals.size() != 1 ||
        asked.intervals.front().first != asked.intervals.front().last) {
      forward_.conditional = true;
      return;
    }
    const auto protocol = static_cast<std::uint8_t>(asked.intervals.front().first.number());
    if (forward_.protocol.value_or(protocol) != protocol) impossible_ = true;
    forward_.protocol = protocol;
  }

  void ports(const Asked& asked) {
    Ports ports;
    for (const Interval& interval : asked.intervals)
      ports.emplace_back(static_cast<std::uint16_t>(interval.first.number()),
                         static_cast<std::uint16_t>(interval.last.number()));
    forward_.ports = forward_.ports.empty() ? std::move(ports) : in_both(forward_.ports, ports);
    if (forward_.ports.empty()) impossible_ = true;
  }

  void destination(const Asked& asked) {
    const auto to = prefix_of(asked);
    if (!to) {
      forward_.conditional = true;
    } else if (!forward_.to || forward_.to->contains(to->address)) {
      if (!forward_.to || to->length > forward_.to->length) forward_.to = to;
    } else if (!to->contains(forward_.to->address)) {
      impossible_ = true;
    }
  }

  const RuleIndex& table_;
  Forward& forward_;
  bool impossible_ = false;
};

// What a value is: a constant, or what the chosen element has for it; empty: neither.
Octets constant(const Value& value, const Choice& choice) {
  if (const auto* octets = std::get_if<Octets>(&value)) return *octets;
  const auto* lookup = std::get_if<Box<MapLookup>>(&value);
  if (!lookup || !choice.map || (*lookup)->map != choice.map->name) return {};
  const auto parts = parts_of(choice.map->data, choice.element->data, {});
  const std::uint32_t part = (*lookup)->part.value_or(0);
  return part < parts.size() ? parts[part].first : Octets();
}

// The elements that a NAT statement may take its address from; one of none where it looks into no
// map that is known.
std::vector<Choice> choices(const Nat& nat, const RuleIndex& table) {
  const auto* lookup = std::get_if<Box<MapLookup>>(&nat.address);
  const Set* const map = lookup ? table.set((*lookup)->map) : nullptr;
  if (!map || map->elements.empty()) return {{}};
  std::vector<Choice> choices;
  for (const Element& element : map->elements) choices.push_back({map, &element});
  return choices;
}

// The values from a first to a last one; the first alone where they are more than are told one by
// one.
std::vector<Octets> range_of(const Octets& first, const Octets& last) {
  constexpr std::size_t kMost = 16;
  std::vector<Octets> all = {first};
  while (all.back() < last && all.back().size() == last.size()) {
    Octets next = all.back();
    for (std::size_t at = next.size(); at-- > 0;)
      if (next[at] = std::byte(std::to_integer<unsigned>(next[at]) + 1); next[at] != std::byte{0})
        break;
    all.push_back(std::move(next));
    if (all.size() > kMost) return {first};
  }
  return all;
}

// What a way that ends in NAT sends on by one choice, to each address that it may: none where no
// packet goes it.
std::vector<Forward> forwards_of(const Way& way, const Choice& choice, const RuleIndex& table) {
  Forward forward{.place = way.place};
  Reader reader(table, forward);
  for (const Condition& condition : way.conditions) reader.read(condition);
  if (choice.element) reader.read(std::get<Box<MapLookup>>(way.nat->address)->key, choice);
  if (reader.impossible()) return {};
  if (const auto* lookup = std::get_if<Box<MapLookup>>(&way.nat->address))
    forward.map = (*lookup)->map;
  const Octets port = constant(way.nat->port, choice);
  if (!port.empty()) forward.port = static_cast<std::uint16_t>(port.number());
  const auto is_range = [&](const Value& first, const Value& last) {
    return !std::holds_alternative<std::monostate>(last) && last != first;
  };
  if (is_range(way.nat->address, way.nat->last_address) ||
      is_range(way.nat->port, way.nat->last_port))
    forward.conditional = true;  // the kernel chooses
  std::vector<Forward> all;
  const Octets first = constant(way.nat->address, choice);
  for (const Octets& address : range_of(first, constant(way.nat->last_address, choice))) {
    forward.address = IpAddress::from_bytes(address);
    all.push_back(forward);
  }
  return all;
}

}  // namespace

const RuleIndex& NamespaceRules::index(const Table& table) {
  return tables_.try_emplace(&table, table).first->second;
}

void NamespaceRules::add_forwards(bool v6, Hook hook) {
  const Known known{.fields = {{PacketField::meta_nfproto, Octets::number(v6 ? 10 : 2, 1)},
                               {PacketField::ct_state, Octets::number(8, 4)}}};
  for (const auto& [table, chain] : base_chains(order_, hook, true, v6)) {
    const RuleIndex& names = index(*table);
    for (const Way& way : ways_through(names, *chain, known))
      if (way.end == Way::End::nat &&
          (way.nat->kind == Nat::Kind::dnat || way.nat->kind == Nat::Kind::redirect))
        for (const Choice& choice : choices(*way.nat, names))
          for (Forward& forward : forwards_of(way, choice, names)) {
            forward.v6 = v6;
            forward.output = hook == Hook::output;
            forwards_->push_back(std::move(forward));
          }
  }
}

namespace {

Known known_of(const model::Namespace& ns, const Arrival& arrival) {
  Known known{.fields = {{PacketField::meta_nfproto, Octets::number(arrival.v6 ? 10 : 2, 1)},
                         {PacketField::meta_l4proto, Octets::number(arrival.protocol, 1)},
                         {PacketField::th_dport, Octets::number(arrival.port, 2)},
                         {PacketField::ct_state, Octets::number(8, 4)}}};
  if (!arrival.v6)
    known.fields.emplace_back(PacketField::ip_protocol, Octets::number(arrival.protocol, 1));
  if (arrival.address)
    known.fields.emplace_back(arrival.v6 ? PacketField::ip6_daddr : PacketField::ip_daddr,
                              Octets(arrival.address->bytes()));
  constexpr std::uint32_t kDnat = 0x120;  // IPS_DST_NAT, IPS_DST_NAT_DONE
  known.fields.emplace_back(PacketField::ct_status,
                            Octets::number(arrival.translated ? kDnat : 0, 4));
  if (!arrival.out.empty()) {
    Octets name(info(PacketField::meta_oifname).bytes());
    for (std::size_t at = 0; at < std::min(arrival.out.size(), name.size()); ++at)
      name[at] = static_cast<std::byte>(arrival.out[at]);
    known.fields.emplace_back(PacketField::meta_oifname, name);
  }
  known.is_local = [&ns](const IpAddress& address) {
    return std::ranges::find(ns.addresses, address, &model::Address::address) != ns.addresses.end();
  };
  return known;
}

// What comes from one of these and one of those: "eth0 and 10.0.0.0/8".
std::vector<std::string> both(const std::vector<std::string>& these,
                              const std::vector<std::string>& those) {
  const auto one = [](const std::vector<std::string>& sources) {
    return sources.size() == 1 ? sources.front() : fmt::format("{{{}}}", fmt::join(sources, ", "));
  };
  return {one(these) + " and " + one(those)};
}

// Whether they are all there is: something, and all but it.
bool is_anything(const std::vector<std::string>& sources) {
  return std::ranges::any_of(sources, [&](const std::string& source) {
    return std::ranges::find(sources, "not " + source) != sources.end();
  });
}

// Where a way's packets come from; nothing: it asks for something else.
std::optional<std::vector<std::string>> sources_of(const Way& way, const RuleIndex& table) {
  std::vector<std::string> sources;
  for (const Condition& condition : way.conditions) {
    const auto all = asked(condition, table);
    if (all.empty()) return std::nullopt;
    for (const Asked& one : all) {
      auto from = sources_of(one);
      if (from.empty()) return std::nullopt;
      sources = sources.empty() ? std::move(from) : both(sources, from);
    }
  }
  return sources;
}

// The sources that are kept out, as what those are who are not.
void except(std::vector<std::string>& sources, const std::vector<std::string>& dropped) {
  for (const std::string& source : dropped)
    sources.push_back(source.starts_with("not ") ? source.substr(4) : "not " + source);
}

bool is_loopback(const std::string& source) {
  return source == "lo" || source.starts_with("127.") || source == "::1";
}

// What the rules of a chain before its last take, which are met in their order.
struct Taken {
  std::vector<std::string> accepted = {}, dropped = {};
  bool conditional = false;     // more, that is not told
  bool drops_before = false;    // what is dropped before some of `accepted` may be of it
  bool accepts_before = false;  // what is accepted before some of `dropped` may be of it

  void take(Way::End end, std::vector<std::string> sources) {
    std::erase_if(sources, is_loopback);  // nothing comes from elsewhere by it
    if (sources.empty()) return;
    const bool accepts = end == Way::End::accept;
    if (accepts && !dropped.empty()) drops_before = true;
    if (!accepts && !accepted.empty()) accepts_before = true;
    auto& list = accepts ? accepted : dropped;
    std::ranges::move(sources, std::back_inserter(list));
  }
};

// What a chain lets through whose last way takes all that those before it did not.
Admission rest(const Way& last, Taken taken) {
  Admission admission{.conditional = taken.conditional, .place = last.place};
  switch (last.end) {
    case Way::End::accept:
    case Way::End::nat:
      except(admission.sources, taken.dropped);
      admission.conditional |= taken.accepts_before;
      return admission;
    case Way::End::drop:
      if (is_anything(taken.accepted)) {
        except(admission.sources, taken.dropped);
        return admission;
      }
      admission.kind = taken.accepted.empty() && !taken.conditional ? Admission::Kind::none
                                                                    : Admission::Kind::some;
      admission.sources = std::move(taken.accepted);
      admission.conditional |= taken.drops_before;
      return admission;
    case Way::End::unknown:
      admission.kind = Admission::Kind::unknown;
      return admission;
  }
  return admission;
}

// What one chain lets through. Its ways come in the order of the rules; one without conditions is
// that of all who are left.
Admission through(const RuleIndex& table, const Chain& chain, const Known& known) {
  Taken taken;
  for (const Way& way : ways_through(table, chain, known)) {
    if (way.conditions.empty()) return rest(way, std::move(taken));
    auto sources = sources_of(way, table);
    if (!sources || way.end == Way::End::unknown)
      taken.conditional = true;
    else
      taken.take(way.end, std::move(*sources));
  }
  return {};
}

}  // namespace

NamespaceRules::NamespaceRules(const model::Namespace& ns)
    : ns_(ns), order_(hook_order(*ns.firewall)) {}

const std::vector<Forward>& NamespaceRules::forwards() {
  if (forwards_) return *forwards_;
  forwards_.emplace();
  for (const Hook hook : {Hook::prerouting, Hook::output})
    for (const bool v6 : {false, true}) add_forwards(v6, hook);
  return *forwards_;
}

Admission NamespaceRules::admission(const Arrival& arrival) {
  const Known known = known_of(ns_, arrival);
  Admission worst;
  for (const Hook hook : {Hook::prerouting, arrival.forwarded ? Hook::forward : Hook::input})
    for (const auto& [table, chain] : base_chains(order_, hook, false, arrival.v6)) {
      Admission one = through(index(*table), *chain, known);
      const auto rank = [](const Admission& admission) {
        constexpr Admission::Kind kOrder[] = {Admission::Kind::all, Admission::Kind::some,
                                              Admission::Kind::unknown, Admission::Kind::none};
        return std::ranges::find(kOrder, admission.kind) - std::begin(kOrder);
      };
      const bool conditional = worst.conditional || one.conditional;
      if (rank(one) > rank(worst))
        worst = std::move(one);
      else if (rank(one) == rank(worst))
        std::ranges::move(one.sources, std::back_inserter(worst.sources));
      worst.conditional = conditional;
    }
  return worst;
}

}  // namespace nsmap::analyze
