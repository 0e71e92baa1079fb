#include <malloc.h>

#include <algorithm>
#include <clocale>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  constexpr int kHeap = 16 << 20;
  std::setlocale(LC_CTYPE, "C.UTF-8");
  // Threads that read namespaces build long lists. This is what a thread's heap has from the start;
  // beyond it grows by the page, each a system call (glibc malloc/arena.c new_heap, grow_heap).
  mallopt(M_TOP_PAD, kHeap);
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return nsmap::cli::run(arguments, nsmap::cli::real_environment());
}
