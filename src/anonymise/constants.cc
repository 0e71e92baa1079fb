#include "anonymise/constants.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

namespace nsmap::anonymise {
namespace {

using namespace model::firewall;
using model::DataType;
using model::PacketField;

constexpr std::size_t kMostPrefixes = 64;  // that one range becomes

bool is_address(DataType type) { return type == DataType::ipv4 || type == DataType::ipv6; }

bool bit(const Octets& octets, std::size_t at) {
  return (std::to_integer<unsigned>(octets[at / 8]) & (0x80u >> at % 8)) != 0;
}
void set_bit(Octets& octets, std::size_t at, bool value) {
  const std::byte mask{static_cast<unsigned char>(0x80u >> at % 8)};
  if (value)
    octets[at / 8] |= mask;
  else
    octets[at / 8] &= ~mask;
}

// Of as many bits, ones from `from` on.
Octets filled(Octets octets, std::size_t from) {
  for (std::size_t at = from; at < octets.size() * 8; ++at) set_bit(octets, at, true);
  return octets;
}

bool increment(Octets& octets) {
  for (std::size_t at = octets.size(); at-- > 0;) {
    octets[at] = static_cast<std::byte>(std::to_integer<unsigned>(octets[at]) + 1);
    if (octets[at] != std::byte{0}) return true;
  }
  return false;
}

struct BitPrefix {
  Octets first;
  std::size_t length = 0;
};

// The fewest prefixes that a range is made of, in their order.
std::vector<BitPrefix> prefixes_of(Octets first, const Octets& last) {
  std::vector<BitPrefix> found;
  while (first <= last && found.size() <= kMostPrefixes) {
    std::size_t length = first.size() * 8;
    while (length > 0 && !bit(first, length - 1) && filled(first, length - 1) <= last) --length;
    found.push_back({first, length});
    first = filled(first, length);
    if (!increment(first)) break;
  }
  return found;
}

// What the value is; integer: no more is known.
DataType type_of(const Value& value) {
  if (const auto* field = std::get_if<PacketField>(&value)) return model::info(*field).type;
  if (const auto* bitwise = std::get_if<Box<Bitwise>>(&value)) return type_of((*bitwise)->value);
  if (const auto* fib = std::get_if<Fib>(&value))
    return fib->result == Fib::Result::oif_name ? DataType::interface_name : DataType::integer;
  // Slices of headers that have no name may be anything.
  if (std::holds_alternative<Payload>(value) || std::holds_alternative<ExtensionHeader>(value))
    return DataType::text;
  const auto* ipsec = std::get_if<Ipsec>(&value);
  if (!ipsec) return DataType::integer;
  switch (ipsec->key) {
    case Ipsec::Key::saddr4:
    case Ipsec::Key::daddr4:
      return DataType::ipv4;
    case Ipsec::Key::saddr6:
    case Ipsec::Key::daddr6:
      return DataType::ipv6;
    case Ipsec::Key::reqid:
    case Ipsec::Key::spi:
      return DataType::integer;
  }
  return DataType::integer;
}

// The lengths and types of what a value is put together from.
struct Part {
  DataType type = DataType::integer;
  std::size_t bytes = 0;
};

std::vector<Part> parts_of(const std::vector<KeyPart>& key) {
  std::vector<Part> parts;
  for (const KeyPart& part : key) parts.push_back({part.type, (part.bits + 7) / 8});
  return parts;
}

std::vector<Part> parts_of(const Value& value) {
  const auto* several = std::get_if<Box<Concatenation>>(&value);
  if (!several) return {{type_of(value), 0}};
  std::vector<Part> parts;
  for (const Value& each : (*several)->parts) {
    const auto* field = std::get_if<PacketField>(&each);
    const std::size_t bits = field ? model::info(*field).bits : 32;
    parts.push_back({type_of(each), (bits + 7) / 8});
  }
  return parts;
}

class Replace {
 public:
  Replace(Addresses& addresses, Texts& texts) : addresses_(addresses), texts_(texts) {}

  template <typename Struct>
  void members(Struct& value) {
    boost::mp11::mp_for_each<
        boost::describe::describe_members<Struct, boost::describe::mod_public>>(
        [&](auto member) { go(value.*member.pointer); });
  }
  std::size_t other_ranges() const { return other_ranges_; }

 private:
  // --- values ----------------------------------------------------------------------------------

  Octets address(const Octets& octets) {
    const auto address = IpAddress::from_bytes(octets);
    return address ? Octets(addresses_.of(*address).bytes()) : octets;
  }

  // Characters, as many as there were; an interface's name ends in a zero where it is no beginning.
  Octets name(const Octets& octets, bool interface) {
    std::string text(reinterpret_cast<const char*>(octets.data()), octets.size());
    const bool whole = text.find('\0') != text.npos || octets.size() == 16;
    text.resize(std::min(text.find('\0'), text.size()));
    text = interface ? texts_.of_name(text) : texts_.of_rule(text);
    Octets made(interface && !whole ? text.size() : octets.size());
    for (std::size_t at = 0; at < std::min(text.size(), made.size()); ++at)
      made[at] = static_cast<std::byte>(text[at]);
    return made;
  }

