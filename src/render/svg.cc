#include <gvc.h>

#include <memory>

#include "render/picture.h"

namespace nsmap::render {
namespace {

struct Free {
  void operator()(GVC_t* context) const { gvFreeContext(context); }
  void operator()(graph_t* graph) const { agclose(graph); }
  void operator()(char* data) const { gvFreeRenderData(data); }
};

// Ends a layout before its graph is closed.
class Layout {
 public:
  Layout(GVC_t* context, graph_t* graph) : context_(context), graph_(graph) {
    done_ = gvLayout(context, graph, "dot") == 0;
  }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  ~Layout() {
    if (done_) gvFreeLayout(context_, graph_);
  }
  bool done() const { return done_; }

 private:
  GVC_t* context_;
  graph_t* graph_;
  bool done_;
};

Result<std::string> failure(const char* what) {
  return read_error(std::string("drawing the graph: Graphviz could not ") + what,
                    "try a .dot file and Graphviz's own dot");
}

}  // namespace

Result<std::string> svg(const view::Graph& graph) {
  agseterr(AGMAX);  // it would write to stderr otherwise
  // One for the process: Graphviz 2.43 reads freed memory when a second context lays text out.
  static const std::unique_ptr<GVC_t, Free> context(gvContext());
  if (!context) return failure("start");
  const std::unique_ptr<graph_t, Free> parsed(agmemread(dot(graph).c_str()));
  if (!parsed) return failure("read it");
  const Layout layout(context.get(), parsed.get());
  if (!layout.done()) return failure("lay it out");
  char* data = nullptr;
  unsigned length = 0;
  if (gvRenderData(context.get(), parsed.get(), "svg", &data, &length) != 0 || !data)
    return failure("draw it");
  const std::unique_ptr<char, Free> owner(data);
  return std::string(data, length);
}

}  // namespace nsmap::render
