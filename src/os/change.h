#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/ids.h"
#include "base/result.h"
#include "os/kernel.h"

// The system calls that change the system, beside those that only read it (os/kernel.h). Only `ns`
// and `lab` have one of these. Paths are absolute. Every call may fail with the errno of its man
// page, and is safe from several threads at once.

namespace nsmap::os {

// A process to start.
struct Program {
  std::vector<std::string> command;      // looked up in PATH
  std::vector<std::string> environment;  // NAME=value, beside the caller's
  Fd net;                                // the network namespace to run in; invalid: the caller's
  std::string log;        // its output goes there, appended; empty: the caller's streams
  bool detached = false;  // in a session of its own, its input from /dev/null
};

class Changes {
 public:
  virtual ~Changes() = default;

  // --- namespaces ----------------------------------------------------------------------------
  // A new network namespace, with nothing but its loopback, made by a thread that ends with it.
  virtual SysResult<UniqueFd> make_network_namespace() = 0;
  // Mounts a namespace on an empty file at `path`, which is made, as ip-netns(8) does: what keeps
  // it alive. EEXIST where a file is.
  virtual SysResult<void> pin_namespace(Fd ns, const std::string& path) = 0;
  // Takes the mount and the file away; a file without a mount as well.
  virtual SysResult<void> unpin_namespace(const std::string& path) = 0;
  // Makes a directory that shares what is mounted below it with other mount namespaces, as
  // ip-netns(8) makes /run/netns. Nothing happens where it is one.
  virtual SysResult<void> share_directory(const std::string& path) = 0;
  // Moves the calling thread, as Kernel::enter.
  virtual SysResult<void> enter(Fd ns, NamespaceType type) = 0;

  // --- files ---------------------------------------------------------------------------------
  // With its parents, mode 0755 less the umask. Nothing happens where it is.
  virtual SysResult<void> make_directory(const std::string& path) = 0;
  virtual SysResult<void> remove_file(const std::string& path) = 0;
  virtual SysResult<void> remove_directory(const std::string& path) = 0;  // an empty one
  // Writes to a file that is there, with one write(2): for /proc/sys, in the calling thread's
  // network namespace.
  virtual SysResult<void> write_setting(const std::string& path, std::string_view value) = 0;
  // Appends to a file, which is made, and waits until it is on the disk where there is one.
  virtual SysResult<void> append_file(const std::string& path, std::string_view text) = 0;
  // Holds a file's lock (flock(2)) until the descriptor goes, and writes our pid into it.
  // EWOULDBLOCK: another process has it, whose pid the file tells.
  virtual SysResult<UniqueFd> lock_file(const std::string& path) = 0;

  // --- processes -----------------------------------------------------------------------------
  virtual SysResult<Pid> start(const Program& program) = 0;
  // Ends a process that is known by its pid and start time (clock ticks since boot), and its
  // session: SIGTERM, then SIGKILL when `patience_ms` have passed. ESRCH: it is no more.
  virtual SysResult<void> stop(Pid pid, std::uint64_t start_ticks, int patience_ms) = 0;
};

// The running kernel.
Changes& real_changes();

}  // namespace nsmap::os
