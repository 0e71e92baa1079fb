#pragma once

#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "lab/run.h"
#include "lab/user_lab.h"

// What the members of `nsmap lab` share.

namespace nsmap::cli {

extern const Action kLabPlan;
extern const Action kLabUp;
extern const Action kLabDown;
extern const Action kLabStatus;
extern const Action kLabGraph;
extern const Action kLabExec;
extern const Command kLabExport;

inline constexpr Option kUserNs = {
    "--user-ns", "", "without root: the lab in a user namespace of its own", &Options::user_ns};
inline constexpr Option kLabOptions[] = {kUserNs};

// Reads the lab file that is the first thing on the command line; "-": standard input.
Result<lab::Lab> read_lab(const ActionRequest& request);

// The name of the lab that the first thing says outright, or by its file.
Result<std::string> lab_name(const ActionRequest& request);

lab::World lab_world(const ActionRequest& request);
lab::UserHome user_home(const ActionRequest& request);

// A plan, a line a step: "+ link web:eth0, veth to router:web".
std::string plan_text(const lab::Plan& plan);
// "3 to make, 1 to change, 2 to remove".
std::string plan_counts(const lab::Plan& plan, const char* infinitive);
// What others made inside, a line each under a heading; empty: nothing.
std::string extra_text(const lab::Plan& plan, const char* heading);

}  // namespace nsmap::cli
