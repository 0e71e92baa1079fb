#pragma once

#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/snapshot.h"
#include "walk/flow.h"

// The routing tables of one family in one namespace, and the look-up in one of them.

namespace nsmap::walk {

// Where a route leads: by one of its hops; none: nowhere (blackhole and its kind).
struct RouteChoice {
  const model::Route* route = nullptr;
  const model::RouteHop* hop = nullptr;
  friend bool operator==(const RouteChoice&, const RouteChoice&) = default;
};

// How a table is asked, beside the packet.
struct FibOptions {
  std::optional<IfIndex> device = {};  // by which it is to leave …
  bool only_device = true;             // … or had better (IPv6)
  bool ignore_link_state = false;      // of devices without a carrier
  int scope = 0;                       // IPv4: routes of a wider one do not count
};

// Borrows the namespace.
class Fib {
 public:
  Fib(const model::Namespace& ns, model::Family family);

  // The hops that the kernel chooses from: several where it does so by a hash of the packet or by
  // what it knows of the routers. Empty: the table has no route for it, or a throw route.
  // net/ipv4/fib_trie.c fib_table_lookup, net/ipv6/route.c fib6_table_lookup.
  std::vector<RouteChoice> find(TableId table, const Flow& flow, const FibOptions& options) const;
  // The same, with the tables local and main as one, which is how IPv4 keeps them until somebody
  // changes a policy rule (net/ipv4/fib_trie.c fib_trie_unmerge).
  std::vector<RouteChoice> find_merged(const Flow& flow, const FibOptions& options) const;

 private:
  // The routes to one destination, in the order the kernel tries them.
  using Leaf = std::vector<const model::Route*>;
  // By length of the prefix, longest first.
  using Table = std::map<int, std::unordered_map<IpAddress, Leaf>, std::greater<>>;

  void add(const model::Route& route, Table& table) const;
  std::vector<RouteChoice> find(const Table& table, const Flow& flow,
                                const FibOptions& options) const;
  std::vector<RouteChoice> find_v4(const Leaf& leaf, const Flow& flow,
                                   const FibOptions& options) const;
  std::vector<RouteChoice> find_v6(const Table& table, const Flow& flow, const FibOptions& options,
                                   bool reachable) const;
  std::vector<RouteChoice> find_v6(const Leaf& node, const FibOptions& options,
                                   bool reachable) const;
  int score(const RouteChoice& choice, const FibOptions& options, bool reachable) const;
  bool is_usable(const model::RouteHop& hop, const FibOptions& options) const;

  model::Family family_;
  bool forwards_ = false;  // a router does not ask whether routers answer
  std::unordered_map<IfIndex, const model::Link*> links_;
  std::set<std::pair<IfIndex, IpAddress>> failed_;  // routers that did not answer
  std::unordered_map<TableId, Table> tables_;
  Table merged_;
};

// RT_SCOPE_* by its name: 0 global, 253 link, 254 host.
int scope_number(std::string_view name);

}  // namespace nsmap::walk
