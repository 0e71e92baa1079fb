#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/number.h"
#include "os/call.h"
#include "os/change.h"
#include "os/files.h"
#include "os/mounts.h"
#include "os/programs.h"
#include "os/user_namespace.h"

namespace nsmap::os {
namespace {

constexpr mode_t kNewFileMode = 0644;

SysResult<UniqueFd> open_file(const std::string& path, int flags) {
  return owned(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, kNewFileMode));
}

User user_of(const passwd& entry) {
  return {entry.pw_name, Uid(entry.pw_uid), entry.pw_gid, entry.pw_shell};
}

SysResult<User> user_by_number(std::uint32_t number) {
  if (const passwd* entry = ::getpwuid(number)) return user_of(*entry);
  return User{{}, Uid(number), number, {}};
}

class RealChanges final : public Changes {
 public:
  // setns(2) and unshare(2) move a thread; one that is made for the purpose takes nobody along.
  SysResult<UniqueFd> make_network_namespace() override {
    SysResult<UniqueFd> made = failure(EAGAIN);
    std::thread([&] {
      made = ::unshare(CLONE_NEWNET) != 0
                 ? SysResult<UniqueFd>(failure())
                 : real_kernel().open(kNoDir, "/proc/thread-self/ns/net", O_RDONLY);
    }).join();
    return made;
  }
  SysResult<void> pin_namespace(Fd ns, const std::string& path) override {
    return os::pin_namespace(ns, path);
  }
  SysResult<void> unpin_namespace(const std::string& path) override {
    return os::unpin_namespace(path);
  }
  SysResult<void> share_directory(const std::string& path) override {
    return os::share_directory(path);
  }
  SysResult<void> enter(Fd ns, NamespaceType type) override {
    return type == NamespaceType::user ? enter_user(ns) : real_kernel().enter(ns, type);
  }
  SysResult<void> unshare_user() override { return os::unshare_user(); }

  SysResult<void> make_directory(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failure(error.value());
    return {};
  }
  SysResult<void> make_private_directory(const std::string& path) override {
    return done(::mkdir(path.c_str(), S_IRWXU));
  }
  SysResult<void> change_directory(const std::string& path) override {
    return done(::chdir(path.c_str()));
  }
  SysResult<std::string> read_within(const std::string& root, const std::string& path,
                                     std::size_t limit) override {
    const auto directory = open_file(root, O_PATH | O_DIRECTORY);
    if (!directory) return tl::unexpected(directory.error());
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const auto file =
        owned(::syscall(SYS_openat2, directory->borrow().get(), path.c_str(), &how, sizeof how));
    if (!file) return tl::unexpected(file.error());
    const auto status = real_kernel().stat(*file, "");
    if (!status || !S_ISREG(status->mode)) return failure(EINVAL);
    return read_whole(*file, limit);
  }
  SysResult<void> remove_file(const std::string& path) override {
    return done(::unlink(path.c_str()));
  }
  SysResult<void> remove_directory(const std::string& path) override {
    return done(::rmdir(path.c_str()));
  }
  SysResult<void> write_setting(const std::string& path, std::string_view value) override {
    const auto file = open_file(path, O_WRONLY);
    if (!file) return tl::unexpected(file.error());
    return done(::write(file->borrow().get(), value.data(), value.size()));
  }
  SysResult<void> append_file(const std::string& path, std::string_view text) override {
    const auto file = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
    if (!file) return tl::unexpected(file.error());
    if (auto written = write_whole(*file, text); !written) return written;
    // EINVAL: there is no disk behind it.
    if (::fsync(file->borrow().get()) != 0 && errno != EINVAL) return failure();
    return {};
  }
  SysResult<UniqueFd> lock_file(const std::string& path) override {
    auto file = open_file(path, O_RDWR | O_CREAT);
    if (!file) return file;
    const int fd = file->borrow().get();
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || ::ftruncate(fd, 0) != 0) return failure();
    if (const auto written = write_whole(*file, fmt::format("{}\n", ::getpid())); !written)
      return tl::unexpected(written.error());
    return file;
  }

  SysResult<Pid> start(const Program& program) override { return os::start(program, before_); }
  SysResult<Pid> keep(const std::string& name, const std::function<bool(Pid)>& noted) override {
    return os::keep(name, noted);
  }
  SysResult<void> stop(Pid pid, std::uint64_t start_ticks, int patience_ms) override {
    return os::stop(pid, start_ticks, patience_ms);
  }

  SysResult<void> unshare_mounts() override { return os::unshare_mounts(); }
  SysResult<void> mount_sysfs() override { return os::mount_sysfs(); }
  SysResult<void> mount_tmpfs(const std::string& path) override { return os::mount_tmpfs(path); }
  SysResult<void> bind(const std::string& source, const std::string& target) override {
    return os::bind(source, target);
  }
  SysResult<void> bind_text(std::string_view text, const std::string& target) override {
    return os::bind_text(text, target);
  }
  SysResult<User> find_user(const std::string& user) override {
    if (user.empty()) return user_by_number(::geteuid());
    errno = 0;
    if (const passwd* entry = ::getpwnam(user.c_str())) return user_of(*entry);
    const auto number = parse_number<std::uint32_t>(user);
    if (!number || *number == UINT32_MAX) return failure(ENOENT);
    return user_by_number(*number);
  }
  SysResult<void> become(const User& user) override {
    const int grouped =
        user.name.empty() ? ::setgroups(0, nullptr) : ::initgroups(user.name.c_str(), user.gid);
    if (grouped != 0 || ::setgid(user.gid) != 0) return failure();
    return done(::setuid(user.uid.value));
  }
  Errno execute(const std::vector<std::string>& command) override {
    return os::execute(command, before_);
  }
  SysResult<std::vector<int>> run_all(
      std::size_t count, std::size_t at_once, const std::function<int(std::size_t)>& body,
      const std::function<bool(std::size_t, Stream, std::string_view)>& output) override {
    return os::run_all(count, at_once, body, output);
  }

 private:
  const Inherited before_ = inherited();
};

}  // namespace

Changes& real_changes() {
  static RealChanges changes;
  return changes;
}

}  // namespace nsmap::os
