#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/text.h"
#include "collect/sources.h"

// TUN/TAP descriptors tie two namespaces to a process: the one its device is in (TUNGETDEVNETNS),
// and the one the descriptor was opened in (SIOCGSKNS), which its socket keeps alive. They differ
// once the device is moved, as by `ip link set tap0 netns x`.

namespace nsmap::collect {
namespace {

bool is_gone(int error) { return error == ESRCH || error == ENOENT || error == EBADF; }

class TunSearch {
 public:
  explicit TunSearch(const Search& search)
      : search_(search), kernel_(search.kernel), start_(search.kernel.boottime_ns()) {}

  void look_at(const Descriptor& descriptor) {
    ++row_.looked_at;
    const auto pidfd = kernel_.pidfd_open(descriptor.tid);
    if (!pidfd) return note_failure(descriptor, pidfd.error());
    const auto tun = kernel_.pidfd_getfd(*pidfd, descriptor.fd);
    if (!tun) return note_failure(descriptor, tun.error());
    const auto name = kernel_.tun_name(*tun);
    if (!name) return;  // not attached to a device: /dev/net/tun just opened
    ++row_.found;
    Seen device = identify(kernel_.netns_of_tun(*tun));
    Seen opened = identify(kernel_.netns_of_socket(*tun));
    search_.tun_servers.push_back({device.id, clean_text(*name), descriptor.pid, descriptor.fd});
    const bool same = device.id == opened.id;
    add_holder(descriptor, std::move(device));
    if (!same) add_holder(descriptor, std::move(opened));
  }

  void finish() {
    row_.took_ns = kernel_.boottime_ns() - start_;
    search_.report.count(row_);
    if (row_.refused != 0)
      search_.report.add(
          "tun",
          fmt::format("taking {} TUN/TAP descriptor(s) failed, the first of pid {}: "
                      "{}",
                      row_.refused, refused_.value, std::generic_category().message(error_)),
          error_);
  }

 private:
  struct Seen {
    UniqueFd ns;
    std::optional<model::NetnsId> id;
  };

  Seen identify(SysResult<UniqueFd> ns) {
    if (!ns) return {};
    const auto stat = kernel_.stat(*ns, "");
    if (!stat) return {};
    return {std::move(*ns), model::NetnsId{stat->id.dev, stat->id.ino}};
  }

  // Notes the descriptor as a holder of the namespace, unless its process is in there itself.
  void add_holder(const Descriptor& descriptor, Seen seen) {
    if (!seen.id || seen.id == home_of(descriptor.pid)) return;
    model::Holder holder;
    holder.kind = model::HolderKind::tun;
    holder.pid = descriptor.pid;
    holder.fd = descriptor.fd;
    if (descriptor.tid != descriptor.pid) holder.tid = descriptor.tid;
    search_.registry.add(std::move(seen.ns), holder);
  }

  std::optional<model::NetnsId> home_of(Pid pid) const {
    const auto& processes = search_.sweep.processes;
    const auto found = std::lower_bound(processes.begin(), processes.end(), pid,
                                        [](const auto& a, Pid b) { return a.pid < b; });
    return found != processes.end() && found->pid == pid ? found->net : std::nullopt;
  }

  void note_failure(const Descriptor& descriptor, Errno error) {
    if (is_gone(error.value)) return;
    if (row_.refused++ != 0) return;
    refused_ = descriptor.pid;
    error_ = error.value;
  }

  const Search& search_;
  os::Kernel& kernel_;
  std::int64_t start_;
  model::Coverage row_{"tun", 0, 0, 0, 0, 0};
  Pid refused_;  // the first
  int error_ = 0;
};

}  // namespace

void search_tuns(const Search& search) {
  TunSearch tuns(search);
  for (const Descriptor& descriptor : search.sweep.descriptors)
    if (descriptor.kind == Descriptor::Kind::tun) tuns.look_at(descriptor);
  tuns.finish();
}

}  // namespace nsmap::collect
