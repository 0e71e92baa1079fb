#include "analyze/flows.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "analyze/find.h"
#include "base/number.h"

// A connection has a tuple (addresses and ports, client first) wherever it is seen; NAT gives it
// another. So tuples are nodes, kept apart by islands of namespaces (loopback addresses, by
// namespace), and a tracked connection with NAT is an edge from the tuple that comes in to the one
// that goes out. Sockets belong to the node of their tuple. A flow is the way from a node without a
// predecessor to the last one.

namespace nsmap::analyze {
namespace {

using model::Connection;
using model::Namespace;
using model::Socket;
using model::Tuple;

constexpr std::uint8_t kIcmp = 1, kIcmp6 = 58;
constexpr std::uint32_t kSeenReply = 2;  // IPS_SEEN_REPLY

bool is_icmp(std::uint8_t protocol) { return protocol == kIcmp || protocol == kIcmp6; }

Tuple reverse(const Tuple& tuple) {
  return {tuple.destination, tuple.source, tuple.destination_port, tuple.source_port};
}

// The tuple with which the connection goes out of the namespace.
Tuple outgoing(const Connection& connection) {
  if (!is_icmp(connection.protocol)) return reverse(connection.reply);
  return {connection.reply.destination, connection.reply.source, connection.reply.source_port,
          connection.original.destination_port};
}

struct Place {
  const Namespace* ns = nullptr;
  const Socket* socket = nullptr;
};

struct Tracked {
  const Namespace* ns = nullptr;
  const Connection* connection = nullptr;
};

// A tuple, and all who know of it.
struct Node {
  std::uint8_t protocol = 0;
  Tuple tuple = {};
  std::vector<Place> clients;
  std::vector<Place> servers;
  std::vector<Tracked> tracked;  // who has it come in
  std::vector<std::pair<Node*, Tracked>> next;
  const Namespace* from = nullptr;  // whose NAT makes it of another; null: none
  bool is_told = false;
};

using Key =
    std::tuple<std::uint64_t, std::uint8_t, IpAddress, IpAddress, std::uint16_t, std::uint16_t>;

bool is_connected(const Socket& socket) {
  return socket.remote && socket.remote_port != 0 && socket.local;
}

class Flows {
 public:
  Flows(const model::Index& index, const Titles& titles)
      : index_(index), titles_(titles), ends_(index, titles) {}

  std::vector<Flow> find() {
    for (const Namespace& ns : index_.snapshot().namespaces)
      for (const Connection& connection : ns.conntrack) add(ns, connection);
    for (const Namespace& ns : index_.snapshot().namespaces)
      for (const Socket& socket : ns.sockets) add(ns, socket);
    std::vector<Flow> flows;
    for (const bool made : {false, true})  // all that are left lie on circles
      for (auto& [key, node] : nodes_)
        if ((node.from != nullptr) == made && !node.is_told) tell(node, flows);
    return flows;
  }

 private:
  Key key_of(const Namespace& ns, std::uint8_t protocol, const Tuple& tuple) const {
    const bool local = tuple.source.is_loopback() || tuple.destination.is_loopback();
    const std::uint64_t place = local ? ns.id.ino << 1 | 1 : ends_.islands().of(ns.id) << 1;
    return {place,
            protocol,
            tuple.destination,
            tuple.source,
            tuple.destination_port,
            tuple.source_port};
  }

  Node& node(const Namespace& ns, std::uint8_t protocol, const Tuple& tuple) {
    Node& found = nodes_[key_of(ns, protocol, tuple)];
    found.protocol = protocol;
    found.tuple = tuple;
    return found;
  }

  void add(const Namespace& ns, const Connection& connection) {
    const Tuple after = outgoing(connection);
    Node& in = node(ns, connection.protocol, connection.original);
    in.tracked.push_back({&ns, &connection});
    if (after == connection.original) return;
    Node& out = node(ns, connection.protocol, after);
    if (&out == &in) return;
    out.from = &ns;
    in.next.emplace_back(&out, Tracked{&ns, &connection});
  }

  void add(const Namespace& ns, const Socket& socket) {
    const auto protocol = protocol_number(socket);
    if (!protocol || !is_connected(socket)) return;
    const Tuple as_client{plain_address(*socket.local), plain_address(*socket.remote),
                          socket.local_port, socket.remote_port};
    const bool client = is_client(ns, *protocol, as_client);
    Node& found = node(ns, *protocol, client ? as_client : reverse(as_client));
    (client ? found.clients : found.servers).push_back({&ns, &socket});
  }

  // Which end a socket is: as a tuple that is known has it; the server where one listens.
  bool is_client(const Namespace& ns, std::uint8_t protocol, const Tuple& tuple) const {
    const bool forth = nodes_.contains(key_of(ns, protocol, tuple));
    const bool back = nodes_.contains(key_of(ns, protocol, reverse(tuple)));
    if (forth != back) return forth;
    return ends_.bound_to(ns, protocol, tuple.source, tuple.source_port) == nullptr;
  }

  Endpoint end(const Namespace& near, std::uint8_t protocol, const std::vector<Place>& sockets,
               const IpAddress& address, std::uint16_t port) const {
    if (!sockets.empty())
      return ends_.endpoint(address, port, sockets.front().ns, sockets.front().socket);
    const Namespace* const ns = ends_.owner(near, address);
    return ends_.endpoint(address, port, ns,
                          ns ? ends_.bound_to(*ns, protocol, address, port) : nullptr);
  }

