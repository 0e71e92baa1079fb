#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "lab/run.h"

// What the members of `nsmap lab` share.

namespace nsmap::cli {

extern const Action kLabPlan;
extern const Action kLabUp;
extern const Action kLabDown;
extern const Action kLabStatus;
extern const Action kLabGraph;
extern const Command kLabExport;

// Reads the lab file that is the first thing on the command line; "-": standard input.
Result<lab::Lab> read_lab(const ActionRequest& request);

lab::World lab_world(const ActionRequest& request);

// A plan, a line a step: "+ link web:eth0, veth to router:web".
std::string plan_text(const lab::Plan& plan);
// "3 to make, 1 to change, 2 to remove".
std::string plan_counts(const lab::Plan& plan, const char* infinitive);
// What others made inside, a line each under a heading; empty: nothing.
std::string extra_text(const lab::Plan& plan, const char* heading);

}  // namespace nsmap::cli
