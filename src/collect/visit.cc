#include "collect/visit.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "collect/collectors.h"

namespace nsmap::collect {
namespace {

// What one thread did: its part of the coverage, kept to itself until it ends.
struct Tally {
  model::Coverage visits{"visits", 0, 0, 0, 0, 0};
  std::vector<model::Coverage> collectors;
  int refusal = 0;  // errno of the last namespace that could not be entered
};

model::OwnerUserns owner_of(os::Kernel& kernel, Fd userns) {
  model::OwnerUserns owner;
  if (const auto stat = kernel.stat(userns, "")) owner.ino = Inode(stat->id.ino);
  if (const auto uid = kernel.userns_owner(userns)) owner.uid = *uid;
  return owner;
}

void read_identity(os::Kernel& kernel, Fd ns, model::Namespace& out) {
  if (const auto id = kernel.namespace_id(ns)) out.ns_id = *id;
  if (const auto userns = kernel.owner_userns(ns)) out.owner_userns = owner_of(kernel, *userns);
}

void run_collectors(Reading& reading, Tally& tally) {
  const auto collectors = namespace_collectors();
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    const std::int64_t start = reading.kernel.boottime_ns();
    const std::size_t found = collectors[i].collect(reading);
    model::Coverage& row = tally.collectors[i];
    ++row.looked_at;
    row.found += found;
    row.took_ns += reading.kernel.boottime_ns() - start;
  }
}

// Reads the namespace the calling thread is in.
void read_namespace(os::Kernel& kernel, model::Namespace& ns, Report& report, Tally& tally) {
  const auto route_fd = kernel.netlink_socket(os::NetlinkProtocol::route);
  if (!route_fd) {
    const int error = route_fd.error().value;
    report.add("visits", "opening a netlink socket: " + std::generic_category().message(error),
               error, ns.id);
    return;
  }
  if (const auto cookie = kernel.netns_cookie(*route_fd)) ns.cookie = *cookie;
  const auto route = netlink::over_socket(kernel, *route_fd);
  const auto diag = netlink::open_kernel(kernel, os::NetlinkProtocol::sock_diag);
  Reading reading{kernel, *route, diag ? diag->get() : nullptr, ns, report};
  run_collectors(reading, tally);
  ++tally.visits.found;
}

void visit_one(os::Kernel& kernel, const FoundNamespace& found, bool inside, model::Namespace& ns,
               Report& report, Tally& tally) {
  ++tally.visits.looked_at;
  ns.id = found.id;
  read_identity(kernel, found.fd, ns);
  if (!inside) {
    if (const auto entered = kernel.enter(found.fd, os::NamespaceType::net); !entered) {
      ++tally.visits.refused;
      tally.refusal = entered.error().value;
      return;
    }
  }
  read_namespace(kernel, ns, report, tally);
}

Tally empty_tally() {
  Tally tally;
  for (const Collector& collector : namespace_collectors())
    tally.collectors.push_back({collector.source, 0, 0, 0, 0, 0});
  return tally;
}

void hand_in(const Tally& tally, Report& report) {
  report.count(tally.visits);
  for (const model::Coverage& row : tally.collectors) report.count(row);
}

}  // namespace

std::vector<model::Namespace> visit(os::Kernel& kernel, const std::vector<FoundNamespace*>& found,
                                    model::NetnsId own, unsigned threads, Report& report) {
  const std::int64_t start = kernel.boottime_ns();
  std::vector<model::Namespace> namespaces(found.size());
  const auto ours = std::find_if(found.begin(), found.end(),
                                 [&](const FoundNamespace* ns) { return ns->id == own; });
  const auto own_at = static_cast<std::size_t>(ours - found.begin());
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<int> refusal{0};

  // The first thread begins with our own namespace, while it is still in it.
  const auto work = [&](bool first) {
    Tally tally = empty_tally();
    if (first && own_at < found.size())
      visit_one(kernel, *found[own_at], true, namespaces[own_at], report, tally);
    for (std::size_t i = next++; i < found.size(); i = next++)
      if (i != own_at) visit_one(kernel, *found[i], false, namespaces[i], report, tally);
    hand_in(tally, report);
    refused += tally.visits.refused;
    if (tally.refusal != 0) refusal = tally.refusal;
  };

  std::vector<std::thread> workers;
  const std::size_t wanted = std::clamp<std::size_t>(found.size() / 8, 1, std::max(threads, 1u));
  for (std::size_t i = 0; i < wanted; ++i) workers.emplace_back(work, i == 0);
  for (std::thread& worker : workers) worker.join();
  report.count({"visits", 0, 0, 0, 0, kernel.boottime_ns() - start});

  if (refused != 0)
    report.add("visits",
               fmt::format("entering {} of {} namespaces: {}", refused.load(), found.size(),
                           std::generic_category().message(refusal)),
               refusal);
  return namespaces;
}

}  // namespace nsmap::collect
