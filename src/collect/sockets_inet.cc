#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "collect/fields.h"
#include "collect/names.h"
#include "collect/sockets.h"

namespace nsmap::collect {
namespace {

constexpr std::uint32_t kListening = 1u << TCP_LISTEN;
// All that have a socket, but for time-wait: that has neither an inode nor an owner.
constexpr std::uint32_t kAllStates = (1u << (TCP_CLOSING + 1)) - 1;
constexpr std::uint32_t kTalking = kAllStates & ~kListening & ~(1u << TCP_TIME_WAIT);

struct Protocol {
  std::uint8_t number;
  const char* name;
  const char* row;   // its row in sockstat
  const char* row6;  // and in sockstat6
};
constexpr Protocol kTcp{IPPROTO_TCP, "tcp", "TCP:", "TCP6:"};
constexpr Protocol kOthers[] = {
    {IPPROTO_UDP, "udp", "UDP:", "UDP6:"},
    {IPPROTO_UDPLITE, "udplite", "UDPLITE:", "UDPLITE6:"},
    {IPPROTO_RAW, "raw", "RAW:", "RAW6:"},
};

struct RawSocket : model::Socket {
  std::uint8_t v6_only_flag = 0;
};

constexpr Fields<RawSocket, INET_DIAG_MAX> kFields({
    {INET_DIAG_SKV6ONLY, number<&RawSocket::v6_only_flag>},
});

std::optional<IpAddress> address_of(std::uint8_t family, const __be32 (&words)[4]) {
  return IpAddress::from_bytes(std::as_bytes(std::span(words)).first(family == AF_INET6 ? 16 : 4));
}

// Only TCP has states of its own; the others are connected or not.
std::string state_name(const Protocol& protocol, std::uint8_t state) {
  if (protocol.number == IPPROTO_TCP) return tcp_state_name(state);
  return state == TCP_ESTABLISHED ? "established" : "unconnected";
}

void take_ends(const inet_diag_msg& header, model::Socket& socket) {
  socket.local = address_of(header.idiag_family, header.id.idiag_src);
  socket.local_port = from_be(header.id.idiag_sport);
  const auto remote = address_of(header.idiag_family, header.id.idiag_dst);
  if (header.id.idiag_dport != 0 || (remote && !remote->is_unspecified())) {
    socket.remote = remote;
    socket.remote_port = from_be(header.id.idiag_dport);
  }
  if (header.id.idiag_if != 0)
    socket.bound_to = IfIndex(static_cast<std::int32_t>(header.id.idiag_if));
}

std::optional<model::Socket> parse(Reading& reading, const Protocol& protocol,
                                   const netlink::Message& message) {
  const auto header = message.family_header<inet_diag_msg>();
  if (!header) return malformed(reading, "sockets");
  if (header->idiag_family != AF_INET && header->idiag_family != AF_INET6) return std::nullopt;
  RawSocket socket;
  socket.family =
      header->idiag_family == AF_INET6 ? model::SocketFamily::inet6 : model::SocketFamily::inet;
  socket.protocol = protocol.name;
  socket.state = state_name(protocol, header->idiag_state);
  take_ends(*header, socket);
  socket.inode = Inode(header->idiag_inode);
  socket.uid = Uid(header->idiag_uid);
  if (!kFields.read(message.attributes(sizeof(inet_diag_msg)), socket))
    return malformed(reading, "sockets");
  socket.v6_only = socket.v6_only_flag != 0;
  return std::move(static_cast<model::Socket&>(socket));
}

std::size_t dump(Reading& reading, std::uint8_t family, const Protocol& protocol,
                 std::uint32_t states) {
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = protocol.number;
  request.idiag_states = states;
  return dump_sockets(reading, request, [&](const netlink::Message& message) {
    return parse(reading, protocol, message);
  });
}

void collect_family(Reading& reading, std::uint8_t family,
                    const std::optional<std::string>& sockstat) {
  const auto in_use = [&](const Protocol& protocol) {
    const char* row = family == AF_INET6 ? protocol.row6 : protocol.row;
    return sockstat ? sockstat_count(*sockstat, row, "inuse").value_or(0) : UINT32_MAX;
  };
  const std::uint32_t tcp = in_use(kTcp);
  if (tcp != 0 && dump(reading, family, kTcp, kListening) < tcp)
    dump(reading, family, kTcp, kTalking);
  for (const Protocol& protocol : kOthers)
    if (in_use(protocol) != 0) dump(reading, family, protocol, kAllStates);
}

}  // namespace

void collect_inet_sockets(Reading& reading, const std::optional<std::string>& sockstat,
                          const std::optional<std::string>& sockstat6) {
  collect_family(reading, AF_INET, sockstat);
  collect_family(reading, AF_INET6, sockstat6);
}

}  // namespace nsmap::collect
