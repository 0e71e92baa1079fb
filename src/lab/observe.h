#pragma once

#include <string>
#include <vector>

#include "lab/lab.h"
#include "model/snapshot.h"

namespace nsmap::lab {

// A snapshot told as a lab: what could be made again.
struct Observed {
  Lab lab;
  std::vector<std::string> remarks;  // what cannot be, a line each
};

// All of a snapshot, as `nsmap lab export` gives it: the host's namespace is a namespace like
// others, and each physical link becomes a veth to a namespace `outside` that has the addresses of
// the gateways behind it. Names are made unique and fit for files and interfaces.
Observed observe_all(const model::Snapshot& snapshot, const std::string& name);

// The part of a snapshot that a lab speaks of: the namespaces of these names under /run/netns (and
// the host's, where the lab uses it), as they are now. Absent namespaces are absent here.
Lab observe_lab(const model::Snapshot& snapshot, const Lab& lab);

}  // namespace nsmap::lab
