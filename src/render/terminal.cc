#include "render/terminal.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "render/clip.h"

namespace nsmap::render {
namespace {

using view::Line;
using view::Role;
using view::Span;
using view::Text;
using view::TreeNode;

constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

// The parameters of SGR, ECMA-48 8.3.117; by Role.
std::string_view sgr(Role role) {
  switch (role) {
    case Role::plain:
      return {};
    case Role::title:
      return "1";
    case Role::heading:
      return "1;4";
    case Role::name:
      return "36";
    case Role::address:
      return "32";
    case Role::owner:
      return "33";
    case Role::muted:
      return "2";
    case Role::good:
      return "32";
    case Role::warn:
      return "33;1";
    case Role::bad:
      return "31;1";
  }
  return {};
}

// Text as it will stand on the terminal: escaped, and its width known.
struct Shown {
  std::vector<Span> spans;
  std::size_t width = 0;

  Shown() = default;
  explicit Shown(const Text& text) {
    for (const Span& span : text.spans()) {
      spans.push_back({terminal_text(span.text), span.role});
      width += display_width(spans.back().text);
    }
  }
};

// Lines under construction.
class Page {
 public:
  explicit Page(const TerminalOptions& options)
      : limit_(options.width == 0 ? kNoLimit : std::max<std::size_t>(options.width, 20)),
        color_(options.color) {}

  std::size_t limit() const { return limit_; }
  std::size_t column() const { return column_; }
  void put(const Shown& shown, std::size_t end);
  void put(const Shown& shown) { put(shown, limit_); }
  void put(std::string_view text, Role role = Role::plain) {
    put(Shown(Text(std::string(text), role)));
  }
  void pad_to(std::size_t column);
  void end_line();
  std::string take() { return std::move(out_); }

 private:
  void put_span(std::string_view text, Role role);

  std::string out_;
  std::size_t column_ = 0;
  std::size_t pending_ = 0;  // blanks not written yet: none ends a line
  const std::size_t limit_;
  const bool color_;
};

void Page::put_span(std::string_view text, Role role) {
  if (text.empty()) return;
  out_.append(pending_, ' ');
  pending_ = 0;
  const std::string_view code = color_ ? sgr(role) : std::string_view();
  if (!code.empty()) out_.append("\x1b[").append(code).append("m");
  out_ += text;
  if (!code.empty()) out_ += "\x1b[0m";
}

// Up to the column `end`, an ellipsis in its last column where there was more.
void Page::put(const Shown& shown, std::size_t end) {
  const std::size_t room = end > column_ ? end - column_ : 0;
  if (shown.width <= room) {
    for (const Span& span : shown.spans) put_span(span.text, span.role);
    column_ += shown.width;
    return;
  }
  if (room == 0) return;
  std::size_t left = room - 1;
  for (const Span& span : shown.spans) {
    const std::string_view part = fitting(span.text, left);
    put_span(part, span.role);
    left -= display_width(part);
    if (part.size() < span.text.size()) break;
  }
  put_span("…", Role::muted);
  column_ += room - left;
}

void Page::pad_to(std::size_t column) {
  if (column <= column_) return;
  pending_ += column - column_;
  column_ = column;
}

void Page::end_line() {
  out_ += '\n';
  column_ = 0;
  pending_ = 0;
}

using Widths = std::vector<std::size_t>;

constexpr std::size_t kNarrowest = 4;

// Narrows the widest columns, none below its `least`, until all of them, with two blanks between,
// fit into `room` or nothing more can be taken.
void shrink(Widths& widths, const Widths& least, std::size_t room) {
  std::size_t total = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
  if (!widths.empty()) total += 2 * (widths.size() - 1);
  while (total > room) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest]))
        widest = i;
    if (widest == widths.size()) return;
    --widths[widest];
    --total;
  }
}

class TreePrinter {
 public:
  explicit TreePrinter(const TerminalOptions& options) : page_(options) {}

  std::string print(const view::Tree& tree);
  void lines(const std::vector<Line>& lines, const std::string& prefix);
  Page& page() { return page_; }

 private:
  void nodes(const std::vector<TreeNode>& nodes, const std::string& prefix, bool roots);
  void cells(const std::vector<Text>& cells, const Widths& widths);
  Widths widths_of(const std::vector<TreeNode>& nodes, std::size_t indent) const;
  void items(const Line& line, const std::string& prefix);
  void wrap(const Shown& item, const std::string& prefix);
  void new_line(const std::string& prefix, std::size_t column);

  Page page_;
};

constexpr std::size_t kWidestLead = 16;

// Leads stand in a column of their own; items flow beside it.
void TreePrinter::lines(const std::vector<Line>& lines, const std::string& prefix) {
  std::size_t lead_width = 0;
  for (const Line& line : lines) {
    const std::size_t width = Shown(line.lead).width;
    if (width <= kWidestLead) lead_width = std::max(lead_width, width);
  }
  const std::size_t indent = display_width(prefix);
  for (const Line& line : lines) {
    page_.put(prefix, Role::muted);
    page_.pad_to(indent);
    page_.put(Shown(line.lead));
    if (lead_width != 0) page_.pad_to(std::max(page_.column(), indent + lead_width) + 2);
    items(line, prefix);
    page_.end_line();
  }
}

void TreePrinter::new_line(const std::string& prefix, std::size_t column) {
  page_.end_line();
  page_.put(prefix, Role::muted);
  page_.pad_to(column);
}

