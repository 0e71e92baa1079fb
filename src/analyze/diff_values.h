#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "analyze/diff_scene.h"

// Described values as text to compare and to show, told from their description. Interfaces and
// namespaces go by name, so that the same one has the same text in both snapshots.

namespace nsmap::analyze {

template <typename T>
using DiffMembers = boost::describe::describe_members<T, boost::describe::mod_public>;

// Members that are not compared: they pass by themselves (counters, lifetimes), they say again what
// others say (raw flags), or they are what a thing is told from others by.
template <typename T>
inline constexpr std::array<std::string_view, 0> kPassing{};
template <>
inline constexpr auto kPassing<model::Link> = std::to_array<std::string_view>(
    {"index", "name", "flags", "promiscuity", "link", "link_nsid", "counters"});
template <>
inline constexpr auto kPassing<model::BondPort> =
    std::to_array<std::string_view>({"link_failures"});
template <>
inline constexpr auto kPassing<model::Address> = std::to_array<std::string_view>(
    {"index", "address", "prefix", "tentative", "deprecated", "flags", "valid_s", "preferred_s"});
template <>
inline constexpr auto kPassing<model::Route> = std::to_array<std::string_view>(
    {"family", "table", "type", "dst", "src", "tos", "metric", "expires_s", "flags"});
template <>
inline constexpr auto kPassing<model::RouteHop> = std::to_array<std::string_view>({"flags"});
template <>
inline constexpr auto kPassing<model::Nexthop> = std::to_array<std::string_view>({"id", "flags"});
template <>
inline constexpr auto kPassing<model::Neighbour> =
    std::to_array<std::string_view>({"index", "address", "router"});
template <>
inline constexpr auto kPassing<model::FdbEntry> =
    std::to_array<std::string_view>({"index", "mac", "vlan", "offloaded"});
template <>
inline constexpr auto kPassing<model::VlanRange> =
    std::to_array<std::string_view>({"index", "first", "last"});
template <>
inline constexpr auto kPassing<model::Sysctl> = std::to_array<std::string_view>({"name"});

template <typename T>
constexpr bool passes(std::string_view member) {
  return std::ranges::find(kPassing<T>, member) != kPassing<T>.end();
}

namespace detail {

template <typename T, template <typename...> typename Template>
inline constexpr bool is_made_of = false;
template <template <typename...> typename Template, typename... T>
inline constexpr bool is_made_of<Template<T...>, Template> = true;

template <typename T>
concept HasText = requires(const T& value) {
  { value.text() } -> std::same_as<std::string>;
};
template <typename T>
concept IsId = requires(const T& value) {
  typename T::Value;
  value.value;
};

// Has fields of its own to compare, rather than one text.
template <typename T>
concept Nested = boost::describe::has_describe_members<T>::value && !HasText<T> &&
                 !std::same_as<T, model::LinkRef> && !std::same_as<T, model::NetnsId> &&
                 !std::same_as<T, model::Range>;

}  // namespace detail

template <typename T>
std::string value_text(const Scene& scene, const T& value);

// "via 10.0.0.1 dev eth0".
inline std::string hop_text(const Scene& scene, const model::RouteHop& hop) {
  std::string text = hop.gateway ? " via " + hop.gateway->text() : "";
  if (hop.oif) text += " dev " + scene.link(*hop.oif);
  if (!hop.encap.empty()) text += " encap " + hop.encap;
  if (hop.weight != 1) text += fmt::format(" weight {}", hop.weight);
  return text.empty() ? text : text.substr(1);
}

// The members of a struct inside a list: "hook tc mode ingress id 7".
template <typename T>
std::string members_text(const Scene& scene, const T& value) {
  std::string text;
  boost::mp11::mp_for_each<DiffMembers<T>>([&](auto member) {
    const auto& field = value.*member.pointer;
    if (passes<T>(member.name)) return;
    const std::string shown = value_text(scene, field);
    if constexpr (std::same_as<std::decay_t<decltype(field)>, bool>) {
      if (field) text += fmt::format(" {}", member.name);
    } else if (!shown.empty()) {
      text += fmt::format(" {} {}", member.name, shown);
    }
  });
  return text.empty() ? text : text.substr(1);
}

// One value as text; empty: absent.
template <typename T>
std::string value_text(const Scene& scene, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "yes" : "no";
  } else if constexpr (std::same_as<T, IfIndex>) {
    return scene.link(value);
  } else if constexpr (std::same_as<T, model::LinkRef>) {
    return scene.place(value);
  } else if constexpr (std::same_as<T, model::RouteHop>) {
    return hop_text(scene, value);
  } else if constexpr (std::same_as<T, model::Range>) {
    return value.first == value.last ? std::to_string(value.first)
                                     : fmt::format("{}-{}", value.first, value.last);
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (detail::IsId<T>) {
    return std::to_string(value.value);
  } else if constexpr (std::same_as<T, std::string>) {
    return value;
  } else if constexpr (detail::HasText<T>) {
    return value.text();
  } else if constexpr (std::is_enum_v<T>) {
    return boost::describe::enum_to_string(value, "");
  } else if constexpr (detail::is_made_of<T, std::optional>) {
    return value ? value_text(scene, *value) : std::string();
  } else if constexpr (detail::is_made_of<T, std::vector>) {
    std::string text;
    for (const auto& element : value)
      text += (text.empty() ? "" : ", ") + value_text(scene, element);
    return text;
  } else {
    return members_text(scene, value);
  }
}

// A field and its text.
using FieldText = std::pair<std::string, std::string>;

// Adds the fields of a struct that last, those of structs within it as "ipv4.forwarding"; those of
// what is held by kind have no prefix.
template <typename T>
void add_values(const Scene& scene, const T& value, const std::string& prefix,
                std::vector<FieldText>& fields) {
  boost::mp11::mp_for_each<DiffMembers<T>>([&](auto member) {
    using Field = std::decay_t<decltype(value.*member.pointer)>;
    const Field& field = value.*member.pointer;
    if (passes<T>(member.name)) return;
    if constexpr (detail::is_made_of<Field, std::variant>) {
      std::visit(
          [&](const auto& held) {
            if constexpr (detail::Nested<std::decay_t<decltype(held)>>)
              add_values(scene, held, prefix, fields);
          },
          field);
    } else if constexpr (detail::is_made_of<Field, std::optional>) {
      if constexpr (detail::Nested<typename Field::value_type>) {
        if (field) add_values(scene, *field, prefix + member.name + ".", fields);
      } else {
        fields.emplace_back(prefix + member.name, value_text(scene, field));
      }
    } else {
      fields.emplace_back(prefix + member.name, value_text(scene, field));
    }
  });
}

// Whether two structs are equal in all that lasts, byte by byte: numbers of interfaces included.
template <typename T>
bool equal_in_what_lasts(const T& a, const T& b) {
  bool equal = true;
  boost::mp11::mp_for_each<DiffMembers<T>>([&](auto member) {
    if (!passes<T>(member.name)) equal = equal && a.*member.pointer == b.*member.pointer;
  });
  return equal;
}

// The fields whose texts differ, in their order.
std::vector<DiffField> differing(const std::vector<FieldText>& before,
                                 const std::vector<FieldText>& after);

}  // namespace nsmap::analyze
