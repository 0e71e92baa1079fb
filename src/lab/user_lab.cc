#include "lab/user_lab.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "lab/lock.h"
#include "lab/namespaces.h"
#include "lab/sysctl.h"
#include "os/files.h"
#include "os/procfs.h"

namespace nsmap::lab {
namespace {

constexpr int kPatienceMs = 2000;  // for a keeper to end
constexpr std::size_t kLongestFile = 4096;

tl::unexpected<Error> failed(const std::string& lab, std::string_view doing, Errno error) {
  return change_error(fmt::format("lab {}: {}: {}", lab, doing, os::text(error)));
}

// --- the keeper ----------------------------------------------------------------------------------

// The namespaces that a process is in; inodes of nsfs.
struct Inside {
  std::uint64_t user = 0;
  std::uint64_t mount = 0;
  friend bool operator==(const Inside&, const Inside&) = default;
};

struct Keeper {
  Pid pid;
  std::uint64_t start_ticks = 0;  // a pid may become another process's
  Inside inside;
};

std::optional<Inside> inside_of(os::Kernel& kernel, const std::string& process) {
  const auto user = kernel.stat(os::kNoDir, fmt::format("/proc/{}/ns/user", process).c_str());
  const auto mount = kernel.stat(os::kNoDir, fmt::format("/proc/{}/ns/mnt", process).c_str());
  if (!user || !mount) return std::nullopt;
  return Inside{user->id.ino, mount->id.ino};
}

// When a process that runs was started.
std::optional<std::uint64_t> start_of(os::Kernel& kernel, Pid pid) {
  const auto text =
      kernel.read_file(os::kNoDir, fmt::format("/proc/{}/stat", pid.value).c_str(), kLongestFile);
  const auto stat = text ? os::parse_stat(*text) : std::nullopt;
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return stat->start_ticks;
}

bool is_alive(os::Kernel& kernel, const Keeper& keeper) {
  return start_of(kernel, keeper.pid) == keeper.start_ticks &&
         inside_of(kernel, std::to_string(keeper.pid.value)) == keeper.inside;
}

// A process that is where the keeper was.
std::optional<Pid> find_other(os::Kernel& kernel, const Keeper& keeper) {
  const auto names = kernel.list(os::kNoDir, "/proc");
  if (!names) return std::nullopt;
  for (const std::string& name : *names)
    if (const auto pid = os::parse_pid(name); pid && inside_of(kernel, name) == keeper.inside)
      return pid;
  return std::nullopt;
}

std::string record_of(const Keeper& keeper) {
  return fmt::format("{} {} {} {}\n", keeper.pid.value, keeper.start_ticks, keeper.inside.user,
                     keeper.inside.mount);
}

std::optional<Keeper> parse_record(const std::string& text) {
  Keeper keeper;
  std::istringstream fields(text);
  fields >> keeper.pid.value >> keeper.start_ticks >> keeper.inside.user >> keeper.inside.mount;
  // Without its end of line it was not written to its end, and its keeper waits no longer for that.
  return fields && text.ends_with('\n') ? std::optional(keeper) : std::nullopt;
}

// --- where records are ---------------------------------------------------------------------------

// A directory that is the user's alone. It is reached by descriptors only: /tmp is everybody's, and
// in the lab's mount namespace /run is another.
class Directory {
 public:
  static Result<Directory> open(const System& system, const std::string& runtime, bool make) {
    const auto user = system.changes.find_user("");
    if (!user) return change_error("who runs nsmap: " + os::text(user.error()));
    Directory directory(system);
    const bool has_runtime = directory.open_parent(runtime, user->uid);
    directory.leaf_ = has_runtime ? "nsmap" : fmt::format("nsmap-{}", user->uid.value);
    if (!has_runtime) {
      auto parent = system.kernel.open(os::kNoDir, "/tmp", O_PATH | O_DIRECTORY);
      if (!parent) return change_error("opening /tmp: " + os::text(parent.error()));
      directory.parent_ = std::move(*parent);
    }
    directory.path_ =
        fmt::format("{}/{}", has_runtime ? runtime : std::string("/tmp"), directory.leaf_);
    if (make)
      if (const auto made = system.changes.make_private_directory(directory.own_path());
          !made && made.error().value != EEXIST)
        return change_error(fmt::format("making {}: {}", directory.path_, os::text(made.error())));
    if (auto opened = directory.open_itself(user->uid); !opened)
      return tl::unexpected(opened.error());
    return directory;
  }

