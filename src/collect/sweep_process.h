#pragma once

#include <array>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "collect/registry.h"
#include "collect/sweep.h"
#include "os/kernel.h"

namespace nsmap::collect {

// What one worker of the sweep counts for one source.
struct SweepCount {
  std::uint64_t looked_at = 0;
  std::uint64_t found = 0;
  std::uint64_t refused = 0;
  std::int64_t took_ns = 0;
  Pid first_refused;  // the lowest
  int error = 0;      // of that refusal

  void refuse(Pid pid, int why);
  void merge(const SweepCount& other);
};

// What the sweep's workers share.
struct SweepShared {
  os::Kernel& kernel;
  Registry& registry;
  Fd proc;  // /proc
  std::uint64_t nsfs_dev = 0;
  Inode pid_ns;  // nsmap's own
  Pid self;      // nsmap: the descriptors it holds meanwhile are nobody's business
};

// What one worker has found.
struct SweepPart {
  std::vector<model::Process> processes;
  std::vector<Descriptor> descriptors;
  // Network namespaces this worker knows the registry to hold open: a link read after that and
  // naming one of these inodes means that very namespace, for the inode cannot have been reused.
  std::unordered_set<std::uint64_t> pinned;
  SweepCount proc;
  SweepCount task;
  SweepCount fd;
  bool without_kcmp = false;  // the kernel has none: own descriptor tables were not looked for
  std::array<char, 16384> buffer;
};

// Reads one process with its threads and descriptors into `part`. One that dies on the way leaves
// no process behind.
void sweep_process(const SweepShared& shared, SweepPart& part, Pid pid);

// Reads one descriptor table: `dir` is the /proc directory of the thread `tid` of `pid`.
void sweep_descriptors(os::Kernel& kernel, SweepPart& part, Fd dir, Pid pid, Pid tid);

}  // namespace nsmap::collect
