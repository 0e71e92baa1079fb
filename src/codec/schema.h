#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include <boost/core/type_name.hpp>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "codec/json_names.h"
#include "codec/json_write.h"

// What the JSON of a described type looks like, told from its description: what documentation is
// held against.

namespace nsmap::codec {

struct FieldSchema {
  std::string name;
  std::string type;  // "string", "integer", "boolean", "address", "Link", "list of Link" …
  friend bool operator==(const FieldSchema&, const FieldSchema&) = default;
};

struct StructSchema {
  std::string name;
  std::vector<FieldSchema> fields;
};

namespace detail {

// "Link" of "nsmap::model::Link".
template <typename T>
std::string short_name() {
  const std::string name = boost::core::type_name<T>();
  return name.substr(name.rfind(':') + 1);
}

template <typename T>
std::string type_text() {
  if constexpr (std::same_as<T, bool>)
    return "boolean";
  else if constexpr (std::integral<T> || is_id<T>)
    return "integer";
  else if constexpr (std::same_as<T, std::string>)
    return "string";
  else if constexpr (std::same_as<T, IpAddress>)
    return "address";
  else if constexpr (std::same_as<T, Prefix>)
    return "prefix";
  else if constexpr (std::same_as<T, Mac>)
    return "MAC";
  else if constexpr (is_a<T, std::optional>)
    return type_text<typename T::value_type>();
  else if constexpr (is_a<T, std::vector>)
    return "list of " + type_text<typename T::value_type>();
  else if constexpr (is_a<T, std::variant>)
    return "by kind";
  else
    return short_name<T>();
}

}  // namespace detail

// Adds T and all described structs that its members hold, each once, T first.
template <typename T>
void add_schema(std::vector<StructSchema>& schema) {
  if constexpr (detail::is_a<T, std::optional> || detail::is_a<T, std::vector>) {
    add_schema<typename T::value_type>(schema);
  } else if constexpr (detail::is_a<T, std::variant>) {
    boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, T>>(
        [&](auto alternative) { add_schema<typename decltype(alternative)::type>(schema); });
  } else if constexpr (!detail::HasText<T> && boost::describe::has_describe_members<T>::value) {
    const std::string name = detail::short_name<T>();
    for (const StructSchema& known : schema)
      if (known.name == name) return;
    StructSchema described{name, {}};
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      using Field = std::decay_t<decltype(std::declval<T&>().*member.pointer)>;
      described.fields.push_back({std::string(json_name(member.name)), detail::type_text<Field>()});
    });
    schema.push_back(std::move(described));
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      add_schema<std::decay_t<decltype(std::declval<T&>().*member.pointer)>>(schema);
    });
  }
}

}  // namespace nsmap::codec
