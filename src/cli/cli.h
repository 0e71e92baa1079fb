#pragma once

namespace nsmap::cli {

// Runs the program: picks the sub-command, and gives its exit status (0 answered, 1 answered with
// "no", 2 wrong use or bad input, 3 could not read what was needed).
int run(int argc, char** argv);

}  // namespace nsmap::cli
