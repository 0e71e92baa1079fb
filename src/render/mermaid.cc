#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "render/clip.h"
#include "render/picture.h"

// Mermaid's flowchart (https://mermaid.js.org/syntax/flowchart.html): a namespace is a subgraph, an
// interface a node in it.

namespace nsmap::render {
namespace {

using view::BoxStyle;
using view::GraphBar;
using view::GraphBox;
using view::GraphPort;
using view::GraphWire;
using view::WireStyle;

constexpr std::size_t kWidest = 52;

// For a quoted string: Mermaid's entities are written #name; (or #number;), and what looks like
// HTML or Markdown in a string is rendered as such.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : terminal_text(clipped(text, kWidest))) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || c == ' ' ||
                       (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("./:-+,@()=").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "#{};", static_cast<int>(c));
  }
  return out;
}

const char* class_of(BoxStyle style) {
  switch (style) {
    case BoxStyle::host:
      return "host";
    case BoxStyle::container:
      return "container";
    case BoxStyle::plain:
      return "plain";
    case BoxStyle::hidden:
      return "hidden";
    case BoxStyle::note:
      return "note";
  }
  return {};
}

const char* line_of(WireStyle style) {
  switch (style) {
    case WireStyle::wire:
      return "---";
    case WireStyle::stack:
      return "-.-";
    case WireStyle::served:
      return "-.-";
    case WireStyle::bundle:
      return "===";
  }
  return {};
}

class Writer {
 public:
  std::string write(const view::Graph& graph);

 private:
  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void box(const GraphBox& box, const char* indent);
  void port(const GraphBox& box, const GraphPort& port, const char* shape, const char* indent);
  void lines(const GraphBox& box);
  void wire(const GraphWire& wire);
  static std::string end(const view::GraphEnd& end) {
    return end.port.empty() ? end.box : end.box + "_" + end.port;
  }

  std::string out_;
};

void Writer::port(const GraphBox& box, const GraphPort& port, const char* shape,
                  const char* indent) {
  const bool bar = shape[0] == '[';
  put("{}  {}_{}{}\"{}", indent, box.id, port.id, bar ? "[[" : "(", shown(port.name));
  if (!port.detail.empty()) put("<br/>{}", shown(port.detail));
  if (port.state == view::PortState::down) put("<br/>down");
  put("\"{}\n", bar ? "]]" : ")");
}

void Writer::lines(const GraphBox& box) {
  for (const auto* const each : {&box.lines, &box.published})
    for (const std::string& line : *each) put("<br/>{}", shown(line));
}

void Writer::box(const GraphBox& box, const char* indent) {
  if (box.ports.empty() && box.bars.empty()) {
    put("{}{}[\"{}", indent, box.id, shown(box.title));
    lines(box);
    put("\"]\n");
  } else {
    put("{}subgraph {}[\"{}", indent, box.id, shown(box.title));
    lines(box);
    put("\"]\n");
    for (const GraphBar& bar : box.bars) {
      port(box, bar.self, "[", indent);
      for (const GraphPort& each : bar.ports) {
        port(box, each, "(", indent);
        put("{}  {}_{} --- {}_{}\n", indent, box.id, bar.self.id, box.id, each.id);
      }
    }
    for (const GraphPort& each : box.ports) port(box, each, "(", indent);
    put("{}end\n", indent);
  }
  put("{}class {} {}\n", indent, box.id, class_of(box.style));
}

void Writer::wire(const GraphWire& wire) {
  put("  {} {}", end(wire.from), line_of(wire.style));
  if (!wire.label.empty()) put("|\"{}\"|", shown(wire.label));
  put(" {}\n", end(wire.to));
}

std::string Writer::write(const view::Graph& graph) {
  put("flowchart LR\n"
      "  classDef host fill:#d6e4f0,stroke:#1b3a57\n"
      "  classDef container fill:#e8f4fb,stroke:#5b9bc4\n"
      "  classDef plain fill:#f1f3f5,stroke:#868e96\n"
      "  classDef hidden fill:#fff3e0,stroke:#e07b39,stroke-dasharray:5 5\n"
      "  classDef note fill:#fffbe6,stroke:#d9cf9a\n");
  for (const GraphBox& each : graph.boxes) box(each, "  ");
  for (const view::GraphGrid& grid : graph.grids) {
    put("  subgraph {}[\"{}\"]\n", grid.id, shown(grid.title));
    for (const GraphBox& each : grid.boxes) box(each, "    ");
    put("  end\n");
  }
  for (const GraphWire& each : graph.wires) wire(each);
  return std::move(out_);
}

}  // namespace

std::string mermaid(const view::Graph& graph) { return Writer().write(graph); }

}  // namespace nsmap::render
