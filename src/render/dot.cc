#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "render/clip.h"
#include "render/picture.h"

// Each namespace is one node whose label is an HTML-like table: a head, then a row an interface,
// which wires lead to by its PORT. Boxes drawn as Graphviz clusters, a node an interface, are
// pulled apart by the layout; a table stays in one piece and costs it nothing.

namespace nsmap::render {
namespace {

using view::BoxStyle;
using view::Graph;
using view::GraphBar;
using view::GraphBox;
using view::GraphGrid;
using view::GraphPort;
using view::GraphWire;
using view::WireStyle;

constexpr std::size_t kWidest = 52;  // columns of one text

struct Look {
  const char* head;    // fill of the head
  const char* text;    // its text
  const char* border;  // of the box
};

Look look_of(BoxStyle style) {
  switch (style) {
    case BoxStyle::host:
      return {"#1b3a57", "#ffffff", "#1b3a57"};
    case BoxStyle::container:
      return {"#d8ecf8", "#10344d", "#5b9bc4"};
    case BoxStyle::plain:
      return {"#e9ecef", "#212529", "#868e96"};
    case BoxStyle::hidden:
      return {"#fff3e0", "#8a3b00", "#e07b39"};
    case BoxStyle::note:
      return {"#fffbe6", "#5c5322", "#d9cf9a"};
  }
  return {};
}

class Writer {
 public:
  std::string write(const Graph& graph);

 private:
  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  static std::string shown(std::string_view text) { return xml_text(clipped(text, kWidest)); }

  void box(const GraphBox& box);
  void head(const GraphBox& box, const Look& look);
  void row(const GraphPort& port, const char* fill, const char* indent, bool bold);
  void note(const GraphBox& box);
  void grid(const GraphGrid& grid);
  void cell(const GraphBox& box);
  void wire(const GraphWire& wire);
  void column(const std::vector<std::string>& ids);
  static std::string end(const view::GraphEnd& end, char side);