  const std::string& path() const { return path_; }  // for people
  bool there() const { return fd_.valid(); }
  Fd fd() const { return fd_; }
  // A file in it, from whatever mount namespace.
  std::string file(const std::string& name) const {
    return fmt::format("/proc/self/fd/{}/{}", fd_.borrow().get(), name);
  }
  // Takes it away where it is empty.
  void remove() const { (void)system_->changes.remove_directory(own_path()); }

 private:
  explicit Directory(const System& system) : system_(&system) {}

  std::string own_path() const {
    return fmt::format("/proc/self/fd/{}/{}", parent_.borrow().get(), leaf_);
  }

  bool is_private(Fd fd, Uid owner) const {
    constexpr std::uint32_t kOthers = S_IRWXG | S_IRWXO;
    const auto stat = system_->kernel.stat(fd, "");
    return stat && S_ISDIR(stat->mode) && stat->uid == owner.value && (stat->mode & kOthers) == 0;
  }

  bool open_parent(const std::string& runtime, Uid owner) {
    if (!runtime.starts_with('/')) return false;
    auto fd = system_->kernel.open(os::kNoDir, runtime.c_str(), O_PATH | O_DIRECTORY);
    if (!fd || !is_private(*fd, owner)) return false;
    parent_ = std::move(*fd);
    return true;
  }

  // Whatever stands in its place and is not the user's is refused; nothing there is no failure.
  Result<void> open_itself(Uid owner) {
    auto fd = system_->kernel.open(parent_, leaf_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd && fd.error().value == ENOENT) return {};
    if (!fd || !is_private(*fd, owner))
      return change_error(
          fmt::format("{}, where keepers of labs are recorded, is no directory of yours alone",
                      path_),
          "taking it away, or an XDG_RUNTIME_DIR of yours");
    fd_ = std::move(*fd);
    return {};
  }

  const System* system_;
  UniqueFd parent_;
  std::string leaf_;
  std::string path_;
  UniqueFd fd_;
};

// --- a lab ---------------------------------------------------------------------------------------

enum class State { absent, kept, unkept, gone };  // unkept: without its keeper, but not without all

class UserLab {
 public:
  UserLab(const System& system, std::string name) : system_(system), name_(std::move(name)) {}

  // Finds its record, with `to_change` under the lock that keeps others from changing it.
  Result<State> open(const std::string& runtime, bool to_change) {
    auto directory = Directory::open(system_, runtime, to_change);
    if (!directory) return tl::unexpected(directory.error());
    directory_.emplace(std::move(*directory));
    if (to_change)
      if (auto locked = lock(); !locked) return tl::unexpected(locked.error());
    return find_state();
  }

  // Moves the caller to where the lab is.
  Result<void> enter() {
    const std::string process = fmt::format("/proc/{}/ns/", door_.value);
    const bool has_network = state_ == State::kept;
    const auto cwd = system_.kernel.read_link(os::kNoDir, "/proc/self/cwd");
    constexpr std::array<std::pair<const char*, os::NamespaceType>, 3> kWays = {
        {{"user", os::NamespaceType::user},
         {"mnt", os::NamespaceType::mount},
         {"net", os::NamespaceType::net}}};
    std::array<UniqueFd, 3> files;
    // All are opened before the first is entered.
    for (std::size_t i = 0; i < files.size(); ++i) {
      auto file = system_.kernel.open(os::kNoDir, (process + kWays[i].first).c_str(), O_RDONLY);
      if (!file)
        return failed(name_, fmt::format("opening {}{}", process, kWays[i].first), file.error());
      files[i] = std::move(*file);
    }
    const auto user = system_.kernel.stat(files[0], "");
    const auto mount = system_.kernel.stat(files[1], "");
    if (!user || !mount || Inside{user->id.ino, mount->id.ino} != keeper_->inside)
      return change_error(fmt::format("lab {}: its keeper ended just now", name_));
    for (std::size_t i = 0; i < (has_network ? 3u : 2u); ++i)
      if (const auto in = system_.changes.enter(files[i], kWays[i].second); !in)
        return failed(name_, fmt::format("entering {}{}", process, kWays[i].first), in.error());
    // Entering a mount namespace leads to its root.
    if (cwd) (void)system_.changes.change_directory(*cwd);
    return has_network ? Result<void>() : take_network();
  }

