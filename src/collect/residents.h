#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "os/kernel.h"

namespace nsmap::collect {

// Which process is in which network namespace (its inode), by pid: a few microseconds a process,
// where a sweep takes many times that. Those whose namespace may not be known are left out.
using Residents = std::vector<std::pair<Pid, Inode>>;
Residents find_residents(os::Kernel& kernel);

// The namespaces that a process came to or left in between. One that took the pid of another in the
// same namespace is not noticed.
struct Moves {
  std::set<std::uint64_t> came;
  std::set<std::uint64_t> left;
};
Moves moves_between(const Residents& before, const Residents& after);

}  // namespace nsmap::collect
