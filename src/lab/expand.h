#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace nsmap::lab {

// The numbers that `${…}` may speak of; absent: there is no such loop.
struct Counters {
  std::optional<std::int64_t> i;  // of the nearest `count`
  std::optional<std::int64_t> n;  // of the namespace's
};

// The text with every `${EXPRESSION}` replaced by its value and every `$$` by `$`. An expression
// has integers of 64 bits, i, n, + - * / %, parentheses and spaces; the error is in words, without
// a place.
tl::expected<std::string, std::string> expand(std::string_view text, const Counters& counters);

// The text that expand() makes `text` of.
std::string unexpanded(std::string_view text);

}  // namespace nsmap::lab