  // Moves the caller to namespaces that are new.
  Result<void> make(const Warn& warn) {
    if (const auto made = system_.changes.unshare_user(); !made)
      return tl::unexpected(no_user_namespace(system_, made.error()));
    if (const auto made = system_.changes.unshare_mounts(); !made)
      return failed(name_, "taking mounts of its own", made.error());
    if (auto taken = take_network(); !taken) return taken;
    if (const auto made = system_.changes.mount_tmpfs("/run"); !made)
      return failed(name_, "mounting a /run of its own", made.error());
    if (const auto made = system_.changes.mount_sysfs(); !made)
      warn(fmt::format("/sys is not that of lab {}: {}", name_, os::text(made.error())));
    return {};
  }

  // Leaves a keeper where the caller is.
  Result<void> keep() {
    const auto kept = system_.changes.keep("lab:" + name_, [&](Pid pid) { return record(pid); });
    if (kept) return {};
    return failed(name_, "starting its keeper, recorded in " + directory_->path(), kept.error());
  }

  // Ends the keeper, and leaves nothing.
  Result<void> end() {
    if (state_ == State::kept)
      if (const auto gone = system_.changes.stop(keeper_->pid, keeper_->start_ticks, kPatienceMs);
          !gone && gone.error().value != ESRCH)
        return failed(name_, fmt::format("ending its keeper, {}", keeper_->pid.value),
                      gone.error());
    forget();
    return {};
  }

  // Takes the record away, and the lock.
  void forget() {
    for (const std::string& file : {record_name(), lock_name()})
      (void)system_.changes.remove_file(directory_->file(file));
    lock_.reset();
    directory_->remove();
  }

  tl::unexpected<Error> absent() const {
    return usage_error(
        fmt::format("lab {}: it is not up in a user namespace; {} has no keeper of it", name_,
                    directory_->path()),
        "nsmap lab up --user-ns FILE");
  }
  tl::unexpected<Error> not_kept() const {
    return usage_error(
        fmt::format("lab {}: its keeper was killed; programs of it still run", name_),
        "nsmap lab down --user-ns " + name_);
  }

 private:
  std::string record_name() const { return name_ + ".keeper"; }
  std::string lock_name() const { return name_ + ".lock"; }

  Result<void> lock() {
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
      auto lock = lock_file(system_, directory_->file(lock_name()));
      if (!lock && lock.error().value == EWOULDBLOCK) return locked_by_another();
      if (!lock) return failed(name_, "locking it in " + directory_->path(), lock.error());
      // Whoever had it before us may have taken the file away in between.
      const auto ours = system_.kernel.stat(*lock, "");
      const auto there = system_.kernel.stat(directory_->fd(), lock_name().c_str());
      if (!ours || !there || ours->id != there->id) continue;
      lock_ = std::move(*lock);
      return {};
    }
    return locked_by_another();
  }

  tl::unexpected<Error> locked_by_another() const {
    return locked(system_, directory_->file(lock_name()), "changing lab " + name_);
  }

  State find_state() {
    state_ = State::absent;
    if (!directory_->there()) return state_;
    const auto text =
        system_.kernel.read_file(directory_->fd(), record_name().c_str(), kLongestFile);
    if (!text) return state_;
    state_ = State::gone;
    keeper_ = parse_record(*text);
    if (!keeper_) return state_;
    if (is_alive(system_.kernel, *keeper_)) {
      door_ = keeper_->pid;
      return state_ = State::kept;
    }
    if (const auto other = find_other(system_.kernel, *keeper_)) {
      door_ = *other;
      state_ = State::unkept;
    }
    return state_;
  }

  Result<void> take_network() {
    const auto net = system_.changes.make_network_namespace();
    if (!net) return failed(name_, "making a network namespace", net.error());
    if (auto up = raise_loopback(system_, name_, *net); !up) return up;
    if (const auto in = system_.changes.enter(*net, os::NamespaceType::net); !in)
      return failed(name_, "entering its network namespace", in.error());
    return {};
  }

