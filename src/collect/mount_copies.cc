#include "collect/mount_copies.h"

#include <optional>
#include <unordered_map>

namespace nsmap::collect {
namespace {

constexpr int kMostRemoves = 64;  // in a chain of slaves of slaves

struct GroupKey {
  std::uint64_t ino;
  std::uint32_t path;
  std::uint32_t group;
  friend bool operator==(const GroupKey&, const GroupKey&) = default;
};

struct GroupHash {
  std::size_t operator()(const GroupKey& key) const {
    return (key.ino * 1000003u + key.path) * 1000003u + key.group;
  }
};

class PeerGroups {
 public:
  explicit PeerGroups(std::span<const NsfsMount> mounts) : mounts_(mounts) {
    for (std::size_t i = 0; i < mounts.size(); ++i)
      if (mounts[i].shared != 0)
        first_.emplace(GroupKey{mounts[i].ino, mounts[i].path, mounts[i].shared}, i);
  }

  std::size_t original_of(std::size_t i) const {
    for (int removes = 0; removes < kMostRemoves; ++removes) {
      const auto next = origin_of(i);
      if (!next || *next == i) break;
      i = *next;
    }
    return i;
  }

 private:
  std::optional<std::size_t> origin_of(std::size_t i) const {
    const auto master = first_of(mounts_[i], mounts_[i].master);
    return master ? master : first_of(mounts_[i], mounts_[i].shared);
  }

  std::optional<std::size_t> first_of(const NsfsMount& mount, std::uint32_t group) const {
    if (group == 0) return std::nullopt;
    const auto found = first_.find({mount.ino, mount.path, group});
    if (found == first_.end()) return std::nullopt;
    return found->second;
  }

  std::span<const NsfsMount> mounts_;
  std::unordered_map<GroupKey, std::size_t, GroupHash> first_;
};

}  // namespace

std::vector<OriginalMount> fold_copies(std::span<const NsfsMount> mounts) {
  const PeerGroups groups(mounts);
  std::vector<std::uint32_t> copies(mounts.size());
  std::vector<bool> original(mounts.size());
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const std::size_t of = groups.original_of(i);
    if (of == i)
      original[i] = true;
    else
      ++copies[of];
  }
  std::vector<OriginalMount> result;
  for (std::size_t i = 0; i < mounts.size(); ++i)
    if (original[i]) result.push_back({i, copies[i]});
  return result;
}

}  // namespace nsmap::collect
