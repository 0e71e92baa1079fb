#pragma once

#include <linux/sock_diag.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "collect/reading.h"
#include "netlink/request.h"

// The parts of collect_sockets, one a group of families; sockets.cc says when each is worth its
// cost. What no kernel module serves is absent, not an error.

namespace nsmap::collect {

// TCP, UDP, UDP-Lite and raw sockets, of which the two texts (/proc/net/sockstat and sockstat6)
// say how many there are. A text that could not be read is absent: then everything is asked.
void collect_inet_sockets(Reading& reading, const std::optional<std::string>& sockstat,
                          const std::optional<std::string>& sockstat6);

void collect_unix_sockets(Reading& reading);
void collect_packet_sockets(Reading& reading);
void collect_vsock_sockets(Reading& reading);
// Without the kernel's own ends, and without the two sockets this reading itself uses.
void collect_netlink_sockets(Reading& reading);

// The number after `key` in the row of a sockstat text that begins with `row`: ("TCP:", "inuse").
std::optional<std::uint32_t> sockstat_count(std::string_view text, std::string_view row,
                                            std::string_view key);

// One sock_diag(7) dump into the namespace's sockets; `parse` makes an optional model::Socket of a
// message. ENOENT and its like: no module serves that family; EINVAL: nor knows it.
template <typename Request, typename Parse>
std::size_t dump_sockets(Reading& reading, const Request& request, Parse parse) {
  return dump_into(reading, reading.sock_diag, "sockets",
                   netlink::Request(SOCK_DIAG_BY_FAMILY, 0, request), reading.ns.sockets, parse,
                   {ENOENT, EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT, EINVAL});
}

}  // namespace nsmap::collect
