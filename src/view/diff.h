#pragma once

#include <string>
#include <vector>

#include "analyze/diff.h"
#include "view/document.h"
#include "view/words.h"

namespace nsmap::view {

// What is different, a line for each: first what concerns the host as a machine and namespaces as
// such, then a node for each namespace with what differs in it. `before` and `after` are the two
// snapshots.
Tree make_diff(const std::vector<analyze::Difference>& differences, const Words& before,
               const Words& after);

// One difference within a namespace: "+ link veth9, veth, port of br0".
Text difference_text(const analyze::Difference& difference);

// One difference on a line of its own: "+ namespace db (docker postgres:16): eth0 ⇄ veth9 @host",
// "host: + link veth9, veth, port of br0".
Text difference_line(const analyze::Difference& difference, const Words& before,
                     const Words& after);

// How many of what, for one line: "namespaces +1 -2, links ~3"; empty: none.
std::string diff_counts(const std::vector<analyze::Difference>& differences);

// The same, of what changed from a snapshot to a later one.
std::string changes_since(const model::Snapshot& before, const analyze::DiffSide& after);

}  // namespace nsmap::view
