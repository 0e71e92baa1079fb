#include <fmt/format.h>

#include "cli/history.h"
#include "cli/results.h"
#include "codec/json_write.h"
#include "history/listed.h"
#include "history/times.h"
#include "render/terminal.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    kHistoryFile,
    kJson,
};

// What changed since the entry before; where others came between or went, since which it is.
std::string changes(const history::Entry& entry, const history::Entry* before) {
  if (!entry.since) return "";
  const std::string text = entry.changes.empty() ? "no change" : entry.changes;
  const bool adjacent = before && before->id == *entry.since;
  return adjacent ? text : fmt::format("since #{}: {}", *entry.since, text);
}

view::Table make_table(const std::vector<history::Entry>& entries) {
  view::Table table{{{"ID", true},
                     {"TIME"},
                     {"HOST"},
                     {"NAMESPACES", true},
                     {"ADDED", true},
                     {"CHANGED", false, true}},
                    {}};
  const history::Entry* before = nullptr;
  for (const history::Entry& entry : entries) {
    table.rows.push_back({{fmt::format("#{}", entry.id), view::Role::title},
                          history::time_text(entry.time_ns),
                          {entry.hostname, view::Role::muted},
                          std::to_string(entry.namespaces),
                          size_text(entry.added),
                          changes(entry, before)});
    before = &entry;
  }
  return table;
}

Result<Answer> run_ls(const ActionRequest& request) {
  const Environment& environment = request.environment;
  auto store = open_history(request.options, environment);
  if (!store) return tl::unexpected(store.error());
  const auto entries = store->list();
  if (!entries) return tl::unexpected(entries.error());
  if (!request.options.json)
    return Answer{render::terminal(make_table(*entries), {environment.width, false})};
  std::vector<history::ListedSnapshot> list;
  for (const history::Entry& entry : *entries) list.push_back(history::list_entry(entry));
  std::string out;
  codec::append_json(out, list);
  return Answer{out + "\n"};
}

}  // namespace

const Action kHistoryLs{
    .name = "ls",
    .summary = "the snapshots there are, and what changed from each to the next",
    .options = kOptions,
    .run = run_ls,
};

}  // namespace nsmap::cli
