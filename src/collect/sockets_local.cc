#include <linux/netconf.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "collect/fields.h"
#include "collect/names.h"
#include "collect/sockets.h"

// The families without IP addresses: unix, packet, netlink and vsock.

namespace nsmap::collect {
namespace {

constexpr std::uint32_t kAllStates = 0xffffffff;

// Unix and vsock sockets borrow TCP's states; theirs are these three.
std::string state_name(std::uint8_t state) {
  return state == TCP_CLOSE ? "unconnected" : tcp_state_name(state);
}

// A path, or an abstract name, which begins with a NUL and may hold more of them (unix(7)): each
// becomes an @, as in /proc/net/unix.
bool read_name(model::Socket& socket, const netlink::Attribute& attribute) {
  const Bytes bytes = attribute.payload();
  if (bytes.empty()) return false;
  if (bytes.front() != std::byte{0}) return text<&model::Socket::name>(socket, attribute);
  std::string name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::replace(name.begin(), name.end(), '\0', '@');
  socket.name = clean_text(name);
  return true;
}

constexpr std::uint32_t kShowUid = 1u << 6;  // UDIAG_SHOW_UID, linux/unix_diag.h, Linux 5.3
constexpr std::uint16_t kUnixUid = 7;        // UNIX_DIAG_UID, of the same
constexpr Fields<model::Socket, 16> kUnixFields({
    {UNIX_DIAG_NAME, read_name},
    {UNIX_DIAG_PEER, number<&model::Socket::peer, std::uint32_t>},
    {kUnixUid, number<&model::Socket::uid>},
});

std::optional<model::Socket> parse_unix(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<unix_diag_msg>();
  if (!header) return malformed(reading, "sockets");
  model::Socket socket;
  socket.family = model::SocketFamily::unix_;
  socket.protocol = socket_type_name(header->udiag_type);
  socket.state = state_name(header->udiag_state);
  socket.inode = Inode(header->udiag_ino);
  if (!kUnixFields.read(message.attributes(sizeof(unix_diag_msg)), socket))
    return malformed(reading, "sockets");
  return socket;
}

bool read_packet_info(model::Socket& socket, const netlink::Attribute& attribute) {
  const auto info = attribute.as<packet_diag_info>();
  if (!info) return false;
  if (info->pdi_index != 0) socket.bound_to = IfIndex(static_cast<std::int32_t>(info->pdi_index));
  return true;
}

constexpr Fields<model::Socket, PACKET_DIAG_MAX> kPacketFields({
    {PACKET_DIAG_INFO, read_packet_info},
    {PACKET_DIAG_UID, number<&model::Socket::uid>},
});

std::optional<model::Socket> parse_packet(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<packet_diag_msg>();
  if (!header) return malformed(reading, "sockets");
  model::Socket socket;
  socket.family = model::SocketFamily::packet;
  socket.protocol = ethertype_name(header->pdiag_num);
  socket.state = "unconnected";
  socket.inode = Inode(header->pdiag_ino);
  if (!kPacketFields.read(message.attributes(sizeof(packet_diag_msg)), socket))
    return malformed(reading, "sockets");
  return socket;
}

std::optional<model::Socket> parse_vsock(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<vsock_diag_msg>();
  if (!header) return malformed(reading, "sockets");
  model::Socket socket;
  socket.family = model::SocketFamily::vsock;
  socket.protocol = socket_type_name(header->vdiag_type);
  socket.state = state_name(header->vdiag_state);
  socket.name =
      std::to_string(header->vdiag_src_cid) + ":" + std::to_string(header->vdiag_src_port);
  socket.inode = Inode(header->vdiag_ino);
  return socket;
}

// A netlink socket is known by its protocol and port id. The kernel addresses its answers to the
// port id of who asked, which is how we learn our own.
struct OurPorts {
  std::uint32_t route = 0;
  std::uint32_t sock_diag = 0;

  bool has(const netlink_diag_msg& header) const {
    return (header.ndiag_protocol == NETLINK_ROUTE && header.ndiag_portid == route) ||
           (header.ndiag_protocol == NETLINK_SOCK_DIAG && header.ndiag_portid == sock_diag);
  }
};

// By the cheapest question there is: one setting of the namespace.
std::uint32_t route_port(Reading& reading) {
  netconfmsg family{};
  family.ncm_family = AF_INET;
  netlink::Request request(RTM_GETNETCONF, 0, family);
  request.attribute(NETCONFA_IFINDEX, std::int32_t{NETCONFA_IFINDEX_ALL});
  std::uint32_t port = 0;
  netlink::get(reading.route, std::move(request),
               [&](const netlink::Message& message) { port = message.header().nlmsg_pid; });
  return port;
}

std::optional<model::Socket> parse_netlink(Reading& reading, OurPorts& ours,
                                           const netlink::Message& message) {
  const auto header = message.family_header<netlink_diag_msg>();
  if (!header) return malformed(reading, "sockets");
  ours.sock_diag = message.header().nlmsg_pid;
  const bool of_kernel = header->ndiag_portid == 0;
  if (of_kernel || ours.has(*header)) return std::nullopt;
  constexpr std::uint8_t kConnected = 1;  // NETLINK_CONNECTED, include/linux/net.h
  model::Socket socket;
  socket.family = model::SocketFamily::netlink;
  socket.protocol = netlink_protocol_name(header->ndiag_protocol);
  socket.state = header->ndiag_state == kConnected ? "established" : "unconnected";
  socket.name = std::to_string(header->ndiag_portid);
  socket.inode = Inode(header->ndiag_ino);
  return socket;
}

}  // namespace

void collect_unix_sockets(Reading& reading) {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = kAllStates;
  request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | kShowUid;
  dump_sockets(reading, request,
               [&](const netlink::Message& message) { return parse_unix(reading, message); });
}

void collect_packet_sockets(Reading& reading) {
  packet_diag_req request{};
  request.sdiag_family = AF_PACKET;
  request.pdiag_show = PACKET_SHOW_INFO;
  dump_sockets(reading, request,
               [&](const netlink::Message& message) { return parse_packet(reading, message); });
}

void collect_vsock_sockets(Reading& reading) {
  vsock_diag_req request{};
  request.sdiag_family = AF_VSOCK;
  request.vdiag_states = kAllStates;
  dump_sockets(reading, request,
               [&](const netlink::Message& message) { return parse_vsock(reading, message); });
}

void collect_netlink_sockets(Reading& reading) {
  netlink_diag_req request{};
  request.sdiag_family = AF_NETLINK;
  request.sdiag_protocol = NDIAG_PROTO_ALL;
  OurPorts ours{route_port(reading), 0};
  dump_sockets(reading, request, [&](const netlink::Message& message) {
    return parse_netlink(reading, ours, message);
  });
}

}  // namespace nsmap::collect
