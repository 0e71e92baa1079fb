#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

// The text formats of /proc (proc(5)), parsed; pure functions of what was read. The views in what
// they return are into the text given.

namespace nsmap::os {

// The name of a process's or thread's directory.
std::optional<Pid> parse_pid(std::string_view name);

// /proc/PID/stat, the fields we use.
struct ProcStat {
  std::string_view comm;  // as it is: it may hold spaces, parentheses and newlines
  char state = '?';       // 'Z' zombie, 'X' dead
  Pid parent;
  Pid session;
  bool kernel_thread = false;
  std::uint32_t threads = 1;      // a zombie leader counts as long as other threads live
  std::uint64_t start_ticks = 0;  // since boot, in USER_HZ
};
std::optional<ProcStat> parse_stat(std::string_view text);

// "net:[4026531840]", what a link to a namespace reads.
struct NamespaceLink {
  std::string_view type;
  Inode ino;
};
std::optional<NamespaceLink> parse_namespace_link(std::string_view text);

// The process's number in its own pid namespace: the last of the NSpid line of /proc/PID/status.
std::optional<Pid> parse_own_pid(std::string_view status);

// The path that says most about the process: that of the unified hierarchy or, where that is only
// "/" or absent (cgroup v1 and the hybrid mode), the first v1 path that is not.
std::string_view parse_cgroup(std::string_view text);

// A line of /proc/PID/mountinfo.
struct MountLine {
  std::uint32_t id = 0;
  std::string_view root;         // within its filesystem; on nsfs "net:[4026531840]"
  std::string_view mount_point;  // escaped; see mount_path()
  std::uint32_t shared = 0;      // its peer group, 0: none
  std::uint32_t master = 0;      // the peer group it is a slave of, 0: none
  std::string_view fstype;
};
std::optional<MountLine> parse_mount(std::string_view line);

void for_each_mount(std::string_view mountinfo, const std::function<void(const MountLine&)>& visit);
// Visits the nsfs mounts of a mountinfo, which may have a hundred thousand lines of other things.
void for_each_nsfs_mount(std::string_view mountinfo,
                         const std::function<void(const MountLine&)>& visit);

// A mount point as a path: octal escapes undone, the mark of a deleted one taken off.
std::string mount_path(std::string_view mount_point);

}  // namespace nsmap::os
