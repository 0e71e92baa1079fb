#include "cli/history.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace nsmap::cli {
namespace {

constexpr Group::Member kMembers[] = {&kHistorySave, &kHistoryLs, &kHistoryShow, &kHistoryPrune};

}  // namespace

const Group kHistory{
    .name = "history",
    .summary = "snapshots over time, which --at answers from",
    .members = kMembers,
    .more = "docs/history.md tells what a TIME may be, and where the history is.",
};

const std::string& history_path(const Options& options, const Environment& environment) {
  return options.history.empty() ? environment.history : options.history;
}

Result<history::Store> open_history(const Options& options, const Environment& environment,
                                    history::Access access) {
  const std::string& path = history_path(options, environment);
  if (path.empty())
    return usage_error("there is no place for a history: HOME is not set", "--history PATH");
  return history::Store::open(path, access);
}

std::int64_t now_ns() {
  using std::chrono::nanoseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<nanoseconds>(now).count();
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  for (; size >= 999.5 && unit + 1 < kUnits.size(); ++unit) size /= 1000;
  return fmt::format("{:.{}f} {}", size, size < 9.95 ? 1 : 0, kUnits[unit]);
}

std::string count_text(std::uint64_t count, const char* singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

}  // namespace nsmap::cli
