#include "cli/source.h"

#include <fmt/format.h>

#include <optional>

#include "cli/progress.h"
#include "codec/compress.h"
#include "codec/json.h"
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

}  // namespace

Result<model::Snapshot> get_snapshot(const Options& options, const Environment& environment,
                                     collect::Facts facts) {
  return options.from.empty() ? look(environment, facts) : load(options.from, environment);
}

}  // namespace nsmap::cli
