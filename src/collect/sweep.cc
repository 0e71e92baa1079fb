#include "collect/sweep.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "base/workers.h"
#include "collect/sweep_process.h"
#include "os/procfs.h"

// The walk over /proc. It is the one part of a collection whose cost grows with processes and
// descriptors, so each process is visited once, through one directory descriptor (which goes on
// meaning that process when its pid is given to another), by workers that share nothing but the
// registry.

namespace nsmap::collect {
namespace {

using Parts = std::vector<std::unique_ptr<SweepPart>>;

std::vector<Pid> list_pids(os::Kernel& kernel, Fd proc) {
  std::vector<Pid> pids;
  // What a failure leaves unlisted shows as a process less, no worse than one that just died.
  static_cast<void>(kernel.for_each_entry(proc, [&](const char* name) {
    if (const auto pid = os::parse_pid(name)) pids.push_back(*pid);
  }));
  return pids;
}

Inode own_pid_namespace(os::Kernel& kernel) {
  const auto text = kernel.read_link(os::kNoDir, "/proc/self/ns/pid");
  const auto link = text ? os::parse_namespace_link(*text) : std::nullopt;
  return link ? link->ino : Inode{};
}

Pid own_pid(os::Kernel& kernel) {
  const auto text = kernel.read_link(os::kNoDir, "/proc/self");
  return text ? os::parse_pid(*text).value_or(Pid{}) : Pid{};
}

std::uint64_t nsfs_device(os::Kernel& kernel) {
  const auto stat = kernel.stat(os::kNoDir, "/proc/self/ns/net");
  return stat ? stat->id.dev : 0;
}

void merge(Sweep& sweep, const Parts& parts) {
  for (const auto& part : parts) {
    std::move(part->processes.begin(), part->processes.end(), std::back_inserter(sweep.processes));
    sweep.descriptors.insert(sweep.descriptors.end(), part->descriptors.begin(),
                             part->descriptors.end());
  }
  std::sort(sweep.processes.begin(), sweep.processes.end(),
            [](const auto& a, const auto& b) { return a.pid < b.pid; });
  std::sort(sweep.descriptors.begin(), sweep.descriptors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.pid, a.tid, a.fd) < std::tie(b.pid, b.tid, b.fd);
  });
}

std::uint64_t count_namespaces(const std::vector<model::Process>& processes) {
  std::unordered_set<std::uint64_t> inodes;
  for (const auto& process : processes)
    if (process.net) inodes.insert(process.net->ino);
  return inodes.size();
}

struct SweepSource {
  const char* name;
  SweepCount SweepPart::*count;
  const char* refused;  // what was not permitted, of how many of …
  const char* unit;
};

constexpr SweepSource kSources[] = {
    {"proc", &SweepPart::proc, "reading the network namespace", "process(es)"},
    {"proc.task", &SweepPart::task, "reading the network namespace", "thread(s)"},
    {"proc.fd", &SweepPart::fd, "listing the descriptors", "process(es) or thread(s)"},
};

std::string refusal(const SweepSource& source, const SweepCount& count, const Sweep& sweep) {
  const auto process =
      std::lower_bound(sweep.processes.begin(), sweep.processes.end(), count.first_refused,
                       [](const auto& a, Pid pid) { return a.pid < pid; });
  const bool known = process != sweep.processes.end() && process->pid == count.first_refused;
  return fmt::format("{} of {} {} failed, the first in pid {}{}: {}", source.refused, count.refused,
                     source.unit, count.first_refused.value,
                     known ? " (" + process->comm + ")" : "",
                     std::generic_category().message(count.error));
}

void report_counts(const Sweep& sweep, const Parts& parts, Report& report) {
  for (const SweepSource& source : kSources) {
    SweepCount sum;
    for (const auto& part : parts) sum.merge((*part).*source.count);
    if (source.count == &SweepPart::proc) sum.found = count_namespaces(sweep.processes);
    report.count({source.name, sum.looked_at, sum.found, sum.refused, 0, sum.took_ns});
    if (sum.refused != 0) report.add(source.name, refusal(source, sum, sweep), sum.error);
  }
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part->without_kcmp; }))
    report.add("proc.fd",
               "this kernel has no kcmp(2): descriptors that only a thread has are not "
               "looked for",
               ENOSYS);
}

}  // namespace

Sweep sweep_processes(os::Kernel& kernel, unsigned threads, Registry& registry, Report& report) {
  Sweep sweep;
  sweep.nsfs_dev = nsfs_device(kernel);
  const auto proc = kernel.open(os::kNoDir, "/proc", O_RDONLY | O_DIRECTORY);
  if (!proc) {
    report.add("proc", "opening /proc: " + std::generic_category().message(proc.error().value),
               proc.error().value);
    return sweep;
  }
  const SweepShared shared{
      kernel, registry, *proc, sweep.nsfs_dev, own_pid_namespace(kernel), own_pid(kernel)};
  const std::vector<Pid> pids = list_pids(kernel, *proc);
  Parts parts;
  for (unsigned i = 0; i < std::max(threads, 1u); ++i)
    parts.push_back(std::make_unique<SweepPart>());
  share_work(threads, pids.size(), [&](unsigned worker, std::size_t i) {
    sweep_process(shared, *parts[worker], pids[i]);
  });
  merge(sweep, parts);
  report_counts(sweep, parts, report);
  return sweep;
}

}  // namespace nsmap::collect
