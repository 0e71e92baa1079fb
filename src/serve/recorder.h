#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "history/store.h"
#include "live/state.h"

namespace nsmap::serve {

// Saves the state of the host into a history now and then, on a thread of its own.
class Recorder {
 public:
  // `warn` is told, by that thread, what could not be saved, once until something can be again.
  Recorder(history::Store store, std::chrono::nanoseconds every,
           std::function<void(std::string_view)> warn);
  ~Recorder();  // what came since the last save is saved

  // From any thread. The newest is saved, the first at once; what was saved already is not again.
  void take(live::StatePtr state);

 private:
  void run();
  void save(const live::State& state);

  history::Store store_;
  std::chrono::nanoseconds every_;
  std::function<void(std::string_view)> warn_;
  bool warned_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  live::StatePtr newest_;  // null: it is saved
  bool stopping_ = false;
  std::jthread thread_;  // the last: what it works with is there
};

}  // namespace nsmap::serve
