#pragma once

#include <vector>

#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// Finds the containers behind the processes, and sets each process's `container`. Asks nobody's
// permission: cgroup paths, the runtimes' state files and command lines; Docker's socket only if it
// answers within 300 ms.
std::vector<model::Container> find_containers(os::Kernel& kernel,
                                              std::vector<model::Process>& processes,
                                              Report& report);

}  // namespace nsmap::collect
