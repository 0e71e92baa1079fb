#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nsmap::render {

// The longest beginning of `text` that takes at most `columns` on a terminal.
std::string_view fitting(std::string_view text, std::size_t columns);

// The text, or as much of it as fits into `columns` with an ellipsis at its end.
std::string clipped(std::string_view text, std::size_t columns);

}  // namespace nsmap::render
