#include "collect/sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netconf.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kSockstat = "/proc/thread-self/net/sockstat";
constexpr const char* kSockstat6 = "/proc/thread-self/net/sockstat6";

HandMadeTransport::Matches inet(int family, int protocol, std::uint32_t states_with) {
  return [=](const netlink::Message& request) {
    const auto asked = request.family_header<inet_diag_req_v2>();
    return asked && asked->sdiag_family == family && asked->sdiag_protocol == protocol &&
           (asked->idiag_states & states_with) != 0;
  };
}

inet_diag_msg header(int family, int state, std::uint32_t inode) {
  inet_diag_msg made{};
  made.idiag_family = static_cast<std::uint8_t>(family);
  made.idiag_state = static_cast<std::uint8_t>(state);
  made.idiag_inode = inode;
  made.idiag_uid = 33;
  return made;
}

Buffer answer(const inet_diag_msg& header, const Attrs& attrs = {}) {
  return message(SOCK_DIAG_BY_FAMILY, header, attrs);
}

TEST(Sockstat, IsReadByRowAndKey) {
  const char* text = "sockets: used 17\nTCP: inuse 3 orphan 0 tw 5\nUDPLITE: inuse 9\nUDP: inuse\n";
  EXPECT_EQ(sockstat_count(text, "sockets:", "used"), 17u);
  EXPECT_EQ(sockstat_count(text, "TCP:", "inuse"), 3u);
  EXPECT_EQ(sockstat_count(text, "TCP:", "tw"), 5u);
  EXPECT_EQ(sockstat_count(text, "UDP:", "inuse"), std::nullopt);
  EXPECT_EQ(sockstat_count(text, "RAW:", "inuse"), std::nullopt);
  EXPECT_EQ(sockstat_count("", "TCP:", "inuse"), std::nullopt);
}

TEST(Sockets, NothingIsAskedWhereOnlyOursAreInUse) {
  TestReading test;
  test.kernel.add_file(kSockstat, "sockets: used 1\nTCP: inuse 0\n");
  EXPECT_EQ(collect_sockets(test.reading), 0u);
  EXPECT_THAT(test.sock_diag.requests(), IsEmpty());
  EXPECT_THAT(test.route.requests(), IsEmpty());
}

TEST(Sockets, EverythingIsAskedWhereTheCountersCannotBeRead) {
  TestReading test;
  collect_sockets(test.reading);
  EXPECT_GE(test.sock_diag.requests().size(), 12u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Sockets, OfAKernelsTunnelAreAskedForThoughNoProcessHasAny) {
  TestReading test;
  test.kernel.add_file(kSockstat, "sockets: used 1\nTCP: inuse 0\nUDP: inuse 1\n");
  test.ns.links.push_back(link("vxlan"));
  test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET, IPPROTO_UDP, ~0u),
                           {answer(header(AF_INET, TCP_CLOSE, 5))});
  EXPECT_EQ(collect_sockets(test.reading), 1u);
  EXPECT_EQ(test.sock_diag.requests().size(), 1u);
}

TEST(Sockets, TheEstablishedAreWalkedOnlyWhenListenersDoNotMakeUpTheCount) {
  for (const auto& [in_use, requests] : {std::pair{"1", 1u}, std::pair{"2", 2u}}) {
    TestReading test;
    test.kernel.add_file(kSockstat, std::string("sockets: used 2\nTCP: inuse ") + in_use + "\n");
    test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET, IPPROTO_TCP, ~0u),
                             {answer(header(AF_INET, TCP_ESTABLISHED, 6))});
    test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET, IPPROTO_TCP, 1u << TCP_LISTEN),
                             {answer(header(AF_INET, TCP_LISTEN, 5))});
    collect_inet_sockets(test.reading, "TCP: inuse " + std::string(in_use), "");
    EXPECT_EQ(test.sock_diag.requests().size(), requests);
    EXPECT_EQ(test.ns.sockets.size(), requests);
  }
}

