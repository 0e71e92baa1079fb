#include "os/service.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/number.h"
#include "os/call.h"
#include "os/files.h"

namespace nsmap::os {
namespace {

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START
constexpr int kMostInherited = 64;
constexpr mode_t kOwnerOnly = 0600;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  template <typename T>
  T& as() {
    return reinterpret_cast<T&>(storage);
  }
};

Address of_ip(IpAddress ip, std::uint16_t port) {
  Address address;
  if (ip.is_v6()) {
    auto& v6 = address.as<sockaddr_in6>();
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::ranges::copy(ip.bytes(), reinterpret_cast<std::byte*>(&v6.sin6_addr));
    address.size = sizeof v6;
  } else {
    auto& v4 = address.as<sockaddr_in>();
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::ranges::copy(ip.bytes(), reinterpret_cast<std::byte*>(&v4.sin_addr));
    address.size = sizeof v4;
  }
  return address;
}

// A name that begins with '@' is in the abstract namespace (unix(7)).
SysResult<Address> of_path(const std::string& path, bool abstract_too = false) {
  Address address;
  auto& un = address.as<sockaddr_un>();
  if (path.empty() || path.size() >= sizeof un.sun_path) return failure(ENAMETOOLONG);
  un.sun_family = AF_UNIX;
  path.copy(un.sun_path, path.size());
  if (abstract_too && path.front() == '@') un.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

SysResult<UniqueFd> new_socket(int family, int type) {
  return owned(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool answers(Address& address) {
  const auto socket = new_socket(AF_UNIX, SOCK_STREAM);
  if (!socket) return true;
  // A queue that is full (EAGAIN) is somebody's.
  return ::connect(socket->borrow().get(), address.raw(), address.size) == 0 || errno == EAGAIN;
}

// Takes away the socket of a run that did not end in order.
SysResult<void> remove_stale(const std::string& path, Address& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode) || answers(address)) return failure(EADDRINUSE);
  return done(::unlink(path.c_str()));
}

}  // namespace

SysResult<UniqueFd> listen_tcp(IpAddress address, std::uint16_t port) {
  Address bound = of_ip(address, port);
  auto socket = new_socket(bound.storage.ss_family, SOCK_STREAM);
  if (!socket) return socket;
  const int fd = socket->borrow().get(), on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, bound.raw(), bound.size) != 0 || ::listen(fd, SOMAXCONN) != 0) return failure();
  return socket;
}

// Nobody can connect between bind(2) and listen(2), when the mode is set.
SysResult<UniqueFd> listen_unix(const std::string& path) {
  auto address = of_path(path);
  if (!address) return tl::unexpected(address.error());
  auto socket = new_socket(AF_UNIX, SOCK_STREAM);
  if (!socket) return socket;
  if (const auto removed = remove_stale(path, *address); !removed)
    return tl::unexpected(removed.error());
  const int fd = socket->borrow().get();
  if (::bind(fd, address->raw(), address->size) != 0) return failure();
  if (::chmod(path.c_str(), kOwnerOnly) != 0 || ::listen(fd, SOMAXCONN) != 0) return failure();
  return socket;
}

std::vector<UniqueFd> inherited_listeners() {
  const auto pid = parse_number<int>(environment_variable("LISTEN_PID"));
  const auto count = parse_number<int>(environment_variable("LISTEN_FDS"));
  if (!pid || *pid != ::getpid() || !count) return {};
  std::vector<UniqueFd> sockets;
  for (int fd = kFirstInherited; fd < kFirstInherited + std::clamp(*count, 0, kMostInherited);
       ++fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockets.emplace_back(fd);
  }
  return sockets;
}

SysResult<Bound> bound_to(Fd socket) {
  Address address;
  if (::getsockname(socket.get(), address.raw(), &address.size) != 0) return failure();
  Bound bound;
  switch (address.storage.ss_family) {
    case AF_UNIX:
      bound.path = address.as<sockaddr_un>().sun_path;
      return bound;
    case AF_INET: {
      const auto& v4 = address.as<sockaddr_in>();
      bound.address = *IpAddress::from_bytes(
          Bytes(reinterpret_cast<const std::byte*>(&v4.sin_addr), sizeof v4.sin_addr));
      bound.port = ntohs(v4.sin_port);
      return bound;
    }
    case AF_INET6: {
      const auto& v6 = address.as<sockaddr_in6>();
      bound.address = *IpAddress::from_bytes(
          Bytes(reinterpret_cast<const std::byte*>(&v6.sin6_addr), sizeof v6.sin6_addr));
      bound.port = ntohs(v6.sin6_port);
      return bound;
    }
    default:
      return failure(EAFNOSUPPORT);
  }
}

SysResult<int> socket_family(Fd socket) {
  int family = 0;
  socklen_t size = sizeof family;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) != 0) return failure();
  return family;
}

void remove_socket(const std::string& path) { ::unlink(path.c_str()); }

void notify_manager(std::string_view state) {
  auto address = of_path(environment_variable("NOTIFY_SOCKET"), true);
  if (!address) return;
  const auto socket = new_socket(AF_UNIX, SOCK_DGRAM);
  if (!socket) return;
  ::sendto(socket->borrow().get(), state.data(), state.size(), MSG_NOSIGNAL, address->raw(),
           address->size);
}

}  // namespace nsmap::os
