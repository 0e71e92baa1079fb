#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "base/ip.h"

// What the kernel remembers of connections (net/netfilter/nf_conntrack_core.c).

namespace nsmap::model {

// One direction of a connection, as its first packet says it.
struct Tuple {
  IpAddress source = {};
  IpAddress destination = {};
  std::uint16_t source_port = 0;       // ICMP: the id
  std::uint16_t destination_port = 0;  // ICMP: type and code, a byte each
  friend bool operator==(const Tuple&, const Tuple&) = default;
};
BOOST_DESCRIBE_STRUCT(Tuple, (), (source, destination, source_port, destination_port))

struct Traffic {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Traffic&, const Traffic&) = default;
};
BOOST_DESCRIBE_STRUCT(Traffic, (), (packets, bytes))

struct Connection {
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;  // IPPROTO_*
  Tuple original = {};
  Tuple reply = {};          // how its answers arrive: other than the original's reverse after NAT
  std::string state = {};    // TCP, SCTP, DCCP: syn_sent, established, time_wait …
  std::uint32_t status = 0;  // IPS_*
  std::optional<std::uint32_t> timeout_s = {};
  std::optional<std::uint32_t> mark = {};
  std::optional<std::uint16_t> zone = {};
  std::string helper = {};
  std::optional<Traffic> sent = {};             // in the original direction; absent: not accounted
  std::optional<Traffic> received = {};         // in the reply direction
  std::optional<std::int64_t> started_ns = {};  // since 1970; absent: not stamped
  friend bool operator==(const Connection&, const Connection&) = default;
};
BOOST_DESCRIBE_STRUCT(Connection, (),
                      (id, protocol, original, reply, state, status, timeout_s, mark, zone, helper,
                       sent, received, started_ns))

}  // namespace nsmap::model