void TreePrinter::items(const Line& line, const std::string& prefix) {
  const std::size_t start = page_.column();
  const Shown separator(Text(line.separator, Role::muted));
  for (std::size_t i = 0; i < line.items.size(); ++i) {
    const Shown item(line.items[i]);
    if (i != 0) {
      if (page_.column() + separator.width + item.width > page_.limit())
        new_line(prefix, start);
      else
        page_.put(separator);
    }
    if (page_.column() + item.width > page_.limit())
      wrap(item, prefix);
    else
      page_.put(item);
  }
}

constexpr int kMostWraps = 4;  // lines of one item; what is left after them is cut

// Takes the blanks that `text` begins with and the word after them.
std::string_view take_word(std::string_view& text) {
  const std::size_t start = std::min(text.find_first_not_of(' '), text.size());
  const std::string_view word = text.substr(0, text.find(' ', start));
  text.remove_prefix(word.size());
  return word;
}

// An item too long for a line, broken at its blanks.
void TreePrinter::wrap(const Shown& item, const std::string& prefix) {
  const std::size_t start = page_.column();
  int wraps = 0;
  for (const Span& span : item.spans) {
    for (std::string_view rest = span.text; !rest.empty();) {
      std::string_view word = take_word(rest);
      if (page_.column() > start && page_.column() + display_width(word) > page_.limit()) {
        if (++wraps == kMostWraps) return page_.put("…", Role::muted);
        new_line(prefix, start);
        word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
      }
      page_.put(word, span.role);
    }
  }
}

Widths TreePrinter::widths_of(const std::vector<TreeNode>& nodes, std::size_t indent) const {
  Widths widths;
  for (const TreeNode& node : nodes) {
    if (node.cells.size() < 2) continue;
    widths.resize(std::max(widths.size(), node.cells.size()));
    for (std::size_t i = 0; i < node.cells.size(); ++i)
      widths[i] = std::max(widths[i], Shown(node.cells[i]).width);
  }
  if (page_.limit() != kNoLimit) {
    const std::size_t room = page_.limit() - std::min(page_.limit(), indent);
    shrink(widths, Widths(widths.size(), kNarrowest), room);
  }
  return widths;
}

void TreePrinter::cells(const std::vector<Text>& cells, const Widths& widths) {
  if (cells.size() == 1) return page_.put(Shown(cells.front()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t start = page_.column();
    page_.put(Shown(cells[i]), std::min(page_.limit(), start + widths[i]));
    if (widths[i] != 0) page_.pad_to(start + widths[i] + 2);
  }
}

void TreePrinter::nodes(const std::vector<TreeNode>& nodes, const std::string& prefix, bool roots) {
  const Widths widths = widths_of(nodes, display_width(prefix) + (roots ? 0 : 3));
  for (const TreeNode& node : nodes) {
    const bool last = &node == &nodes.back();
    page_.put(prefix, Role::muted);
    page_.pad_to(display_width(prefix));
    if (!roots) page_.put(last ? "└─ " : "├─ ", Role::muted);
    cells(node.cells, widths);
    page_.end_line();
    const std::string below = roots ? prefix : prefix + (last ? "   " : "│  ");
    lines(node.details, below + (node.children.empty() ? "  " : "│ "));
    this->nodes(node.children, below, false);
  }
}

std::string TreePrinter::print(const view::Tree& tree) {
  lines(tree.head, "");
  nodes(tree.roots, "", true);
  if (!tree.foot.empty()) page_.end_line();
  lines(tree.foot, "");
  return page_.take();
}

Widths table_widths(const view::Table& table, std::size_t limit) {
  Widths widths;
  Widths least;
  for (const view::Column& column : table.columns) {
    widths.push_back(display_width(column.name));
    least.push_back(column.flexible ? widths.back() : kNoLimit);
  }
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], Shown(row[i]).width);
  if (limit == kNoLimit) return widths;
  shrink(widths, least, limit);
  shrink(widths, Widths(widths.size(), kNarrowest), limit);
  return widths;
}

void put_cell(Page& page, const Text& text, std::size_t width, bool right) {
  const Shown shown(text);
  const std::size_t start = page.column();
  if (right && shown.width < width) page.pad_to(start + width - shown.width);
  page.put(shown, std::min(page.limit(), start + width));
  page.pad_to(start + width + 2);
}

void put_table(Page& page, const view::Table& table, std::size_t indent) {
  const std::size_t limit = page.limit() == kNoLimit ? kNoLimit : page.limit() - indent;
  const Widths widths = table_widths(table, limit);
  page.pad_to(indent);
  for (std::size_t i = 0; i < widths.size(); ++i)
    put_cell(page, {table.columns[i].name, Role::heading}, widths[i], table.columns[i].right);
  page.end_line();
  for (const auto& row : table.rows) {
    page.pad_to(indent);
    for (std::size_t i = 0; i < row.size(); ++i)
      put_cell(page, row[i], widths[i], table.columns[i].right);
    page.end_line();
  }
}

}  // namespace

std::string terminal(const view::Tree& tree, const TerminalOptions& options) {
  return TreePrinter(options).print(tree);
}

std::string terminal(const view::Table& table, const TerminalOptions& options) {
  Page page(options);
  put_table(page, table, 0);
  return page.take();
}

std::string terminal(const view::Sheet& sheet, const TerminalOptions& options) {
  TreePrinter printer(options);
  Page& page = printer.page();
  page.put(Shown(sheet.title));
  page.end_line();
  for (const view::Section& section : sheet.sections) {
    page.end_line();
    page.put(section.title, Role::heading);
    page.end_line();
    printer.lines(section.lines, "  ");
    if (!section.table.columns.empty()) put_table(page, section.table, 2);
  }
  return page.take();
}

}  // namespace nsmap::render
