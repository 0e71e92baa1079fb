#include "serve/recorder.h"

#include <utility>

#include "view/diff.h"

namespace nsmap::serve {

Recorder::Recorder(history::Store store, std::chrono::nanoseconds every,
                   std::function<void(std::string_view)> warn)
    : store_(std::move(store)), every_(every), warn_(std::move(warn)), thread_([this] { run(); }) {}

Recorder::~Recorder() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void Recorder::take(live::StatePtr state) {
  const std::lock_guard lock(mutex_);
  newest_ = std::move(state);
  changed_.notify_all();
}

void Recorder::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return newest_ || stopping_; });
    const live::StatePtr state = std::exchange(newest_, nullptr);
    if (!state) return;
    lock.unlock();
    save(*state);
    lock.lock();
    changed_.wait_for(lock, every_, [&] { return stopping_; });
  }
}

void Recorder::save(const live::State& state) {
  const auto saved = store_.save(state.snapshot, [&](const model::Snapshot& before) {
    return view::changes_since(before, {state.index, state.titles});
  });
  if (!saved && !warned_) warn_("saving the state of the host: " + line(saved.error()));
  warned_ = !saved;
}

}  // namespace nsmap::serve
