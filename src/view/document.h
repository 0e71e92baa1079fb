#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

// What there is to show, before anybody knows on what: text in parts that say what they are, put
// together as trees, tables and sheets. Texts are as they came from outside; whoever renders them
// escapes them for where they go.

namespace nsmap::view {

// What a part of a text is, for renderers that can show it.
enum class Role {
  plain,
  title,    // a namespace's name
  heading,  // of a section or a column
  name,     // an interface
  address,  // addresses, prefixes, ports
  owner,    // a process, container, image
  muted,    // said for completeness
  good,
  warn,
  bad,
};

struct Span {
  std::string text;
  Role role = Role::plain;
  friend bool operator==(const Span&, const Span&) = default;
};

// A line's worth of spans; empty ones are not kept.
class Text {
 public:
  Text() = default;
  Text(std::string text, Role role = Role::plain) { add(std::move(text), role); }
  Text(const char* text, Role role = Role::plain) { add(text, role); }

  Text& add(std::string text, Role role = Role::plain);
  Text& add(const char* text, Role role = Role::plain) { return add(std::string(text), role); }
  Text& add(const Text& other);
  // Appends `separator` (muted) first, unless nothing came before.
  Text& join(const Text& other, const std::string& separator = " · ");

  bool empty() const { return spans_.empty(); }
  const std::vector<Span>& spans() const { return spans_; }
  std::string plain() const;  // without roles

  friend bool operator==(const Text&, const Text&) = default;

 private:
  std::vector<Span> spans_;
};

// A line made of items that a renderer may break between where the line is too narrow for all:
// "listens tcp *:22 sshd · tcp *:80 nginx …". With one item it is a plain line.
struct Line {
  Text lead;
  std::vector<Text> items;
  std::string separator = " · ";
  friend bool operator==(const Line&, const Line&) = default;
};

struct TreeNode {
  // The node's own line. Where it has several cells they stand in columns shared with the node's
  // siblings, and the line is cut, never broken, at the right margin.
  std::vector<Text> cells;
  std::vector<Line> details;  // lines hung under it, before its children
  std::vector<TreeNode> children;
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

struct Tree {
  std::vector<Line> head;
  std::vector<TreeNode> roots;
  std::vector<Line> foot;
  friend bool operator==(const Tree&, const Tree&) = default;
};

struct Column {
  std::string name;
  bool right = false;     // numbers
  bool flexible = false;  // cut before others where the table is too wide
  friend bool operator==(const Column&, const Column&) = default;
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Text>> rows;  // each as long as `columns`
  friend bool operator==(const Table&, const Table&) = default;
};

// A part of a sheet: lines, then a table; either may be empty.
struct Section {
  std::string title;
  std::vector<Line> lines;
  Table table;
  friend bool operator==(const Section&, const Section&) = default;
};

// All there is to say of one thing.
struct Sheet {
  Text title;
  std::vector<Section> sections;
  friend bool operator==(const Sheet&, const Sheet&) = default;
};

}  // namespace nsmap::view
