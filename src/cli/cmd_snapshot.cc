#include "cli/command.h"
#include "codec/compress.h"
#include "codec/json.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"-o,--output", "FILE", "write it there; compressed when the name ends in .zst",
     &Options::output},
};

Result<Answer> run_snapshot(const Request& request) {
  const model::Snapshot& snapshot = request.snapshot;
  if (!request.options.output.ends_with(".zst")) return snapshot_answer(snapshot);
  return Answer{codec::compress(codec::snapshot_to_json(snapshot))};
}

}  // namespace

Answer snapshot_answer(const model::Snapshot& snapshot) {
  return {.pieces = [&](const Sink& out) { return codec::give_json(snapshot, out); }};
}

const Command kSnapshot{
    .name = "snapshot",
    .summary = "the whole state as one JSON document, for --from",
    .options = kOptions,
    .run = run_snapshot,
};

}  // namespace nsmap::cli
