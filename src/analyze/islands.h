#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "model/snapshot.h"

namespace nsmap::analyze {

// Namespaces that wires join, directly or through others: only within one can a packet get from one
// namespace to another, and only within one does an address (nearly) mean the same.
class Islands {
 public:
  explicit Islands(const model::Snapshot& snapshot);
  // A number of its island's.
  std::size_t of(model::NetnsId ns) const;

 private:
  std::size_t root(std::size_t at);

  std::unordered_map<model::NetnsId, std::size_t> places_;
  std::vector<std::size_t> parents_;
};

}  // namespace nsmap::analyze
