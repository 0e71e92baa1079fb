#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "collect/mount_survey.h"

namespace nsmap::collect {

// A mount that stands for itself, and how many others go when it is unmounted.
struct OriginalMount {
  std::size_t mount = 0;  // which of those given
  std::uint32_t copies = 0;
};

// Cloning a mount namespace copies its mounts (`ip netns exec`, every container runtime). A copy
// that is a peer of the original or its slave, at whatever remove, is unmounted with it
// (mount_namespaces(7), "Shared subtrees"); a private copy is not, and keeps the network namespace
// alive by itself. Only mounts of one network namespace at one path are taken for copies of each
// other: unmounting does not spread to another path. In the order of `mounts`, whose first of each
// peer group counts as the original.
std::vector<OriginalMount> fold_copies(std::span<const NsfsMount> mounts);

}  // namespace nsmap::collect
