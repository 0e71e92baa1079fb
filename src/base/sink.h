#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"

namespace nsmap {

// Takes bytes that are too many to be held whole, a piece at a time and in order. A failure ends
// it: no piece follows.
using Sink = std::function<SysResult<void>(std::string_view piece)>;

// Gives all of them.
using Giver = std::function<SysResult<void>(const Sink& out)>;

}  // namespace nsmap
