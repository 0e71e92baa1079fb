#pragma once

#include <set>

#include "analyze/diff.h"
#include "cli/command.h"

namespace nsmap::cli {

inline constexpr Option kIgnore = {
    "--ignore", "WHAT,…",
    "leave out: names, links, addresses, routes, rules, nexthops, neighbours, fdb, vlans, "
    "listeners, processes, sysctls, firewall",
    &Options::ignore};

// What differences are not to be told.
Result<std::set<analyze::DiffSubject>> ignored(const Options& options);

}  // namespace nsmap::cli
