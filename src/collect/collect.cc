#include "collect/collect.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "base/text.h"
#include "collect/containers.h"
#include "collect/join.h"
#include "collect/listener.h"
#include "collect/peers.h"
#include "collect/reading.h"
#include "collect/registry.h"
#include "collect/report.h"
#include "collect/sources.h"
#include "collect/sweep.h"
#include "collect/visit.h"
#include "model/index.h"
#include "os/procfs.h"

namespace nsmap::collect {
namespace {

constexpr unsigned kMostThreads = 8;

std::optional<model::NetnsId> netns_at(os::Kernel& kernel, const char* path) {
  const auto stat = kernel.stat(os::kNoDir, path);
  if (!stat) return std::nullopt;
  return model::NetnsId{stat->id.dev, stat->id.ino};
}

// The machine's own namespace: that of pid 1, which may refuse to tell even root (ptrace(2) access
// checks), or of the kernel's threads, whose father is pid 2; failing those, our own.
model::NetnsId host_netns(os::Kernel& kernel, model::NetnsId own) {
  if (const auto init = netns_at(kernel, "/proc/1/ns/net")) return *init;
  const auto comm = kernel.read_file(os::kNoDir, "/proc/2/comm", 64);
  if (comm && *comm == "kthreadd\n")
    if (const auto kernel_thread = netns_at(kernel, "/proc/2/ns/net")) return *kernel_thread;
  return own;
}

model::Host read_host(os::Kernel& kernel) {
  model::Host host;
  const os::Utsname name = kernel.uname();
  host.hostname = clean_text(name.hostname);
  host.kernel = clean_text(name.release);
  if (const auto id = kernel.read_file(os::kNoDir, "/proc/sys/kernel/random/boot_id", 64))
    host.boot_id = clean_text(id->substr(0, id->find('\n')));
  host.time_ns = kernel.realtime_ns();
  host.monotonic_ns = kernel.boottime_ns();
  host.privileged = kernel.has_capability(CAP_SYS_ADMIN) && kernel.has_capability(CAP_SYS_PTRACE) &&
                    kernel.has_capability(CAP_NET_ADMIN);
  if (const auto self = kernel.read_link(os::kNoDir, "/proc/self"))
    host.reader = os::parse_pid(*self);
  return host;
}

// For elements that are heavy to move.
template <typename T, typename Less>
void sort_moving_once(std::vector<T>& list, Less less) {
  std::vector<T*> order;
  for (T& element : list) order.push_back(&element);
  std::sort(order.begin(), order.end(), [&](const T* a, const T* b) { return less(*a, *b); });
  std::vector<T> sorted;
  sorted.reserve(list.size());
  for (T* element : order) sorted.push_back(std::move(*element));
  list = std::move(sorted);
}

bool is_collector(std::string_view source) {
  return std::ranges::any_of(namespace_collectors(),
                             [&](const Collector& row) { return row.source == source; });
}

// Takes out what is put together from several sources, to be joined anew.
void forget_joined(model::Namespace& ns) {
  ns.host = false;
  ns.names.clear();
  ns.holders.clear();
  for (model::Link& link : ns.links) link.served_by.clear();
  for (model::Socket& socket : ns.sockets) socket.owners.clear();
}

// One collection, from the first look at /proc to the finished snapshot.
class Collection {
 public:
  Collection(os::Kernel& kernel, const Options& options, model::NetnsId own)
      : kernel_(kernel),
        options_(options),
        own_(own),
        registry_(kernel),
        visits_(kernel, {options.facts, recall()}, registry_, own, report_) {
    if (options.before)
      for (const model::Namespace& ns : options.before->namespaces) before_.emplace(ns.id, &ns);
  }

  model::Snapshot run() {
    snapshot_.host = read_host(kernel_);
    const std::int64_t start = kernel_.boottime_ns();
    discover();
    // A wire may lead to a namespace we do not know because it came after we looked: look again
    // before saying that nobody holds it. Without privilege most are not ours to know at all.
    if (resolve(false) != 0 && snapshot_.host.privileged) {
      forget_discovery();
      discover();
      resolve(true);
    }
    join();
    const std::int64_t took = kernel_.boottime_ns() - start;
    snapshot_.host.took_ns = options_.before ? options_.before->host.took_ns : took;
    report_.finish(snapshot_.coverage, snapshot_.diagnostics);
    if (options_.before) take_over_report();
    return std::move(snapshot_);
  }

 private:
  void discover() {
    servers_.clear();
    visits_.begin();
    sweep_ = sweep_processes(kernel_, options_.threads, registry_, report_);
    const Search search{kernel_,  options_.threads,  sweep_, registry_, report_,
                        servers_, options_.leave_out};
    for (const Source& source : namespace_sources()) source.search(search);
    visit_found();
    if (options_.facts != Facts::wiring) search_sockets(search, snapshot_.namespaces);
    visit_found();
    search_kernel_list(search);
    visit_found();
  }

