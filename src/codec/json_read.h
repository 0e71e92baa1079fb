#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/result.h"
#include "base/text.h"
#include "codec/json_names.h"
#include "codec/json_write.h"
#include "model/link.h"

// JSON to described values: the inverse of json_write.h. Members that are missing keep their
// default and keys nobody knows are passed over, so that a reader takes what a newer minor version
// writes; a value of the wrong type or out of its type's range is a problem, told with its path.

namespace nsmap::codec {

// Where in the document, "namespaces[3].links[0].mtu", and what is wrong there.
struct Problem {
  std::string path;
  std::string what;

  static Problem expected(std::string_view what) { return {{}, fmt::format("expected {}", what)}; }
  // The same problem, seen from the object or list around it.
  Problem under(std::string_view key) && {
    const bool joined = path.empty() || path.starts_with('[');
    return {fmt::format("{}{}{}", key, joined ? "" : ".", path), std::move(what)};
  }
};

using MaybeProblem = std::optional<Problem>;

// Longer strings are cut (base/text.h clean_text): no source of facts gives longer ones.
inline constexpr std::size_t kLongestText = 64 * 1024;

template <typename T>
MaybeProblem read_json(const boost::json::value& json, T& value);

namespace detail {

template <std::integral Int>
MaybeProblem read_number(const boost::json::value& json, Int& value) {
  const auto assign = [&](auto number) -> MaybeProblem {
    if (!std::in_range<Int>(number)) return Problem{{}, fmt::format("{} is out of range", number)};
    value = static_cast<Int>(number);
    return {};
  };
  if (const auto* number = json.if_int64()) return assign(*number);
  if (const auto* number = json.if_uint64()) return assign(*number);
  return Problem::expected(json.is_double() ? "a whole number of at most 64 bits" : "a number");
}

inline MaybeProblem read_text(const boost::json::value& json, std::string& value) {
  const auto* text = json.if_string();
  if (!text) return Problem::expected("a string");
  value = clean_text(*text, kLongestText);
  return {};
}

// What has a text form: `T::parse(text)`.
template <typename T>
MaybeProblem read_parsed(const boost::json::value& json, T& value) {
  const auto* text = json.if_string();
  const std::optional<T> parsed = text ? T::parse(*text) : std::nullopt;
  if (!parsed) {
    if constexpr (std::same_as<T, IpAddress>) return Problem::expected("an IP address");
    if constexpr (std::same_as<T, Prefix>) return Problem::expected("ADDRESS/LENGTH");
    if constexpr (std::same_as<T, Mac>) return Problem::expected("a link-layer address");
    if constexpr (std::same_as<T, Octets>) return Problem::expected("hexadecimal digits");
  }
  value = *parsed;
  return {};
}

template <typename Enum>
MaybeProblem read_enum(const boost::json::value& json, Enum& value) {
  const auto* text = json.if_string();
  if (!text) return Problem::expected("a string");
  const auto known = enum_value<Enum>(*text);
  if (!known) return Problem{{}, fmt::format("unknown value \"{}\"", clean_text(*text, 64))};
  value = *known;
  return {};
}

template <typename T>
MaybeProblem read_list(const boost::json::value& json, std::vector<T>& list) {
  const auto* array = json.if_array();
  if (!array) return Problem::expected("a list");
  list.reserve(array->size());
  for (const auto& element : *array)
    if (auto problem = read_json(element, list.emplace_back()))
      return std::move(*problem).under(fmt::format("[{}]", list.size() - 1));
  return {};
}

template <typename T>
MaybeProblem read_tagged(const boost::json::value& json, T& value) {
  const auto* object = json.if_object();
  if (object && object->empty()) return {};
  if (!object || object->size() != 1) return Problem::expected("an object of one member");
  const auto& member = *object->begin();
  const std::string_view tag = member.key();
  MaybeProblem problem = Problem{{}, fmt::format("unknown member \"{}\"", clean_text(tag, 64))};
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<T::kTags.size()>>([&](auto at) {
    if constexpr (at != 0)
      if (T::kTags[at] == tag) problem = read_json(member.value(), value.template emplace<at>());
  });
  return problem ? std::move(*problem).under(tag) : MaybeProblem();
}

}  // namespace detail

// Reads one member of an object, if it is there.
template <typename T>
MaybeProblem read_member(const boost::json::object& object, std::string_view key, T& value) {
  const auto* json = object.if_contains(key);
  if (!json) return {};
  auto problem = read_json(*json, value);
  return problem ? std::move(*problem).under(key) : MaybeProblem();
}

// Reads the members of a described struct, variants excepted: which alternative one holds, only a
// reader of its own can tell.
template <typename T>
MaybeProblem read_members(const boost::json::object& object, T& value) {
  MaybeProblem problem;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    auto& field = value.*member.pointer;
    if constexpr (!detail::is_a<std::decay_t<decltype(field)>, std::variant>)
      if (!problem) problem = read_member(object, json_name(member.name), field);
  });
  return problem;
}

// How a described struct is read; specialised for those that hold a variant.
template <typename T>
MaybeProblem read_struct(const boost::json::object& object, T& value) {
  return read_members(object, value);
}
template <>
MaybeProblem read_struct(const boost::json::object& object, model::Link& link);

template <typename T>
MaybeProblem read_json(const boost::json::value& json, T& value) {
  if constexpr (std::same_as<T, bool>) {
    if (!json.is_bool()) return Problem::expected("true or false");
    value = json.get_bool();
    return {};
  } else if constexpr (std::integral<T>) {
    return detail::read_number(json, value);
  } else if constexpr (detail::is_id<T>) {
    return detail::read_number(json, value.value);
  } else if constexpr (std::same_as<T, std::string>) {
    return detail::read_text(json, value);
  } else if constexpr (detail::HasText<T>) {
    return detail::read_parsed(json, value);
  } else if constexpr (std::is_enum_v<T>) {
    return detail::read_enum(json, value);
  } else if constexpr (detail::is_a<T, std::optional>) {
    return read_json(json, value.emplace());
  } else if constexpr (detail::is_a<T, Box>) {
    return read_json(json, *value);
  } else if constexpr (detail::is_a<T, Shared>) {
    return read_json(json, value.edit());
  } else if constexpr (detail::is_a<T, std::vector>) {
    return detail::read_list(json, value);
  } else if constexpr (Tagged<T>) {
    return detail::read_tagged(json, value);
  } else {
    const auto* object = json.if_object();
    return object ? read_struct(*object, value) : Problem::expected("an object");
  }
}

// The document in `text`, in the memory of `storage`. An error begins with `what`.
Result<boost::json::value> parse_json(std::string_view text, std::string_view what,
                                      boost::json::storage_ptr storage);

// The error of what is no value of the wanted type.
tl::unexpected<Error> misfit(std::string_view what, const Problem& problem);

// The value that append_json wrote; an error is of kind usage, begins with `what` and says where in
// the document it is.
template <typename T>
Result<T> from_json(std::string_view text, std::string_view what) {
  boost::json::monotonic_resource memory;
  const auto document = parse_json(text, what, &memory);
  if (!document) return tl::unexpected(document.error());
  T value{};
  if (const auto problem = read_json(*document, value)) return misfit(what, *problem);
  return value;
}

}  // namespace nsmap::codec
