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
  std::vector<std::string> command;           // looked up in PATH
  std::vector<std::string> environment = {};  // NAME=value, beside the caller's
  Fd net;                 // the network namespace to run in; invalid: the caller's
  std::string log;        // its output goes there, appended; empty: the caller's streams
  bool detached = false;  // in a session of its own, its input from /dev/null
};

// Whom to run a program as.
struct User {
  std::string name;  // empty: a number without a name
  Uid uid;
  std::uint32_t gid = 0;
  std::string shell;  // of passwd(5)
};

// What programs that run side by side write.
enum class Stream { out, err };

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
  // Moves the calling thread, as Kernel::enter. Into a user namespace the process goes as a whole,
  // and with one thread: those that have ended are waited for.
  virtual SysResult<void> enter(Fd ns, NamespaceType type) = 0;
  // Moves the calling process, which has one thread, into a new user namespace, where it is root
  // and its ids are the only ones (user_namespaces(7)). EPERM: they are forbidden, or this is a
  // chroot; ENOSPC: user.max_user_namespaces is reached.
  virtual SysResult<void> unshare_user() = 0;

  // --- files ---------------------------------------------------------------------------------
  // With its parents, mode 0755 less the umask. Nothing happens where it is.
  virtual SysResult<void> make_directory(const std::string& path) = 0;
  // With mode 0700; its parent is there. EEXIST where anything is.
  virtual SysResult<void> make_private_directory(const std::string& path) = 0;
  // Where the calling process looks paths up that are relative.
  virtual SysResult<void> change_directory(const std::string& path) = 0;
  // A regular file's content as a process sees it whose root `root` is (/proc/PID/root): symbolic
  // links do not lead out of there. EFBIG when it is longer than `limit`.
  virtual SysResult<std::string> read_within(const std::string& root, const std::string& path,
                                             std::size_t limit) = 0;
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
  // Starts a process of that name that does nothing in the caller's namespaces, until a signal ends
  // it; it has no descriptor and no terminal of the caller's. `noted` is called with its pid first:
  // if that is false, or the caller dies in it, the process is gone (ECANCELED).
  virtual SysResult<Pid> keep(const std::string& name, const std::function<bool(Pid)>& noted) = 0;
  // Ends a process that is known by its pid and start time (clock ticks since boot), and its
  // session: SIGTERM, then SIGKILL when `patience_ms` have passed. ESRCH: it is no more.
  virtual SysResult<void> stop(Pid pid, std::uint64_t start_ticks, int patience_ms) = 0;

  // --- the calling process, before it becomes another program ----------------------------------
  // Gives it mounts of its own: what is mounted outside still shows inside, but not the other way
  // round. EINVAL in a chroot whose / is no mount point.
  virtual SysResult<void> unshare_mounts() = 0;
  // Mounts the sysfs of its network namespace at /sys, and all that was mounted below there (the
  // cgroups) in its place again. The four that mount are for mounts of its own only.
  virtual SysResult<void> mount_sysfs() = 0;
  // An empty directory in place of the one there, for everybody to read.
  virtual SysResult<void> mount_tmpfs(const std::string& path) = 0;
  // Lays a file or directory, or a file with that text, over a path of the same kind.
  virtual SysResult<void> bind(const std::string& source, const std::string& target) = 0;
  virtual SysResult<void> bind_text(std::string_view text, const std::string& target) = 0;
  // By name or number; without one, who runs us. ENOENT: there is no such user.
  virtual SysResult<User> find_user(const std::string& user) = 0;
  // Takes that user's ids and groups; root's capabilities go.
  virtual SysResult<void> become(const User& user) = 0;
  // Becomes the program, which finds signals and limits as nsmap itself found them. Returns when
  // that fails: ENOENT, there is no such program; anything else, it cannot be executed.
  virtual Errno execute(const std::vector<std::string>& command) = 0;
  // Calls `body(i)` for each i below `count` in a process of its own, `at_once` of them at a time,
  // without an input, and `output` in this one with what they write: false, and that stream is
  // read no more, which ends its writer with SIGPIPE. Gives their exit statuses, 128 + the signal
  // for those that a signal ended. To be called while there is one thread.
  virtual SysResult<std::vector<int>> run_all(
      std::size_t count, std::size_t at_once, const std::function<int(std::size_t)>& body,
      const std::function<bool(std::size_t, Stream, std::string_view)>& output) = 0;
};

// The running kernel. To be called first before nsmap changes its own signals and limits, which
// programs are then not given.
Changes& real_changes();

}  // namespace nsmap::os
