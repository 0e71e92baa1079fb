#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/graph.h"
#include "page/page.h"
#include "render/picture.h"
#include "view/graph.h"

namespace nsmap::cli {
namespace {

using Draw = Result<std::string> (*)(const model::Index& index, const analyze::Titles& titles);

template <auto render>
Result<std::string> picture(const model::Index& index, const analyze::Titles& titles) {
  return render(view::make_graph(index, titles));
}

struct Format {
  std::string_view name;  // for --format, and how a file's name ends
  Draw draw;
};

constexpr Format kFormats[] = {
    {"dot", picture<render::dot>},     {"gv", picture<render::dot>},
    {"svg", picture<render::svg>},     {"mermaid", picture<render::mermaid>},
    {"mmd", picture<render::mermaid>}, {"html", page::page_of},
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
                       "dot, svg, mermaid or html, with --format or as the end of the file's name");
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
  return (*format)->draw(index, titles).map([](std::string drawn) {
    return Answer{std::move(drawn)};
  });
}

const Command kGraph{
    .name = "graph",
    .summary = "the picture: namespaces as boxes, wires between their interfaces",
    .options = kGraphOptions,
    .run = run_graph,
};

}  // namespace nsmap::cli
