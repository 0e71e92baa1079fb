#include "os/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "os/call.h"
#include "os/files.h"
#include "os/procfs.h"

namespace nsmap::os {
namespace {

constexpr const char* kNoType = "none";
constexpr const char* kSys = "/sys";
// Where a tmpfs is mounted for the moment it takes to lay its only file over another.
constexpr const char* kPassing = "/tmp";

SysResult<void> mount(const char* source, const char* target, const char* type,
                      unsigned long flags) {
  return done(::mount(source, target, type, flags, nullptr));
}

SysResult<void> unmount(const char* target) {
  return done(::umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW));
}

SysResult<void> make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return failure(error.value());
  return {};
}

// A mount taken from its place, with those below it.
struct Lifted {
  std::string path;
  UniqueFd mount;
};

bool is_mount_point(const std::string& path) {
  struct statx status {};
  return ::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Copies of what is mounted below /sys, as far as it can be seen: a mountinfo tells of what others
// cover as well. One that may not be copied is left out.
std::vector<Lifted> lift_below_sys() {
  constexpr std::size_t kLongest = 64 << 20;
  std::vector<Lifted> lifted;
  const auto mounts = read_whole("/proc/self/mountinfo", kLongest);
  if (!mounts) return lifted;
  for_each_mount(*mounts, [&](const MountLine& line) {
    if (!line.mount_point.starts_with("/sys/")) return;
    const std::string path = mount_path(line.mount_point);
    const auto has_it = [&](const Lifted& each) {
      return (path + "/").starts_with(each.path + "/");
    };
    if (std::ranges::any_of(lifted, has_it) || !is_mount_point(path)) return;
    UniqueFd copy(
        ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    if (copy.valid()) lifted.push_back({path, std::move(copy)});
  });
  return lifted;
}

void put_back(const std::vector<Lifted>& lifted) {
  for (const Lifted& each : lifted)
    (void)::move_mount(each.mount.borrow().get(), "", AT_FDCWD, each.path.c_str(),
                       MOVE_MOUNT_F_EMPTY_PATH);
}

SysResult<void> write_new_file(const std::string& path, std::string_view text) {
  constexpr mode_t kReadable = 0644;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadable));
  if (!file.valid() || ::fchmod(file.borrow().get(), kReadable) != 0) return failure();
  return write_whole(file, text);
}

}  // namespace

SysResult<void> pin_namespace(Fd ns, const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file.valid()) return failure();
  const std::string source = fmt::format("/proc/self/fd/{}", ns.get());
  const auto mounted = mount(source.c_str(), path.c_str(), kNoType, MS_BIND);
  if (!mounted) ::unlink(path.c_str());
  return mounted;
}

SysResult<void> unpin_namespace(const std::string& path) {
  // EINVAL: nothing is mounted there.
  if (const auto gone = unmount(path.c_str()); !gone && gone.error().value != EINVAL) return gone;
  return done(::unlink(path.c_str()));
}

// Two that do this at once would each bind the directory onto itself; ip-netns(8) holds the same
// lock.
SysResult<void> share_directory(const std::string& path) {
  if (auto made = make_directories(path); !made) return made;
  const UniqueFd lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid() || ::flock(lock.borrow().get(), LOCK_EX) != 0) return failure();
  const auto share = [&] { return mount("", path.c_str(), kNoType, MS_SHARED | MS_REC); };
  auto shared = share();
  if (shared || shared.error().value != EINVAL) return shared;
  // It is no mount point yet.
  shared = mount(path.c_str(), path.c_str(), kNoType, MS_BIND | MS_REC);
  return shared ? share() : shared;
}

SysResult<void> unshare_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return failure();
  return mount("", "/", kNoType, MS_SLAVE | MS_REC);
}

SysResult<void> mount_sysfs() {
  struct statvfs status {};
  const bool read_only = ::statvfs(kSys, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
  const auto lifted = lift_below_sys();
  // Ends in EINVAL: it is no mount point, or locked (mount_namespaces(7)) and just covered.
  while (unmount(kSys)) {
  }
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (read_only) flags |= MS_RDONLY;
  const auto mounted = mount("sysfs", kSys, "sysfs", flags);
  put_back(lifted);
  return mounted;
}

SysResult<void> mount_tmpfs(const std::string& path) {
  return done(::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
}

SysResult<void> bind(const std::string& source, const std::string& target) {
  return mount(source.c_str(), target.c_str(), kNoType, MS_BIND);
}

SysResult<void> bind_text(std::string_view text, const std::string& target) {
  if (auto mounted = mount("tmpfs", kPassing, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC); !mounted)
    return mounted;
  const std::string file = std::string(kPassing) + "/text";
  auto bound = write_new_file(file, text);
  if (bound) bound = bind(file, target);
  const auto gone = unmount(kPassing);
  return bound ? gone : bound;
}

}  // namespace nsmap::os
