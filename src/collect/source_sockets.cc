// Sockets that live in another namespace than their holder: a process that opened a socket, then
// moved on with setns(2), or was given it. Such a socket keeps its namespace alive all by itself.
//
// Most sockets need no question: the tables of every namespace read so far say where each inode
// lives. Only a socket that stands in none of them (a kind that sock_diag does not list, or one of
// a namespace not found yet) is borrowed from its holder (pidfd_getfd(2)) and asked (SIOCGSKNS).

#include <fmt/format.h>

#include <cerrno>
#include <unordered_map>

#include "collect/sources.h"

namespace nsmap::collect {
namespace {

// Borrowing and asking takes about 5 µs: this bounds it to a tenth of a second.
constexpr std::size_t kMostAsked = 20'000;
constexpr const char* kName = "sockets.elsewhere";

class SocketSearch {
 public:
  SocketSearch(const Search& search, const std::vector<model::Namespace>& namespaces)
      : search_(search) {
    for (const model::Namespace& ns : namespaces)
      for (const model::Socket& socket : ns.sockets)
        if (socket.inode.value != 0) where_.emplace(socket.inode, ns.id);
    for (const model::Process& process : search.sweep.processes)
      if (process.net) home_.emplace(process.pid, *process.net);
  }

  void run() {
    const std::int64_t start = search_.kernel.boottime_ns();
    for (const Descriptor& descriptor : search_.sweep.descriptors)
      if (descriptor.kind == Descriptor::Kind::socket) look_at(descriptor);
    row_.took_ns = search_.kernel.boottime_ns() - start;
    search_.report.count(row_);
    if (row_.skipped != 0)
      search_.report.add(kName, fmt::format("{} sockets that are in no socket table were not asked "
                                            "for their namespace: {} is the most asked in one run",
                                            row_.skipped, kMostAsked));
  }

 private:
  void look_at(const Descriptor& descriptor) {
    const auto home = home_.find(descriptor.pid);
    if (home == home_.end()) return;
    ++row_.looked_at;
    auto known = where_.find(descriptor.inode);
    if (known == where_.end()) known = where_.emplace(descriptor.inode, ask(descriptor)).first;
    if (!known->second || *known->second == home->second) return;
    ++row_.found;
    model::Holder holder;
    holder.kind = model::HolderKind::socket;
    holder.pid = descriptor.pid;
    if (descriptor.tid != descriptor.pid) holder.tid = descriptor.tid;
    holder.fd = descriptor.fd;
    search_.registry.add(*known->second, holder, true);
  }

  // The namespace of a socket that no table lists; nothing when that cannot be told.
  std::optional<model::NetnsId> ask(const Descriptor& descriptor) {
    if (asked_ == kMostAsked) {
      ++row_.skipped;
      return std::nullopt;
    }
    ++asked_;
    auto ns = borrow_and_ask(descriptor);
    if (!ns) {
      if (ns.error().value == EPERM || ns.error().value == EACCES) ++row_.refused;
      return std::nullopt;
    }
    const auto stat = search_.kernel.stat(*ns, "");
    if (!stat) return std::nullopt;
    const model::NetnsId id{stat->id.dev, stat->id.ino};
    search_.registry.keep(id, std::move(*ns));
    return id;
  }

  SysResult<UniqueFd> borrow_and_ask(const Descriptor& descriptor) const {
    const auto pidfd = search_.kernel.pidfd_open(descriptor.pid);
    if (!pidfd) return tl::unexpected(pidfd.error());
    const auto socket = search_.kernel.pidfd_getfd(*pidfd, descriptor.fd);
    if (!socket) return tl::unexpected(socket.error());
    // The number may have been given to another file since the sweep.
    const auto stat = search_.kernel.stat(*socket, "");
    if (!stat || stat->id.ino != descriptor.inode.value) return tl::unexpected(Errno{ESRCH});
    return search_.kernel.netns_of_socket(*socket);
  }

  const Search& search_;
  std::unordered_map<Inode, std::optional<model::NetnsId>> where_;
  std::unordered_map<Pid, model::NetnsId> home_;
  model::Coverage row_{kName, 0, 0, 0, 0, 0};
  std::size_t asked_ = 0;
};

}  // namespace

void search_sockets(const Search& search, const std::vector<model::Namespace>& namespaces) {
  SocketSearch(search, namespaces).run();
}

}  // namespace nsmap::collect
