#pragma once

#include "base/result.h"
#include "collect/facts.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

struct Options {
  unsigned threads = 0;  // 0: one a core, at most 8
  Facts facts = Facts::all;
};

// Reads the whole host, or of each namespace what is asked for. Fails only when nothing at all can
// be read (no /proc, no netlink); what could not be seen otherwise is in the snapshot's coverage
// and diagnostics.
Result<model::Snapshot> collect(os::Kernel& kernel, const Options& options);

}  // namespace nsmap::collect
