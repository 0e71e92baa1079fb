#include "collect/sockets.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "collect/collectors.h"

// What sockets there are, and what asking costs.
//
// sock_diag(7) answers for the namespace of the socket that asks, but most of what it walks is
// global: the tables of TCP, UDP and netlink hold the sockets of all namespaces, and are as large
// as the machine's memory suggests, empty or not. Measured on Linux 6.18, two cores, a namespace
// without sockets, microseconds:
//
//     TCP, listeners only, a family      9     (net/ipv4/inet_diag.c walks lhash2)
//     TCP, all states, a family        160     (… and ehash; up to 700 with a larger table)
//     UDP or UDP-Lite, a family         10
//     unix                               7     (a table a namespace since Linux 6.1)
//     packet                             1     (a list a namespace)
//     netlink, all protocols             4     (grows with the host's netlink sockets)
//     a family without a diag module     1     (ENOENT)
//     /proc/thread-self/net/sockstat     3     and as much for sockstat6
//
// Asking for everything would cost four times what all the rest of a namespace costs. So the
// counters of sockstat go first (net/ipv4/proc.c sockstat_seq_show, per namespace):
//
//     sockets: used N     every socket of a process (sk_alloc, net/core/sock.c), of any family,
//                         in a hash table or not; not the kernel's own. Ours are among them.
//     TCP: inuse N        IPv4 sockets in the listening or the established table. Listeners count;
//                         time-wait, half-open requests, and sockets that were only made or only
//                         bound do not. IPv6 sockets, those that talk IPv4 included, are in
//                         sockstat6's TCP6.
//     UDP: inuse N        bound or connected ones; the kernel's own (a vxlan's port) included.
//
// From which:
//   - `used` no more than our own one, and no tunnel for which the kernel may have opened a socket:
//     nothing to ask. Most namespaces end here.
//   - a protocol with none in use is not asked.
//   - TCP listeners are asked first; only when the counter says there are more sockets than
//     listeners came back is the table of the established walked.
//   - netlink sockets are asked only while `used` is not explained by what came back, for their
//     table holds some nine sockets of the kernel's own for every namespace, and each dump walks
//     them all: with a thousand namespaces 170 µs. What has no inode is not in `used`, and root's
//     UDP sockets may be the kernel's own, which are not either: those explain nothing.
//
// Sockets without a table cannot be listed by anybody: a TCP or UDP socket neither bound nor
// connected, and ICMP (ping) sockets, for which there is no diag module.

namespace nsmap::collect {
namespace {

constexpr std::size_t kLimit = 4096;  // of a sockstat file, which has some 150 bytes
constexpr std::uint32_t kOurs = 1;    // sockets of this reading; sock_diag's is not opened yet
constexpr std::uint32_t kUnknown = UINT32_MAX;

std::optional<std::string> read_proc(Reading& reading, const char* path) {
  std::array<char, kLimit> buffer;
  const auto content = reading.kernel.read_once(os::kNoDir, path, buffer);
  if (!content) return std::nullopt;
  return std::string(*content);
}

// Whether the kernel may have opened sockets of its own: tunnels do, for the packets they carry.
bool may_have_kernel_sockets(const model::Namespace& ns) {
  constexpr std::string_view kWithout[] = {"", "loopback", "veth", "bridge", "dummy", "tun"};
  return std::any_of(ns.links.begin(), ns.links.end(), [&](const model::Link& link) {
    return std::find(std::begin(kWithout), std::end(kWithout), link.kind) == std::end(kWithout);
  });
}

// Whether `used` counts the socket for sure.
bool is_of_process(const model::Socket& socket) {
  const bool maybe_of_kernel =
      (socket.family == model::SocketFamily::inet || socket.family == model::SocketFamily::inet6) &&
      socket.protocol != "tcp" && socket.uid == Uid(0);
  return socket.inode.value != 0 && !maybe_of_kernel;
}

}  // namespace

std::optional<std::uint32_t> sockstat_count(std::string_view text, std::string_view row,
                                            std::string_view key) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(row)) continue;
    const std::size_t at = line.find(key);
    if (at == line.npos || at + key.size() >= line.size()) return std::nullopt;
    line.remove_prefix(at + key.size() + 1);
    std::uint32_t count = 0;
    if (std::from_chars(line.begin(), line.end(), count).ec != std::errc()) return std::nullopt;
    return count;
  }
  return std::nullopt;
}

std::size_t collect_sockets(Reading& reading) {
  const auto sockstat = read_proc(reading, "/proc/thread-self/net/sockstat");
  const std::uint32_t used =
      sockstat ? sockstat_count(*sockstat, "sockets:", "used").value_or(kUnknown) : kUnknown;
  if (used <= kOurs && !may_have_kernel_sockets(reading.ns)) return 0;
  auto sockstat6 = read_proc(reading, "/proc/thread-self/net/sockstat6");
  if (sockstat && !sockstat6) sockstat6.emplace();  // a kernel without IPv6: no rows
  auto& sockets = reading.ns.sockets;
  collect_inet_sockets(reading, sockstat, sockstat6);
  if (used <= kOurs) return sockets.size();
  collect_unix_sockets(reading);
  collect_packet_sockets(reading);
  const auto known = std::count_if(sockets.begin(), sockets.end(), is_of_process);
  if (used <= kOurs + static_cast<std::size_t>(known)) return sockets.size();
  collect_netlink_sockets(reading);
  collect_vsock_sockets(reading);
  return sockets.size();
}

}  // namespace nsmap::collect
