#include <malloc.h>

#include <algorithm>
#include <clocale>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  constexpr int kHeapStep = 4 << 20;
  std::setlocale(LC_CTYPE, "C.UTF-8");
  // Threads that read namespaces build long lists: let their heaps grow by megabytes, not by pages
  // (mallopt(3)), each of which would be a system call.
  mallopt(M_TOP_PAD, kHeapStep);
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return nsmap::cli::run(arguments, nsmap::cli::real_environment());
}
