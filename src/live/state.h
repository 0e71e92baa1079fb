#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "analyze/diff.h"
#include "analyze/names.h"
#include "model/index.h"
#include "model/snapshot.h"

namespace nsmap::live {

// One state of the host. It is made once and never changes, so that any number of readers on any
// thread share it without a lock, each for as long as it likes.
class State {
 public:
  State(std::uint64_t number_, model::Snapshot snapshot_)
      : number(number_), snapshot(std::move(snapshot_)), index(snapshot), titles(index) {}
  State(const State&) = delete;  // the index and the titles refer to the snapshot
  State& operator=(const State&) = delete;

  const std::uint64_t number;  // counts up by one; the first is 1
  const model::Snapshot snapshot;
  const model::Index index;
  const analyze::Titles titles;
  // What is different from the state before; of the first: nothing.
  std::vector<analyze::Difference> differences;
  // Namespaces that are new here or have anything that is not as it was in the state before, be it
  // no more than a counter, and those that are gone.
  std::vector<model::NetnsId> touched;
  std::vector<model::NetnsId> gone;
};

using StatePtr = std::shared_ptr<const State>;

// Takes a new state, soon after the host came to be in it.
using Publish = std::function<void(StatePtr)>;

}  // namespace nsmap::live
