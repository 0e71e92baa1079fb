#include "lab/file_read.h"

#include <charconv>
#include <cmath>

#include "base/number.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxParts = 100'000;  // namespaces and links
constexpr std::size_t kMaxText = std::size_t{512} << 20;
constexpr std::size_t kTextOverhead = 64;  // what holds one text
constexpr std::int64_t kMaxCount = 100'000;

struct Unit {
  std::string_view name;
  double factor;
};

// A number that may have a fraction, and its unit.
std::optional<double> scaled(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units)
    if (unit.name == name) return number * unit.factor;
  return std::nullopt;
}

template <typename Int>
std::optional<Int> rounded(std::optional<double> number, double end) {
  if (!number || std::round(*number) >= end) return std::nullopt;
  return static_cast<Int>(std::round(*number));
}

}  // namespace

void Reading::count_part(Mark where) {
  if (++parts > kMaxParts) fail(where, fmt::format("more than {} namespaces and links", kMaxParts));
}

std::string Reading::text(const yaml::Node& node) {
  if (node.kind != yaml::Node::Kind::scalar) {
    fail(node.where, "one value is wanted here");
    return {};
  }
  auto expanded = expand(node.text, counters);
  if (!expanded) fail(node.where, terminal_text(expanded.error()));
  texts += kTextOverhead + node.text.size();
  if (texts > kMaxText) fail(node.where, "the lab, its loops expanded, is too large");
  return expanded.value_or(std::string());
}

std::span<const std::pair<const yaml::Node*, const yaml::Node*>> entries(Reading& reading,
                                                                         const yaml::Node& node,
                                                                         std::string_view what) {
  if (node.kind == yaml::Node::Kind::map || node.kind == yaml::Node::Kind::null) return node.map;
  reading.fail(node.where, fmt::format("{} is a map: {{name: value}}", what));
  return {};
}

std::span<const yaml::Node* const> items(Reading& reading, const yaml::Node& node,
                                         std::string_view what) {
  if (node.kind == yaml::Node::Kind::sequence || node.kind == yaml::Node::Kind::null)
    return node.items;
  reading.fail(node.where, fmt::format("{} is a list: [one, another]", what));
  return {};
}

std::optional<std::int64_t> count_of(Reading& reading, const yaml::Node& node) {
  const auto found = std::find_if(node.map.begin(), node.map.end(),
                                  [](const auto& entry) { return entry.first->text == "count"; });
  if (found == node.map.end()) return std::nullopt;
  const auto count = parse_number<std::int64_t>(reading.text(*found->second));
  if (!count || *count < 0 || *count > kMaxCount)
    reading.fail(found->second->where, fmt::format("a count is a number up to {}", kMaxCount));
  return reading.failed() ? 0 : *count;
}

std::optional<bool> to_bool(std::string_view text) {
  for (const auto* yes : {"true", "yes", "on"})
    if (text == yes) return true;
  for (const auto* no : {"false", "no", "off"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> to_rate(std::string_view text) {
  constexpr Unit kUnits[] = {
      {"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"tbit", 1e12}};
  return rounded<std::uint64_t>(scaled(text, kUnits), 0x1p64);
}

std::optional<std::uint32_t> to_time(std::string_view text) {
  constexpr Unit kUnits[] = {{"us", 1}, {"ms", 1e3}, {"s", 1e6}};
  return rounded<std::uint32_t>(scaled(text, kUnits), 0x1p32);
}

std::optional<double> to_percent(std::string_view text) {
  constexpr Unit kUnits[] = {{"%", 1}};
  const auto percent = scaled(text, kUnits);
  return percent && *percent <= 100 ? percent : std::nullopt;
}

std::optional<TableId> to_table(std::string_view text) {
  // RT_TABLE_*, include/uapi/linux/rtnetlink.h
  if (text == "default") return TableId(253);
  if (text == "main") return TableId(254);
  if (text == "local") return TableId(255);
  const auto number = parse_number<std::uint32_t>(text);
  return number && *number != 0 ? std::optional(TableId(*number)) : std::nullopt;
}

std::optional<bool> to_family(std::string_view text) {
  if (text == "inet" || text == "inet6") return text == "inet6";
  return std::nullopt;
}

std::optional<Prefix> to_prefix(std::string_view text) {
  if (auto prefix = Prefix::parse(text)) return prefix;
  const auto address = IpAddress::parse(text);
  if (!address) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(address->bits())};
}

std::optional<std::uint32_t> to_uint(std::string_view text) {
  if (!text.starts_with("0x")) return parse_number<std::uint32_t>(text);
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, number, 16);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace nsmap::lab
