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
  std::string json = codec::snapshot_to_json(request.index.snapshot());
  return Answer{request.options.output.ends_with(".zst") ? codec::compress(json) : std::move(json)};
}

}  // namespace

const Command kSnapshot{
    .name = "snapshot",
    .summary = "the whole state as one JSON document, for --from",
    .options = kOptions,
    .run = run_snapshot,
};

}  // namespace nsmap::cli
