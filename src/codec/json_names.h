#pragma once

#include <optional>
#include <string_view>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "model/packet_field.h"

// How the names of C++ are spelled in JSON.

namespace nsmap::codec {

template <typename T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

// A member's key. `namespace` is a keyword of C++, so such members are called `ns` there; the
// trailing underscore of those that would clash with another goes.
constexpr std::string_view json_name(std::string_view member) {
  if (member.ends_with('_')) member.remove_suffix(1);
  return member == "ns" ? "namespace" : member;
}

// Variants that say themselves what their alternatives are called, in the order of these; the first
// holds nothing.
template <typename T>
concept Tagged = requires {
  T::kTags;
};

// An enumerator's name: the trailing underscore of those that would clash with a keyword or macro
// goes (`unix_`).
constexpr std::string_view json_enumerator(std::string_view name) {
  return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}

// The name of a described enum's value; empty for a number that is none of them.
template <typename Enum>
std::string_view enum_name(Enum value) {
  std::string_view found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto enumerator) {
    if (enumerator.value == value) found = json_enumerator(enumerator.name);
  });
  return found;
}

template <typename Enum>
std::optional<Enum> enum_value(std::string_view name) {
  std::optional<Enum> found;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto enumerator) {
    if (json_enumerator(enumerator.name) == name) found = enumerator.value;
  });
  return found;
}

// A field of packets goes by nft's name for it.
template <>
inline std::string_view enum_name(model::PacketField field) {
  return model::info(field).name;
}
template <>
inline std::optional<model::PacketField> enum_value(std::string_view name) {
  return model::packet_field(name);
}

}  // namespace nsmap::codec
