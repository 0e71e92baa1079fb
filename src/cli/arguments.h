#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace nsmap::cli {

struct Arguments {
  const Command* command = nullptr;  // one of the two; null both: there is just `help` to print
  const Action* action = nullptr;
  std::string help;  // the answer to --help or --version
  Options options;
};

// What the command line (without the program's name) asks for; a usage error says what is wrong
// with it.
Result<Arguments> parse_arguments(std::vector<std::string> arguments);

}  // namespace nsmap::cli
