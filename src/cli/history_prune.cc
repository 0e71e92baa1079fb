#include <fmt/format.h>

#include "cli/history.h"
#include "cli/results.h"
#include "codec/json_write.h"
#include "history/times.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"--keep", "N", "remove all but the N newest", &Options::keep},
    {"--older-than", "AGE", "remove those older than that: 30d, 12h, '2 weeks'",
     &Options::older_than},
    {"--dry-run", "", "tell what would go, and remove nothing", &Options::dry_run},
    kHistoryFile,
    kJson,
};

Result<history::PruneRule> rule_of(const Options& options) {
  history::PruneRule rule;
  if (options.keep != 0) rule.keep = options.keep;
  if (!options.older_than.empty()) {
    const auto age = history::parse_age(options.older_than);
    if (!age)
      return usage_error(fmt::format("--older-than {}: that is no age", options.older_than),
                         "30d, 12h or '2 weeks'");
    rule.before_ns = now_ns() - *age;
  }
  if (!rule.keep && !rule.before_ns)
    return usage_error("history prune: nothing says what is to go",
                       "--keep N (at least 1) or --older-than AGE");
  return rule;
}

std::string text(const history::Pruned& pruned, bool dry_run) {
  return fmt::format("{}{}, {} left; {} and {} {}\n", dry_run ? "would remove " : "removed ",
                     count_text(pruned.removed, "snapshot"), pruned.left,
                     count_text(pruned.parts, "part"), size_text(pruned.bytes),
                     dry_run ? "would be freed" : "freed");
}

Result<Answer> run_prune(const ActionRequest& request) {
  const Options& options = request.options;
  const auto rule = rule_of(options);
  if (!rule) return tl::unexpected(rule.error());
  auto store = open_history(options, request.environment);
  if (!store) return tl::unexpected(store.error());
  const auto pruned = store->prune(*rule, options.dry_run);
  if (!pruned) return tl::unexpected(pruned.error());
  if (!options.json) return Answer{text(*pruned, options.dry_run)};
  std::string out;
  codec::append_json(out, PrunedHistory{pruned->removed, pruned->left, pruned->parts, pruned->bytes,
                                        options.dry_run});
  return Answer{out + "\n"};
}

}  // namespace

const Action kHistoryPrune{
    .name = "prune",
    .summary = "remove old snapshots, and give their space back",
    .options = kOptions,
    .more = "With both, what either says goes.",
    .run = run_prune,
};

}  // namespace nsmap::cli
