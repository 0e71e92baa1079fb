#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/ids.h"
#include "base/result.h"

// The system calls nsmap makes, all of them, behind one narrow interface, so that what stands on
// them is tested against a fake (os/fake_kernel.h). Paths are relative to the directory descriptor
// given, or absolute with kNoDir. Every call may fail with the errno of its man page. All calls are
// safe from several threads at once.

namespace nsmap::os {

inline constexpr Fd kNoDir{-100};  // AT_FDCWD

// A file's identity (inode(7)).
struct FileId {
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

struct FileStat {
  FileId id;
  std::uint32_t mode = 0;  // st_mode
  std::uint32_t uid = 0;
  FileId device;                // of a device node: st_rdev split into {major, minor}
  std::int64_t changed_ns = 0;  // st_ctime, nanoseconds since 1970
};

// CLONE_NEW* of the kinds of namespace we meet.
enum class NamespaceType : int {
  net = 0x40000000,
  mount = 0x00020000,
  user = 0x10000000,
  pid = 0x20000000,
};

enum class NetlinkProtocol : int { route = 0, sock_diag = 4, netfilter = 12, generic = 16 };

struct Utsname {
  std::string hostname;
  std::string release;
};

// A datagram that a socket heard, and the number that its own namespace has for the one it comes
// from; without one it comes from its own.
struct HeardMessage {
  Bytes bytes;
  std::optional<Nsid> from;
};

// What somebody waits for.
struct Awaited {
  enum class What {
    input,   // there is something to receive, or the bell was rung
    change,  // a file of /proc/PID/mount* tells of other mounts than at the last wait (proc(5))
  };
  Fd fd;
  What what = What::input;
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  // --- files ---------------------------------------------------------------------------------
  // `flags` as of open(2); O_CLOEXEC is added, and nothing is ever created or truncated.
  virtual SysResult<UniqueFd> open(Fd dir, const char* path, int flags) = 0;
  virtual SysResult<std::string> read_link(Fd dir, const char* path) = 0;
  // The file's content, at most `limit` bytes of it (a longer file is cut, not an error).
  virtual SysResult<std::string> read_file(Fd dir, const char* path, std::size_t limit) = 0;
  // The names in a directory, without "." and "..", in the directory's order.
  virtual SysResult<std::vector<std::string>> list(Fd dir, const char* path) = 0;
  // The three a sweep of /proc lives on: no allocation, as few system calls as can be. The text
  // returned is in `buffer`, and cut where that is full.
  virtual SysResult<std::string_view> read_link_into(Fd dir, const char* path,
                                                     std::span<char> buffer) = 0;
  // What a single read(2) of the file gives: all of it, for the small files of /proc.
  virtual SysResult<std::string_view> read_once(Fd dir, const char* path,
                                                std::span<char> buffer) = 0;
  // Calls `visit` with each name in a directory opened for reading, without "." and "..".
  virtual SysResult<void> for_each_entry(Fd dir,
                                         const std::function<void(const char* name)>& visit) = 0;
  // stat(2) of what `path` leads to; an empty path means `dir` itself.
  virtual SysResult<FileStat> stat(Fd dir, const char* path) = 0;

  // --- namespaces ----------------------------------------------------------------------------
  // Moves the calling thread. `ns` is an nsfs descriptor. Call it in threads made for the purpose
  // only, and never return such a thread to other work.
  virtual SysResult<void> enter(Fd ns, NamespaceType type) = 0;
  // Gives the calling thread a filesystem context of its own, which entering a mount namespace
  // needs (unshare(2) CLONE_FS).
  virtual SysResult<void> unshare_fs() = 0;
  virtual SysResult<NamespaceType> namespace_type(Fd ns) = 0;    // NS_GET_NSTYPE
  virtual SysResult<UniqueFd> owner_userns(Fd ns) = 0;           // NS_GET_USERNS
  virtual SysResult<Uid> userns_owner(Fd userns) = 0;            // NS_GET_OWNER_UID
  virtual SysResult<std::uint64_t> namespace_id(Fd ns) = 0;      // NS_GET_ID, Linux 6.18
  virtual SysResult<std::uint64_t> netns_cookie(Fd socket) = 0;  // SO_NETNS_COOKIE, Linux 5.14
  virtual SysResult<UniqueFd> netns_of_socket(Fd socket) = 0;    // SIOCGSKNS
  virtual SysResult<UniqueFd> netns_of_tun(Fd tun) = 0;          // TUNGETDEVNETNS
  virtual SysResult<std::string> tun_name(Fd tun) = 0;           // TUNGETIFF; EBADFD: not attached
  // The ids (NS_GET_ID) of all namespaces of a type that the caller may see: listns(2), Linux 6.19;
  // ENOSYS before. One call gives a page: those after `after`, 0 to begin; empty at the end.
  virtual SysResult<std::vector<std::uint64_t>> list_namespaces(NamespaceType type,
                                                                std::uint64_t after) = 0;
  // A descriptor of the namespace with that id (open_by_handle_at on nsfs, Linux 6.18).
  virtual SysResult<UniqueFd> open_namespace(NamespaceType type, std::uint64_t id) = 0;

