#include "cli/command.h"
#include "codec/json.h"
#include "render/terminal.h"
#include "view/results.h"
#include "view/show.h"

namespace nsmap::cli {
namespace {

std::string show_json(const Request& request, const Namespaces& namespaces) {
  std::vector<view::ShownNamespace> shown;
  for (const model::Namespace* ns : namespaces)
    shown.push_back(view::show_namespace(request.index(), request.titles().of(ns->id), *ns));
  std::string out;
  codec::append_json(out, shown);
  return out + "\n";
}

std::string show_text(const Request& request, const Namespaces& namespaces) {
  std::string out;
  for (const model::Namespace* ns : namespaces) {
    if (!out.empty()) out += '\n';
    out += render::terminal(view::make_sheet(request.index(), request.titles(), *ns),
                            {request.width, request.color});
  }
  return out;
}

Result<Answer> run_show(const Request& request) {
  return named_namespaces(request).map([&](const Namespaces& found) {
    return Answer{request.options.json ? show_json(request, found) : show_text(request, found)};
  });
}

}  // namespace

const Command kShow{
    .name = "show",
    .summary = "all there is to know of a namespace, and how to free it",
    .thing = "NAMESPACE",
    .thing_help = "by name, container, pod, pid:812, ino:4026532281, address, host, hidden:1 or .",
    .most = kAnyNumber,
    .run = run_show,
};

}  // namespace nsmap::cli