  Octets value(const Octets& octets, DataType type) {
    if (octets.empty()) return octets;
    if (is_address(type)) return address(octets);
    if (type == DataType::mac) {
      const auto mac = Mac::from_bytes(octets);
      return mac ? Octets(addresses_.of(*mac).bytes()) : octets;
    }
    if (type == DataType::interface_name) return name(octets, true);
    // What is as long as an address may be one.
    if (type == DataType::text && IpAddress::from_bytes(octets)) return address(octets);
    return type == DataType::text && octets.size() > 2 ? name(octets, false) : octets;
  }

  // A prefix keeps its zeros and, as a range, its ones.
  std::pair<Octets, Octets> prefix(const BitPrefix& prefix) {
    Octets first = address(prefix.first);
    for (std::size_t at = prefix.length; at < first.size() * 8; ++at) set_bit(first, at, false);
    return {first, filled(first, prefix.length)};
  }

  // Ranges whose last is empty are single values.
  std::vector<Interval> ranges(const Octets& first, const Octets& last, DataType type) {
    if (last.empty() || last == first) {
      Octets one = value(first, type);
      return {{one, last.empty() ? Octets() : one}};
    }
    if (type == DataType::interface_name) return {beginnings(first, last)};
    if (!is_address(type)) return {{value(first, type), value(last, type)}};
    std::vector<Interval> made;
    for (const BitPrefix& each : prefixes_of(first, last)) {
      auto [from, to] = prefix(each);
      made.push_back({std::move(from), std::move(to)});
    }
    if (made.size() > kMostPrefixes) return {other_range(first, last)};
    std::ranges::sort(made, {}, &Interval::first);
    // Neighbours that are neighbours still are one again.
    std::vector<Interval> joined;
    for (Interval& each : made) {
      Octets next = joined.empty() ? Octets() : joined.back().last;
      if (!joined.empty() && increment(next) && next == each.first)
        joined.back().last = std::move(each.last);
      else
        joined.push_back(std::move(each));
    }
    return joined;
  }

  // "veth*" in a set: from those four bytes and zeros to them and ones.
  Interval beginnings(const Octets& first, const Octets& last) {
    const auto same = std::ranges::mismatch(first, last).in1 - first.begin();
    const Octets made = name(Octets(Bytes(first).first(static_cast<std::size_t>(same))), true);
    Interval range{Octets(first.size()), filled(Octets(first.size()), 0)};
    for (std::size_t at = 0; at < std::min(made.size(), first.size()); ++at)
      range.first[at] = range.last[at] = made[at];
    return range;
  }

  Interval other_range(const Octets& first, const Octets& last) {
    ++other_ranges_;
    Interval range{address(first), address(last)};
    if (range.last < range.first) std::swap(range.first, range.last);
    return range;
  }

  // One range for one, whatever becomes of it.
  Interval range(const Octets& first, const Octets& last, DataType type) {
    auto all = ranges(first, last, type);
    return all.size() == 1 ? std::move(all.front()) : other_range(first, last);
  }

  // Of several parts each its own.
  Interval range(const Octets& first, const Octets& last, const std::vector<Part>& parts) {
    if (parts.size() == 1) return range(first, last, parts.front().type);
    Interval made{first, last};
    std::size_t at = 0;
    for (const Part& part : parts) {
      if (at + part.bytes > first.size() || (!last.empty() && at + part.bytes > last.size())) break;
      const auto slice = [&](const Octets& whole) {
        return whole.empty() ? Octets() : Octets(Bytes(whole).subspan(at, part.bytes));
      };
      const Interval one = range(slice(first), slice(last), part.type);
      std::ranges::copy(one.first, made.first.data() + at);
      if (!last.empty()) std::ranges::copy(one.last, made.last.data() + at);
      at += (part.bytes + 3) / 4 * 4;
    }
    return made;
  }

  // A constant that is one of those; others are gone into.
  void constant(Value& value, DataType type) {
    if (auto* octets = std::get_if<Octets>(&value))
      *octets = this->value(*octets, type);
    else if (auto* parts = std::get_if<Box<Concatenation>>(&value))
      for (Value& part : (*parts)->parts) constant(part, type);
    else
      go(value);
  }

  // An address by its length.
  void address_constant(Value& value) { constant(value, DataType::ipv4); }

  void address_range(Value& first, Value& last) {
    auto* from = std::get_if<Octets>(&first);
    auto* to = std::get_if<Octets>(&last);
    if (from && to) {
      Interval made = range(*from, *to, DataType::ipv4);
      *from = std::move(made.first);
      *to = std::move(made.last);
    } else {
      address_constant(first);
      address_constant(last);
    }
  }

  // --- what holds them -------------------------------------------------------------------------

