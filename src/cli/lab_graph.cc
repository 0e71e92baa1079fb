#include "analyze/names.h"
#include "cli/graph.h"
#include "cli/lab.h"
#include "lab/as_snapshot.h"
#include "model/index.h"

namespace nsmap::cli {
namespace {

// A file's picture is the same wherever its lab is made.
constexpr std::array kOptions = {kGraphOptions[0], kGraphOptions[1], kUserNs};
static_assert(kOptions.size() == kGraphOptions.size() + 1);

Result<Answer> run_graph(const ActionRequest& request) {
  const auto lab = read_lab(request);
  if (!lab) return tl::unexpected(lab.error());
  const model::Snapshot snapshot = lab::as_snapshot(*lab);
  const model::Index index(snapshot);
  return draw_graph(request.options, index, analyze::Titles(index));
}

}  // namespace

const Action kLabGraph{
    .name = "graph",
    .summary = "the picture of a lab file, up or not",
    .thing = "FILE",
    .thing_help = "the lab file",
    .options = kOptions,
    .run = run_graph,
};

}  // namespace nsmap::cli
