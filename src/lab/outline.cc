#include "lab/outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "lab/expand.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kWidth = 100;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == 0x7f;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/'; }

// Whether some reader of YAML takes the text for a number, a switch or nothing.
bool is_other_type(std::string_view text) {
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes", "no",
                                         "on",   "off",  "y",     "n"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords)) return true;
  // A number of any spelling, 0x10, 1e3, 1_000 and 12:30:45 among them.
  return std::isdigit(static_cast<unsigned char>(text.front())) &&
         std::all_of(lower.begin(), lower.end(),
                     [](char c) {
                       return std::isxdigit(static_cast<unsigned char>(c)) ||
                              std::string_view("xo_.:+-").find(c) != std::string_view::npos;
                     }) &&
         text.find('.') == text.rfind('.');
}

// Plain scalars of letters, digits and a few marks mean themselves everywhere (YAML 1.2, 7.3.3).
bool is_plain(std::string_view text) {
  const auto fits = [](char c) {
    return is_word(c) || std::string_view("._:+-@$%").find(c) != std::string_view::npos;
  };
  const bool is_option =
      text.size() > 1 && text[0] == '-' && std::isalpha(static_cast<unsigned char>(text[1]));
  return !text.empty() && (is_word(text.front()) || is_option) && text.back() != ':' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (is_control(c))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string scalar_text(const Outline& node) {
  const std::string escaped = unexpanded(node.scalar);
  const bool is_safe =
      is_plain(escaped) && (node.kind == Outline::Kind::plain || !is_other_type(escaped));
  return is_safe ? escaped : quoted(escaped);
}

std::string key_text(const std::string& name) { return scalar_text(Outline::text(name)); }

// Whether the text can be a block of lines as it is: `|` keeps one line break at the end, and its
// first line tells how far it is indented.
bool fits_block(std::string_view text) {
  if (text.size() < 2 || text.front() == ' ' || text.front() == '\t' || text.front() == '\n')
    return false;
  if (!text.ends_with('\n') || text.ends_with("\n\n")) return false;
  return text.find(" \n") == std::string_view::npos &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c != '\n' && c != '\t' && is_control(c); });
}

// The node on one line; nothing: it is to have lines of its own.
std::optional<std::string> on_one_line(const Outline& node) {
  switch (node.kind) {
    case Outline::Kind::literal:
      if (fits_block(node.scalar)) return std::nullopt;
      return scalar_text(node);
    case Outline::Kind::plain:
    case Outline::Kind::text:
      return scalar_text(node);
    case Outline::Kind::list:
    case Outline::Kind::map:
      break;
  }
  if (node.spread && !node.empty()) return std::nullopt;
  const bool is_map = node.kind == Outline::Kind::map;
  std::string line(1, is_map ? '{' : '[');
  for (const auto& [name, child] : node.children) {
    const auto text = on_one_line(child);
    if (!text) return std::nullopt;
    if (line.size() > 1) line += ", ";
    if (is_map) line += key_text(name) + ": ";
    line += *text;
  }
  return line + (is_map ? '}' : ']');
}

void write_lines(const Outline& node, std::size_t indent, std::string& out);

// What stands behind "name:" or "-", up to the end of its last line.
void write_child(const Outline& node, std::size_t indent, std::size_t used, std::string& out) {
  const auto line = on_one_line(node);
  const bool is_scalar = node.kind != Outline::Kind::list && node.kind != Outline::Kind::map;
  if (line && (is_scalar || node.empty() || used + 1 + line->size() <= kWidth)) {
    out += ' ' + *line + '\n';
    return;
  }
  out += is_scalar ? " |\n" : "\n";
  write_lines(node, indent + 2, out);
}

void write_block(const Outline& node, std::size_t indent, std::string& out) {
  std::string_view rest = node.scalar;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string line = unexpanded(rest.substr(0, end));
    out += line.empty() ? "\n" : std::string(indent, ' ') + line + '\n';
    rest.remove_prefix(end + 1);
  }
}

void write_lines(const Outline& node, std::size_t indent, std::string& out) {
  if (node.kind == Outline::Kind::literal) return write_block(node, indent, out);
  for (const auto& [name, child] : node.children) {
    const std::size_t begin = out.size();
    out.append(indent, ' ');
    out += node.kind == Outline::Kind::map ? key_text(name) + ':' : "-";
    write_child(child, indent, out.size() - begin, out);
  }
}

}  // namespace

std::string write(const Outline& map) {
  std::string out;
  write_lines(map, 0, out);
  return out;
}

}  // namespace nsmap::lab