  bool record(Pid pid) {
    const auto inside = inside_of(system_.kernel, "self");
    const auto start = start_of(system_.kernel, pid);
    if (!inside || !start) return false;
    keeper_ = Keeper{pid, *start, *inside};
    const std::string file = directory_->file(record_name());
    (void)system_.changes.remove_file(file);
    if (!system_.changes.append_file(file, record_of(*keeper_))) return false;
    state_ = State::kept;
    return true;
  }

  const System& system_;
  std::string name_;
  std::optional<Directory> directory_;
  UniqueFd lock_;
  State state_ = State::absent;
  std::optional<Keeper> keeper_;
  Pid door_;  // a process in the lab's namespaces
};

// What forbids user namespaces, and the value that does.
struct Switch {
  const char* sysctl;
  const char* forbids;
  const char* allows;
};
constexpr Switch kSwitches[] = {
    {"user.max_user_namespaces", "0", "10000"},
    {"kernel.unprivileged_userns_clone", "0", "1"},              // Debian, Ubuntu
    {"kernel.apparmor_restrict_unprivileged_userns", "1", "0"},  // Ubuntu 23.10
};

}  // namespace

bool may_do_without(os::Kernel& kernel) { return kernel.has_capability(CAP_SYS_ADMIN); }

Error no_user_namespace(const System& system, Errno error) {
  const std::string doing = "making a user namespace: ";
  for (const Switch& each : kSwitches)
    if (const auto value = read_sysctl(system, each.sysctl); value && *value == each.forbids)
      return {Error::Kind::undone, fmt::format("{}{} is {}", doing, each.sysctl, *value),
              fmt::format("sysctl -w {}={} as root", each.sysctl, each.allows)};
  if (error.value == ENOSPC)
    return {Error::Kind::undone, doing + "there are as many as user.max_user_namespaces allows",
            "a higher one"};
  return {Error::Kind::undone,
          fmt::format("{}{}: a chroot or a container may forbid it", doing, os::text(error)),
          "it outside"};
}

Result<Outcome> user_up(const System& system, const UserHome& home, const std::string& name,
                        const UserWork& up) {
  UserLab lab(system, name);
  const auto state = lab.open(home.runtime_directory, true);
  if (!state) return tl::unexpected(state.error());
  if (*state == State::unkept) return lab.not_kept();
  const bool anew = *state != State::kept;
  auto in = anew ? lab.make(home.warn) : lab.enter();
  if (in && anew) in = lab.keep();
  auto outcome = in ? up() : Result<Outcome>(tl::unexpected(in.error()));
  if (!outcome && anew) (void)lab.end();
  return outcome;
}

Result<Outcome> user_plan_up(const System& system, const UserHome& home, const std::string& name,
                             const UserWork& plan_up) {
  UserLab lab(system, name);
  const auto state = lab.open(home.runtime_directory, false);
  if (!state) return tl::unexpected(state.error());
  if (*state == State::unkept) return lab.not_kept();
  if (auto in = *state == State::kept ? lab.enter() : lab.make(home.warn); !in)
    return tl::unexpected(in.error());
  return plan_up();
}

Result<std::optional<Outcome>> user_down(const System& system, const UserHome& home,
                                         const std::string& name, const UserWork& down) {
  UserLab lab(system, name);
  const auto state = lab.open(home.runtime_directory, true);
  if (!state) return tl::unexpected(state.error());
  if (*state == State::absent || *state == State::gone) lab.forget();
  if (*state == State::absent) return lab.absent();
  if (*state == State::gone) return std::optional<Outcome>();
  if (auto in = lab.enter(); !in) return tl::unexpected(in.error());
  Outcome outcome;
  // A run that was killed early has a keeper and no lab.
  const std::string journal = fmt::format("{}/{}", kLabsDirectory, name);
  if (system.kernel.stat(os::kNoDir, journal.c_str())) {
    auto done = down();
    if (!done) return tl::unexpected(done.error());
    outcome = std::move(*done);
  }
  if (auto ended = lab.end(); !ended) return tl::unexpected(ended.error());
  return std::optional(std::move(outcome));
}

Result<void> enter_user_lab(const System& system, const UserHome& home, const std::string& name) {
  UserLab lab(system, name);
  const auto state = lab.open(home.runtime_directory, false);
  if (!state) return tl::unexpected(state.error());
  if (*state == State::unkept) return lab.not_kept();
  return *state == State::kept ? lab.enter() : lab.absent();
}

}  // namespace nsmap::lab
