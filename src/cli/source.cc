#include "cli/source.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "cli/history.h"
#include "cli/progress.h"
#include "codec/compress.h"
#include "codec/json.h"
#include "history/times.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

// A host with 100,000 namespaces makes about half a gigabyte of JSON.
constexpr std::size_t kLargestSnapshot = std::size_t{4} << 30;

Result<std::string> read_bytes(const std::string& file, const Environment& environment) {
  auto bytes =
      file == "-" ? environment.read_in(kLargestSnapshot) : os::read_whole(file, kLargestSnapshot);
  if (!bytes)
    return usage_error(fmt::format("reading {}: {}", file, os::text(bytes.error())),
                       "a file made by nsmap snapshot -o FILE");
  return std::move(*bytes);
}

Result<model::Snapshot> load(const std::string& file, const Environment& environment) {
  const std::string what = file == "-" ? "standard input" : file;
  auto bytes = read_bytes(file, environment);
  if (bytes && (codec::is_compressed(*bytes) || file.ends_with(".zst")))
    bytes = codec::decompress(*bytes, what, kLargestSnapshot);
  if (!bytes) return tl::unexpected(bytes.error());
  return codec::snapshot_from_json(*bytes, what);
}

Result<model::Snapshot> look(const Environment& environment, collect::Facts facts) {
  std::optional<Progress> progress;
  if (environment.err_is_terminal) progress.emplace("reading this host", environment.write_err);
  return environment.collect(facts);
}

tl::unexpected<Error> no_time(const std::string& text) {
  return usage_error(fmt::format("{}: that is no time", text),
                     "14:30, 'yesterday 14:30', 2026-11-22, -2h, '2h ago', @1795356000 or '#12'");
}

// Of the history; says which one it is.
Result<model::Snapshot> recall(const std::string& time, const Options& options,
                               const Environment& environment) {
  const auto when = history::parse_when(time, now_ns());
  if (!when) return no_time(time);
  auto store = open_history(options, environment);
  if (!store) return tl::unexpected(store.error());
  const auto entries = store->list();
  if (!entries) return tl::unexpected(entries.error());
  const auto entry = history::pick(*entries, *when);
  if (!entry) return tl::unexpected(entry.error());
  say(environment, fmt::format("{}: answering from {}", time, history::entry_text(*entry)));
  return store->load(entry->id);
}

// What a word names that may be a file or a time: the file, where there is one.
Result<model::Snapshot> load_or_recall(const std::string& word, const Options& options,
                                       const Environment& environment) {
  const bool is_time = history::parse_when(word, now_ns()).has_value();
  std::error_code error;
  const bool is_file = word == "-" || std::filesystem::exists(word, error);
  if (is_time && is_file)
    say(environment,
        fmt::format("{0}: the file of that name, not the time; --at {0} is the time", word));
  if (is_time && !is_file) return recall(word, options, environment);
  if (!is_file)
    return usage_error(fmt::format("{}: no such file, and no time", word),
                       "a file made by nsmap snapshot -o FILE, 14:30, -2h or '#12'");
  return load(word, environment);
}

}  // namespace

bool is_live(const Options& options) {
  return options.from.empty() && options.at.empty() && options.snapshot.empty();
}

Result<model::Snapshot> get_snapshot(const Options& options, const Environment& environment,
                                     collect::Facts facts) {
  if (!options.from.empty() && !options.at.empty())
    return usage_error("--from and --at each name a snapshot", "one of them");
  if (!options.from.empty()) return load(options.from, environment);
  if (!options.at.empty()) return recall(options.at, options, environment);
  if (!options.snapshot.empty()) return load_or_recall(options.snapshot, options, environment);
  return look(environment, facts);
}

}  // namespace nsmap::cli
