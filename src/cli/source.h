#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "model/snapshot.h"

namespace nsmap::cli {

// Whether that is what the options ask for.
bool is_live(const Options& options);

// The snapshot that the options ask for: of the live host, these facts of it, with a progress line
// where a terminal waits for it, a saved one, compressed or not, or one of the history, in which
// case standard error is told which.
Result<model::Snapshot> get_snapshot(const Options& options, const Environment& environment,
                                     collect::Facts facts = collect::Facts::usual);

}  // namespace nsmap::cli
