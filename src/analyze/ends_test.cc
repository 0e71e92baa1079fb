#include "analyze/ends.h"

#include <gtest/gtest.h>

namespace nsmap::analyze {
namespace {

using model::Socket;
using model::SocketFamily;

struct Row {
  const char* what;
  bool waits;
  SocketFamily family;
  const char* protocol;
  const char* state;
  std::uint16_t local_port;
  std::uint16_t remote_port;
};
constexpr Row kRows[] = {
    {"listens", true, SocketFamily::inet, "tcp", "listen", 80, 0},
    {"listens by IPv6", true, SocketFamily::inet6, "tcp", "listen", 80, 0},
    {"bound, before listen(2)", false, SocketFamily::inet, "tcp", "close", 80, 0},
    {"talks", false, SocketFamily::inet, "tcp", "established", 80, 4021},
    {"SCTP listens", true, SocketFamily::inet, "sctp", "listen", 80, 0},
    {"SCTP, bound", false, SocketFamily::inet, "sctp", "close", 80, 0},
    {"datagrams", true, SocketFamily::inet, "udp", "unconnected", 53, 0},
    {"UDP-Lite", true, SocketFamily::inet6, "udplite", "unconnected", 53, 0},
    {"connected", false, SocketFamily::inet, "udp", "established", 4021, 53},
    {"connected to port 0", false, SocketFamily::inet, "udp", "established", 4021, 0},
    {"not bound", false, SocketFamily::inet, "udp", "unconnected", 0, 0},
    {"raw: the port is a protocol", false, SocketFamily::inet, "raw", "unconnected", 1, 0},
    {"of no network", false, SocketFamily::unix_, "stream", "listen", 0, 0},
};

TEST(Ends, WhatWaitsForWhoeverComes) {
  for (const Row& row : kRows) {
    Socket socket;
    socket.family = row.family;
    socket.protocol = row.protocol;
    socket.state = row.state;
    socket.local_port = row.local_port;
    socket.remote_port = row.remote_port;
    EXPECT_EQ(is_waiting(socket), row.waits) << row.what;
  }
}

}  // namespace
}  // namespace nsmap::analyze