  // A range of addresses that becomes several is a list of them.
  void go(Statement& statement) {
    auto* const match = std::get_if<Match>(&statement.action);
    const bool range =
        match && (match->compare == Compare::in || match->compare == Compare::not_in);
    const DataType type = match ? type_of(match->left) : DataType::integer;
    if (!range || !is_address(type) || !statement.via.empty()) return go(statement.action);
    auto all = ranges(match->right, match->last, type);
    if (all.size() == 1) {
      match->right = std::move(all.front().first);
      match->last = std::move(all.front().last);
    } else {
      OneOf of{{match->left}, std::move(all), match->compare == Compare::not_in};
      statement.action = Box(std::move(of));
    }
  }

  void go(Match& match) {
    const DataType type = type_of(match.left);
    go(match.left);
    const auto parts = parts_of(match.left);
    if (parts.size() > 1 || match.compare == Compare::in || match.compare == Compare::not_in) {
      Interval made = range(match.right, match.last, parts);
      match.right = std::move(made.first);
      match.last = std::move(made.last);
      return;
    }
    if (match.mask.empty()) {
      match.right = value(match.right, type);
      return;
    }
    if (type == DataType::interface_name) {
      beginning(match);
    } else if (is_address(type)) {
      match.right = address(match.right);
      for (std::size_t at = 0; at < std::min(match.right.size(), match.mask.size()); ++at)
        match.right[at] &= match.mask[at];
    } else {
      match.right = value(match.right, type);
    }
  }

  // "veth*": what the mask covers is the beginning of a name.
  void beginning(Match& match) {
    const auto length =
        static_cast<std::size_t>(std::ranges::find(match.mask, std::byte{0}) - match.mask.begin());
    const Octets made =
        name(Octets(Bytes(match.right).first(std::min(length, match.right.size()))), true);
    match.right = Octets(match.right.size());
    match.mask = Octets(match.mask.size());
    for (std::size_t at = 0; at < std::min(made.size(), match.right.size()); ++at) {
      match.right[at] = made[at];
      match.mask[at] = std::byte{0xff};
    }
  }

  void go(OneOf& of) {
    const DataType type = of.values.empty() ? DataType::integer : type_of(of.values.front());
    std::vector<Interval> made;
    for (const Interval& each : of.intervals)
      std::ranges::move(ranges(each.first, each.last, type), std::back_inserter(made));
    of.intervals = std::move(made);
  }

  void go(Set& set) {
    const auto key = parts_of(set.key);
    const auto data = parts_of(set.data);
    std::vector<Element> elements;
    for (Element& element : set.elements) {
      if (!data.empty()) {
        Interval made = range(element.data, element.data_last, data);
        element.data = std::move(made.first);
        element.data_last = std::move(made.last);
      }
      go(element.statements);
      auto made = key.size() == 1 ? ranges(element.first, element.last, key.front().type)
                                  : std::vector{range(element.first, element.last, key)};
      for (Interval& each : made) {
        Element& copy = elements.emplace_back(element);
        copy.first = std::move(each.first);
        copy.last = std::move(each.last);
      }
    }
    set.elements = std::move(elements);
    go(set.statements);
  }

  void go(Nat& nat) { address_range(nat.address, nat.last_address); }
  void go(Tproxy& proxy) { address_constant(proxy.address); }
  void go(Duplicate& copy) { address_constant(copy.address); }
  void go(Forward& forward) { address_constant(forward.address); }
  void go(Assign& assign) {
    constant(assign.value, type_of(assign.to));
    go(assign.to);
  }
  void go(SetUpdate& update) {
    constant(update.key, DataType::text);
    constant(update.data, DataType::text);
    go(update.statements);
  }
  void go(Bitwise& bitwise) {
    bitwise.flip = value(bitwise.flip, type_of(bitwise.value));
    go(bitwise.value);
  }
  // Nobody knows what they are.
  void go(Opaque& opaque) { opaque.bytes = Octets(opaque.bytes.size()); }
  void go(Combination& combination) {
    const DataType left = type_of(combination.left), right = type_of(combination.right);
    constant(combination.left, right);
    constant(combination.right, left);
  }
  void go(Value& value) {
    std::visit([this](auto& held) { this->go(held); }, value);
  }
  void go(Action& action) {
    std::visit([this](auto& held) { this->go(held); }, action);
  }

  template <typename T>
  void go(Box<T>& box) {
    go(*box);
  }
  template <typename T>
  void go(std::vector<T>& values) {
    for (T& value : values) go(value);
  }
  template <typename T>
  requires boost::describe::has_describe_members<T>::value void go(T& value) { members(value); }
  // Texts and addresses by themselves are replaced as those of other facts are.
  template <typename T>
  requires(!boost::describe::has_describe_members<T>::value) void go(T&) {}

  Addresses& addresses_;
  Texts& texts_;
  std::size_t other_ranges_ = 0;
};

}  // namespace

std::size_t replace_constants(Firewall& firewall, Addresses& addresses, Texts& texts) {
  Replace replace(addresses, texts);
  replace.members(firewall);
  return replace.other_ranges();
}

}  // namespace nsmap::anonymise
