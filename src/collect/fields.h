#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <type_traits>

#include "base/ids.h"
#include "base/ip.h"
#include "base/text.h"
#include "collect/reading.h"
#include "netlink/message.h"

// What a message's attributes mean, as tables: one row an attribute, naming its type and what it
// sets in the fact under construction. For example
//
//     constexpr Fields<model::Route, RTA_MAX> kFields({
//         {RTA_PRIORITY, number<&model::Route::metric>},
//         {RTA_PREFSRC, address<&model::Route::prefsrc>},
//     });
//     if (!kFields.read(message.attributes(sizeof(rtmsg)), route)) return malformed(…);

namespace nsmap::collect {

// Sets what an attribute says in a fact; false when the payload is too short to say it.
template <typename Fact>
using SetField = bool (*)(Fact&, const netlink::Attribute&);

// The rows for attributes of types 0 … Max, looked up by index.
template <typename Fact, std::size_t Max>
class Fields {
 public:
  struct Row {
    std::uint16_t type;
    SetField<Fact> set;
  };

  consteval Fields(std::initializer_list<Row> rows) {
    for (const Row& row : rows) set_.at(row.type) = row.set;
  }

  // Applies the rows to a run of attributes, in its order; types without a row are skipped. False:
  // the run, or the payload of an attribute that has a row, is malformed; what the others say is
  // set all the same.
  bool read(netlink::Attributes attributes, Fact& fact) const {
    bool good = true;
    netlink::Attributes::Iterator it = attributes.begin();
    for (const auto end = attributes.end(); it != end; ++it) {
      const netlink::Attribute attribute = *it;
      if (attribute.type() > Max || !set_[attribute.type()]) continue;
      if (!set_[attribute.type()](fact, attribute)) good = false;
    }
    return good && !it.malformed();
  }

 private:
  std::array<SetField<Fact>, Max + 1> set_{};
};

namespace detail {

// What a member holds, an optional one when it is there.
template <typename T>
struct Plain;
template <typename Fact, typename Value>
struct Plain<Value Fact::*> {
  using Type = Value;
};
template <typename Fact, typename Value>
struct Plain<std::optional<Value> Fact::*> {
  using Type = Value;
};
template <auto Member>
using ValueOf = typename Plain<decltype(Member)>::Type;

// The integer that a number or an id is made of.
template <typename T>
struct Integer {
  using Type = T;
};
template <typename Tag, typename Int>
struct Integer<Id<Tag, Int>> {
  using Type = Int;
};
template <auto Member>
using IntegerOf = typename Integer<ValueOf<Member>>::Type;

}  // namespace detail

// Sets a member (an integer, an Id, or an optional of one) to a number in host order, of the
// member's own width unless `On` names the width on the wire.
template <auto Member, typename OnWire = detail::IntegerOf<Member>, typename Fact>
bool number(Fact& fact, const netlink::Attribute& attribute) {
  static_assert(!std::is_same_v<OnWire, bool>, "name the width on the wire");
  const auto found = attribute.as<OnWire>();
  if (found) fact.*Member = detail::ValueOf<Member>(static_cast<detail::IntegerOf<Member>>(*found));
  return found.has_value();
}

// The same for a number in network order.
template <auto Member, typename Fact>
bool be_number(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.as<detail::ValueOf<Member>>();
  if (found) fact.*Member = from_be(*found);
  return found.has_value();
}

// Sets a member (an IpAddress, or an optional one) to an address of 4 or 16 bytes.
template <auto Member, typename Fact>
bool address(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = IpAddress::from_bytes(attribute.payload());
  if (found) fact.*Member = *found;
  return found.has_value();
}

// The same for an optional one, where the unspecified address means none.
template <auto Member, typename Fact>
bool address_or_none(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = IpAddress::from_bytes(attribute.payload());
  if (found && !found->is_unspecified()) fact.*Member = *found;
  return found.has_value();
}

// Sets an optional interface index, where zero means none.
template <auto Member, typename Fact>
bool index_or_none(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.s32();
  if (found && *found != 0) fact.*Member = IfIndex(*found);
  return found.has_value();
}

// Sets a Mac.
template <auto Member, typename Fact>
bool mac(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = Mac::from_bytes(attribute.payload());
  if (found) fact.*Member = *found;
  return found.has_value();
}

// Sets a string to the attribute's text, made clean.
template <auto Member, typename Fact>
bool text(Fact& fact, const netlink::Attribute& attribute) {
  fact.*Member = clean_text(attribute.text());
  return true;
}

// Sets a bool: true by the attribute being there, unless it holds a byte and that is zero.
template <auto Member, typename Fact>
bool flag(Fact& fact, const netlink::Attribute& attribute) {
  fact.*Member = attribute.u8().value_or(1) != 0;
  return true;
}

// Sets a string to the name of a number, Names[number]; one without a name becomes its decimal.
template <auto Member, typename OnWire, const auto& Names, typename Fact>
bool named(Fact& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.as<OnWire>();
  if (!found) return false;
  const char* const name = *found < Names.size() ? Names[*found] : nullptr;
  fact.*Member = name != nullptr ? std::string(name) : std::to_string(*found);
  return true;
}

// Keeps nested attributes, for who knows later what they mean.
template <auto Member, typename Fact>
bool nest(Fact& fact, const netlink::Attribute& attribute) {
  fact.*Member = attribute.nested();
  return true;
}

// Says in the report that a message made no sense and was left out.
inline std::nullopt_t malformed(Reading& reading, std::string_view source) {
  reading.report.add(source, "reading " + std::string(source) + ": a message is malformed", 0,
                     reading.ns.id);
  return std::nullopt;
}

// The address family of the two that the model has; nothing for any other.
inline std::optional<model::Family> ip_family(int family) {
  if (family == AF_INET) return model::Family::inet;
  if (family == AF_INET6) return model::Family::inet6;
  return std::nullopt;
}

}  // namespace nsmap::collect
