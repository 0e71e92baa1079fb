#include "cli/command.h"
#include "render/terminal.h"
#include "view/map.h"

namespace nsmap::cli {
namespace {

// The map as JSON is the snapshot it is drawn from.
Result<Answer> run_map(const Request& request) {
  if (request.options.json) return snapshot_answer(request.snapshot);
  return Answer{render::terminal(view::make_map(request.index(), request.titles()),
                                 {request.width, request.color})};
}

}  // namespace

const Command kMap{
    .name = "map",
    .summary = "every namespace, its wires, addresses, processes and published ports",
    .tells_refused = true,
    .run = run_map,
};

}  // namespace nsmap::cli
