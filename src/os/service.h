#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

// What a program that serves others needs of the system: sockets that listen, of its own or handed
// to it, and a word to the service manager.

namespace nsmap::os {

// Sockets that listen, nonblocking. EADDRINUSE: somebody listens there.
SysResult<UniqueFd> listen_tcp(IpAddress address, std::uint16_t port);
// At a path, for its owner alone (mode 0600). A socket that is there and that nobody answers at is
// replaced.
SysResult<UniqueFd> listen_unix(const std::string& path);

// The sockets that a service manager opened for us (sd_listen_fds(3)), made nonblocking; none
// where there is no such manager. To be called once.
std::vector<UniqueFd> inherited_listeners();

// Where a listening socket is bound.
struct Bound {
  std::string path;   // of a unix socket
  IpAddress address;  // of others
  std::uint16_t port = 0;
};
SysResult<Bound> bound_to(Fd socket);

// Its address family (AF_*).
SysResult<int> socket_family(Fd socket);

// Removes a unix socket's file.
void remove_socket(const std::string& path);

// Tells the service manager, where there is one (sd_notify(3)): "READY=1".
void notify_manager(std::string_view state);

}  // namespace nsmap::os
