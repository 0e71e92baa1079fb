#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace nsmap::serve {

// A request's target in its usual form (RFC 9112, 3.2.1), decoded.
struct Target {
  std::string path;                                             // begins with '/'
  std::vector<std::pair<std::string, std::string>> query = {};  // in their order

  // The value of the first parameter of that name.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

inline constexpr std::size_t kLongestTarget = 2048;  // bytes, encoded

// An error says what is wrong with it. What is in the result is valid UTF-8 and holds no NUL.
Result<Target> parse_target(std::string_view text);

}  // namespace nsmap::serve
