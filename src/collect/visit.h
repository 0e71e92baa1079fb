#pragma once

#include <vector>

#include "collect/registry.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// Reads every namespace given, with `threads` threads, each of which goes from one namespace to the
// next, never back, and then ends. `own` is the caller's namespace, which needs no entering and so
// is readable without any privilege. The answer holds one Namespace for each one given, in order;
// of one that could not be entered just its identity.
std::vector<model::Namespace> visit(os::Kernel& kernel, const std::vector<FoundNamespace*>& found,
                                    model::NetnsId own, unsigned threads, Report& report);

}  // namespace nsmap::collect
