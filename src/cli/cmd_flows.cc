#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyze/flows.h"
#include "cli/command.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "view/flows.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_flows(const Request& request) {
  const auto& things = request.options.things;
  auto flows = analyze::find_flows(request.index(), request.titles());
  for (const std::string& thing : things)
    flows =
        analyze::flows_of(std::move(flows), request.index(), request.titles(), thing, request.own);
  Answer answer{.yes = !flows.empty()};
  if (request.options.json) {
    codec::append_json(answer.bytes, flows);
    answer.bytes += '\n';
  } else if (!flows.empty()) {
    answer.bytes = render::terminal(view::make_flows(flows), {request.width, request.color});
  } else {
    answer.note = things.empty()
                      ? "flows: no connection is open or tracked"
                      : fmt::format("flows {}: no connection is of it", fmt::join(things, " "));
  }
  return answer;
}

}  // namespace

const Command kFlows{
    .name = "flows",
    .summary = "who talks to whom: a line a connection, over all namespaces and every NAT",
    .thing = "THING",
    .thing_help =
        "only those of it, and of all where several are given: an address or prefix, a "
        "port (:443), pid:812, a protocol, a namespace, container or command",
    .least = 0,
    .most = kAnyNumber,
    .facts = collect::Facts::all,
    .run = run_flows,
};

}  // namespace nsmap::cli
