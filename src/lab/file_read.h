#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "lab/expand.h"
#include "lab/spelling.h"
#include "lab/yaml.h"

// How lab files are read: a map of the file is a table of its keys, and the first thing that is
// wrong stays, so that nothing has to ask after each value.

namespace nsmap::lab {

// The other end of a pair, as the end that names it tells of it.
struct PeerText {
  LinkName owner;  // the end that names it
  LinkName name;
  Link link;
  bool bare = true;  // it says nothing but which one it is
};

struct Reading {
  const std::string& file;
  Counters counters;
  std::optional<Error> error = std::nullopt;
  std::vector<PeerText> peers = {};
  std::string ns = {};    // the namespace that is being read
  std::size_t parts = 0;  // namespaces and links so far
  std::size_t texts = 0;  // bytes of text so far, with what holds them

  bool failed() const { return error.has_value(); }
  void fail(Mark where, std::string_view what) {
    if (!error) error = yaml::error_at(file, where, what).value();
  }
  // Counts one more namespace or link.
  void count_part(Mark where);
  // A scalar with its `${…}` replaced.
  std::string text(const yaml::Node& node);
};

// What a map may say of a T.
template <typename T>
struct Key {
  std::string_view name;
  void (*read)(Reading&, const yaml::Node&, T&);
};

template <typename T, std::size_t size>
std::vector<std::string_view> names_of(const Key<T> (&keys)[size]) {
  std::vector<std::string_view> names;
  for (const Key<T>& key : keys) names.push_back(key.name);
  return names;
}

// The entries of a map; null is an empty one, and anything else is an error.
std::span<const std::pair<const yaml::Node*, const yaml::Node*>> entries(Reading& reading,
                                                                         const yaml::Node& node,
                                                                         std::string_view what);
std::span<const yaml::Node* const> items(Reading& reading, const yaml::Node& node,
                                         std::string_view what);

template <typename T, std::size_t size>
bool read_key(Reading& reading, const Key<T> (&keys)[size], std::string_view name,
              const yaml::Node& node, T& value) {
  for (const Key<T>& key : keys)
    if (key.name == name) return key.read(reading, node, value), true;
  return false;
}

// Reads a map whose keys are those of the table. `what` is for messages: "a route".
template <typename T, std::size_t size>
void read_map(Reading& reading, const yaml::Node& node, std::string_view what,
              const Key<T> (&keys)[size], T& value) {
  for (const auto& [key, entry] : entries(reading, node, what)) {
    if (reading.failed()) return;
    if (!read_key(reading, keys, key->text, *entry, value))
      reading.fail(key->where, fmt::format("{} has no '{}'{}", what, terminal_text(key->text),
                                           did_you_mean(key->text, names_of(keys))));
  }
}

// What one scalar means; nothing, if it means nothing of the sort.
std::optional<bool> to_bool(std::string_view text);
std::optional<std::uint64_t> to_rate(std::string_view text);  // "10mbit": bits a second
std::optional<std::uint32_t> to_time(std::string_view text);  // "20ms": microseconds
std::optional<double> to_percent(std::string_view text);      // "0.5%"
std::optional<TableId> to_table(std::string_view text);       // a number, main, local or default
std::optional<bool> to_family(std::string_view text);         // inet6: true
std::optional<Prefix> to_prefix(std::string_view text);       // an address alone is all of it
std::optional<std::uint32_t> to_uint(std::string_view text);  // decimal or 0x

// Reads a scalar by one of the above; `wanted` says what it is to be.
template <auto convert, typename T>
void read_scalar(Reading& reading, const yaml::Node& node, std::string_view wanted, T& value) {
  const std::string text = reading.text(node);
  if (reading.failed()) return;
  if (auto converted = convert(text))
    value = *converted;
  else
    reading.fail(node.where, fmt::format("'{}' is no {}", terminal_text(text), wanted));
}

template <auto member, typename T>
void text_of(Reading& reading, const yaml::Node& node, T& value) {
  value.*member = reading.text(node);
}

// How often a node with a `count` is there; nothing: it has none.
std::optional<std::int64_t> count_of(Reading& reading, const yaml::Node& node);

// The parts of a namespace; each appends to it.
void read_links(Reading& reading, const yaml::Node& node, Namespace& ns);
void read_routes(Reading& reading, const yaml::Node& node, Namespace& ns);
void read_rules(Reading& reading, const yaml::Node& node, Namespace& ns);

Route read_route(Reading& reading, const yaml::Node& node);
Impairment read_impairment(Reading& reading, const yaml::Node& node);

// Makes both ends of every pair of what their names and the texts beside them say.
void join_peers(Reading& reading, Lab& lab);

}  // namespace nsmap::lab
