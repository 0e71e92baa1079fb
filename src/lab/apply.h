#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "lab/journal.h"
#include "lab/namespaces.h"
#include "lab/plan.h"
#include "model/snapshot.h"

namespace nsmap::lab {

// What a lab is made with.
struct World : System {
  unsigned threads = 2;
};

// The namespaces of a lab that are there, as a snapshot found them: by name, with what is needed to
// send requests to them.
struct There {
  model::NetnsId id;
  bool host = false;
  std::map<std::string, IfIndex> links;
};
std::map<std::string, There> find_there(const model::Snapshot& snapshot, const Lab& lab);

// Carries out a plan, in the order of its steps as far as they depend on each other, and many at
// once where they do not. What it makes is in the journal before it is there. The first step that
// fails ends it; its error begins with the step's place in the lab file. Nothing is undone here.
Result<void> apply(const World& world, const Plan& plan, const Lab& want,
                   const std::map<std::string, There>& there, Journal& journal);

// The environment variable that names a process of a lab: "LAB/NAMESPACE/PROCESS".
inline constexpr const char* kProcessVariable = "NSMAP_LAB";

}  // namespace nsmap::lab
