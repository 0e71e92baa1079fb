#include "analyze/flows.h"

#include <gtest/gtest.h>

#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using model::Connection;
using model::Tuple;

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

model::Socket connected(const char* local, std::uint16_t local_port, const char* remote,
                        std::uint16_t remote_port, std::int32_t pid) {
  model::Socket socket;
  socket.protocol = "tcp";
  socket.state = "established";
  socket.local = ip(local);
  if (socket.local->is_v6()) socket.family = model::SocketFamily::inet6;
  socket.local_port = local_port;
  socket.remote = ip(remote);
  socket.remote_port = remote_port;
  socket.owners = {{Pid(pid), 3}};
  return socket;
}

Connection tracked(const Tuple& original, const Tuple& reply) {
  return {.protocol = 6, .original = original, .reply = reply, .state = "established"};
}

// web and blue hang on the host by a wire each, sleep hangs on nothing.
struct Lab {
  model::Snapshot snapshot;

  Lab() {
    for (const model::NetnsId id : {kHost, kWeb, kBlue, kSleep})
      snapshot.namespaces.push_back(test_namespace(id));
    at(kHost).host = true;
    wire(kWeb, 2, kHost, 2);
    wire(kBlue, 2, kHost, 3);
    at(kHost).addresses = {test_address(2, "10.1.0.1", 24), test_address(3, "10.2.0.1", 24)};
    at(kWeb).addresses = {test_address(2, "10.1.0.2", 24)};
    at(kBlue).addresses = {test_address(2, "10.2.0.2", 24)};
    at(kSleep).addresses = {test_address(2, "10.2.0.2", 24)};
    snapshot.processes = {test_process(11, "curl", kWeb), test_process(12, "nginx", kBlue),
                          test_process(13, "other", kSleep)};
  }

  model::Namespace& at(model::NetnsId id) {
    return *std::ranges::find(snapshot.namespaces, id, &model::Namespace::id);
  }
  void wire(model::NetnsId a, std::int32_t i, model::NetnsId b, std::int32_t j) {
    at(a).links.push_back(test_link(i, "eth0"));
    at(a).links.back().peer = model::LinkRef{b, IfIndex(j)};
    at(b).links.push_back(test_link(j, "veth"));
    at(b).links.back().peer = model::LinkRef{a, IfIndex(i)};
  }
  std::vector<Flow> flows() {
    const model::Index index(snapshot);
    return find_flows(index, Titles(index));
  }
  bool has(std::string_view thing) {
    const model::Index index(snapshot);
    const Titles titles(index);
    return !flows_of(find_flows(index, titles), index, titles, thing, kHost).empty();
  }
};

TEST(Flows, AreOneOverEveryNat) {
  Lab lab;
  lab.at(kWeb).sockets = {connected("10.1.0.2", 4000, "10.1.0.1", 8080, 11)};
  lab.at(kBlue).sockets = {connected("10.2.0.2", 80, "10.2.0.1", 4000, 12)};
  lab.at(kHost).conntrack = {tracked({ip("10.1.0.2"), ip("10.1.0.1"), 4000, 8080},
                                     {ip("10.2.0.2"), ip("10.2.0.1"), 80, 4000})};
  lab.at(kHost).conntrack[0].sent = model::Traffic{1, 60};
  const auto flows = lab.flows();
  ASSERT_EQ(flows.size(), 1u);
  EXPECT_EQ(flows[0].client.command, "curl");
  EXPECT_EQ(flows[0].client.ns, kWeb);
  EXPECT_EQ(flows[0].server.command, "nginx");
  EXPECT_EQ(flows[0].server.ns, kBlue);
  EXPECT_EQ(flows[0].to, ip("10.1.0.1"));
  EXPECT_EQ(flows[0].to_port, 8080);
  ASSERT_EQ(flows[0].nat.size(), 1u);
  EXPECT_EQ(flows[0].nat[0].ns, kHost);
  EXPECT_EQ(flows[0].nat[0].after, (Tuple{ip("10.2.0.1"), ip("10.2.0.2"), 4000, 80}));
  EXPECT_EQ(flows[0].sent, (model::Traffic{1, 60}));
  for (const char* thing :
       {":8080", ":80", "10.2.0.1", "10.1.0.0/24", "pid:12", "nginx", "tcp", "host", "."})
    EXPECT_TRUE(lab.has(thing)) << thing;
  for (const char* thing : {":81", "10.3.0.1", "pid:13", "udp", "sleep", ":", "pid:"})
    EXPECT_FALSE(lab.has(thing)) << thing;
}

