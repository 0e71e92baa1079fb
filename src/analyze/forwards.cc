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
std::optional<Asked> asked(const Lookup& lookup, const TableIndex& table) {
  const auto fields = fields_of(lookup.key);
  const Set* const set = table.set(lookup.set);
  if (!set || !fields || fields->size() != 1) return std::nullopt;
  Asked asked{fields->front(), {}, {}, lookup.invert};
  for (const Element& element : set->elements)
    for (Interval& part : parts_of(*set, element)) asked.intervals.push_back(std::move(part));
  return asked;
}

// What one condition asks; nothing: it is not of a kind that is told apart.
std::vector<Asked> asked(const Condition& condition, const TableIndex& table) {
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
  if (!map || !condition.element) return all;
  const auto fields = fields_of((*map)->key);
  const Set* const set = table.set((*map)->map);
  auto parts = set ? parts_of(*set, *condition.element) : std::vector<Interval>();
  if (!fields || fields->size() != parts.size()) return all;
  for (std::size_t at = 0; at < parts.size(); ++at)
    all.push_back({(*fields)[at], {std::move(parts[at])}, {}, false});
  return all;
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

// Puts together what the conditions of a way ask.
class Reader {
 public:
  Reader(const TableIndex& table, Forward& forward) : table_(table), forward_(forward) {}

  void read(const Condition& condition) {
    if (is_local(condition)) {
      forward_.to_local = true;
      return;
    }
    const auto all = asked(condition, table_);
    if (all.empty()) forward_.conditional = true;
    for (const Asked& one : all) take(one);
  }

 private:
  static bool is_local(const Condition& condition) {
    const auto* match = std::get_if<Match>(&condition.statement->action);
    const auto* fib = match ? std::get_if<Fib>(&match->left) : nullptr;
    return fib && fib->result == Fib::Result::type && fib->daddr && match->right.number() == 2 &&
           match->compare == Compare::eq;
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
      for (const Interval& interval : asked.intervals)
        forward_.ports.emplace_back(static_cast<std::uint16_t>(interval.first.number()),
                                    static_cast<std::uint16_t>(interval.last.number()));
    } else if (asked.field == PacketField::ip_daddr || asked.field == PacketField::ip6_daddr) {
      forward_.to = prefix_of(asked);
      if (!forward_.to) forward_.conditional = true;
    } else {
      forward_.conditional = true;
    }
  }

  void protocol(const Asked& asked) {
    if (asked.intervals.size() == 1 &&
        asked.intervals.front().first == asked.intervals.front().last)
      forward_.protocol = static_cast<std::uint8_t>(asked.intervals.front().first.number());
    else
      forward_.conditional = true;
  }

  const TableIndex& table_;
  Forward& forward_;
};

template <typename Wanted, typename Make>
std::optional<Wanted> constant(const Value& value, const Make& make) {
  const auto* octets = std::get_if<Octets>(&value);
  return octets ? make(*octets) : std::nullopt;
}

}  // namespace

const TableIndex& NamespaceRules::index(const Table& table) {
  return tables_.try_emplace(&table, table).first->second;
}

void NamespaceRules::add_forwards(bool v6, Hook hook) {
  const Known known{.fields = {{PacketField::meta_nfproto, Octets::number(v6 ? 10 : 2, 1)},
                               {PacketField::ct_state, Octets::number(8, 4)}}};
  for (const auto& [table, chain] : base_chains(order_, hook, true, v6)) {
    const TableIndex& names = index(*table);
    for (const Way& way : ways_through(names, *chain, known)) {
      if (way.end != Way::End::nat ||
          (way.nat->kind != Nat::Kind::dnat && way.nat->kind != Nat::Kind::redirect))
        continue;
      Forward& forward = forwards_->emplace_back();
      forward.v6 = v6;
      forward.output = hook == Hook::output;
      forward.place = way.place;
      Reader reader(names, forward);
      for (const Condition& condition : way.conditions) reader.read(condition);
      forward.address = constant<IpAddress>(
          way.nat->address, [](const Octets& octets) { return IpAddress::from_bytes(octets); });
      forward.port = constant<std::uint16_t>(way.nat->port, [](const Octets& octets) {
        return std::optional(static_cast<std::uint16_t>(octets.number()));
      });
      if (const auto* map = std::get_if<Box<MapLookup>>(&way.nat->address))
        forward.map = (*map)->map;
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
std::optional<std::vector<std::string>> sources_of(const Way& way, const TableIndex& table) {
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

bool is_loopback_only(const std::vector<std::string>& sources) {
  return std::ranges::any_of(sources, [](const std::string& source) {
    return source == "lo" || source.starts_with("127.") || source == "::1";
  });
}

// What a chain lets through whose last rule takes all that some before it did not.
Admission rest(const Way& last, std::vector<std::string> accepted, std::vector<std::string> dropped,
               bool conditional) {
  Admission admission{.conditional = conditional, .place = last.place};
  switch (last.end) {
    case Way::End::accept:
    case Way::End::nat:
      except(admission.sources, dropped);
      return admission;
    case Way::End::drop:
      if (is_anything(accepted)) return admission;
      admission.kind =
          accepted.empty() && !conditional ? Admission::Kind::none : Admission::Kind::some;
      admission.sources = std::move(accepted);
      return admission;
    case Way::End::unknown:
      admission.kind = Admission::Kind::unknown;
      return admission;
  }
  return admission;
}

// What one chain lets through. Its ways come in the order of the rules; one without conditions is
// that of all who are left.
Admission through(const TableIndex& table, const Chain& chain, const Known& known) {
  std::vector<std::string> accepted, dropped;
  bool conditional = false;
  for (const Way& way : ways_through(table, chain, known)) {
    if (way.conditions.empty())
      return rest(way, std::move(accepted), std::move(dropped), conditional);
    const auto sources = sources_of(way, table);
    auto& list = way.end == Way::End::accept ? accepted : dropped;
    if (!sources || way.end == Way::End::unknown)
      conditional = true;
    else if (!is_loopback_only(*sources))
      list.insert(list.end(), sources->begin(), sources->end());
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
