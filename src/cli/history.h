#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "history/store.h"

// The members of `nsmap history`, and what they share.

namespace nsmap::cli {

extern const Action kHistorySave;
extern const Action kHistoryLs;
extern const Command kHistoryShow;
extern const Action kHistoryPrune;

inline constexpr Option kHistoryFile = {
    "--history", "PATH", "the history, where it is not in its usual place", &Options::history};

// Where the history is that the options name or else the user's own; empty: there is no place.
const std::string& history_path(const Options& options, const Environment& environment);

// The history that the options name or else the user's own.
Result<history::Store> open_history(const Options& options, const Environment& environment,
                                    history::Access access = history::Access::existing);

std::int64_t now_ns();  // CLOCK_REALTIME

// "512 B", "2.4 kB", "31 MB".
std::string size_text(std::uint64_t bytes);
// "1 snapshot", "2 snapshots".
std::string count_text(std::uint64_t count, const char* singular);

}  // namespace nsmap::cli
