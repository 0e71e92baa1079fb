#include <limits>

#include <boost/describe.hpp>

#include "codec/json_write.h"
#include "serve/answers.h"
#include "view/graph.h"

namespace nsmap::view {

BOOST_DESCRIBE_ENUM(BoxStyle, host, container, plain, hidden, note)
BOOST_DESCRIBE_ENUM(PortState, up, down)
BOOST_DESCRIBE_ENUM(WireStyle, wire, stack, served, bundle)
BOOST_DESCRIBE_STRUCT(GraphPort, (), (id, name, detail, state))
BOOST_DESCRIBE_STRUCT(GraphBar, (), (self, ports))
BOOST_DESCRIBE_STRUCT(GraphBox, (), (id, title, lines, style, bars, ports))
BOOST_DESCRIBE_STRUCT(GraphGrid, (), (id, title, boxes))
BOOST_DESCRIBE_STRUCT(GraphEnd, (), (box, port))
BOOST_DESCRIBE_STRUCT(GraphWire, (), (from, to, style, label))
BOOST_DESCRIBE_STRUCT(Graph, (), (title, first, boxes, grids, wires))

}  // namespace nsmap::view

namespace nsmap::serve {

// Without grids: whoever draws it there has room, and hides what it likes.
std::string graph_json(const live::State& state) {
  const view::Graph graph = view::make_graph(
      state.index, state.titles, {.grid_from = std::numeric_limits<std::size_t>::max()});
  std::string out;
  codec::append_json(out, graph);
  return out + "\n";
}

}  // namespace nsmap::serve
