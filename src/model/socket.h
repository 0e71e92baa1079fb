#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "model/identity.h"

namespace nsmap::model {

enum class SocketFamily { inet, inet6, unix_, packet, netlink, vsock };
BOOST_DESCRIBE_ENUM(SocketFamily, inet, inet6, unix_, packet, netlink, vsock)

// A process that holds a descriptor of the socket, from /proc/PID/fd.
struct SocketOwner {
  Pid pid;
  std::int32_t fd = -1;
  friend bool operator==(const SocketOwner&, const SocketOwner&) = default;
};
BOOST_DESCRIBE_STRUCT(SocketOwner, (), (pid, fd))

// A socket as sock_diag(7) tells it.
struct Socket {
  SocketFamily family = SocketFamily::inet;
  std::string protocol;  // tcp, udp, udplite, raw, icmp; unix: stream, dgram, seqpacket;
                         // packet: the EtherType; netlink: route, generic, netfilter …
  std::string state;     // listen, established, syn_sent …, unconnected
  std::optional<IpAddress> local;
  std::uint16_t local_port = 0;
  std::optional<IpAddress> remote;
  std::uint16_t remote_port = 0;
  std::optional<IfIndex> bound_to;  // SO_BINDTODEVICE, or a packet socket's interface
  bool v6_only = false;
  std::string name;           // unix: "@abstract" or a path; netlink: the port id
  Inode inode;                // 0: no descriptor holds it
  std::optional<Inode> peer;  // unix: the other end's inode
  std::optional<Uid> uid;
  std::vector<SocketOwner> owners;
  friend bool operator==(const Socket&, const Socket&) = default;
};
BOOST_DESCRIBE_STRUCT(Socket, (),
                      (family, protocol, state, local, local_port, remote, remote_port, bound_to,
                       v6_only, name, inode, peer, uid, owners))

}  // namespace nsmap::model
