#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analyze/names.h"
#include "model/index.h"

// The picture as a neutral document: namespaces are boxes, interfaces ports on them, bridges bars
// that carry ports, and wires join ports. Ids are made of [a-z0-9_] and unique in the graph; all
// other strings are as they came from outside.

namespace nsmap::view {

enum class BoxStyle { host, container, plain, hidden, note };
enum class PortState { up, down };
enum class WireStyle {
  wire,    // two ends of a veth or netkit
  stack,   // macvlan, vlan or tunnel on its parent
  served,  // a tap and the namespace of the process that serves it
  bundle,  // the wires of a whole grid, drawn as one
};

struct GraphPort {
  std::string id;
  std::string name;
  std::string detail;  // its kind, addresses
  PortState state = PortState::up;
};

// A bridge (or bond, or VRF) and the interfaces enslaved to it.
struct GraphBar {
  GraphPort self;
  std::vector<GraphPort> ports;
};

struct GraphBox {
  std::string id;
  std::string title;
  std::vector<std::string> lines;  // image, processes, what keeps it alive
  BoxStyle style = BoxStyle::plain;
  std::vector<GraphBar> bars;
  std::vector<GraphPort> ports;
};

// Many namespaces that have one wire each, all to the same bar: drawn as a grid of small boxes,
// whose ports' details name the other end, with one wire to the bar for them all.
struct GraphGrid {
  std::string id;
  std::string title;
  std::vector<GraphBox> boxes;
};

struct GraphEnd {
  std::string box;   // of a box or a grid
  std::string port;  // of a port or bar in it; empty: the box itself
};

struct GraphWire {
  GraphEnd from;
  GraphEnd to;
  WireStyle style = WireStyle::wire;
  std::string label;
};

struct Graph {
  std::string title;
  std::vector<std::string> first;  // boxes to stand in the first column, from the top: the host …
  std::vector<GraphBox> boxes;
  std::vector<GraphGrid> grids;
  std::vector<GraphWire> wires;
};

struct GraphOptions {
  // From this many namespaces with nothing but a wire to the same bridge, they become a grid.
  std::size_t grid_from = 13;
};

Graph make_graph(const model::Index& index, const analyze::Titles& titles,
                 const GraphOptions& options = {});

}  // namespace nsmap::view
