#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "collect/facts.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

struct Options {
  unsigned threads = 0;  // 0: one a core, at most 8
  Facts facts = Facts::usual;
  // A snapshot of the same host, from which is taken over what `recall` says is not stale, and how
  // long reading all of it took.
  const model::Snapshot* before = nullptr;
  Recall recall = {};
  // The id (Namespace::ns_id) of one that is the caller's own tool, and not to be found; 0: none.
  std::uint64_t leave_out = 0;
};

// Reads the whole host, or of each namespace what is asked for. Fails only when nothing at all can
// be read (no /proc, no netlink); what could not be seen otherwise is in the snapshot's coverage
// and diagnostics.
Result<model::Snapshot> collect(os::Kernel& kernel, const Options& options);

// Reads those facts again; all else, and who holds what, is as it was. Nothing where it takes a
// look at the whole host: one of the namespaces is not in `before` or cannot be opened any more, or
// a wire leads to where none did.
std::optional<model::Snapshot> collect_again(os::Kernel& kernel, const model::Snapshot& before,
                                             const StaleNamespaces& stale);

}  // namespace nsmap::collect
