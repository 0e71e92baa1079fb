#include "model/index.h"

#include <gtest/gtest.h>

namespace nsmap::model {
namespace {

constexpr NetnsId kHost{4, 1};
constexpr NetnsId kWeb{4, 2};

Snapshot small_host() {
  Snapshot snapshot;
  snapshot.namespaces.resize(2);
  snapshot.namespaces[0].id = kHost;
  snapshot.namespaces[0].host = true;
  Link bridge;
  bridge.index = IfIndex(2);
  Link port;
  port.index = IfIndex(3);
  port.master = IfIndex(2);
  snapshot.namespaces[0].links = {bridge, port};
  Address address;
  address.index = IfIndex(2);
  snapshot.namespaces[0].addresses = {address};
  snapshot.namespaces[1].id = kWeb;
  return snapshot;
}

Container container(const char* id) {
  Container container;
  container.id = id;
  container.net = kWeb;
  return container;
}

TEST(Index, FindsByIdentity) {
  const Snapshot snapshot = small_host();
  const Index index(snapshot);
  EXPECT_EQ(index.host(), &snapshot.namespaces[0]);
  EXPECT_EQ(index.find(kWeb), &snapshot.namespaces[1]);
  EXPECT_EQ(index.find(NetnsId{4, 3}), nullptr);
  EXPECT_EQ(index.find(LinkRef{kHost, IfIndex(3)}), &snapshot.namespaces[0].links[1]);
  EXPECT_EQ(index.find(LinkRef{kWeb, IfIndex(3)}), nullptr) << "an ifindex alone is nothing";
  EXPECT_EQ(index.ports_of({kHost, IfIndex(2)}).size(), 1u);
  EXPECT_EQ(index.addresses_of({kHost, IfIndex(2)}).size(), 1u);
  EXPECT_TRUE(index.addresses_of({kWeb, IfIndex(2)}).empty());
}

TEST(Index, OwnersComeBeforeGuestsAndSandboxes) {
  Snapshot snapshot = small_host();
  snapshot.containers = {container("a-pause"), container("b-guest"), container("c-owner")};
  snapshot.containers[0].sandbox = true;
  snapshot.containers[1].network_mode = "container:c-owner";
  const Index index(snapshot);
  const auto& order = index.containers_in(kWeb);
  ASSERT_EQ(order.size(), 3u);
  EXPECT_EQ(order[0]->id, "c-owner");
  EXPECT_EQ(order[1]->id, "b-guest");
  EXPECT_EQ(order[2]->id, "a-pause");
}

}  // namespace
}  // namespace nsmap::model