  // --- processes -----------------------------------------------------------------------------
  // Of a process or, since Linux 6.9 (PIDFD_THREAD), of a single thread.
  virtual SysResult<UniqueFd> pidfd_open(Pid pid) = 0;
  virtual SysResult<UniqueFd> pidfd_getfd(Fd pidfd, int fd) = 0;
  // Whether two threads share one descriptor table (kcmp(2) KCMP_FILES).
  virtual SysResult<bool> share_files(Pid a, Pid b) = 0;
  virtual bool has_capability(int capability) = 0;  // CAP_*, effective
  // Raises the soft limit of open descriptors to the hard one, and returns it. To be called before
  // there is a second thread.
  virtual std::uint64_t raise_fd_limit() = 0;

  // --- sockets -------------------------------------------------------------------------------
  // A netlink socket in the calling thread's network namespace, bound, with extended acks and
  // strict checking of dump requests.
  virtual SysResult<UniqueFd> netlink_socket(NetlinkProtocol protocol) = 0;
  // A datagram socket of AF_INET or AF_INET6 in the calling thread's network namespace, to ask for
  // options of the family, for which a raw one would take CAP_NET_RAW.
  virtual SysResult<UniqueFd> datagram_socket(int family) = 0;
  // getsockopt(2): `value` is what is asked and becomes what is answered, as long as is returned.
  virtual SysResult<std::size_t> socket_option(Fd socket, int level, int option,
                                               std::span<std::byte> value) = 0;
  virtual SysResult<void> send(Fd socket, Bytes message) = 0;
  // One datagram into `buffer`: its bytes. EMSGSIZE when it did not fit (the datagram is lost).
  virtual SysResult<Bytes> receive(Fd socket, std::span<std::byte> buffer) = 0;
  // Sends `request` over a stream socket at a path and returns all that comes back until the other
  // side closes, or ETIMEDOUT when that takes longer in all.
  virtual SysResult<std::string> unix_exchange(const std::string& path, std::string_view request,
                                               std::chrono::milliseconds timeout,
                                               std::size_t limit) = 0;

  // --- events --------------------------------------------------------------------------------
  // A netlink socket in a new network namespace, which lasts as long as what is opened in it.
  virtual SysResult<UniqueFd> netlink_socket_apart(NetlinkProtocol protocol) = 0;
  // Lets a netlink socket hear multicast groups (RTNLGRP_*), those of its own namespace and of each
  // that its own has a number for (netlink(7) NETLINK_LISTEN_ALL_NSID). `room`: for bytes that were
  // not received yet, as far as the caller may have it.
  virtual SysResult<void> hear(Fd socket, std::span<const unsigned> groups, int room) = 0;
  // As receive, but without waiting (EAGAIN: nothing was heard), and of a socket that hears.
  // ENOBUFS: something was lost.
  virtual SysResult<HeardMessage> receive_heard(Fd socket, std::span<std::byte> buffer) = 0;
  // What another thread rings to end a wait; once rung it stays so.
  virtual SysResult<UniqueFd> make_bell() = 0;
  virtual void ring(Fd bell) = 0;
  // Waits until one of them is ready or the time is over, and says which are; none: it is over.
  virtual SysResult<std::vector<bool>> wait(std::span<const Awaited> what,
                                            std::chrono::nanoseconds most) = 0;

  // --- BPF -----------------------------------------------------------------------------------
  // The ids of the programs attached to an interface of the calling thread's network namespace, in
  // the order they run: bpf(2) BPF_PROG_QUERY, with `attach_type` of enum bpf_attach_type. EINVAL
  // where the kernel has no such type.
  virtual SysResult<std::vector<std::uint32_t>> bpf_programs(int attach_type, IfIndex index) = 0;
  // Whether a program of a type (enum bpf_prog_type) is loaded anywhere on the host; also true
  // where there are too many programs to look through. BPF_PROG_GET_NEXT_ID, for CAP_SYS_ADMIN
  // only.
  virtual SysResult<bool> has_bpf_program(int type) = 0;

  // --- the machine ---------------------------------------------------------------------------
  virtual Utsname uname() = 0;
  // The running kernel's modules.builtin, a path a line; empty where it cannot be read. It is read
  // once, as it tells how the kernel was built.
  virtual const std::string& builtin_modules() = 0;
  virtual std::int64_t realtime_ns() = 0;
  virtual std::int64_t boottime_ns() = 0;
};

// The running kernel.
Kernel& real_kernel();

}  // namespace nsmap::os
