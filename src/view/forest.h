#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "model/index.h"

namespace nsmap::view {

// A namespace where it hangs.
struct Hung {
  const model::Namespace* ns = nullptr;
  // The interface of the parent namespace that it hangs under: the bridge its wire's other end is a
  // port of, or the interface its own stands on. Absent: straight on a wire to the parent.
  std::optional<IfIndex> under;
};

// How the namespaces of a snapshot hang together: a spanning forest over the wires (and the
// processes that serve a tap from elsewhere), breadth first
// from the host, then from the best connected of those that are not reached.
class Forest {
 public:
  explicit Forest(const model::Index& index);

  // Namespaces nothing leads to: the host first.
  const std::vector<const model::Namespace*>& roots() const { return roots_; }
  // In the order of the interfaces that lead to them.
  const std::vector<Hung>& children(model::NetnsId id) const;
  // Whether `child` hangs on `parent`.
  bool hangs_on(model::NetnsId child, model::NetnsId parent) const;

  // A chain of more namespaces than this goes on beside its end, not below it.
  static constexpr int kDeepest = 6;

 private:
  struct Edge {
    const model::Namespace* to = nullptr;
    std::optional<IfIndex> anchor;  // what `to` would hang under
  };
  struct Place {
    std::optional<model::NetnsId> parent;
    int depth = 0;
  };

  void add_wire(const model::Index& index, const model::Namespace& ns, const model::Link& link);
  void add_servers(const model::Index& index, const model::Namespace& ns, const model::Link& link);
  void grow(const model::Namespace& root);
  void hang(const Edge& edge, const model::Namespace& from);

  std::vector<const model::Namespace*> roots_;
  std::unordered_map<model::NetnsId, std::vector<Hung>> children_;
  std::unordered_map<model::NetnsId, Place> places_;
  std::unordered_map<model::NetnsId, std::vector<Edge>> edges_;
  // By (child, parent): what the child's first wire to the parent hangs under.
  struct PairHash {
    std::size_t operator()(const std::pair<model::NetnsId, model::NetnsId>& pair) const {
      const std::hash<model::NetnsId> hash;
      return hash(pair.first) * 1000003u + hash(pair.second);
    }
  };
  std::unordered_map<std::pair<model::NetnsId, model::NetnsId>, std::optional<IfIndex>, PairHash>
      first_wire_;
};

}  // namespace nsmap::view
