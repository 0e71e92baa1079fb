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

// "Link" of "nsmap::model::Link", "firewall::Rule" of "nsmap::model::firewall::Rule".
template <typename T>
std::string short_name() {
  const std::string name = boost::core::type_name<T>();
  const auto folder = name.find("::");
  const auto begin = folder == std::string::npos ? folder : name.find("::", folder + 2);
  return begin == std::string::npos ? name : name.substr(begin + 2);
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
  else if constexpr (std::same_as<T, Octets>)
    return "bytes";
  else if constexpr (is_a<T, Box> || is_a<T, Shared>)
    return type_text<std::decay_t<decltype(*std::declval<T&>())>>();
  else if constexpr (is_a<T, std::optional>)
    return type_text<typename T::value_type>();
  else if constexpr (is_a<T, std::vector>)
    return "list of " + type_text<typename T::value_type>();
  else if constexpr (is_a<T, std::variant>)
    return "by kind";
  else
    return short_name<T>();
}

template <typename T>
void add_tagged(std::vector<StructSchema>& schema);

}  // namespace detail

// Adds T and all described structs that its members hold, each once, T first.
template <typename T>
void add_schema(std::vector<StructSchema>& schema) {
  if constexpr (detail::is_a<T, std::optional> || detail::is_a<T, std::vector>) {
    add_schema<typename T::value_type>(schema);
  } else if constexpr (detail::is_a<T, Box> || detail::is_a<T, Shared>) {
    add_schema<std::decay_t<decltype(*std::declval<const T&>())>>(schema);
  } else if constexpr (Tagged<T>) {
    detail::add_tagged<T>(schema);
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

namespace detail {

// A tagged variant is an object that has one of its members.
template <typename T>
void add_tagged(std::vector<StructSchema>& schema) {
  const std::string name = short_name<T>();
  for (const StructSchema& known : schema)
    if (known.name == name) return;
  using Alternatives = boost::mp11::mp_rename<typename T::variant, boost::mp11::mp_list>;
  StructSchema described{name, {}};
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<T::kTags.size()>>([&](auto at) {
    using Alternative = boost::mp11::mp_at<Alternatives, decltype(at)>;
    if constexpr (at != 0)
      described.fields.push_back({std::string(T::kTags[at]), type_text<Alternative>()});
  });
  schema.push_back(std::move(described));
  boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, Alternatives>>(
      [&](auto alternative) { add_schema<typename decltype(alternative)::type>(schema); });
}

}  // namespace detail

}  // namespace nsmap::codec
