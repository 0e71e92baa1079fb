#include "lab/check.h"
#include "lab/file.h"
#include "lab/file_read.h"

namespace nsmap::lab {
namespace {

using yaml::Node;

// Words as the map that a lab file would have: key, value, key, value. An error of kind usage: the
// last key has no value, or a key is there twice.
Result<const Node*> map_of(yaml::Document& document, const std::string& doing,
                           std::span<const std::string> words) {
  const auto scalar = [&](const std::string& text) {
    Node& node = document.nodes.emplace_back();
    node.kind = Node::Kind::scalar;
    node.text = text;
    return &node;
  };
  Node& map = document.nodes.emplace_back();
  map.kind = Node::Kind::map;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const std::string key = terminal_text(words[i]);
    if (i + 1 == words.size()) return usage_error(fmt::format("{}: '{}' of what?", doing, key));
    for (const auto& [known, value] : map.map)
      if (known->text == words[i]) return usage_error(fmt::format("{}: '{}' twice", doing, key));
    map.map.emplace_back(scalar(words[i]), scalar(words[i + 1]));
  }
  return &map;
}

// Reads words by what reads a node of a lab file.
template <auto read>
auto parse_words(const std::string& doing, std::span<const std::string> words)
    -> Result<decltype(read(std::declval<Reading&>(), std::declval<const Node&>()))> {
  yaml::Document document;
  const auto map = map_of(document, doing, words);
  if (!map) return tl::unexpected(map.error());
  Reading reading{doing, {}};
  auto part = read(reading, **map);
  if (reading.failed()) return tl::unexpected(*reading.error);
  return part;
}

}  // namespace

Result<Route> parse_route(const std::string& doing, std::span<const std::string> words) {
  return parse_words<read_route>(doing, words);
}

Result<Impairment> parse_impairment(const std::string& doing, std::span<const std::string> words) {
  auto impairment = parse_words<read_impairment>(doing, words);
  if (!impairment) return impairment;
  if (const std::string_view wrong = wrong_impairment(*impairment); !wrong.empty())
    return usage_error(fmt::format("{}: {}", doing, wrong));
  return impairment;
}

}  // namespace nsmap::lab
