#pragma once

#include <string>

#include "base/result.h"
#include "view/graph.h"

namespace nsmap::render {

// A graph in Graphviz's language, for `dot`.
std::string dot(const view::Graph& graph);

// A graph as a Mermaid flowchart.
std::string mermaid(const view::Graph& graph);

// A graph as an SVG document, laid out by libgvc. Not to be called from two threads at once:
// libgvc has global state.
Result<std::string> svg(const view::Graph& graph);

}  // namespace nsmap::render
