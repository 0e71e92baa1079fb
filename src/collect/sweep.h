#pragma once

#include <string>
#include <vector>

#include "collect/registry.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// A descriptor worth a second look, from /proc/PID/fd or, where a thread has a table of its own,
// /proc/PID/task/TID/fd.
struct Descriptor {
  enum class Kind {
    netns,   // nsfs, "net:[…]"
    mntns,   // nsfs, "mnt:[…]"
    socket,  // "socket:[…]"
    tun,     // the TUN/TAP control device (10:200) or a macvtap's
  };
  Kind kind = Kind::netns;
  Pid pid;
  Pid tid;  // equal to pid for the process's own table
  int fd = -1;
  Inode inode;  // of the namespace or the socket; tun: 0
};

// What one walk over /proc gives: each process once, and every descriptor of interest.
struct Sweep {
  std::vector<model::Process> processes;  // by pid; `net` absent where the link could not be read
  std::vector<Descriptor> descriptors;    // by pid
  std::uint64_t nsfs_dev = 0;             // the device of nsfs, which a /proc link does not tell
};

// Walks /proc with `threads` threads. Processes that die on the way are left out. Threads in a
// namespace other than their process's go straight to the registry, as does every process's own
// namespace (sources proc and proc.task); descriptors are for the sources that follow.
Sweep sweep_processes(os::Kernel& kernel, unsigned threads, Registry& registry, Report& report);

}  // namespace nsmap::collect
