#pragma once

#include <string>
#include <utility>
#include <vector>

// YAML to be written: maps and lists that stand on one line where there is room and on lines of
// their own where there is not.

namespace nsmap::lab {

struct Outline {
  enum class Kind { plain, text, literal, list, map };

  Kind kind = Kind::map;
  bool spread = false;  // list, map: always on lines of its own
  std::string scalar;   // plain: as it is; text: quoted where needed; literal: a block of lines
  std::vector<std::pair<std::string, Outline>> children;  // of a list: without names

  static Outline plain(std::string text) { return {Kind::plain, false, std::move(text), {}}; }
  static Outline text(std::string text) { return {Kind::text, false, std::move(text), {}}; }
  static Outline literal(std::string text) { return {Kind::literal, false, std::move(text), {}}; }
  static Outline list(bool spread = false) { return {Kind::list, spread, {}, {}}; }
  static Outline map(bool spread = false) { return {Kind::map, spread, {}, {}}; }

  bool empty() const { return children.empty(); }
  void add(std::string name, Outline child) {
    children.emplace_back(std::move(name), std::move(child));
  }
  void add(Outline child) { children.emplace_back(std::string(), std::move(child)); }
};

// The text of a map, whose `$` are escaped (lab/expand.h).
std::string write(const Outline& map);

}  // namespace nsmap::lab
