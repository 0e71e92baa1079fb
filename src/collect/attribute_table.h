#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "base/ids.h"
#include "base/ip.h"
#include "base/text.h"
#include "netlink/message.h"

// What is known about netlink attributes, as tables: a row names an attribute type and the setter
// that moves its payload into a field of a fact. For example
//
//     constexpr AttributeTable<model::VlanData> kVlan{{
//         {IFLA_VLAN_ID, number<&model::VlanData::id, std::uint16_t>},
//         {IFLA_VLAN_PROTOCOL, big_endian<&model::VlanData::protocol, std::uint16_t>},
//     }};
//     model::VlanData vlan;
//     const bool whole = kVlan.read(info_data, vlan);

namespace nsmap::collect {

// Rows are found by their type, one array access an attribute. Attributes without a row are passed
// over: every kernel has some that are newer than us.
template <typename Fact>
class AttributeTable {
 public:
  // False when the payload does not hold what the attribute should.
  using Setter = bool (*)(Fact&, const netlink::Attribute&);
  struct Row {
    std::size_t type;
    Setter set;
  };

  template <std::size_t N>
  constexpr explicit(false) AttributeTable(const Row (&rows)[N]) {
    for (const Row& row : rows) setters_.at(row.type) = row.set;
  }

  // Sets the fields that the attributes speak of. False when the run is malformed or a setter
  // refused its attribute: that field is then left as it was, the others are set.
  bool read(const netlink::Attributes& attributes, Fact& fact) const {
    bool good = true;
    auto it = attributes.begin();
    for (const auto end = attributes.end(); it != end; ++it) {
      const netlink::Attribute attribute = *it;
      const Setter set = attribute.type() < kTypes ? setters_[attribute.type()] : nullptr;
      if (set != nullptr && !set(fact, attribute)) good = false;
    }
    return good && !it.malformed();
  }

 private:
  static constexpr std::size_t kTypes = 80;  // beyond IFLA_MAX, the largest of them

  std::array<Setter, kTypes> setters_{};
};

template <typename Field>
inline constexpr bool kIsOptional = false;
template <typename Value>
inline constexpr bool kIsOptional<std::optional<Value>> = true;

// Moves a number of the wire into a field: an integer, a bool (not zero), an id, or an optional one
// of these.
template <typename Field, typename Wire>
void assign(Field& field, Wire value) {
  if constexpr (kIsOptional<Field>)
    assign(field.emplace(), value);
  else if constexpr (std::is_same_v<Field, bool>)
    field = value != 0;
  else if constexpr (std::is_integral_v<Field>)
    field = static_cast<Field>(value);
  else
    field = Field(static_cast<typename Field::Value>(value));
}

// --- setters ------------------------------------------------------------------------------------
// `field` is a pointer to a member of the fact or of a base of it.

template <auto field, typename Wire, typename Fact>
bool number(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = attribute.as<Wire>();
  if (value) assign(fact.*field, *value);
  return value.has_value();
}

template <auto field, typename Wire, typename Fact>
bool big_endian(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = attribute.as<Wire>();
  if (value) assign(fact.*field, from_be(*value));
  return value.has_value();
}

// A bool that is true by being there, or by a byte that is not zero.
template <auto field, typename Fact>
bool flag(Fact& fact, const netlink::Attribute& attribute) {
  fact.*field = attribute.u8().value_or(1) != 0;
  return true;
}

template <auto field, typename Fact>
bool text(Fact& fact, const netlink::Attribute& attribute) {
  fact.*field = clean_text(attribute.text());
  return true;
}

// An interface index where zero means none.
template <auto field, typename Fact>
bool index_or_none(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = attribute.s32();
  if (value && *value != 0) assign(fact.*field, *value);
  return value.has_value();
}

// An optional IPv4 or IPv6 address, by its length; the unspecified one is none.
template <auto field, typename Fact>
bool address(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = IpAddress::from_bytes(attribute.payload());
  if (value && !value->is_unspecified()) fact.*field = *value;
  return value.has_value();
}

template <auto field, typename Fact>
bool link_address(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = Mac::from_bytes(attribute.payload());
  if (value) fact.*field = *value;
  return value.has_value();
}

// The nested attributes as they are, for who knows later what they mean.
template <auto field, typename Fact>
bool nest(Fact& fact, const netlink::Attribute& attribute) {
  fact.*field = attribute.nested();
  return true;
}

// A number that has a name: names[value], or the number itself for one without.
template <auto field, typename Wire, const auto& names, typename Fact>
bool named(Fact& fact, const netlink::Attribute& attribute) {
  const auto value = attribute.as<Wire>();
  if (!value) return false;
  const auto index = static_cast<std::size_t>(*value);
  const char* const name = index < std::size(names) ? names[index] : nullptr;
  fact.*field = name != nullptr ? std::string(name) : std::to_string(*value);
  return true;
}

}  // namespace nsmap::collect
