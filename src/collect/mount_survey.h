#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collect/sources.h"

namespace nsmap::collect {

// One mount namespace that was looked into.
struct MountView {
  Inode mnt_ns;
  std::optional<Pid> pid;  // a process in it; absent: none is
  UniqueFd ns;             // where nsmap entered it itself: the namespace
  UniqueFd root;           // its root directory (O_PATH); kept where nsfs is mounted in it
};

// An nsfs mount as one mount namespace sees it.
struct NsfsMount {
  std::uint32_t view = 0;    // in MountSurvey::views
  std::uint32_t path = 0;    // in MountSurvey::paths
  std::uint32_t id = 0;      // the mount's, unique while it lasts
  std::uint32_t shared = 0;  // its peer group; 0: none
  std::uint32_t master = 0;  // the group it is a slave of; 0: none
  std::uint64_t ino = 0;     // of the network namespace
};

struct MountSurvey {
  Inode own;                     // nsmap's own mount namespace
  std::vector<MountView> views;  // own first, then by inode, then those entered
  std::vector<std::string> paths;
  std::vector<NsfsMount> mounts;  // those of network namespaces; by view, then in mountinfo's order
  std::string own_mountinfo;
  std::uint64_t skipped = 0;  // mount namespaces not, or not wholly, read: over kMostMountinfo
  std::uint64_t refused = 0;  // mount namespaces that there was no way into
  int refusal = 0;            // errno of the first of them

  const MountView& view_of(const NsfsMount& mount) const { return views[mount.view]; }
  const std::string& path_of(const NsfsMount& mount) const { return paths[mount.path]; }
};

// How much mountinfo is read in all, in bytes. Every mount namespace made by cloning repeats the
// mounts of its parent, so the whole is a product that the kernel itself makes.
inline constexpr std::int64_t kMostMountinfo = 64 << 20;

// Reads the mounts of every mount namespace there is a way into: a process in it, a descriptor of
// it, or a mount of it seen in another.
MountSurvey survey_mounts(const Search& search, std::int64_t budget = kMostMountinfo);

// The view's mountinfo as it is now; empty when there is no way in any more.
std::string read_mountinfo(os::Kernel& kernel, const MountView& view);

}  // namespace nsmap::collect
