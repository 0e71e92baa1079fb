#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/snapshot.h"

// A snapshot taken apart, so that what did not change from one to the next is the same text in
// both: what passes by itself in every namespace (counters, lifetimes, neighbours, forwarding
// databases, sockets) is apart from what lasts in each.

namespace nsmap::history {

struct Part {
  std::string subject;  // what it is of: "head", or a namespace, "4:4026532281"
  std::string text;     // canonical JSON
};

// In a fixed order: those of the whole snapshot, then one for each namespace.
std::vector<Part> split(model::Snapshot snapshot);

// The snapshot whose parts have these texts, in their order. An error is of kind usage and begins
// with `what`.
Result<model::Snapshot> join(const std::vector<std::string>& texts, std::string_view what);

}  // namespace nsmap::history
