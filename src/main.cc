#include <clocale>

#include "cli/cli.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  return nsmap::cli::run(argc, argv);
}
