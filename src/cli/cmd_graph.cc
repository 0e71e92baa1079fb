#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/graph.h"
#include "render/picture.h"
#include "view/graph.h"

namespace nsmap::cli {
namespace {

struct Format {
  std::string_view name;  // for --format, and how a file's name ends
  Result<std::string> (*draw)(const view::Graph& graph);
};

constexpr Format kFormats[] = {
    {"dot", [](const view::Graph& graph) -> Result<std::string> { return render::dot(graph); }},
    {"gv", [](const view::Graph& graph) -> Result<std::string> { return render::dot(graph); }},
    {"svg", render::svg},
    {"mermaid",
     [](const view::Graph& graph) -> Result<std::string> { return render::mermaid(graph); }},
    {"mmd", [](const view::Graph& graph) -> Result<std::string> { return render::mermaid(graph); }},
};

// What --format or, failing that, the file's name asks for; DOT when neither does.
Result<const Format*> choose_format(const Options& options) {
  std::string_view name = options.format;
  const std::string_view file = options.output;
  if (name.empty() && !file.empty() && file != "-") {
    const auto slash = file.rfind('/');
    const std::string_view base = file.substr(slash == std::string_view::npos ? 0 : slash + 1);
    name = base.substr(std::min(base.rfind('.'), base.size() - 1) + 1);
  }
  if (name.empty()) return kFormats;
  const auto format = std::ranges::find(kFormats, name, &Format::name);
  if (format == std::end(kFormats))
    return usage_error(fmt::format("graph: {} is no format it knows", name),
                       "dot, svg or mermaid, with --format or as the end of the file's name");
  return format;
}

Result<Answer> run_graph(const Request& request) {
  if (request.options.json) return snapshot_answer(request.snapshot);
  return draw_graph(request.options, request.index(), request.titles());
}

}  // namespace

Result<Answer> draw_graph(const Options& options, const model::Index& index,
                          const analyze::Titles& titles) {
  const auto format = choose_format(options);
  if (!format) return tl::unexpected(format.error());
  return (*format)->draw(view::make_graph(index, titles)).map([](std::string picture) {
    return Answer{std::move(picture)};
  });
}

const Command kGraph{
    .name = "graph",
    .summary = "the picture: namespaces as boxes, wires between their interfaces",
    .options = kGraphOptions,
    .run = run_graph,
};

}  // namespace nsmap::cli
