#include <fmt/format.h>

#include <memory>

#include "anonymise/anonymise.h"
#include "cli/command.h"
#include "codec/compress.h"
#include "codec/json.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"-o,--output", "FILE", "write it there; compressed when the name ends in .zst",
     &Options::output},
    {"--anonymise,--anonymize", "", "without addresses and names that tell whose it is",
     &Options::anonymise},
    {"--key-file", "FILE", "anonymise by its content: the same becomes the same each time",
     &Options::key_file},
};

constexpr std::size_t kLargestKey = 1 << 20;  // bytes of a file

Result<void> settle(Options& options) {
  if (!options.key_file.empty() && !options.anonymise)
    return usage_error("snapshot --key-file: there is nothing to use it for",
                       "--anonymise with it");
  return {};
}

Result<anonymise::Key> key_of(const Options& options) {
  if (options.key_file.empty()) return anonymise::random_key();
  const auto content = os::read_whole(options.key_file, kLargestKey);
  if (!content)
    return usage_error(fmt::format("reading {}: {}", options.key_file, os::text(content.error())),
                       "head -c 32 /dev/urandom > FILE");
  return anonymise::key_of(*content, options.key_file);
}

Result<Answer> give(const Options& options, std::shared_ptr<const model::Snapshot> snapshot) {
  if (options.output.ends_with(".zst"))
    return Answer{codec::compress(codec::snapshot_to_json(*snapshot))};
  Answer answer = snapshot_answer(*snapshot);
  answer.pieces = [snapshot, pieces = answer.pieces](const Sink& out) { return pieces(out); };
  return answer;
}

Result<Answer> run_snapshot(const Request& request) {
  if (!request.options.anonymise)
    return give(request.options, {std::shared_ptr<void>(), &request.snapshot});
  return key_of(request.options).and_then([&](const anonymise::Key& key) {
    return give(request.options, std::make_shared<const model::Snapshot>(
                                     anonymise::anonymise(request.snapshot, key)));
  });
}

}  // namespace

Answer snapshot_answer(const model::Snapshot& snapshot) {
  return {.pieces = [&](const Sink& out) { return codec::give_json(snapshot, out); }};
}

const Command kSnapshot{
    .name = "snapshot",
    .summary = "the whole state as one JSON document, for --from",
    .facts = collect::Facts::all,
    .options = kOptions,
    .settle = settle,
    .run = run_snapshot,
};

}  // namespace nsmap::cli
