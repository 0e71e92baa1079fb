#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/names.h"
#include "model/index.h"

// The picture as a neutral document: namespaces are boxes, interfaces ports on them, bridges bars
// that carry ports, and wires join ports. Ids are made of [a-z0-9_] and unique in the graph; all
// other strings are as they came from outside.

namespace nsmap::view {

enum class BoxStyle { host, container, plain, hidden, note };
BOOST_DESCRIBE_ENUM(BoxStyle, host, container, plain, hidden, note)
enum class PortState { up, down };
BOOST_DESCRIBE_ENUM(PortState, up, down)
enum class WireStyle {
  wire,    // two ends of a veth or netkit
  stack,   // macvlan, vlan or tunnel on its parent
  served,  // a tap and the namespace of the process that serves it
  bundle,  // the wires of a whole grid, drawn as one
};
BOOST_DESCRIBE_ENUM(WireStyle, wire, stack, served, bundle)

struct GraphPort {
  std::string id;
  std::string name;
  std::string detail;  // its kind, addresses
  PortState state = PortState::up;
  IfIndex index = {};  // of the interface, in the namespace of its box
};
BOOST_DESCRIBE_STRUCT(GraphPort, (), (id, name, detail, state, index))

// A bridge (or bond, or VRF) and the interfaces enslaved to it.
struct GraphBar {
  GraphPort self;
  std::vector<GraphPort> ports;
};
BOOST_DESCRIBE_STRUCT(GraphBar, (), (self, ports))

// Something that keeps a namespace alive, or proves it.
struct GraphHolder {
  std::string what;      // "descriptor 7 of dockerd (812)"
  std::string freed_by;  // what one types to make it let go; empty where nothing does
};
BOOST_DESCRIBE_STRUCT(GraphHolder, (), (what, freed_by))

struct GraphBox {
  std::string id;
  std::string title;
  std::vector<std::string> lines;  // image, processes, what keeps it alive
  BoxStyle style = BoxStyle::plain;
  std::vector<GraphBar> bars;
  std::vector<GraphPort> ports;
  std::optional<model::NetnsId> ns = {};    // absent: a note
  std::vector<std::string> published = {};  // which ports lead here, by which addresses it is left:
                                            // a few, and how many more
  // With GraphOptions::every alone:
  std::vector<std::string> listens = {};
  std::vector<GraphHolder> holders = {};
};
BOOST_DESCRIBE_STRUCT(GraphBox, (),
                      (id, title, lines, style, bars, ports, ns, published, listens, holders))

// Many namespaces that have one wire each, all to the same bar: drawn as a grid of small boxes,
// whose ports' details name the other end, with one wire to the bar for them all.
struct GraphGrid {
  std::string id;
  std::string title;
  std::vector<GraphBox> boxes;
};
BOOST_DESCRIBE_STRUCT(GraphGrid, (), (id, title, boxes))

struct GraphEnd {
  std::string box;   // of a box or a grid
  std::string port;  // of a port or bar in it; empty: the box itself
};
BOOST_DESCRIBE_STRUCT(GraphEnd, (), (box, port))

struct GraphWire {
  GraphEnd from;
  GraphEnd to;
  WireStyle style = WireStyle::wire;
  std::string label;
};
BOOST_DESCRIBE_STRUCT(GraphWire, (), (from, to, style, label))

// Where a port leads.
struct GraphTarget {
  std::string what;  // "web 172.17.0.2:80 nginx[2211]"
  std::optional<model::NetnsId> ns = {};
};
BOOST_DESCRIBE_STRUCT(GraphTarget, (), (what, ns))

// A port that leads elsewhere.
struct GraphPublished {
  std::string port;  // "tcp *:8080"
  model::NetnsId ns = {};
  std::string service;  // "default/web:http"
  std::vector<GraphTarget> to;
  std::string from;  // from where it may be reached
  std::string how;   // the rules and proxies that lead there
};
BOOST_DESCRIBE_STRUCT(GraphPublished, (), (port, ns, service, to, from, how))

// What leaves a namespace by another address.
struct GraphSource {
  model::NetnsId ns = {};
  std::string what;  // "172.17.0.0/16, not out docker0"
  std::string to;    // empty: the address of the interface that it leaves by
  std::string rule;
};
BOOST_DESCRIBE_STRUCT(GraphSource, (), (ns, what, to, rule))

struct Graph {
  std::string title;
  std::vector<std::string> first;  // boxes to stand in the first column, from the top: the host …
  std::vector<GraphBox> boxes;
  std::vector<GraphGrid> grids;
  std::vector<GraphWire> wires;
  // With GraphOptions::every alone:
  std::vector<GraphPublished> published = {};
  std::vector<GraphSource> sources = {};
};
BOOST_DESCRIBE_STRUCT(Graph, (), (title, first, boxes, grids, wires, published, sources))

struct GraphOptions {
  // From this many namespaces with nothing but a wire to the same bridge, they become a grid.
  std::size_t grid_from = 13;
  // For readers who choose what they look at: a box for every namespace, also for one with nothing
  // but lo, and in each what it listens on and what keeps it alive; all ports that lead elsewhere.
  bool every = false;
};

Graph make_graph(const model::Index& index, const analyze::Titles& titles,
                 const GraphOptions& options = {});

}  // namespace nsmap::view
