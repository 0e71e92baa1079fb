#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/ends.h"
#include "analyze/names.h"
#include "model/index.h"

namespace nsmap::analyze {

// Where addresses or ports of a connection are replaced.
struct FlowNat {
  model::NetnsId ns;
  std::string title;
  model::Tuple before = {};  // as it comes into the namespace, from the client
  model::Tuple after = {};   // as it leaves
  friend bool operator==(const FlowNat&, const FlowNat&) = default;
};
BOOST_DESCRIBE_STRUCT(FlowNat, (), (ns, title, before, after))

// A connection from its client to its server, over all namespaces that know of it.
struct Flow {
  std::string protocol;  // tcp, udp, icmp …, or a number
  // Each with the address that it has itself; the port of ICMP is the id of the client's, 0 of the
  // server's.
  Endpoint client;
  Endpoint server;
  IpAddress to = {};  // where the client believes it goes: the server's unless that is translated
  std::uint16_t to_port = 0;
  std::vector<FlowNat> nat;             // in the order from client to server
  std::vector<model::NetnsId> tracked;  // the namespaces whose conntrack knows it
  std::string state;  // the client's socket's, failing that the server's, or conntrack's;
                      // "unreplied", "replied" of protocols without
  std::optional<model::Traffic> sent;      // by the client; absent: nobody counts
  std::optional<model::Traffic> received;  // by the client
  std::optional<std::int64_t> age_s;       // absent: nobody noted when it began
  friend bool operator==(const Flow&, const Flow&) = default;
};
BOOST_DESCRIBE_STRUCT(Flow, (),
                      (protocol, client, server, to, to_port, nat, tracked, state, sent, received,
                       age_s))

// All connections of the snapshot: tracked connections and connected sockets, those that are one
// joined. Two connections are one where they have the same addresses and ports in namespaces that
// wires join, or where one is what NAT makes of the other. By server, then client.
std::vector<Flow> find_flows(const model::Index& index, const Titles& titles);

// Those of them that a person means by `thing`: an address or a prefix, a port (:443), pid:812, a
// protocol, a command, or a namespace however it is named (find.h); it is met by either end or any
// translation. `own` is the namespace nsmap runs in.
std::vector<Flow> flows_of(std::vector<Flow> flows, const model::Index& index, const Titles& titles,
                           std::string_view thing, std::optional<model::NetnsId> own);

}  // namespace nsmap::analyze
