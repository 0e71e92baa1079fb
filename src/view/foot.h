#pragma once

#include <vector>

#include "view/document.h"
#include "view/words.h"

namespace nsmap::view {

// What stands under the map: what was looked at, what could not be seen and why, and what root
// would add.
std::vector<Line> make_foot(const Words& words);

}  // namespace nsmap::view