  void tell(Node& first, std::vector<Flow>& flows) {
    Flow flow;
    flow.protocol = protocol_name(first.protocol);
    const Node* last = &first;
    for (Node* node = &first; node && !node->is_told; last = node, node = step(*node, flow))
      pass(*node, flow);
    const Namespace& near = *some_place(first);
    const Tuple& told = first.tuple;
    const bool icmp = is_icmp(first.protocol);
    flow.client = end(near, first.protocol, first.clients, told.source, told.source_port);
    flow.server = end(*some_place(*last), last->protocol, last->servers, last->tuple.destination,
                      icmp ? 0 : last->tuple.destination_port);
    flow.to = told.destination;
    flow.to_port = icmp ? 0 : told.destination_port;
    flow.state = state(first, *last);
    flows.push_back(std::move(flow));
  }

  // What those say who have the tuple come in.
  void pass(Node& node, Flow& flow) const {
    node.is_told = true;
    const std::int64_t now = index_.snapshot().host.time_ns;
    for (const auto& [ns, connection] : node.tracked) {
      flow.tracked.push_back(ns->id);
      if (!flow.sent) flow.sent = connection->sent;
      if (!flow.received) flow.received = connection->received;
      if (connection->started_ns && !flow.age_s)
        flow.age_s = std::max<std::int64_t>(0, (now - *connection->started_ns) / 1'000'000'000);
    }
  }

  // To what NAT makes of it.
  Node* step(const Node& node, Flow& flow) const {
    if (node.next.empty()) return nullptr;
    const auto& [next, where] = node.next.front();
    if (next->is_told) return nullptr;
    flow.nat.push_back({where.ns->id, titles_.of(where.ns->id), node.tuple, next->tuple});
    return next;
  }

  static const Namespace* some_place(const Node& node) {
    if (!node.clients.empty()) return node.clients.front().ns;
    if (!node.servers.empty()) return node.servers.front().ns;
    if (!node.tracked.empty()) return node.tracked.front().ns;
    return node.from;
  }

  static std::string state(const Node& first, const Node& last) {
    if (!first.clients.empty()) return first.clients.front().socket->state;
    if (!last.servers.empty()) return last.servers.front().socket->state;
    if (first.tracked.empty()) return "";
    const Connection& connection = *first.tracked.front().connection;
    if (!connection.state.empty()) return connection.state;
    return (connection.status & kSeenReply) != 0 ? "replied" : "unreplied";
  }

  const model::Index& index_;
  const Titles& titles_;
  Ends ends_;
  std::map<Key, Node> nodes_;
};

bool is_in(const Prefix& prefix, const Flow& flow) {
  const auto in_tuple = [&](const Tuple& tuple) {
    return prefix.contains(tuple.source) || prefix.contains(tuple.destination);
  };
  return prefix.contains(flow.client.address) || prefix.contains(flow.server.address) ||
         prefix.contains(flow.to) || std::ranges::any_of(flow.nat, [&](const FlowNat& nat) {
           return in_tuple(nat.before) || in_tuple(nat.after);
         });
}

bool has_port(std::uint16_t port, const Flow& flow) {
  const auto in_tuple = [&](const Tuple& tuple) {
    return tuple.source_port == port || tuple.destination_port == port;
  };
  return flow.client.port == port || flow.server.port == port || flow.to_port == port ||
         std::ranges::any_of(flow.nat, [&](const FlowNat& nat) {
           return in_tuple(nat.before) || in_tuple(nat.after);
         });
}

std::optional<Prefix> prefix_of(std::string_view thing) {
  if (const auto prefix = Prefix::parse(thing)) return prefix;
  const auto address = IpAddress::parse(thing);
  if (!address) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(address->bits())};
}

using Test = std::function<bool(const Flow&)>;

bool is_named(const Flow& flow, std::string_view name, const NamespaceSet& places) {
  const auto is = [&](const Endpoint& end) {
    return end.command == name || end.container == name || (end.ns && places.contains(*end.ns));
  };
  return flow.protocol == name || is(flow.client) || is(flow.server) ||
         std::ranges::any_of(flow.nat, [&](const FlowNat& nat) { return places.contains(nat.ns); });
}

Test test_of(const model::Index& index, const Titles& titles, std::string_view thing,
             std::optional<model::NetnsId> own) {
  if (const auto prefix = prefix_of(thing))
    return [=](const Flow& flow) { return is_in(*prefix, flow); };
  if (thing.starts_with(':')) {
    const auto port = parse_number<std::uint16_t>(thing.substr(1));
    return [=](const Flow& flow) { return port && has_port(*port, flow); };
  }
  if (thing.starts_with("pid:")) {
    const auto pid = parse_number<std::int32_t>(thing.substr(4));
    return [=](const Flow& flow) {
      return pid && (flow.client.pid == Pid(*pid) || flow.server.pid == Pid(*pid));
    };
  }
  NamespaceSet places;
  for (const Namespace* const ns : find_namespaces(index, titles, thing, own))
    places.insert(ns->id);
  return [=](const Flow& flow) { return is_named(flow, thing, places); };
}

}  // namespace

std::vector<Flow> find_flows(const model::Index& index, const Titles& titles) {
  return Flows(index, titles).find();
}

std::vector<Flow> flows_of(std::vector<Flow> flows, const model::Index& index, const Titles& titles,
                           std::string_view thing, std::optional<model::NetnsId> own) {
  const auto wanted = test_of(index, titles, thing, own);
  std::erase_if(flows, [&](const Flow& flow) { return !wanted(flow); });
  return flows;
}

}  // namespace nsmap::analyze
