#include <algorithm>
#include <clocale>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return nsmap::cli::run(arguments, nsmap::cli::real_environment());
}