  std::string out_;
};

// Two cells, so that names and details stand in columns: wires come to the first, on the left, and
// leave from the second, whose port is the first's with an underscore.
void Writer::row(const GraphPort& port, const char* fill, const char* indent, bool bold) {
  const bool down = port.state == view::PortState::down;
  put("<TR><TD PORT=\"{}\" ALIGN=\"LEFT\" BGCOLOR=\"{}\">{}<FONT COLOR=\"{}\">{}{}{}</FONT></TD>",
      port.id, fill, indent, down ? "#c92a2a" : "#0b5394", bold ? "<B>" : "", shown(port.name),
      bold ? "</B>" : "");
  put("<TD PORT=\"{}_\" ALIGN=\"LEFT\" BGCOLOR=\"{}\"><FONT COLOR=\"#495057\">{}</FONT>", port.id,
      fill, port.detail.empty() ? "&#160;" : shown(port.detail));
  if (down) put("<FONT COLOR=\"#c92a2a\">{}down</FONT>", port.detail.empty() ? "" : ", ");
  put("</TD></TR>");
}

void Writer::head(const GraphBox& box, const Look& look) {
  put("<TR><TD COLSPAN=\"2\" ALIGN=\"LEFT\" BALIGN=\"LEFT\" BGCOLOR=\"{}\"><FONT "
      "COLOR=\"{}\"><B>{}</B>",
      look.head, look.text, shown(box.title));
  for (const std::string& line : box.lines)
    put("<BR/><FONT POINT-SIZE=\"9\">{}</FONT>", shown(line));
  put("</FONT></TD></TR>");
  if (box.published.empty()) return;
  put("<TR><TD COLSPAN=\"2\" ALIGN=\"LEFT\" BALIGN=\"LEFT\" BGCOLOR=\"#fff8e6\">"
      "<FONT POINT-SIZE=\"9\" COLOR=\"#7a4b00\">");
  for (const std::string& line : box.published)
    put("{}{}", &line == &box.published.front() ? "" : "<BR/>", shown(line));
  put("</FONT></TD></TR>");
}

void Writer::box(const GraphBox& box) {
  if (box.style == BoxStyle::note) return note(box);
  const Look look = look_of(box.style);
  put("  {} [label=<<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"4\" "
      "COLOR=\"{}\" BGCOLOR=\"#ffffff\"{}>",
      box.id, look.border, box.style == BoxStyle::hidden ? " STYLE=\"DASHED\"" : "");
  head(box, look);
  for (const GraphBar& bar : box.bars) {
    row(bar.self, "#cfe8cf", "", true);
    for (const GraphPort& port : bar.ports) row(port, "#eef7ee", "&#160;&#160;&#160;", false);
  }
  for (const GraphPort& port : box.ports) row(port, "#ffffff", "", false);
  put("</TABLE>>];\n");
}

// Names in rows of six.
void Writer::note(const GraphBox& box) {
  const Look look = look_of(BoxStyle::note);
  put("  {} [label=<<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"4\" "
      "COLOR=\"{}\" BGCOLOR=\"{}\"><TR><TD ALIGN=\"LEFT\" BALIGN=\"LEFT\"><FONT "
      "COLOR=\"{}\"><B>{}</B>",
      box.id, look.border, look.head, look.text, shown(box.title));
  for (std::size_t i = 0; i < box.lines.size(); ++i)
    put("{}<FONT POINT-SIZE=\"9\">{}</FONT>", i % 6 == 0 ? "<BR/>" : ", ", shown(box.lines[i]));
  put("</FONT></TD></TR></TABLE>>];\n");
}

void Writer::cell(const GraphBox& box) {
  const Look look = look_of(box.style);
  put("<TD BORDER=\"1\" COLOR=\"{}\" BGCOLOR=\"{}\" ALIGN=\"LEFT\" BALIGN=\"LEFT\">", look.border,
      look.head);
  put("<FONT COLOR=\"{}\"><B>{}</B></FONT>", look.text, xml_text(clipped(box.title, 30)));
  put("<FONT POINT-SIZE=\"8\" COLOR=\"#495057\">");
  if (!box.lines.empty()) put("<BR/>{}", xml_text(clipped(box.lines.front(), 34)));
  for (const GraphPort& port : box.ports)
    put("<BR/>{} {}", xml_text(clipped(port.name, 16)), xml_text(clipped(port.detail, 40)));
  if (!box.published.empty())
    put("<BR/><FONT COLOR=\"#7a4b00\">{}</FONT>", xml_text(clipped(box.published.front(), 40)));
  if (box.published.size() > 1)
    put("<FONT COLOR=\"#7a4b00\"> {}</FONT>", xml_text(clipped(box.published.back(), 16)));
  put("</FONT></TD>");
}

void Writer::grid(const GraphGrid& grid) {
  // A cell is about four times as wide as high: 0.4 makes the whole some 16:10.
  const auto columns = std::max<std::size_t>(
      1, static_cast<std::size_t>(
             std::lround(std::sqrt(0.4 * static_cast<double>(grid.boxes.size())))));
  put("  {} [label=<<TABLE BORDER=\"2\" CELLBORDER=\"0\" CELLSPACING=\"5\" CELLPADDING=\"4\" "
      "COLOR=\"#8fbf8f\" BGCOLOR=\"#f6fbf6\">"
      "<TR><TD COLSPAN=\"{}\" ALIGN=\"LEFT\"><FONT COLOR=\"#2b6a2b\"><B>{}</B></FONT></TD></TR>",
      grid.id, columns, shown(grid.title));
  for (std::size_t i = 0; i < grid.boxes.size(); ++i) {
    if (i % columns == 0) put("<TR>");
    cell(grid.boxes[i]);
    if ((i + 1) % columns == 0 || i + 1 == grid.boxes.size()) put("</TR>");
  }
  put("</TABLE>>];\n");
}

std::string Writer::end(const view::GraphEnd& end, char side) {
  if (end.port.empty()) return end.box;
  return fmt::format("{}:{}{}:{}", end.box, end.port, side == 'e' ? "_" : "", side);
}

void Writer::wire(const GraphWire& wire) {
  put("  {} -- {}", end(wire.from, 'e'), end(wire.to, 'w'));
  switch (wire.style) {
    case WireStyle::wire:
      break;
    case WireStyle::stack:
      put(" [style=dashed, color=\"#9c6ade\", fontcolor=\"#6f42c1\", label=\"{}\"]",
          dot_text(clipped(wire.label, kWidest)));
      break;
    case WireStyle::served:
      put(" [style=dotted, color=\"#b08900\", fontcolor=\"#7a5f00\", label=\"{}\"]",
          dot_text(clipped(wire.label, kWidest)));
      break;
    case WireStyle::bundle:
      put(" [penwidth=5, color=\"#8fbf8f\", fontcolor=\"#2b6a2b\", label=\"{}\"]",
          dot_text(clipped(wire.label, kWidest)));
      break;
  }
  put(";\n");
}

// Edges nobody sees hold the boxes of one rank in their order.
void Writer::column(const std::vector<std::string>& ids) {
  if (ids.size() < 2) return;
  put("  {{ rank=same; edge [style=invis]; {}; }}\n", fmt::join(ids, " -- "));
}

std::string Writer::write(const Graph& graph) {
  put("graph nsmap {{\n"
      "  graph [label=\"{}\", labelloc=t, labeljust=l, fontsize=15, rankdir=LR, ranksep=1.1, "
      "nodesep=0.18, outputorder=edgesfirst, bgcolor=white, pad=0.25, "
      "fontname=\"Helvetica,Arial,sans-serif\"];\n"
      "  node [shape=plain, fontsize=11, fontname=\"Helvetica,Arial,sans-serif\"];\n"
      "  edge [color=\"#5b6b7a\", penwidth=1.3, fontsize=9, "
      "fontname=\"Helvetica,Arial,sans-serif\"];\n",
      dot_text(clipped(graph.title, kWidest)));
  for (const GraphBox& each : graph.boxes) box(each);
  for (const GraphGrid& each : graph.grids) grid(each);
  for (const GraphWire& each : graph.wires) wire(each);
  column(graph.first);
  put("}}\n");
  return std::move(out_);
}

}  // namespace

std::string dot(const Graph& graph) { return Writer().write(graph); }

}  // namespace nsmap::render
