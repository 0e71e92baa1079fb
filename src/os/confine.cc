#include "os/confine.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace nsmap::os {
namespace {

// --- capabilities ------------------------------------------------------------------------------

// What reading the host takes: entering namespaces (SYS_ADMIN; SYS_CHROOT for those of mounts),
// looking into other users' processes (SYS_PTRACE) and files, and opening namespaces by their
// handles (DAC_READ_SEARCH), connecting to the sockets of container runtimes (DAC_OVERRIDE), what
// netlink tells the administrator alone (NET_ADMIN), and hearing of all namespaces (NET_BROADCAST).
constexpr cap_value_t kReadHost[] = {CAP_SYS_ADMIN,       CAP_SYS_PTRACE,   CAP_SYS_CHROOT,
                                     CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, CAP_NET_ADMIN,
                                     CAP_NET_BROADCAST};

struct Free {
  void operator()(void* object) const { ::cap_free(object); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, Free>;

// Those of `wanted` that we have.
std::vector<cap_value_t> held(cap_t ours, std::span<const cap_value_t> wanted) {
  std::vector<cap_value_t> found;
  for (const cap_value_t each : wanted) {
    cap_flag_value_t has = CAP_CLEAR;
    if (::cap_get_flag(ours, each, CAP_PERMITTED, &has) == 0 && has == CAP_SET)
      found.push_back(each);
  }
  return found;
}

// Without CAP_SETPCAP the bounding set stays; no new privileges makes it of no use.
void drop_bounding_set(std::span<const cap_value_t> kept) {
  for (cap_value_t each = 0; each < ::cap_max_bits(); ++each)
    if (std::ranges::find(kept, each) == kept.end()) ::cap_drop_bound(each);
}

int keep_capabilities(std::span<const cap_value_t> wanted) {
  const Capabilities before(::cap_get_proc());
  const Capabilities after(::cap_init());
  if (!before || !after) return -1;
  const auto kept = held(before.get(), wanted);
  drop_bounding_set(kept);
  const auto count = static_cast<int>(kept.size());
  for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE})
    if (count != 0 && ::cap_set_flag(after.get(), set, count, kept.data(), CAP_SET) != 0) return -1;
  return ::cap_set_proc(after.get());
}

// --- system calls ------------------------------------------------------------------------------

constexpr int kListns = 470;  // Linux 6.19, newer than libseccomp 2.5

// An argument's bits under `mask` must be `value`.
struct When {
  unsigned argument = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

struct Allowed {
  int call;
  When when = {};  // mask 0: always
};

constexpr std::uint64_t kWhole = ~std::uint64_t{0};
constexpr std::uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;

constexpr Allowed kServing[] = {
    // Memory, threads, time, the end.
    {SCMP_SYS(brk)},
    {SCMP_SYS(mmap), {2, PROT_EXEC, 0}},
    {SCMP_SYS(mprotect), {2, PROT_EXEC, 0}},
    {SCMP_SYS(mremap)},
    {SCMP_SYS(munmap)},
    {SCMP_SYS(madvise)},
    {SCMP_SYS(clone), {0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM}},
    {SCMP_SYS(set_robust_list)},
    {SCMP_SYS(rseq)},
    {SCMP_SYS(futex)},
    {SCMP_SYS(sched_yield)},
    {SCMP_SYS(sched_getaffinity)},
    {SCMP_SYS(getpid)},
    {SCMP_SYS(gettid)},
    {SCMP_SYS(getrandom)},
    {SCMP_SYS(clock_gettime)},
    {SCMP_SYS(clock_nanosleep)},
    {SCMP_SYS(nanosleep)},
    {SCMP_SYS(restart_syscall)},
    {SCMP_SYS(rt_sigaction)},
    {SCMP_SYS(rt_sigprocmask)},
    {SCMP_SYS(rt_sigreturn)},
    {SCMP_SYS(sigaltstack)},  // AddressSanitizer
    {SCMP_SYS(tgkill)},
    {SCMP_SYS(exit)},
    {SCMP_SYS(exit_group)},
    // Connections.
    {SCMP_SYS(accept)},
    {SCMP_SYS(accept4)},
    {SCMP_SYS(recvfrom)},
    {SCMP_SYS(recvmsg)},
    {SCMP_SYS(sendto)},
    {SCMP_SYS(sendmsg)},
    {SCMP_SYS(shutdown)},
    {SCMP_SYS(getsockname)},
    {SCMP_SYS(getpeername)},
    {SCMP_SYS(getsockopt)},
    {SCMP_SYS(setsockopt)},
    {SCMP_SYS(socket), {0, kWhole, AF_UNIX}},  // to the service manager
    {SCMP_SYS(epoll_ctl)},
    {SCMP_SYS(epoll_wait)},
    {SCMP_SYS(epoll_pwait)},
    {SCMP_SYS(poll)},
    {SCMP_SYS(ppoll)},
    {SCMP_SYS(timerfd_settime)},
    {SCMP_SYS(ioctl)},
    {SCMP_SYS(fcntl)},
    {SCMP_SYS(close)},
    // Files: the time zone, and what is read of ourselves.
    {SCMP_SYS(openat), {2, kWriting, O_RDONLY}},
    {SCMP_SYS(read)},
    {SCMP_SYS(write)},
    {SCMP_SYS(writev)},
    {SCMP_SYS(pread64)},
    {SCMP_SYS(lseek)},
    {SCMP_SYS(fstat)},
    {SCMP_SYS(newfstatat)},
    {SCMP_SYS(statx)},
};

constexpr Allowed kReadingHost[] = {
    {SCMP_SYS(setns)},
    {SCMP_SYS(unshare)},
    {SCMP_SYS(socket), {0, kWhole, AF_NETLINK}},
    {SCMP_SYS(bind)},
    {SCMP_SYS(connect)},
    {SCMP_SYS(eventfd2)},
    {SCMP_SYS(pipe2)},
    {SCMP_SYS(getdents64)},
    {SCMP_SYS(readlink)},
    {SCMP_SYS(readlinkat)},
    {SCMP_SYS(access)},
    {SCMP_SYS(faccessat)},
    {SCMP_SYS(faccessat2)},
    {SCMP_SYS(fstatfs)},
    {SCMP_SYS(statfs)},
    {SCMP_SYS(name_to_handle_at)},
    {SCMP_SYS(open_by_handle_at)},
    {SCMP_SYS(pidfd_open)},
    {SCMP_SYS(pidfd_getfd)},
    {SCMP_SYS(kcmp)},
    {SCMP_SYS(capget)},
    {SCMP_SYS(prlimit64)},
    {SCMP_SYS(sysinfo)},
    {SCMP_SYS(uname)},
    {SCMP_SYS(bpf), {0, kWhole, BPF_PROG_GET_NEXT_ID}},
    {SCMP_SYS(bpf), {0, kWhole, BPF_PROG_GET_FD_BY_ID}},
    {SCMP_SYS(bpf), {0, kWhole, BPF_OBJ_GET_INFO_BY_FD}},
    {SCMP_SYS(bpf), {0, kWhole, BPF_PROG_QUERY}},
    {kListns},
};

// What SQLite does to a file, beside what reading takes.
constexpr Allowed kKeepingHistory[] = {
    {SCMP_SYS(openat)},    {SCMP_SYS(pwrite64)}, {SCMP_SYS(fsync)},      {SCMP_SYS(fdatasync)},
    {SCMP_SYS(ftruncate)}, {SCMP_SYS(unlink)},   {SCMP_SYS(fallocate)},  {SCMP_SYS(geteuid)},
    {SCMP_SYS(fchown)},    {SCMP_SYS(access)},   {SCMP_SYS(readlink)},   {SCMP_SYS(getcwd)},
    {SCMP_SYS(uname)},     {SCMP_SYS(lstat)},    {SCMP_SYS(readlinkat)}, {SCMP_SYS(fchmod)},
};

constexpr Allowed kRemovingFiles[] = {{SCMP_SYS(unlink)}};

struct Release {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// 0, or a negative errno, as all of libseccomp.
int allow(scmp_filter_ctx filter, std::span<const Allowed> calls) {
  for (const auto& [call, when] : calls) {
    const scmp_arg_cmp compared = {when.argument, SCMP_CMP_MASKED_EQ, when.mask, when.value};
    const int failed = ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, when.mask ? 1 : 0,
                                                when.mask ? &compared : nullptr);
    if (failed != 0) return failed;
  }
  return 0;
}

int filter_calls(const Confinement& confinement) {
  const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return -ENOMEM;
  // Its flags are out of a filter's sight; the C library then makes threads with clone(2).
  int failed = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (failed == 0) failed = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (failed == 0) failed = allow(filter.get(), kServing);
  if (failed == 0 && confinement.reads_host) failed = allow(filter.get(), kReadingHost);
  if (failed == 0 && confinement.keeps_history) failed = allow(filter.get(), kKeepingHistory);
  if (failed == 0 && confinement.removes_files) failed = allow(filter.get(), kRemovingFiles);
  return failed != 0 ? failed : ::seccomp_load(filter.get());
}

}  // namespace

SysResult<void> confine(const Confinement& confinement) {
  const std::span<const cap_value_t> kept =
      confinement.reads_host ? std::span(kReadHost) : std::span<const cap_value_t>();
  if (keep_capabilities(kept) != 0) return tl::unexpected(Errno{errno});
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return tl::unexpected(Errno{errno});
  if (const int failed = filter_calls(confinement); failed != 0)
    return tl::unexpected(Errno{-failed});
  return {};
}

}  // namespace nsmap::os
