#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/box.h"
#include "base/ids.h"
#include "base/ip.h"
#include "base/octets.h"
#include "base/text.h"
#include "codec/json_names.h"

// Described values to JSON (RFC 8259), straight into a string. The rules, which docs/snapshot.md
// gives to readers: absent optionals, empty strings, empty MACs and variants that hold nothing are
// left out of their object, never written as null; numbers, booleans and lists are always there;
// an enum is its name; an address, prefix or MAC is its text, bytes are hexadecimal; a tagged
// variant is an object of one member, whose key is the tag.

namespace nsmap::codec {

template <typename T>
void append_json(std::string& out, const T& value);

namespace detail {

template <typename T>
concept HasText = requires(const T& value) {
  { value.text() } -> std::same_as<std::string>;
};

template <typename T>
inline constexpr bool is_id = false;
template <typename Tag, typename Int>
inline constexpr bool is_id<Id<Tag, Int>> = true;

template <typename T, template <typename...> typename Template>
inline constexpr bool is_a = false;
template <template <typename...> typename Template, typename... T>
inline constexpr bool is_a<Template<T...>, Template> = true;

inline void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_json_text(out, text);
  out += '"';
}

template <std::integral Int>
void append_number(std::string& out, Int value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Whether the value is left out of the object it is a member of.
template <typename T>
bool left_out(const T& value) {
  if constexpr (is_a<T, std::optional>)
    return !value.has_value();
  else if constexpr (is_a<T, std::variant> || Tagged<T>)
    return value.index() == 0;
  else if constexpr (is_a<T, Shared>)
    return *value == std::decay_t<decltype(*value)>{};
  else if constexpr (std::same_as<T, std::string> || std::same_as<T, Mac> ||
                     std::same_as<T, Octets>)
    return value.empty();
  else
    return false;
}

// ,"name": of a described member.
template <typename Member>
constexpr auto make_key() {
  constexpr std::string_view name = json_name(Member::name);
  std::array<char, name.size() + 4> key{',', '"'};
  std::copy(name.begin(), name.end(), key.begin() + 2);
  key[name.size() + 2] = '"';
  key[name.size() + 3] = ':';
  return key;
}
template <typename Member>
inline constexpr auto kKey = make_key<Member>();

template <typename Member>
void append_key(std::string& out, bool first = false) {
  constexpr auto& key = kKey<Member>;
  const std::size_t begin = first ? 1 : 0;
  out.append(key.data() + begin, key.size() - begin);
}

template <typename T>
void append_list(std::string& out, const std::vector<T>& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i != 0) out += ',';
    append_json(out, list[i]);
  }
  out += ']';
}

template <typename T>
void append_tagged(std::string& out, const T& value) {
  out += '{';
  std::visit(
      [&](const auto& held) {
        if constexpr (!std::same_as<std::decay_t<decltype(held)>, std::monostate>) {
          append_quoted(out, T::kTags[value.index()]);
          out += ':';
          append_json(out, held);
        }
      },
      static_cast<const typename T::variant&>(value));
  out += '}';
}

}  // namespace detail

// Appends the members of a described struct: "name":value,… without the braces. `first`: no member
// precedes them in their object.
template <typename T>
void append_members(std::string& out, const T& value, bool first = true) {
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto& field = value.*member.pointer;
    if (detail::left_out(field)) return;
    detail::append_key<decltype(member)>(out, first);
    first = false;
    append_json(out, field);
  });
}

// Appends the value: a described struct or enum, or a list, optional (which must hold a value) or
// variant of them (which must hold one), an id, address, prefix, MAC, string, boolean or integer.
template <typename T>
void append_json(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    detail::append_number(out, value);
  } else if constexpr (detail::is_id<T>) {
    detail::append_number(out, value.value);
  } else if constexpr (std::same_as<T, std::string>) {
    detail::append_quoted(out, value);
  } else if constexpr (detail::HasText<T>) {
    out += '"';
    out += value.text();
    out += '"';
  } else if constexpr (std::is_enum_v<T>) {
    detail::append_quoted(out, enum_name(value));
  } else if constexpr (detail::is_a<T, std::optional>) {
    append_json(out, *value);
  } else if constexpr (detail::is_a<T, Box> || detail::is_a<T, Shared>) {
    append_json(out, *value);
  } else if constexpr (detail::is_a<T, std::vector>) {
    detail::append_list(out, value);
  } else if constexpr (Tagged<T>) {
    detail::append_tagged(out, value);
  } else if constexpr (detail::is_a<T, std::variant>) {
    std::visit(
        [&](const auto& held) {
          if constexpr (!std::same_as<std::decay_t<decltype(held)>, std::monostate>)
            append_json(out, held);
        },
        value);
  } else {
    out += '{';
    append_members(out, value);
    out += '}';
  }
}

}  // namespace nsmap::codec