TEST(Sockets, TcpOfIpv6) {
  const auto local = *IpAddress::parse("2001:db8::1");
  const auto remote = *IpAddress::parse("2001:db8::2");
  auto established = header(AF_INET6, TCP_ESTABLISHED, 6);
  std::memcpy(established.id.idiag_src, local.bytes().data(), 16);
  std::memcpy(established.id.idiag_dst, remote.bytes().data(), 16);
  established.id.idiag_sport = from_be(std::uint16_t{443});
  established.id.idiag_dport = from_be(std::uint16_t{50000});
  established.id.idiag_if = 4;
  auto listening = header(AF_INET6, TCP_LISTEN, 5);
  listening.id.idiag_sport = from_be(std::uint16_t{443});
  TestReading test;
  test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET6, IPPROTO_TCP, 1u << TCP_ESTABLISHED),
                           {answer(established)});
  test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET6, IPPROTO_TCP, 1u << TCP_LISTEN),
                           {answer(listening, Attrs().add(INET_DIAG_SKV6ONLY, std::uint8_t{1}))});
  collect_inet_sockets(test.reading, "", "TCP6: inuse 2\n");
  ASSERT_EQ(test.ns.sockets.size(), 2u);
  model::Socket wanted;
  wanted.family = model::SocketFamily::inet6;
  wanted.protocol = "tcp";
  wanted.state = "listen";
  wanted.local = IpAddress::any(true);
  wanted.local_port = 443;
  wanted.v6_only = true;
  wanted.inode = Inode(5);
  wanted.uid = Uid(33);
  EXPECT_EQ(test.ns.sockets[0], wanted);
  wanted.state = "established";
  wanted.local = local;
  wanted.remote = remote;
  wanted.remote_port = 50000;
  wanted.bound_to = IfIndex(4);
  wanted.v6_only = false;
  wanted.inode = Inode(6);
  EXPECT_EQ(test.ns.sockets[1], wanted);
}

TEST(Sockets, UdpIsConnectedOrNot) {
  auto connected = header(AF_INET, TCP_ESTABLISHED, 7);
  connected.id.idiag_dport = from_be(std::uint16_t{53});
  TestReading test;
  test.sock_diag.answer_if(SOCK_DIAG_BY_FAMILY, inet(AF_INET, IPPROTO_UDP, ~0u),
                           {answer(header(AF_INET, TCP_CLOSE, 6)), answer(connected)});
  collect_inet_sockets(test.reading, "UDP: inuse 2", "");
  ASSERT_EQ(test.ns.sockets.size(), 2u);
  EXPECT_EQ(test.ns.sockets[0].state, "unconnected");
  EXPECT_EQ(test.ns.sockets[0].remote, std::nullopt);
  EXPECT_EQ(test.ns.sockets[1].state, "established");
  EXPECT_EQ(test.ns.sockets[1].remote_port, 53);
}

unix_diag_msg unix_header(int state, std::uint32_t inode) {
  unix_diag_msg made{};
  made.udiag_family = AF_UNIX;
  made.udiag_type = SOCK_STREAM;
  made.udiag_state = static_cast<std::uint8_t>(state);
  made.udiag_ino = inode;
  return made;
}

TEST(Sockets, UnixWithAndWithoutNames) {
  constexpr char kAbstract[] = {'\0', 'a', '\0', '\xff'};
  TestReading test;
  test.sock_diag.answer(
      SOCK_DIAG_BY_FAMILY, AF_UNIX,
      {message(SOCK_DIAG_BY_FAMILY, unix_header(TCP_LISTEN, 5),
               Attrs().bytes(UNIX_DIAG_NAME, std::as_bytes(std::span(kAbstract)))),
       message(SOCK_DIAG_BY_FAMILY, unix_header(TCP_CLOSE, 6),
               Attrs().text(UNIX_DIAG_NAME, "/run/x")),
       message(SOCK_DIAG_BY_FAMILY, unix_header(TCP_ESTABLISHED, 7),
               Attrs().add(UNIX_DIAG_PEER, std::uint32_t{8}).add(7, std::uint32_t{1000}))});
  collect_unix_sockets(test.reading);
  ASSERT_EQ(test.ns.sockets.size(), 3u);
  EXPECT_EQ(test.ns.sockets[0].name, "@a@\\xff");
  EXPECT_EQ(test.ns.sockets[0].state, "listen");
  EXPECT_EQ(test.ns.sockets[1].name, "/run/x");
  EXPECT_EQ(test.ns.sockets[1].state, "unconnected");
  EXPECT_EQ(test.ns.sockets[2].name, "");
  EXPECT_EQ(test.ns.sockets[2].peer, Inode(8));
  EXPECT_EQ(test.ns.sockets[2].uid, Uid(1000));
  EXPECT_EQ(test.ns.sockets[2].protocol, "stream");
}

