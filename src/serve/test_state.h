#pragma once

#include <memory>
#include <utility>

#include "analyze/test_host.h"
#include "live/state.h"

namespace nsmap::serve {

// A state of the small host of analyze's tests, for tests.
inline std::shared_ptr<live::State> test_state(std::uint64_t number,
                                               model::Snapshot snapshot = analyze::test_host()) {
  snapshot.host.time_ns = 1'000'000'000 + static_cast<std::int64_t>(number);
  return std::make_shared<live::State>(number, std::move(snapshot));
}

}  // namespace nsmap::serve
