#include "view/forest.h"

#include <algorithm>
#include <queue>

namespace nsmap::view {
namespace {

// What a wire that ends at `end` hangs under there.
std::optional<IfIndex> anchor_of(const model::Index& index, model::LinkRef end, bool stacked) {
  const model::Link* link = index.find(end);
  if (link && link->master) return link->master;
  return stacked ? std::optional(end.index) : std::nullopt;
}

}  // namespace

Forest::Forest(const model::Index& index) {
  const auto& namespaces = index.snapshot().namespaces;
  for (const model::Namespace& ns : namespaces)
    for (const model::Link& link : ns.links) add_wire(index, ns, link);

  std::vector<const model::Namespace*> order;
  for (const model::Namespace& ns : namespaces) order.push_back(&ns);
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    if (a->host != b->host) return a->host;
    return edges_[a->id].size() > edges_[b->id].size();
  });
  for (const model::Namespace* ns : order)
    if (!places_.contains(ns->id)) grow(*ns);
}

void Forest::add_wire(const model::Index& index, const model::Namespace& ns,
                      const model::Link& link) {
  add_servers(index, ns, link);
  const auto& end = link.peer ? link.peer : link.parent;
  if (!end || end->ns == ns.id) return;
  const model::Namespace* other = index.find(end->ns);
  if (!other) return;
  const bool stacked = !link.peer;
  edges_[other->id].push_back({&ns, anchor_of(index, *end, stacked)});
  first_wire_.try_emplace({ns.id, other->id}, anchor_of(index, *end, stacked));
  edges_[ns.id].push_back({other, anchor_of(index, {ns.id, link.index}, false)});
}

// What a process elsewhere serves hangs where that process lives.
void Forest::add_servers(const model::Index& index, const model::Namespace& ns,
                         const model::Link& link) {
  for (const model::TunServer& server : link.served_by) {
    const model::Process* process = index.find(server.pid);
    const model::Namespace* other = process && process->net ? index.find(*process->net) : nullptr;
    if (!other || other == &ns) continue;
    edges_[other->id].push_back({&ns, {}});
    edges_[ns.id].push_back({other, {}});
  }
}

void Forest::grow(const model::Namespace& root) {
  roots_.push_back(&root);
  places_[root.id] = {};
  std::queue<const model::Namespace*> queue({&root});
  while (!queue.empty()) {
    const model::Namespace& from = *queue.front();
    queue.pop();
    for (const Edge& edge : edges_[from.id]) {
      if (places_.contains(edge.to->id)) continue;
      hang(edge, from);
      queue.push(edge.to);
    }
  }
}

void Forest::hang(const Edge& edge, const model::Namespace& from) {
  const Place& place = places_.at(from.id);
  if (place.depth == kDeepest) {
    places_[edge.to->id] = {place.parent, place.depth};
    children_[*place.parent].push_back({edge.to, {}});
    return;
  }
  const auto first = first_wire_.find({edge.to->id, from.id});
  const auto under = first == first_wire_.end() ? edge.anchor : first->second;
  places_[edge.to->id] = {from.id, place.depth + 1};
  children_[from.id].push_back({edge.to, under});
}

const std::vector<Hung>& Forest::children(model::NetnsId id) const {
  static const std::vector<Hung> kNone;
  const auto found = children_.find(id);
  return found == children_.end() ? kNone : found->second;
}

bool Forest::hangs_on(model::NetnsId child, model::NetnsId parent) const {
  const auto found = places_.find(child);
  return found != places_.end() && found->second.parent == parent;
}

}  // namespace nsmap::view
