#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "collect/test_kernel.h"
#include "collect/test_reading.h"

// The collectors against the running kernel, in a network namespace made for each test, which goes
// with its thread.

namespace nsmap::collect {
namespace {

using testing::IsEmpty;

UniqueFd open_socket(int family, int type, int protocol = 0) {
  return UniqueFd(::socket(family, type | SOCK_CLOEXEC, protocol));
}

// Brings lo up, and with it its addresses and routes.
void raise_loopback() {
  const UniqueFd socket = open_socket(AF_INET, SOCK_DGRAM);
  ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = IFF_UP;
  ASSERT_EQ(::ioctl(socket.borrow().get(), SIOCSIFFLAGS, &request), 0);
}

void collect_all(Reading& reading) {
  for (auto* collect :
       {collect_addresses, collect_routes, collect_rules, collect_nexthops, collect_neighbours,
        collect_fdb, collect_vlans, collect_nsids, collect_sockets, collect_sysctls})
    collect(reading);
}

TEST(CollectorsOnTheKernel, AnEmptyNamespaceIsEmpty) {
  IN_FRESH_NAMESPACE([] {
    RealReading real;
    // Every dump is asked for, those that an absent bridge would spare included.
    real.ns.links.push_back(bridge(true));
    collect_all(real.reading);
    real.expect_no_diagnostics();
    EXPECT_THAT(real.ns.addresses, IsEmpty());
    EXPECT_THAT(real.ns.routes, IsEmpty());
    EXPECT_THAT(real.ns.nexthops, IsEmpty());
    EXPECT_THAT(real.ns.fdb, IsEmpty());
    EXPECT_THAT(real.ns.vlans, IsEmpty());
    EXPECT_THAT(real.ns.sockets, IsEmpty());
    EXPECT_GE(real.ns.rules.size(), 3u);  // local, main, default
    EXPECT_GE(real.ns.sysctls.size(), 10u);
  });
}

TEST(CollectorsOnTheKernel, Loopback) {
  IN_FRESH_NAMESPACE([] {
    raise_loopback();
    RealReading real;
    collect_all(real.reading);
    real.expect_no_diagnostics();
    const auto has_address = [&](const char* text) {
      return std::any_of(real.ns.addresses.begin(), real.ns.addresses.end(),
                         [&](const auto& found) { return found.address.text() == text; });
    };
    EXPECT_TRUE(has_address("127.0.0.1"));
    const auto local =
        std::find_if(real.ns.routes.begin(), real.ns.routes.end(),
                     [](const auto& route) { return route.dst.text() == "127.0.0.0/8"; });
    ASSERT_NE(local, real.ns.routes.end());
    EXPECT_EQ(local->type, "local");
    EXPECT_EQ(local->table, TableId(255));
    EXPECT_EQ(local->protocol, "kernel");
    ASSERT_EQ(local->hops.size(), 1u);
    EXPECT_EQ(local->hops[0].oif, IfIndex(1));
  });
}

Inode inode_of(const UniqueFd& socket) {
  const auto stat = os::real_kernel().stat(socket, "");
  return Inode(stat ? stat->id.ino : 0);
}

const model::Socket* find(const model::Namespace& ns, const UniqueFd& socket) {
  const auto found = std::find_if(ns.sockets.begin(), ns.sockets.end(), [&](const auto& known) {
    return known.inode == inode_of(socket);
  });
  return found == ns.sockets.end() ? nullptr : &*found;
}

void bind_any(const UniqueFd& socket) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  ASSERT_EQ(::bind(socket.borrow().get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
}

TEST(CollectorsOnTheKernel, SocketsOfEveryFamily) {
  IN_FRESH_NAMESPACE([] {
    const UniqueFd tcp = open_socket(AF_INET, SOCK_STREAM);
    const UniqueFd udp = open_socket(AF_INET, SOCK_DGRAM);
    const UniqueFd unnamed = open_socket(AF_UNIX, SOCK_SEQPACKET);
    const UniqueFd abstract = open_socket(AF_UNIX, SOCK_DGRAM);
    const UniqueFd packet = open_socket(AF_PACKET, SOCK_RAW, from_be(std::uint16_t{ETH_P_ARP}));
    const UniqueFd generic = open_socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
    bind_any(tcp);
    ASSERT_EQ(::listen(tcp.borrow().get(), 1), 0);
    bind_any(udp);
    sockaddr_un name{AF_UNIX, {'\0', 'n', 's'}};
    ASSERT_EQ(::bind(abstract.borrow().get(), reinterpret_cast<sockaddr*>(&name), 5), 0);
    sockaddr_nl port{};
    port.nl_family = AF_NETLINK;
    ASSERT_EQ(::bind(generic.borrow().get(), reinterpret_cast<sockaddr*>(&port), sizeof port), 0);
    RealReading real;
    EXPECT_EQ(collect_sockets(real.reading), 6u);  // and none of the reading's own
    real.expect_no_diagnostics();
    for (const UniqueFd* socket : {&tcp, &udp, &unnamed, &abstract, &packet, &generic})
      ASSERT_NE(find(real.ns, *socket), nullptr);
    EXPECT_EQ(find(real.ns, tcp)->state, "listen");
    EXPECT_EQ(find(real.ns, udp)->state, "unconnected");
    EXPECT_EQ(find(real.ns, unnamed)->protocol, "seqpacket");
    EXPECT_EQ(find(real.ns, abstract)->name, "@ns");
    EXPECT_EQ(find(real.ns, packet)->protocol, "arp");
    EXPECT_EQ(find(real.ns, generic)->protocol, "generic");
  });
}

TEST(CollectorsOnTheKernel, AnEstablishedConnectionHasItsTwoEnds) {
  IN_FRESH_NAMESPACE([] {
    raise_loopback();
    const UniqueFd listener = open_socket(AF_INET6, SOCK_STREAM);
    const UniqueFd client = open_socket(AF_INET6, SOCK_STREAM);
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.borrow().get(), raw, size), 0);
    ASSERT_EQ(::listen(listener.borrow().get(), 1), 0);
    ASSERT_EQ(::getsockname(listener.borrow().get(), raw, &size), 0);
    ASSERT_EQ(::connect(client.borrow().get(), raw, size), 0);
    const UniqueFd server(::accept(listener.borrow().get(), nullptr, nullptr));
    RealReading real;
    EXPECT_EQ(collect_sockets(real.reading), 3u);
    ASSERT_NE(find(real.ns, client), nullptr);
    ASSERT_NE(find(real.ns, server), nullptr);
    EXPECT_EQ(find(real.ns, client)->state, "established");
    EXPECT_EQ(find(real.ns, client)->remote, IpAddress::parse("::1"));
    EXPECT_EQ(find(real.ns, client)->remote_port, find(real.ns, server)->local_port);
    EXPECT_EQ(find(real.ns, listener)->state, "listen");
  });
}

}  // namespace
}  // namespace nsmap::collect