  // What a visit need not read, if anything is known.
  std::function<KnownNamespace(const FoundNamespace&)> recall() {
    if (!options_.recall) return {};
    return [this](const FoundNamespace& found) -> KnownNamespace {
      auto stale = options_.recall(found.id, found.fd);
      const auto known = before_.find(found.id);
      if (!stale || known == before_.end() || !model::is_read(*known->second)) return {};
      const std::lock_guard lock(mutex_);
      StaleFacts& said = recalled_[found.id];
      said = *stale;
      return {known->second, std::move(*stale)};
    };
  }

  // What was said of the facts that were taken over, and how much all of them are.
  void take_over_report() {
    for (const model::Diagnostic& diagnostic : options_.before->diagnostics) {
      const auto known = diagnostic.ns ? recalled_.find(*diagnostic.ns) : recalled_.end();
      if (known != recalled_.end() && is_collector(diagnostic.source) &&
          !known->second.contains(diagnostic.source))
        snapshot_.diagnostics.push_back(diagnostic);
    }
    for (const model::Coverage& row : options_.before->coverage) {
      const auto own = std::ranges::find(snapshot_.coverage, row.source, &model::Coverage::source);
      if (own == snapshot_.coverage.end())
        snapshot_.coverage.push_back(row);
      else if (is_collector(row.source))
        *own = row;
    }
    std::ranges::sort(snapshot_.coverage, {}, &model::Coverage::source);
  }

  // What is found a second time is counted once.
  void forget_discovery() {
    for (const char* source : {"proc", "proc.task", "sockets.elsewhere", "listns"})
      report_.forget(source);
    for (const Source& source : namespace_sources()) report_.forget(source.name);
  }

  void visit_found() {
    const Visits::Done visits = visits_.finish(options_.threads);
    snapshot_.namespaces.reserve(snapshot_.namespaces.size() + visits.size());
    for (const auto& visit : visits) {
      visited_.push_back(visit->found);
      if (recalled_.contains(visit->found->id)) forget_joined(visit->read);
      snapshot_.namespaces.push_back(std::move(visit->read));
    }
  }

  std::size_t resolve(bool reveal_hidden) {
    const Visited visited{snapshot_.namespaces, visited_, own_};
    return resolve_peers(kernel_, visited, reveal_hidden, report_);
  }

  void join() {
    add_unopened();
    const model::NetnsId host = host_netns(kernel_, own_);
    for (model::Namespace& ns : snapshot_.namespaces) ns.host = ns.id == host;
    join_holders(registry_.all(), snapshot_.namespaces);
    std::erase_if(snapshot_.namespaces, is_listeners);
    join_socket_owners(sweep_, snapshot_.namespaces);
    join_tun_servers(servers_, snapshot_.namespaces);
    snapshot_.processes = std::move(sweep_.processes);
    snapshot_.containers = find_containers(kernel_, snapshot_.processes, report_);
    join_container_names(snapshot_.containers, snapshot_.namespaces);
    sort();
  }

  // Namespaces that were seen and could not be opened are in the snapshot, with their holders only.
  void add_unopened() {
    std::uint64_t unopened = 0;
    for (const FoundNamespace* found : registry_.all()) {
      if (found->fd.valid()) continue;
      model::Namespace ns;
      ns.id = found->id;
      snapshot_.namespaces.push_back(std::move(ns));
      ++unopened;
    }
    if (unopened != 0) report_.count({"visits", unopened, 0, unopened, 0, 0});
  }

  void sort() {
    sort_moving_once(snapshot_.namespaces,
                     [](const model::Namespace& a, const model::Namespace& b) {
                       return std::tuple(!a.host, a.id.hidden(), a.id.ino) <
                              std::tuple(!b.host, b.id.hidden(), b.id.ino);
                     });
    std::sort(snapshot_.processes.begin(), snapshot_.processes.end(),
              [](const auto& a, const auto& b) { return a.pid < b.pid; });
    std::sort(snapshot_.containers.begin(), snapshot_.containers.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
  }

  os::Kernel& kernel_;
  Options options_;
  model::NetnsId own_;
  Registry registry_;
  Report report_;
  Visits visits_;
  Sweep sweep_;
  std::vector<TunServerSeen> servers_;
  std::unordered_map<model::NetnsId, const model::Namespace*> before_;
  std::mutex mutex_;
  std::unordered_map<model::NetnsId, StaleFacts> recalled_;  // what was read again of them
  std::vector<FoundNamespace*> visited_;  // as snapshot_.namespaces, in the same order
  model::Snapshot snapshot_;
};

}  // namespace

Result<model::Snapshot> collect(os::Kernel& kernel, const Options& options) {
  kernel.raise_fd_limit();
  const auto own = kernel.stat(os::kNoDir, "/proc/self/ns/net");
  if (!own)
    return read_error(fmt::format("reading /proc/self/ns/net: {}",
                                  std::generic_category().message(own.error().value)),
                      "is /proc mounted?");
  Options wanted = options;
  if (wanted.threads == 0)
    wanted.threads = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
  return Collection(kernel, wanted, {own->id.dev, own->id.ino}).run();
}

}  // namespace nsmap::collect
