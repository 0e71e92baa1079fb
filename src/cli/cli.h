#pragma once

#include <string>
#include <vector>

#include "cli/environment.h"

namespace nsmap::cli {

// Runs the program with the arguments after its name: picks the sub-command, and gives its exit
// status (0 answered or done, 1 answered with "no", 2 wrong use or bad input, 3 could not read or
// do what was needed; that of another program where one ran). Whatever goes wrong is one line on
// standard error.
int run(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace nsmap::cli
