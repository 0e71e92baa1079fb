#include "base/workers.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace nsmap {

void share_work(unsigned threads, std::size_t count,
                const std::function<void(unsigned, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&](unsigned worker) {
    for (std::size_t i = next++; i < count; i = next++) work(worker, i);
  };
  const auto helpers = static_cast<unsigned>(std::min<std::size_t>(threads, count));
  std::vector<std::jthread> others;
  try {
    for (unsigned worker = 1; worker < helpers; ++worker) others.emplace_back(run, worker);
  } catch (const std::system_error&) {
    // The limit of threads is reached (EAGAIN): those there are do the work.
  }
  run(0);
}

}  // namespace nsmap
