#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace nsmap::cli {

struct Arguments {
  const Command* command = nullptr;  // null: there is just `help` to print
  std::string help;                  // the answer to --help or --version
  Options options;
};

// What the command line (without the program's name) asks for; a usage error says what is wrong
// with it.
Result<Arguments> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace nsmap::cli
