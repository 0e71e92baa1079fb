#include "cli/history.h"

namespace nsmap::cli {
namespace {

Result<void> settle(Options& options) {
  if (!options.from.empty() || !options.at.empty())
    return usage_error("history show: TIME says which snapshot, --from and --at are not for it");
  options.at = options.things.front();
  return {};
}

Result<Answer> run_show(const Request& request) { return kMap.run(request); }

}  // namespace

const Command kHistoryShow{
    .name = "show",
    .summary = "the map at that time, as nsmap --at TIME",
    .thing = "TIME",
    .thing_help = "14:30, 'yesterday 14:30', 2026-11-22, -2h, '2h ago', @1795356000, '#12'",
    .tells_refused = true,
    .settle = settle,
    .run = run_show,
};

}  // namespace nsmap::cli
