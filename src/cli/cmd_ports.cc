#include <algorithm>
#include <iterator>

#include "analyze/ports.h"
#include "cli/command.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "view/ports.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"-a,--all", "", "of every namespace", &Options::all},
};

// All, those that are named, or the host's.
Result<Namespaces> wanted(const Request& request) {
  if (!request.options.all && !request.options.things.empty()) return named_namespaces(request);
  Namespaces found;
  for (const model::Namespace& ns : request.snapshot.namespaces)
    if (request.options.all || &ns == request.index().host()) found.push_back(&ns);
  return found;
}

Answer answer(const Request& request, const std::vector<analyze::OpenPort>& ports,
              bool namespaces) {
  Answer answer{.yes = !ports.empty()};
  if (request.options.json) {
    codec::append_json(answer.bytes, ports);
    answer.bytes += '\n';
  } else if (ports.empty()) {
    answer.note = "ports: nothing answers on any";
  } else {
    answer.bytes =
        render::terminal(view::make_ports(ports, namespaces), {request.width, request.color});
  }
  return answer;
}

Result<Answer> run_ports(const Request& request) {
  return wanted(request).map([&](const Namespaces& namespaces) {
    const analyze::Ends ends(request.index(), request.titles());
    std::vector<analyze::OpenPort> ports;
    for (const model::Namespace* const ns : namespaces)
      std::ranges::move(analyze::open_ports(request.index(), request.titles(), ends, *ns),
                        std::back_inserter(ports));
    return answer(request, ports, namespaces.size() != 1);
  });
}

}  // namespace

const Command kPorts{
    .name = "ports",
    .summary = "every port that answers: who behind it, how it gets there, from where",
    .thing = "NAMESPACE",
    .thing_help = "of these namespaces; without one, the host's",
    .least = 0,
    .most = kAnyNumber,
    .options = kOptions,
    .run = run_ports,
};

}  // namespace nsmap::cli
