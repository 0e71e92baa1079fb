#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "analyze/rule_index.h"
#include "model/firewall.h"

// Which ways packets may take through a chain, when only some of their fields are known: the rules
// that decide, each with what must hold of the other fields. What a rule asks that cannot be told
// is a condition, never taken for true or false.

namespace nsmap::analyze {

// What is known of the packets.
struct Known {
  std::vector<std::pair<model::PacketField, Octets>> fields = {};
  // Whether an address is one of the namespace's own, for fib lookups; none: not known.
  std::function<bool(const IpAddress&)> is_local = {};

  const Octets* find(model::PacketField field) const;
};

// Something that must hold on a way: what the statement asks or, where it looks into a map, that
// the key is this element of it.
struct Condition {
  const model::firewall::Statement* statement = nullptr;
  const model::firewall::Element* element = nullptr;
};

struct RulePlace {
  const model::firewall::Table* table = nullptr;
  const model::firewall::Chain* chain = nullptr;
  const model::firewall::Rule* rule = nullptr;  // null: the chain's policy
};

struct Way {
  enum class End {
    accept,
    drop,
    nat,      // `nat` says to what
    unknown,  // to a program, or more ways than are followed
  };
  End end = End::accept;
  const model::firewall::Nat* nat = nullptr;
  std::vector<Condition> conditions = {};
  RulePlace place = {};
};

// The ways through a base chain of the table, in the order of the rules that end them; the last one
// is that of all others. Where conditions are not exclusive, the first whose hold is taken. A
// packet that a conditional rule sends into another chain and that comes back goes on with those
// that did not meet the condition.
std::vector<Way> ways_through(const RuleIndex& table, const model::firewall::Chain& base,
                              const Known& known);

// What a value is, given what is known; nothing: that is not known.
std::optional<Octets> value_of(const model::firewall::Value& value, const Known& known);

// The parts of a set's key or data, without their padding: first and last of each. `last` is empty
// for single values.
std::vector<model::firewall::Interval> parts_of(const std::vector<model::firewall::KeyPart>& parts,
                                                const Octets& first, const Octets& last);
// Those of an element's key.
std::vector<model::firewall::Interval> parts_of(const model::firewall::Set& set,
                                                const model::firewall::Element& element);

}  // namespace nsmap::analyze
