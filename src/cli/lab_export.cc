#include "cli/lab.h"
#include "lab/file.h"
#include "lab/observe.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"-o,--output", "FILE", "write it there", &Options::output},
    {"--name", "NAME", "the lab's name; without it the host's", &Options::name},
};

Result<Answer> run_export(const Request& request) {
  const model::Snapshot& snapshot = request.snapshot;
  std::string name = request.options.name;
  if (name.empty()) name = snapshot.host.hostname.empty() ? "host" : snapshot.host.hostname;
  const lab::Observed observed = lab::observe_all(snapshot, name);
  return Answer{lab::print(observed.lab, observed.remarks)};
}

}  // namespace

const Command kLabExport{
    .name = "export",
    .summary = "this host, or a snapshot of any, as a lab file",
    .options = kOptions,
    .run = run_export,
};

}  // namespace nsmap::cli
