#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/apply.h"
#include "lab/lab.h"
#include "lab/plan.h"
#include "model/snapshot.h"

namespace nsmap::lab {

// How a run sees the system: a fresh snapshot of it.
using Look = std::function<Result<model::Snapshot>()>;

struct Outcome {
  Plan plan;                 // that was carried out, or would be
  bool interrupted = false;  // an earlier run had not come to its end
};

// What up() would do. Changes nothing and needs no lock.
Result<Outcome> plan_up(const World& world, const Lab& lab, const Look& look);

// Makes the system what a lab says. A failure half way undoes what this run did; its error begins
// with the place in the lab's file.
Result<Outcome> up(const World& world, const Lab& lab, const Look& look);

// Takes away all that a lab made, and only that.
Result<Outcome> down(const World& world, const std::string& name, const Look& look);

}  // namespace nsmap::lab