TEST(Flows, AreFoundWithoutConntrack) {
  Lab lab;
  lab.at(kBlue).sockets = {connected("10.2.0.2", 80, "10.1.0.2", 4000, 12)};
  lab.at(kBlue).sockets.push_back(test_socket(80, "tcp", 12));
  lab.at(kWeb).sockets = {connected("10.1.0.2", 4000, "10.2.0.2", 80, 11)};
  const auto flows = lab.flows();
  ASSERT_EQ(flows.size(), 1u);
  EXPECT_EQ(flows[0].client.command, "curl");
  EXPECT_EQ(flows[0].server.command, "nginx");
  EXPECT_TRUE(flows[0].tracked.empty());
}

TEST(Flows, OfOtherIslandsAreOthers) {
  Lab lab;
  lab.at(kWeb).sockets = {connected("10.1.0.2", 4000, "10.2.0.2", 80, 11)};
  lab.at(kSleep).sockets = {test_socket(80, "tcp", 13),
                            connected("10.2.0.2", 80, "10.1.0.2", 4000, 13)};
  const auto flows = lab.flows();
  ASSERT_EQ(flows.size(), 2u);
  for (const Flow& flow : flows) EXPECT_FALSE(flow.client.pid && flow.server.pid);
}

TEST(Flows, OfLoopbackAddressesStayInTheirNamespace) {
  Lab lab;
  for (const model::NetnsId id : {kWeb, kBlue})
    lab.at(id).sockets = {test_socket(80, "tcp", 12),
                          connected("127.0.0.1", 4000, "127.0.0.1", 80, 11),
                          connected("127.0.0.1", 80, "127.0.0.1", 4000, 12)};
  const auto flows = lab.flows();
  ASSERT_EQ(flows.size(), 2u);
  EXPECT_EQ(flows[0].client.ns, flows[0].server.ns);
  EXPECT_EQ(flows[0].client.command, "curl");
  EXPECT_EQ(flows[0].server.command, "nginx");
}

TEST(Flows, SeeThroughMappedAddresses) {
  Lab lab;
  lab.at(kWeb).sockets = {connected("10.1.0.2", 4000, "10.2.0.2", 80, 11)};
  lab.at(kBlue).sockets = {connected("::ffff:10.2.0.2", 80, "::ffff:10.1.0.2", 4000, 12)};
  lab.at(kHost).conntrack = {tracked({ip("10.1.0.2"), ip("10.2.0.2"), 4000, 80},
                                     {ip("10.2.0.2"), ip("10.1.0.2"), 80, 4000})};
  EXPECT_EQ(lab.flows().size(), 1u);
}

TEST(Flows, NameTheServerOfDatagramsByWhoIsBound) {
  Lab lab;
  model::Socket server = test_socket(53, "udp", 12);
  server.state = "unconnected";
  lab.at(kBlue).sockets = {server};
  lab.at(kHost).conntrack = {{.protocol = 17,
                              .original = {ip("192.0.2.1"), ip("10.2.0.2"), 4000, 53},
                              .reply = {ip("10.2.0.2"), ip("192.0.2.1"), 53, 4000},
                              .status = 0}};
  const auto flows = lab.flows();
  ASSERT_EQ(flows.size(), 1u);
  EXPECT_EQ(flows[0].protocol, "udp");
  EXPECT_EQ(flows[0].client.ns, std::nullopt);
  EXPECT_EQ(flows[0].server.command, "nginx");
  EXPECT_EQ(flows[0].state, "unreplied");
}

TEST(Flows, EndWhereNatGoesInCircles) {
  Lab lab;
  const Tuple a{ip("10.1.0.2"), ip("10.1.0.1"), 1, 2};
  const Tuple b{ip("10.2.0.2"), ip("10.2.0.1"), 1, 2};
  const auto back = [](const Tuple& tuple) {
    return Tuple{tuple.destination, tuple.source, tuple.destination_port, tuple.source_port};
  };
  lab.at(kHost).conntrack = {tracked(a, back(b)), tracked(b, back(a))};
  EXPECT_EQ(lab.flows().size(), 1u);
}

}  // namespace
}  // namespace nsmap::analyze
