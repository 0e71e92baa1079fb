#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace nsmap {

// The decimal number that the whole text is; nothing when it is something else or out of Int's
// range.
template <std::integral Int>
std::optional<Int> parse_number(std::string_view text) {
  Int number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace nsmap
