#include "collect/join.h"

#include <gtest/gtest.h>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

constexpr model::NetnsId kNs{4, 42};

std::vector<model::Namespace> one_namespace() {
  std::vector<model::Namespace> namespaces(1);
  namespaces[0].id = kNs;
  return namespaces;
}

TEST(Join, EveryHolderOnceInOrder) {
  auto namespaces = one_namespace();
  FoundNamespace found;
  found.id = kNs;
  model::Holder process;
  process.pid = Pid(9);
  model::Holder mount;
  mount.kind = model::HolderKind::bind_mount;
  mount.path = "/run/netns/x";
  found.holders = {mount, process, mount, process};
  join_holders({&found}, namespaces);
  EXPECT_EQ(namespaces[0].holders, (std::vector{process, mount}));
}

TEST(Join, SocketsGetTheirOwners) {
  auto namespaces = one_namespace();
  namespaces[0].sockets.resize(2);
  namespaces[0].sockets[0].inode = Inode(5);
  Sweep sweep;
  sweep.descriptors = {{Descriptor::Kind::socket, Pid(7), Pid(7), 3, Inode(5)},
                       {Descriptor::Kind::socket, Pid(8), Pid(8), 4, Inode(5)},
                       {Descriptor::Kind::netns, Pid(9), Pid(9), 5, Inode(5)},
                       {Descriptor::Kind::socket, Pid(9), Pid(9), 6, Inode(0)}};
  join_socket_owners(sweep, namespaces);
  EXPECT_EQ(namespaces[0].sockets[0].owners,
            (std::vector<model::SocketOwner>{{Pid(7), 3}, {Pid(8), 4}}));
  EXPECT_TRUE(namespaces[0].sockets[1].owners.empty()) << "inode 0 is nobody's";
}

TEST(Join, TunServersFindTheirLink) {
  auto namespaces = one_namespace();
  model::Link link;
  link.index = IfIndex(3);
  link.name = "tap0";
  link.kind = "tun";
  namespaces[0].links.push_back(link);
  model::Holder holder;
  holder.kind = model::HolderKind::tun;
  holder.pid = Pid(7);
  holder.fd = 5;
  namespaces[0].holders.push_back(holder);
  join_tun_servers({{kNs, "tap0", Pid(7), 5}, {model::NetnsId{4, 43}, "tap0", Pid(8), 5}},
                   namespaces);
  EXPECT_EQ(namespaces[0].links[0].served_by, (std::vector<model::TunServer>{{Pid(7), 5}}));
  EXPECT_EQ(namespaces[0].holders[0].link, (model::LinkRef{kNs, IfIndex(3)}));
}

TEST(Join, PodsThenContainersThenFilesNameANamespace) {
  auto namespaces = one_namespace();
  namespaces[0].names = {{"cni-1", "netns", "/run/netns/cni-1"}};
  model::Container pause;
  pause.net = kNs;
  pause.pod = model::Pod{"cart", "shop", "u"};
  model::Container web;
  web.net = kNs;
  web.name = "web";
  join_container_names({web, pause}, namespaces);
  ASSERT_EQ(namespaces[0].names.size(), 3u);
  EXPECT_EQ(namespaces[0].names[0].name, "shop/cart");
  EXPECT_EQ(namespaces[0].names[1].name, "web");
  EXPECT_EQ(namespaces[0].names[2].name, "cni-1");
}

TEST(Join, TheContainerThatOwnsANamespaceNamesItBeforeItsGuests) {
  auto namespaces = one_namespace();
  model::Container guest;
  guest.net = kNs;
  guest.name = "sidecar";
  guest.network_mode = "container:web";
  model::Container web;
  web.net = kNs;
  web.name = "web";
  join_container_names({guest, web}, namespaces);
  ASSERT_EQ(namespaces[0].names.size(), 2u);
  EXPECT_EQ(namespaces[0].names[0].name, "web");
}

TEST(Join, ContainersOnTheHostsNetworkDoNotNameTheHost) {
  auto namespaces = one_namespace();
  namespaces[0].host = true;
  model::Container web;
  web.net = kNs;
  web.name = "web";
  join_container_names({web}, namespaces);
  EXPECT_TRUE(namespaces[0].names.empty());
}

}  // namespace
}  // namespace nsmap::collect
