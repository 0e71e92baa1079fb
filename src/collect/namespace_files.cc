#include "collect/namespace_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "base/text.h"
#include "os/procfs.h"

namespace nsmap::collect {
namespace {

constexpr std::string_view kNetnsDirectories[] = {"/run/netns", "/var/run/netns"};
constexpr std::string_view kDockerEnding = "/docker/netns";
constexpr const char* kCheckedDirectories[] = {"/run/netns", "/run/docker/netns"};
constexpr std::string_view kExecRoot = "--exec-root";
constexpr std::int64_t kNewFile = 1'000'000'000;  // nanoseconds
// `ip netns del` unmounts a name and then removes its file: a file without a mount is looked at
// again after this long.
constexpr std::chrono::milliseconds kBeingRemoved{20};

// The value of dockerd's --exec-root in a command line.
std::optional<std::string_view> exec_root_of(std::string_view command) {
  const std::size_t option = command.find(kExecRoot);
  if (option == std::string_view::npos) return std::nullopt;
  command.remove_prefix(option + kExecRoot.size());
  if (command.size() < 2 || (command[0] != '=' && command[0] != ' ')) return std::nullopt;
  return command.substr(1, command.find(' ', 1) - 1);
}

class FileCheck {
 public:
  FileCheck(const Search& search, const MountSurvey& survey)
      : search_(search), kernel_(search.kernel), survey_(survey) {
    os::for_each_mount(survey.own_mountinfo, [&](const os::MountLine& mount) {
      // The last mounted is the one on top.
      for (const std::string_view directory : kCheckedDirectories)
        if (mount.mount_point.starts_with(directory))
          own_mounts_[os::mount_path(mount.mount_point)] = mount;
    });
  }

  void check(const std::string& path) {
    const auto mount = own_mounts_.find(path);
    if (mount != own_mounts_.end())
      check_mount(path, mount->second);
    else if (const auto target = kernel_.read_link(os::kNoDir, path.c_str()))
      check_link(path, *target);
    else if (is_without_mount(path))
      unmounted_.push_back(path);
  }

  // Says what is to be said of the files that nothing is mounted on.
  void finish() {
    if (unmounted_.empty()) return;
    std::this_thread::sleep_for(kBeingRemoved);
    for (const std::string& path : unmounted_) check_unmounted(path);
  }

 private:
  void say(const std::string& path, std::string_view what, std::optional<model::NetnsId> ns = {}) {
    search_.report.add("mounts", fmt::format("{} {}", clean_text(path), what), 0, ns);
  }

  // A name made since the mounts were read has its mount by now.
  bool is_without_mount(const std::string& path) {
    const auto stat = kernel_.stat(os::kNoDir, path.c_str());
    return stat && stat->id.dev != search_.sweep.nsfs_dev;
  }

  void check_mount(const std::string& path, const os::MountLine& mount) {
    if (mount.fstype == "nsfs" && mount.root.starts_with("net:[")) return;
    say(path, fmt::format("names no network namespace: a mount of {} is there",
                          clean_text(mount.fstype == "nsfs" ? mount.root : mount.fstype)));
  }

  // What people make so that `ip netns` shows a container's namespace.
  void check_link(const std::string& path, const std::string& target) {
    const auto stat = kernel_.stat(os::kNoDir, path.c_str());
    if (!stat) {
      if (stat.error().value == ENOENT)
        say(path,
            fmt::format("is stale: a symbolic link to {}, which is not there", clean_text(target)));
      return;
    }
    const model::NetnsId id{stat->id.dev, stat->id.ino};
    if (id.dev == search_.sweep.nsfs_dev && search_.registry.has(id))
      search_.registry.add_name(
          id, {clean_text(path.substr(path.rfind('/') + 1)), "netns", clean_text(path)});
    else
      say(path, fmt::format("is a symbolic link to {}, which is no network namespace",
                            clean_text(target)));
  }

  void check_unmounted(const std::string& path) {
    const auto stat = kernel_.stat(os::kNoDir, path.c_str());
    if (!stat || stat->id.dev == search_.sweep.nsfs_dev) return;  // gone, or mounted meanwhile
    if (S_ISDIR(stat->mode)) return say(path, "names no network namespace: it is a directory");
    if (!S_ISREG(stat->mode))
      return say(path, "names no network namespace: it is not a regular file");
    if (const NsfsMount* elsewhere = mounted_elsewhere(path))
      return say(path,
                 fmt::format("is shadowed: nothing is mounted on it here, only in {}",
                             describe(survey_.view_of(*elsewhere))),
                 model::NetnsId{search_.sweep.nsfs_dev, elsewhere->ino});
    const auto content = kernel_.read_file(os::kNoDir, path.c_str(), 1);
    if (content && !content->empty())
      return say(path, "names no network namespace: it is a file with content of its own");
    // `ip netns add` makes the file, then the namespace, and then mounts it.
    const bool is_new = kernel_.realtime_ns() - stat->changed_ns < kNewFile;
    say(path, is_new ? "is empty and nothing is mounted on it here; it is so new that its "
                       "namespace may be in the making"
                     : "is stale: an empty leftover file, nothing is mounted on it here");
  }

  const NsfsMount* mounted_elsewhere(const std::string& path) {
    if (mounts_by_path_.empty())
      for (const NsfsMount& mount : survey_.mounts)
        mounts_by_path_.try_emplace(survey_.path_of(mount), &mount);
    const auto found = mounts_by_path_.find(path);
    return found == mounts_by_path_.end() ? nullptr : found->second;
  }

  std::string describe(const MountView& view) const {
    if (!view.pid)
      return fmt::format("mount namespace {}, which no process is in", view.mnt_ns.value);
    const auto& processes = search_.sweep.processes;
    const auto process = std::lower_bound(processes.begin(), processes.end(), *view.pid,
                                          [](const auto& a, Pid b) { return a.pid < b; });
    const bool known = process != processes.end() && process->pid == *view.pid;
    return fmt::format("the mount namespace of pid {} ({})", view.pid->value,
                       known ? process->comm : "?");
  }

  const Search& search_;
  os::Kernel& kernel_;
  const MountSurvey& survey_;
  std::vector<std::string> unmounted_;
  std::unordered_map<std::string, os::MountLine> own_mounts_;
  std::unordered_map<std::string_view, const NsfsMount*> mounts_by_path_;
};

}  // namespace

NamingDirectories::NamingDirectories(const Sweep& sweep) {
  for (const model::Process& process : sweep.processes) {
    if (process.comm != "dockerd") continue;
    if (const auto root = exec_root_of(process.command))
      docker_.push_back(std::string(*root) + "/netns");
  }
}

model::Name NamingDirectories::name_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  const std::string_view directory = std::string_view(path).substr(0, slash);
  const auto is_directory = [&](std::string_view one) { return one == directory; };
  const char* source = "mount";
  if (std::any_of(std::begin(kNetnsDirectories), std::end(kNetnsDirectories), is_directory))
    source = "netns";
  else if (directory.ends_with(kDockerEnding) ||
           std::any_of(docker_.begin(), docker_.end(), is_directory))
    source = "docker";
  return {clean_text(std::string_view(path).substr(slash + 1)), source, clean_text(path)};
}

void check_namespace_files(const Search& search, const MountSurvey& survey) {
  FileCheck files(search, survey);
  for (const char* directory : kCheckedDirectories) {
    const auto names = search.kernel.list(os::kNoDir, directory);
    if (!names) continue;  // mostly there is none, or it is not ours to read
    for (const std::string& name : *names) files.check(fmt::format("{}/{}", directory, name));
  }
  files.finish();
}

}  // namespace nsmap::collect
