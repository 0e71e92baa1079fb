#include "analyze/islands.h"

#include <algorithm>
#include <optional>

namespace nsmap::analyze {

Islands::Islands(const model::Snapshot& snapshot) {
  for (const model::Namespace& ns : snapshot.namespaces) {
    places_.emplace(ns.id, parents_.size());
    parents_.push_back(parents_.size());
  }
  const auto join = [&](model::NetnsId a, const std::optional<model::LinkRef>& other) {
    const auto b = other ? places_.find(other->ns) : places_.end();
    if (b == places_.end()) return;
    const auto [first, last] = std::minmax({root(places_.at(a)), root(b->second)});
    parents_[last] = first;
  };
  for (const model::Namespace& ns : snapshot.namespaces)
    for (const model::Link& link : ns.links) {
      join(ns.id, link.peer);
      join(ns.id, link.parent);
    }
  // So that looking up takes one step, in which nothing changes.
  for (std::size_t at = 0; at < parents_.size(); ++at) parents_[at] = parents_[parents_[at]];
}

std::size_t Islands::root(std::size_t at) {
  while (parents_[at] != at) at = parents_[at] = parents_[parents_[at]];
  return at;
}

std::size_t Islands::of(model::NetnsId ns) const { return parents_[places_.at(ns)]; }

}  // namespace nsmap::analyze
