#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <chrono>
#include <functional>
#include <thread>

#include "collect/listener.h"
#include "netlink/batch.h"

// The listener against the running kernel, with namespaces made for each test.

namespace nsmap::collect {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;

// A namespace that is there as long as `file`, and what is sent in it.
struct Place {
  model::NetnsId id;
  UniqueFd file;
  std::unique_ptr<netlink::Transport> route;
};

Place make_place() {
  os::Kernel& kernel = os::real_kernel();
  Place place;
  const auto socket = kernel.netlink_socket_apart(os::NetlinkProtocol::route);
  if (!socket) return place;
  auto file = kernel.netns_of_socket(*socket);
  if (!file) return place;
  place.file = std::move(*file);
  const auto stat = kernel.stat(place.file, "");
  if (stat) place.id = {stat->id.dev, stat->id.ino};
  std::thread([&] {
    if (!kernel.enter(place.file, os::NamespaceType::net)) return;
    if (auto route = netlink::open_kernel(kernel, os::NetlinkProtocol::route))
      place.route = std::move(*route);
  }).join();
  return place;
}

void set_loopback(Place& place, bool up) {
  ifinfomsg header{};
  header.ifi_index = 1;
  header.ifi_flags = up ? unsigned{IFF_UP} : 0u;
  header.ifi_change = IFF_UP;
  netlink::Request request(RTM_NEWLINK, 0, header);
  EXPECT_FALSE(netlink::change(*place.route, std::span(&request, 1)));
}

// What is heard until `enough`, or for five seconds.
Heard heard_until(Listener& listener, const std::function<bool(const Heard&)>& enough) {
  Heard all;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!enough(all) && std::chrono::steady_clock::now() < deadline) {
    const os::Awaited awaited{listener.sockets().front()};
    EXPECT_TRUE(os::real_kernel().wait(std::span(&awaited, 1), std::chrono::milliseconds(100)));
    Heard more = listener.take();
    for (auto& [id, facts] : more.stale) all.stale[id].merge(facts);
    all.gone.insert(all.gone.end(), more.gone.begin(), more.gone.end());
    all.lost = all.lost || more.lost;
  }
  return all;
}

class ListenerOnTheKernel : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = Listener::open(os::real_kernel());
    if (!listener) GTEST_SKIP() << "hearing of all namespaces needs root";
    listener_ = std::move(*listener);
  }
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerOnTheKernel, HearsOfTheNamespacesItIncludes) {
  Place blue = make_place(), red = make_place();
  EXPECT_EQ(listener_->include(blue.id, blue.file), std::nullopt);
  EXPECT_THAT(listener_->include(blue.id, blue.file), Optional(IsEmpty()));
  set_loopback(red, true);
  set_loopback(blue, true);
  const Heard heard = heard_until(*listener_, [&](const Heard& all) {
    return all.stale.contains(blue.id) && all.stale.at(blue.id).contains("addresses");
  });
  ASSERT_TRUE(heard.stale.contains(blue.id));
  EXPECT_THAT(heard.stale.at(blue.id),
              AllOf(Contains("links"), Contains("addresses"), Contains("routes")));
  EXPECT_FALSE(heard.stale.contains(red.id));
  EXPECT_FALSE(heard.lost);
}

TEST_F(ListenerOnTheKernel, TellsWhatIsStaleOfOneThatIsFoundAgain) {
  Place blue = make_place();
  listener_->include(blue.id, blue.file);
  set_loopback(blue, true);
  EXPECT_THAT(listener_->include(blue.id, blue.file), Optional(Contains("links")));
  EXPECT_THAT(listener_->take().stale, IsEmpty());
}

TEST_F(ListenerOnTheKernel, KeepsNothingAlive) {
  Place blue = make_place();
  const model::NetnsId id = blue.id;
  listener_->include(id, blue.file);
  blue = {};
  const Heard heard = heard_until(*listener_, [](const Heard& all) { return !all.gone.empty(); });
  EXPECT_THAT(heard.gone, testing::ElementsAre(id));
}

TEST(ListenersNamespace, IsKnownByItsAliasAndNothingElseInIt) {
  model::Namespace ns;
  ns.links.emplace_back();
  ns.links[0].alias = "nsmap listens here";
  EXPECT_TRUE(is_listeners(ns));
  ns.holders.push_back({});  // a process
  EXPECT_FALSE(is_listeners(ns));
  ns.holders[0].kind = model::HolderKind::socket;
  EXPECT_TRUE(is_listeners(ns));
  ns.links.emplace_back();
  EXPECT_FALSE(is_listeners(ns));
}

TEST_F(ListenerOnTheKernel, SaysWhenMoreHappenedThanItCouldHold) {
  Place blue = make_place();
  listener_->include(blue.id, blue.file);
  for (int i = 0; i < 20'000; ++i) set_loopback(blue, i % 2 == 0);
  const Heard heard = heard_until(*listener_, [](const Heard& all) { return all.lost; });
  EXPECT_TRUE(heard.lost);
  // And hears on.
  set_loopback(blue, true);
  EXPECT_TRUE(heard_until(*listener_, [&](const Heard& all) {
                return all.stale.contains(blue.id);
              }).stale.contains(blue.id));
}

}  // namespace
}  // namespace nsmap::collect