TEST(Sockets, PacketSocketsAndTheirInterface) {
  packet_diag_msg family{};
  family.pdiag_family = AF_PACKET;
  family.pdiag_num = 0x0806;
  family.pdiag_ino = 9;
  packet_diag_info info{};
  info.pdi_index = 4;
  TestReading test;
  test.sock_diag.answer(
      SOCK_DIAG_BY_FAMILY, AF_PACKET,
      {message(SOCK_DIAG_BY_FAMILY, family,
               Attrs().add(PACKET_DIAG_INFO, info).add(PACKET_DIAG_UID, std::uint32_t{0}))});
  collect_packet_sockets(test.reading);
  ASSERT_EQ(test.ns.sockets.size(), 1u);
  EXPECT_EQ(test.ns.sockets[0].protocol, "arp");
  EXPECT_EQ(test.ns.sockets[0].bound_to, IfIndex(4));
  EXPECT_EQ(test.ns.sockets[0].uid, Uid(0));
}

Buffer netlink_socket(int protocol, std::uint32_t port, std::uint32_t to) {
  netlink_diag_msg family{};
  family.ndiag_family = AF_NETLINK;
  family.ndiag_protocol = static_cast<std::uint8_t>(protocol);
  family.ndiag_portid = port;
  family.ndiag_ino = port + 1;
  Buffer made = message(SOCK_DIAG_BY_FAMILY, family);
  std::memcpy(made.data() + offsetof(nlmsghdr, nlmsg_pid), &to, sizeof to);
  return made;
}

TEST(Sockets, NetlinkWithoutTheKernelsEndsAndOurOwn) {
  constexpr std::uint32_t kRoute = 100;
  constexpr std::uint32_t kDiag = 200;
  TestReading test;
  Buffer setting = message(RTM_NEWNETCONF, netconfmsg{}, {}, 0);
  std::memcpy(setting.data() + offsetof(nlmsghdr, nlmsg_pid), &kRoute, sizeof kRoute);
  test.route.answer(RTM_GETNETCONF, {setting});
  test.sock_diag.answer(
      SOCK_DIAG_BY_FAMILY, AF_NETLINK,
      {netlink_socket(NETLINK_ROUTE, 0, kDiag), netlink_socket(NETLINK_ROUTE, kRoute, kDiag),
       netlink_socket(NETLINK_SOCK_DIAG, kDiag, kDiag), netlink_socket(NETLINK_ROUTE, kDiag, kDiag),
       netlink_socket(NETLINK_GENERIC, kRoute, kDiag)});
  collect_netlink_sockets(test.reading);
  ASSERT_EQ(test.ns.sockets.size(), 2u);
  EXPECT_EQ(test.ns.sockets[0].protocol, "route");
  EXPECT_EQ(test.ns.sockets[0].name, "200");
  EXPECT_EQ(test.ns.sockets[1].protocol, "generic");
  EXPECT_EQ(test.ns.sockets[1].inode, Inode(101));
}

TEST(Sockets, NetlinkIsNotAskedWhenTheCountIsExplained) {
  TestReading test;
  test.kernel.add_file(kSockstat, "sockets: used 2\n");
  test.kernel.add_file(kSockstat6, "");
  test.sock_diag.answer(SOCK_DIAG_BY_FAMILY, AF_UNIX,
                        {message(SOCK_DIAG_BY_FAMILY, unix_header(TCP_LISTEN, 5))});
  EXPECT_EQ(collect_sockets(test.reading), 1u);
  EXPECT_EQ(test.sock_diag.requests().size(), 2u);  // unix, packet
}

TEST(Sockets, AFamilyTheKernelLacksIsNoFailure) {
  TestReading test;
  test.sock_diag.refuse(SOCK_DIAG_BY_FAMILY, ENOENT);
  EXPECT_EQ(collect_sockets(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

}  // namespace
}  // namespace nsmap::collect
