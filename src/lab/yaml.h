#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

// YAML as a tree that knows where everything stands. Names and values are text: what a number or a
// switch is, is for who reads it.

namespace nsmap::lab::yaml {

struct Node {
  enum class Kind { null, scalar, sequence, map };

  Mark where;
  Kind kind = Kind::null;
  std::string text;                                      // scalar
  std::vector<const Node*> items;                        // sequence
  std::vector<std::pair<const Node*, const Node*>> map;  // in the file's order, no key twice
  std::size_t size = 1;                                  // nodes, those behind aliases included
};

// The nodes and their root. Aliases share what they stand for; merge keys (<<) are merged.
struct Document {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

constexpr std::size_t kMaxBytes = 16u << 20;
constexpr std::size_t kMaxNodes = 8'000'000;  // aliases followed

// "lab.yaml:12:7: what", as usage_error(); "lab.yaml: what" where the mark is of no line.
tl::unexpected<Error> error_at(const std::string& file, Mark where, std::string_view what);

Result<Document> read(std::string_view text, const std::string& file);

}  // namespace nsmap::lab::yaml
