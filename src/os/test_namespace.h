#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <functional>
#include <thread>

// For the tests against the running kernel: network namespaces that go with the test.

namespace nsmap::os {

// Runs `body` in a thread of its own and a network namespace of its own. False: not permitted, so
// the test cannot run.
inline bool in_fresh_namespace(const std::function<void()>& body) {
  bool entered = false;
  std::thread([&] {
    entered = ::unshare(CLONE_NEWNET) == 0;
    if (entered) body();
  }).join();
  return entered;
}

#define IN_FRESH_NAMESPACE(...)                    \
  if (!nsmap::os::in_fresh_namespace(__VA_ARGS__)) \
  GTEST_SKIP() << "making a network namespace needs root"

}  // namespace nsmap::os
