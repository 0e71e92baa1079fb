#include "os/user_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>

#include "os/call.h"
#include "os/files.h"
#include "os/programs.h"

namespace nsmap::os {
namespace {

// pthread_join(3) returns when a thread's memory is free, which is before the kernel ceases to
// count it (kernel/exit.c); and with two threads there is no way into a user namespace.
void wait_for_ended_threads() {
  constexpr int kMostWaits = 1000;
  constexpr useconds_t kWait = 1000;
  for (int i = 0; i < kMostWaits; ++i) {
    const auto threads = real_kernel().list(kNoDir, "/proc/self/task");
    if (!threads || threads->size() < 2) return;
    ::usleep(kWait);
  }
}

// With one write(2), as these files want it.
SysResult<void> set(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return failure();
  return done(::write(file.borrow().get(), text.data(), text.size()));
}

// Only async-signal-safe calls: there may be other threads where the fork was made.
[[noreturn]] void be_keeper(const char* name, int go) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGTERM, SIG_DFL);
  ::prctl(PR_SET_NAME, name);
  char byte = 0;
  const bool alone = ::dup2(go, STDIN_FILENO) >= 0 &&
                     ::close_range(STDIN_FILENO + 1, UINT_MAX, 0) == 0 && ::setsid() >= 0 &&
                     ::chdir("/") == 0 && ::open("/dev/null", O_RDWR) == STDOUT_FILENO &&
                     ::dup2(STDOUT_FILENO, STDERR_FILENO) >= 0;
  if (!alone || ::read(STDIN_FILENO, &byte, 1) != 1) ::_exit(1);
  ::dup2(STDOUT_FILENO, STDIN_FILENO);
  for (;;) ::pause();
}

}  // namespace

SysResult<void> enter_user(Fd ns) {
  wait_for_ended_threads();
  return real_kernel().enter(ns, NamespaceType::user);
}

// Who has no privilege outside may map nothing but itself, and no groups before it has given up
// setgroups(2).
SysResult<void> unshare_user() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  wait_for_ended_threads();
  if (::unshare(CLONE_NEWUSER) != 0) return failure();
  if (auto denied = set("/proc/self/setgroups", "deny"); !denied) return denied;
  if (auto mapped = set("/proc/self/uid_map", fmt::format("0 {} 1", uid)); !mapped) return mapped;
  return set("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

SysResult<Pid> keep(const std::string& name, const std::function<bool(Pid)>& noted) {
  auto go = make_pipe();
  auto closed = make_pipe();
  if (!go || !closed) return failure(go ? closed.error().value : go.error().value);
  const ::pid_t pid = ::fork();
  if (pid < 0) return failure();
  if (pid == 0) be_keeper(name.c_str(), go->read.borrow().get());
  closed->write.reset();
  // Nobody writes to it: it ends when the keeper has closed what it has of ours.
  char byte = 0;
  (void)!::read(closed->read.borrow().get(), &byte, 1);
  if (noted(Pid(pid)) && ::write(go->write.borrow().get(), "", 1) == 1) return Pid(pid);
  go->write.reset();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return failure(ECANCELED);
}

}  // namespace nsmap::os
