#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyze/diff.h"

// What the parts of a comparison share: who is whose counterpart, and what both are called.

namespace nsmap::analyze {

// Two things that are the same one in the two snapshots.
template <typename T>
using Pair = std::pair<const T*, const T*>;

// Takes from two lists the pairs that have the same key, those of equal keys in their order, where
// `agree` accepts them. What is left stays, in its order.
template <typename T, typename KeyBefore, typename KeyAfter, typename Agree>
void pair_up(std::vector<const T*>& before, std::vector<const T*>& after, KeyBefore key_before,
             KeyAfter key_after, Agree agree, std::vector<Pair<T>>& pairs) {
  struct Queue {
    std::vector<std::size_t> places;
    std::size_t next = 0;
  };
  std::unordered_map<std::string, Queue> queues;
  for (std::size_t i = 0; i != after.size(); ++i) queues[key_after(*after[i])].places.push_back(i);
  std::vector<const T*> left;
  for (const T* one : before) {
    const auto found = queues.find(key_before(*one));
    const bool has_next = found != queues.end() && found->second.next < found->second.places.size();
    const T** other = has_next ? &after[found->second.places[found->second.next++]] : nullptr;
    if (!other || !agree(*one, **other)) {
      left.push_back(one);
      continue;
    }
    pairs.emplace_back(one, *other);
    *other = nullptr;
  }
  before = std::move(left);
  std::erase(after, nullptr);
}

template <typename T>
std::vector<const T*> pointers(const std::vector<T>& list) {
  std::vector<const T*> result;
  result.reserve(list.size());
  for (const T& element : list) result.push_back(&element);
  return result;
}

// Two namespaces that are compared.
struct NamespacePair {
  const model::Namespace* before = nullptr;
  const model::Namespace* after = nullptr;
  bool identical = false;   // not just of the same name: interface numbers mean the same
  bool same_names = false;  // the same interfaces under the same numbers, in the same order
  std::vector<Pair<model::Link>> links;
  std::vector<const model::Link*> links_gone, links_new;
};

// One of the two snapshots, with the names by which its things are compared. Those of what is in
// both are the later snapshot's, so that nothing differs for being called otherwise.
struct Side {
  DiffSide snapshot;
  std::unordered_map<model::NetnsId, std::string> titles;   // where not the snapshot's own
  std::unordered_map<model::LinkRef, std::string> renamed;  // where not the snapshot's own

  std::string title(model::NetnsId id) const;
  std::string link(model::LinkRef ref) const;
};

// A namespace in its snapshot.
struct Scene {
  const Side& side;
  const model::Namespace& ns;

  std::string link(IfIndex index) const { return side.link({ns.id, index}); }
  // "eth0 @web", without the namespace where it is this one.
  std::string place(model::LinkRef ref) const;
};

struct NamespaceMatch {
  std::vector<NamespacePair> pairs;
  std::vector<const model::Namespace*> gone, fresh;
};

bool same_boot(const DiffSide& before, const DiffSide& after);
NamespaceMatch match_namespaces(const DiffSide& before, const DiffSide& after);
// Fills in the links of a pair, and the names of those that are called otherwise.
void match_links(NamespacePair& pair, Side& before);

}  // namespace nsmap::analyze
