#include <fmt/format.h>

#include "analyze/diff.h"
#include "cli/history.h"
#include "cli/results.h"
#include "codec/json_write.h"
#include "history/listed.h"
#include "history/times.h"
#include "view/diff.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {kJson};

// What changed, in short.
std::string changes(const model::Snapshot& before, const model::Snapshot& after) {
  const model::Index index(after);
  const analyze::Titles titles(index);
  return view::changes_since(before, {index, titles});
}

std::string text(const history::Entry& entry) {
  std::string text = fmt::format("saved {}: {}, {} added", history::entry_text(entry),
                                 count_text(entry.namespaces, "namespace"), size_text(entry.added));
  if (entry.since)
    text += fmt::format("; since #{}: {}", *entry.since,
                        entry.changes.empty() ? "no change" : entry.changes);
  return text + "\n";
}

Result<Answer> run_save(const ActionRequest& request) {
  const Options& options = request.options;
  if (!options.at.empty())
    return usage_error("history save: what --at names is in the history already");
  auto store = open_history(options, request.environment, history::Access::create);
  if (!store) return tl::unexpected(store.error());
  const auto snapshot = request.collect();
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto entry = store->save(
      *snapshot, [&](const model::Snapshot& before) { return changes(before, *snapshot); });
  if (!entry) return tl::unexpected(entry.error());
  if (!options.json) return Answer{text(*entry)};
  std::string out;
  codec::append_json(out, history::list_entry(*entry));
  return Answer{out + "\n"};
}

}  // namespace

const Action kHistorySave{
    .name = "save",
    .summary = "add the state of this host, or of a saved snapshot",
    .takes_from = true,
    .options = kOptions,
    .run = run_save,
};

}  // namespace nsmap::cli
