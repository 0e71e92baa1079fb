#include "collect/mount_survey.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/workers.h"
#include "collect/descriptor_path.h"
#include "os/procfs.h"

// Every mount namespace is read once, through /proc/PID/mountinfo of one process in it. That file
// shows what is below the process's root directory, so a process that is not chrooted is taken
// where there is one. A mount namespace that only a descriptor or a mount of its own keeps, or that
// has chrooted processes only, is entered by a thread made for it: setns(2) puts the thread at the
// namespace's root.

namespace nsmap::collect {
namespace {

constexpr std::size_t kMostOfOne = 32 << 20;  // bytes: more than sysctl fs.mount-max lines

bool is_gone(int error) { return error == ENOENT || error == ESRCH || error == EINVAL; }

struct Group {
  Inode mnt_ns;
  std::vector<Pid> pids;
};

// A way into a mount namespace that no process is known to be in.
struct WayIn {
  Inode mnt_ns;
  std::optional<Descriptor> descriptor;
  std::uint32_t view = 0;  // else: of the view where it is mounted
  std::string path;        // and where
};

struct Entered {
  UniqueFd root;
  std::string mountinfo;
};

SysResult<Entered> enter_in_this_thread(os::Kernel& kernel, Fd ns, std::size_t limit) {
  // Opened before: in there, /proc may be another pid namespace's, or absent.
  const auto self = kernel.open(os::kNoDir, "/proc/thread-self", O_PATH | O_DIRECTORY);
  if (!self) return tl::unexpected(self.error());
  if (const auto own = kernel.unshare_fs(); !own) return tl::unexpected(own.error());
  if (const auto in = kernel.enter(ns, os::NamespaceType::mount); !in)
    return tl::unexpected(in.error());
  auto root = kernel.open(os::kNoDir, "/", O_PATH | O_DIRECTORY);
  if (!root) return tl::unexpected(root.error());
  auto mountinfo = kernel.read_file(*self, "mountinfo", limit);
  if (!mountinfo) return tl::unexpected(mountinfo.error());
  return Entered{std::move(*root), std::move(*mountinfo)};
}

SysResult<Entered> enter(os::Kernel& kernel, Fd ns, std::size_t limit) {
  SysResult<Entered> entered = tl::unexpected(Errno{EAGAIN});
  try {
    std::jthread([&] { entered = enter_in_this_thread(kernel, ns, limit); });
  } catch (const std::system_error&) {
    // No thread to be had (EAGAIN).
  }
  return entered;
}

std::string proc_path(Pid pid, const char* file) {
  return fmt::format("/proc/{}/{}", pid.value, file);
}

std::optional<Inode> mount_namespace_of(os::Kernel& kernel, const std::string& path) {
  const auto text = kernel.read_link(os::kNoDir, path.c_str());
  const auto link = text ? os::parse_namespace_link(*text) : std::nullopt;
  if (!link) return std::nullopt;
  return link->ino;
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

class Surveyor {
 public:
  Surveyor(const Search& search, std::int64_t budget)
      : search_(search), kernel_(search.kernel), budget_(budget) {
    survey_.own = mount_namespace_of(kernel_, "/proc/self/ns/mnt").value_or(Inode{});
  }

  MountSurvey run() {
    std::vector<Group> groups = group_processes();
    survey_.views.resize(groups.size());
    share_work(search_.threads, groups.size(), [&](unsigned, std::size_t i) {
      look_through_processes(groups[i], static_cast<std::uint32_t>(i));
    });
    for (const Group& group : groups) seen_.insert(group.mnt_ns);
    enter_the_others();
    drop_roots();
    std::stable_sort(survey_.mounts.begin(), survey_.mounts.end(),
                     [](const auto& a, const auto& b) { return a.view < b.view; });
    return std::move(survey_);
  }

 private:
  std::vector<Group> group_processes() const {
    std::vector<Group> groups;
    std::unordered_map<Inode, std::size_t> index;
    for (const model::Process& process : search_.sweep.processes) {
      if (!process.mnt_ns) continue;
      const auto [found, added] = index.try_emplace(*process.mnt_ns, groups.size());
      if (added) groups.push_back({*process.mnt_ns, {}});
      groups[found->second].pids.push_back(process.pid);
    }
    std::sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
      return std::pair(a.mnt_ns != survey_.own, a.mnt_ns) <
             std::pair(b.mnt_ns != survey_.own, b.mnt_ns);
    });
    return groups;
  }

  void look_through_processes(const Group& group, std::uint32_t view) {
    survey_.views[view].mnt_ns = group.mnt_ns;
    int error = 0;
    std::optional<Pid> chrooted;
    for (const Pid pid : group.pids) {
      const auto root = kernel_.read_link(os::kNoDir, proc_path(pid, "root").c_str());
      if (!root) {
        error = root.error().value;
      } else if (*root != "/") {
        if (!chrooted) chrooted = pid;
      } else if (look_through(pid, view)) {
        return;
      }
    }
    if (chrooted && (enter_through(*chrooted, view) || look_through(*chrooted, view))) return;
    if (error != 0) refuse(error);
  }

  // Whether the process was still there, and in that mount namespace, when all was read.
  bool look_through(Pid pid, std::uint32_t index) {
    MountView& view = survey_.views[index];
    auto root = kernel_.open(os::kNoDir, proc_path(pid, "root").c_str(), O_PATH | O_DIRECTORY);
    if (!root) return false;
    const std::size_t limit = limit_of_next();
    const auto mountinfo =
        kernel_.read_file(os::kNoDir, proc_path(pid, "mountinfo").c_str(), limit);
    if (!mountinfo || mount_namespace_of(kernel_, proc_path(pid, "ns/mnt")) != view.mnt_ns)
      return false;
    view.pid = pid;
    view.root = std::move(*root);
    add(index, *mountinfo, limit);
    return true;
  }

