#pragma once

#include "base/result.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "model/snapshot.h"

namespace nsmap::cli {

// The snapshot that the options ask for: of the live host, these facts of it, with a progress line
// where a terminal waits for it, or a saved one, compressed or not.
Result<model::Snapshot> get_snapshot(const Options& options, const Environment& environment,
                                     collect::Facts facts = collect::Facts::all);

}  // namespace nsmap::cli
