#pragma once

#include <memory>

#include "base/result.h"
#include "live/state.h"
#include "os/kernel.h"

namespace nsmap::live {

// Follows the live host on a thread of its own until it is destroyed.
class Follower {
 public:
  virtual ~Follower() = default;
  // Whether changes are told by the kernel. If not (that takes root), the host is looked at again
  // and again: changes come late, and what comes and goes in between is not seen.
  virtual bool hears() const = 0;
};

// Takes a first look, publishes it, and from then on publishes a new state whenever anything
// changed: of links, addresses, routes, rules and neighbours within milliseconds, of processes and
// the namespaces they make within a second on a host with a thousand of them, of sockets and
// listeners at the next look at everything. Fails when that first look does. `publish` is called by
// the caller for the first state and by that thread for the others; while it does not return
// nothing is published, and what happens meanwhile becomes one state.
Result<std::unique_ptr<Follower>> follow(os::Kernel& kernel, Publish publish);

}  // namespace nsmap::live
