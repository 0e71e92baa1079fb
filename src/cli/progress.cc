#include "cli/progress.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace nsmap::cli {

class Progress::Line {
 public:
  Line(std::string what, std::function<void(std::string_view)> write,
       std::chrono::milliseconds delay)
      : what_(std::move(what)),
        write_(std::move(write)),
        thread_([this, delay](auto stop) { run(stop, delay); }) {}

 private:
  void run(std::stop_token stop, std::chrono::milliseconds delay) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    auto next = start + delay;
    bool shown = false;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_until(lock, stop, next, [&] { return stop.stop_requested(); })) {
      const auto waited = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start);
      write_(fmt::format("\r{}, {} s", what_, waited.count()));
      shown = true;
      next += std::chrono::seconds(1);
    }
    if (shown) write_("\r\x1b[K");  // to the line's start, and erase it (ECMA-48 EL)
  }

  const std::string what_;
  const std::function<void(std::string_view)> write_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

Progress::Progress(std::string what, std::function<void(std::string_view)> write,
                   std::chrono::milliseconds delay)
    : line_(std::make_unique<Line>(std::move(what), std::move(write), delay)) {}

Progress::~Progress() = default;

}  // namespace nsmap::cli