  bool enter_through(Pid pid, std::uint32_t index) {
    auto ns = kernel_.open(os::kNoDir, proc_path(pid, "ns/mnt").c_str(), O_RDONLY);
    if (!ns || identify(*ns) != survey_.views[index].mnt_ns) return false;
    survey_.views[index].pid = pid;
    return enter_view(std::move(*ns), index).has_value();
  }

  SysResult<void> enter_view(UniqueFd ns, std::uint32_t index) {
    const std::size_t limit = limit_of_next();
    auto entered = enter(kernel_, ns, limit);
    if (!entered) return tl::unexpected(entered.error());
    survey_.views[index].ns = std::move(ns);
    survey_.views[index].root = std::move(entered->root);
    add(index, entered->mountinfo, limit);
    return {};
  }

  std::optional<Inode> identify(Fd ns) {
    const auto type = kernel_.namespace_type(ns);
    const auto stat = kernel_.stat(ns, "");
    if (!type || *type != os::NamespaceType::mount || !stat) return std::nullopt;
    return Inode(stat->id.ino);
  }

  void enter_the_others() {
    for (const Descriptor& descriptor : search_.sweep.descriptors)
      if (descriptor.kind == Descriptor::Kind::mntns)
        ways_in_.push_back({descriptor.inode, descriptor, 0, {}});
    // Entering one may show the way into another.
    for (std::size_t i = 0; i < ways_in_.size(); ++i) {
      const WayIn way = ways_in_[i];
      if (seen_.contains(way.mnt_ns)) continue;
      if (auto ns = open_way(way)) enter_new(std::move(*ns));
    }
  }

  SysResult<UniqueFd> open_way(const WayIn& way) {
    if (way.descriptor)
      return kernel_.open(os::kNoDir, descriptor_path(*way.descriptor).c_str(), O_RDONLY);
    return kernel_.open(survey_.views[way.view].root, way.path.c_str() + 1, O_RDONLY | O_NONBLOCK);
  }

  void enter_new(UniqueFd ns) {
    const auto ino = identify(ns);
    if (!ino || !seen_.insert(*ino).second) return;
    const auto index = static_cast<std::uint32_t>(survey_.views.size());
    survey_.views.emplace_back().mnt_ns = *ino;
    if (const auto entered = enter_view(std::move(ns), index); !entered)
      refuse(entered.error().value);
  }

  std::size_t limit_of_next() const {
    const std::int64_t left = budget_;
    return left <= 0 ? 0 : std::min(static_cast<std::size_t>(left), kMostOfOne);
  }

  void add(std::uint32_t view, std::string_view mountinfo, std::size_t limit) {
    budget_ -= static_cast<std::int64_t>(mountinfo.size());
    const std::lock_guard lock(mutex_);
    if (mountinfo.size() == limit) {
      ++survey_.skipped;
      mountinfo = mountinfo.substr(0, mountinfo.rfind('\n') + 1);
    }
    os::for_each_nsfs_mount(mountinfo, [&](const os::MountLine& mount) { add_mount(view, mount); });
    if (survey_.views[view].mnt_ns == survey_.own) survey_.own_mountinfo = mountinfo;
  }

  void add_mount(std::uint32_t view, const os::MountLine& mount) {
    const auto link = os::parse_namespace_link(mount.root);
    if (!link) return;
    if (link->type == "mnt")
      ways_in_.push_back({link->ino, {}, view, os::mount_path(mount.mount_point)});
    if (link->type == "net")
      survey_.mounts.push_back({view, path_id(mount.mount_point), mount.id, mount.shared,
                                mount.master, link->ino.value});
  }

  std::uint32_t path_id(std::string_view mount_point) {
    const auto known = path_ids_.find(mount_point);
    if (known != path_ids_.end()) return known->second;
    const auto id = static_cast<std::uint32_t>(survey_.paths.size());
    survey_.paths.push_back(os::mount_path(mount_point));
    path_ids_.emplace(mount_point, id);
    return id;
  }

  void refuse(int error) {
    if (is_gone(error)) return;
    const std::lock_guard lock(mutex_);
    if (survey_.refused++ == 0) survey_.refusal = error;
  }

  // Descriptors are dear: of a thousand mount namespaces, few have an nsfs mount.
  void drop_roots() {
    std::vector<bool> used(survey_.views.size());
    for (const NsfsMount& mount : survey_.mounts) used[mount.view] = true;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i]) continue;
      survey_.views[i].root.reset();
      survey_.views[i].ns.reset();
    }
  }

  const Search& search_;
  os::Kernel& kernel_;
  std::atomic<std::int64_t> budget_;
  std::unordered_set<Inode> seen_;
  std::mutex mutex_;  // guards what follows, while threads look
  MountSurvey survey_;
  std::vector<WayIn> ways_in_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> path_ids_;
};

}  // namespace

MountSurvey survey_mounts(const Search& search, std::int64_t budget) {
  return Surveyor(search, budget).run();
}

std::string read_mountinfo(os::Kernel& kernel, const MountView& view) {
  if (view.ns.valid()) {
    auto entered = enter(kernel, view.ns, kMostOfOne);
    return entered ? std::move(entered->mountinfo) : std::string();
  }
  if (!view.pid) return {};
  auto mountinfo =
      kernel.read_file(os::kNoDir, proc_path(*view.pid, "mountinfo").c_str(), kMostOfOne);
  const bool same = mount_namespace_of(kernel, proc_path(*view.pid, "ns/mnt")) == view.mnt_ns;
  return mountinfo && same ? std::move(*mountinfo) : std::string();
}

}  // namespace nsmap::collect
