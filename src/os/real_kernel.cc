#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "os/call.h"
#include "os/kernel.h"

// Constants newer than Debian 12's headers (Linux 6.1), with the file each comes from.
#ifndef NS_GET_ID
#define NS_GET_ID _IOR(NSIO, 0xd, __u64)  // include/uapi/linux/nsfs.h, 6.18
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // include/uapi/asm-generic/socket.h, 5.14
#endif
#ifndef __NR_listns
#define __NR_listns 470  // include/uapi/asm-generic/unistd.h, 6.19
#endif

namespace nsmap::os {
namespace {

constexpr unsigned kPidfdThread = O_EXCL;  // PIDFD_THREAD, include/uapi/linux/pidfd.h, 6.9
constexpr int kFdNsfsRoot = -10003;        // FD_NSFS_ROOT, include/uapi/linux/fcntl.h, 6.18
constexpr int kFileidNsfs = 0xf1;          // FILEID_NSFS, include/linux/exportfs.h, 6.18
constexpr std::uint32_t kMostBpfProgramsSeen = 256;
constexpr std::uint32_t kMostBpfPrograms = 64;  // BPF_MPROG_MAX, include/linux/bpf_mprog.h

// include/uapi/linux/nsfs.h, 6.18; ns_inum 0 is not compared.
struct NsfsHandle {
  std::uint64_t ns_id;
  std::uint32_t ns_type;
  std::uint32_t ns_inum;
};

// include/uapi/linux/nsfs.h, 6.19.
struct NsIdRequest {
  std::uint32_t size = sizeof(NsIdRequest);
  std::uint32_t spare = 0;
  std::uint64_t ns_id = 0;
  std::uint32_t ns_type = 0;
  std::uint32_t spare2 = 0;
  std::uint64_t user_ns_id = 0;
};

template <typename T>
SysResult<T> value_by_ioctl(Fd fd, unsigned long request) {
  T value{};
  if (ioctl(fd.get(), request, &value) < 0) return failure();
  return value;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return nanoseconds(now);
}

// Reads what an exchange's peer sends until it closes.
SysResult<std::string> read_to_end(int socket, std::int64_t deadline_ns, std::size_t limit) {
  std::string answer;
  std::array<char, 16384> buffer;
  while (answer.size() < limit) {
    const std::int64_t left_ms = (deadline_ns - clock_ns(CLOCK_MONOTONIC)) / 1'000'000;
    pollfd waiting{socket, POLLIN, 0};
    if (left_ms <= 0 || poll(&waiting, 1, static_cast<int>(left_ms)) == 0)
      return failure(ETIMEDOUT);
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure();
    if (got == 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

// Grows the table of descriptors at once. Growing it as they come makes the call wait for an RCU
// grace period, some 5 to 30 ms, at each power of two once the process has several threads
// (fs/file.c expand_fdtable); and a table never shrinks.
void make_room_for_descriptors(std::uint64_t limit) {
  constexpr std::uint64_t kRoom = 16384;
  const UniqueFd any(::open("/", O_PATH | O_CLOEXEC));
  const auto last = static_cast<int>(std::min(limit, kRoom) - 1);
  if (any.valid() && limit > 1)
    const UniqueFd far(::fcntl(any.borrow().get(), F_DUPFD_CLOEXEC, last));
}

// The enum bpf_prog_type of a loaded program; ENOENT: it is gone.
SysResult<std::uint32_t> bpf_program_type(std::uint32_t id) {
  bpf_attr open{};
  open.prog_id = id;
  const UniqueFd program(
      static_cast<int>(::syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &open, sizeof open)));
  if (!program.valid()) return failure();
  bpf_prog_info info{};
  bpf_attr ask{};
  ask.info.bpf_fd = static_cast<std::uint32_t>(Fd(program).get());
  ask.info.info_len = sizeof info;
  ask.info.info = reinterpret_cast<std::uintptr_t>(&info);
  if (::syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) < 0) return failure();
  return info.type;
}

// The number that NETLINK_LISTEN_ALL_NSID puts beside a message from elsewhere
// (net/netlink/af_netlink.c netlink_cmsg_listen_all_nsid).
std::optional<Nsid> nsid_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_NETLINK || part->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
    std::int32_t number = 0;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    return Nsid(number);
  }
  return std::nullopt;
}

class RealKernel final : public Kernel {
 public:
  SysResult<UniqueFd> open(Fd dir, const char* path, int flags) override {
    return owned(::openat(dir.get(), path, flags | O_CLOEXEC | O_NOCTTY));
  }

  SysResult<std::string> read_link(Fd dir, const char* path) override {
    std::array<char, 4096> target;
    const ssize_t size = ::readlinkat(dir.get(), path, target.data(), target.size());
    if (size < 0) return failure();
    return std::string(target.data(), static_cast<std::size_t>(size));
  }

  SysResult<std::string> read_file(Fd dir, const char* path, std::size_t limit) override {
    const int fd = ::openat(dir.get(), path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return failure();
    const UniqueFd closer(fd);
    std::string content;
    std::array<char, 8192> buffer;
    while (content.size() < limit) {
      const std::size_t want = std::min(buffer.size(), limit - content.size());
      const ssize_t got = ::read(fd, buffer.data(), want);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure();
      if (got == 0) break;
      content.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return content;
  }

  SysResult<std::vector<std::string>> list(Fd dir, const char* path) override {
    const int fd = ::openat(dir.get(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure();
    DIR* stream = ::fdopendir(fd);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (!entry) break;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
        names.emplace_back(entry->d_name);
    }
    const int error = errno;
    ::closedir(stream);
    if (error != 0) return failure(error);
    return names;
  }

  SysResult<std::string_view> read_link_into(Fd dir, const char* path,
                                             std::span<char> buffer) override {
    const ssize_t size = ::readlinkat(dir.get(), path, buffer.data(), buffer.size());
    if (size < 0) return failure();
    return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  }

  SysResult<std::string_view> read_once(Fd dir, const char* path, std::span<char> buffer) override {
    const int fd = ::openat(dir.get(), path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return failure();
    const UniqueFd closer(fd);
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0) return failure();
    return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  }

  SysResult<void> for_each_entry(Fd dir, const std::function<void(const char*)>& visit) override {
    alignas(dirent64) std::array<char, 32768> buffer;
    for (;;) {
      const long size = ::syscall(SYS_getdents64, dir.get(), buffer.data(), buffer.size());
      if (size < 0) return failure();
      if (size == 0) return {};
      for (long at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += entry->d_reclen;
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
          visit(entry->d_name);
      }
    }
  }

  SysResult<FileStat> stat(Fd dir, const char* path) override {
    struct ::stat st {};
    if (::fstatat(dir.get(), path, &st, *path == '\0' ? AT_EMPTY_PATH : 0) < 0) return failure();
    return FileStat{{st.st_dev, st.st_ino},
                    st.st_mode,
                    st.st_uid,
                    {major(st.st_rdev), minor(st.st_rdev)},
                    nanoseconds(st.st_ctim)};
  }

  SysResult<void> enter(Fd ns, NamespaceType type) override {
    return done(::setns(ns.get(), static_cast<int>(type)));
  }
  SysResult<void> unshare_fs() override { return done(::unshare(CLONE_FS)); }

  SysResult<NamespaceType> namespace_type(Fd ns) override {
    const int type = ::ioctl(ns.get(), NS_GET_NSTYPE);
    if (type < 0) return failure();
    return static_cast<NamespaceType>(type);
  }
  SysResult<UniqueFd> owner_userns(Fd ns) override {
    return owned(::ioctl(ns.get(), NS_GET_USERNS));
  }
  SysResult<Uid> userns_owner(Fd userns) override {
    const auto uid = value_by_ioctl<uid_t>(userns, NS_GET_OWNER_UID);
    if (!uid) return tl::unexpected(uid.error());
    return Uid(*uid);
  }
  SysResult<std::uint64_t> namespace_id(Fd ns) override {
    return value_by_ioctl<std::uint64_t>(ns, NS_GET_ID);
  }
  SysResult<std::uint64_t> netns_cookie(Fd socket) override {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
      return failure();
    return cookie;
  }
  SysResult<UniqueFd> netns_of_socket(Fd socket) override {
    return owned(::ioctl(socket.get(), SIOCGSKNS));
  }
  SysResult<UniqueFd> netns_of_tun(Fd tun) override {
    return owned(::ioctl(tun.get(), TUNGETDEVNETNS));
  }
  SysResult<std::string> tun_name(Fd tun) override {
    const auto request = value_by_ioctl<ifreq>(tun, TUNGETIFF);
    if (!request) return tl::unexpected(request.error());
    return std::string(request->ifr_name, ::strnlen(request->ifr_name, IFNAMSIZ));
  }

  SysResult<std::vector<std::uint64_t>> list_namespaces(NamespaceType type,
                                                        std::uint64_t after) override {
    NsIdRequest request;
    request.ns_id = after;
    request.ns_type = static_cast<std::uint32_t>(type);
    std::vector<std::uint64_t> ids(1024);
    const long count = ::syscall(__NR_listns, &request, ids.data(), ids.size(), 0);
    if (count < 0) return failure();
    ids.resize(static_cast<std::size_t>(count));
    return ids;
  }

  SysResult<UniqueFd> open_namespace(NamespaceType type, std::uint64_t id) override {
    struct {
      file_handle head;
      NsfsHandle body;
    } handle{};
    handle.head.handle_bytes = sizeof handle.body;
    handle.head.handle_type = kFileidNsfs;
    handle.body = {id, static_cast<std::uint32_t>(type), 0};
    return owned(::open_by_handle_at(kFdNsfsRoot, &handle.head, O_RDONLY | O_CLOEXEC));
  }

  SysResult<UniqueFd> pidfd_open(Pid pid) override {
    auto fd = owned(::syscall(SYS_pidfd_open, pid.value, 0));
    // A thread that leads no group: EINVAL, and ENOENT since 6.13 (kernel/pid.c).
    if (fd || (fd.error().value != EINVAL && fd.error().value != ENOENT)) return fd;
    return owned(::syscall(SYS_pidfd_open, pid.value, kPidfdThread));
  }
  SysResult<UniqueFd> pidfd_getfd(Fd pidfd, int fd) override {
    return owned(::syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0));
  }
  SysResult<bool> share_files(Pid a, Pid b) override {
    const long order = ::syscall(SYS_kcmp, a.value, b.value, KCMP_FILES, 0, 0);
    if (order < 0) return failure();
    return order == 0;
  }

  bool has_capability(int capability) override {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
    if (::syscall(SYS_capget, &header, data) < 0) return false;
    return (data[capability / 32].effective >> (capability % 32) & 1u) != 0;
  }

  std::uint64_t raise_fd_limit() override {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    make_room_for_descriptors(limit.rlim_cur);
    return limit.rlim_cur;
  }

  SysResult<UniqueFd> netlink_socket(NetlinkProtocol protocol) override {
    auto fd = owned(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, static_cast<int>(protocol)));
    if (!fd) return fd;
    const int on = 1;
    const int socket = fd->borrow().get();
    // Refusals of these two are harmless: older kernels know fewer of them.
    ::setsockopt(socket, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    ::setsockopt(socket, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    return fd;
  }

  SysResult<UniqueFd> datagram_socket(int family) override {
    return owned(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  }

  SysResult<std::size_t> socket_option(Fd socket, int level, int option,
                                       std::span<std::byte> value) override {
    auto size = static_cast<socklen_t>(value.size());
    if (::getsockopt(socket.get(), level, option, value.data(), &size) < 0) return failure();
    return std::size_t{size};
  }

  SysResult<void> send(Fd socket, Bytes message) override {
    return done(::send(socket.get(), message.data(), message.size(), 0));
  }

  SysResult<Bytes> receive(Fd socket, std::span<std::byte> buffer) override {
    for (;;) {
      const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_TRUNC);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return failure();
      if (static_cast<std::size_t>(size) > buffer.size()) return failure(EMSGSIZE);
      return Bytes(buffer.first(static_cast<std::size_t>(size)));
    }
  }

  SysResult<UniqueFd> netlink_socket_apart(NetlinkProtocol protocol) override {
    SysResult<UniqueFd> made = failure(EAGAIN);
    std::thread([&] {
      made = done(::unshare(CLONE_NEWNET)).and_then([&] { return netlink_socket(protocol); });
    }).join();
    return made;
  }

  SysResult<void> hear(Fd socket, std::span<const unsigned> groups, int room) override {
    const int on = 1;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) < 0)
      return failure();
    // A socket without a number of its own hears nothing: the kernel takes it for the sender.
    // Binding comes first, as it drops groups (net/netlink/af_netlink.c do_one_broadcast,
    // netlink_bind).
    sockaddr_nl any{};
    any.nl_family = AF_NETLINK;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0)
      return failure();
    for (const unsigned group : groups)
      if (::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        return failure();
    return {};
  }

  SysResult<HeardMessage> receive_heard(Fd socket, std::span<std::byte> buffer) override {
    alignas(cmsghdr) std::array<char, 256> control;
    iovec space{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &space;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket.get(), &message, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) return failure();
    if (static_cast<std::size_t>(size) > buffer.size()) return failure(EMSGSIZE);
    return HeardMessage{Bytes(buffer.first(static_cast<std::size_t>(size))), nsid_of(message)};
  }

  SysResult<UniqueFd> make_bell() override { return owned(::eventfd(0, EFD_CLOEXEC)); }

  void ring(Fd bell) override { ::eventfd_write(bell.get(), 1); }

  SysResult<std::vector<bool>> wait(std::span<const Awaited> what,
                                    std::chrono::nanoseconds most) override {
    std::vector<pollfd> files;
    const auto events = [](Awaited::What kind) -> short {
      return kind == Awaited::What::input ? POLLIN : POLLPRI;
    };
    for (const Awaited& one : what) files.push_back({one.fd.get(), events(one.what), 0});
    const timespec patience{most.count() / 1'000'000'000, most.count() % 1'000'000'000};
    // Until a signal is handled, if one is.
    if (::ppoll(files.data(), files.size(), &patience, nullptr) < 0 && errno != EINTR)
      return failure();
    std::vector<bool> ready;
    for (const pollfd& file : files) ready.push_back((file.revents & (file.events | POLLERR)) != 0);
    return ready;
  }

  SysResult<std::string> unix_exchange(const std::string& path, std::string_view request,
                                       std::chrono::milliseconds timeout,
                                       std::size_t limit) override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return failure(ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    const std::int64_t deadline =
        clock_ns(CLOCK_MONOTONIC) + std::chrono::nanoseconds(timeout).count();
    auto fd = owned(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return tl::unexpected(fd.error());
    const int socket = fd->borrow().get();
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      return failure();
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      return failure();
    return read_to_end(socket, deadline, limit);
  }

  SysResult<std::vector<std::uint32_t>> bpf_programs(int attach_type, IfIndex index) override {
    std::array<std::uint32_t, kMostBpfPrograms> ids{};
    bpf_attr attr{};
    attr.query.target_fd = static_cast<std::uint32_t>(index.value);  // target_ifindex, Linux 6.6
    attr.query.attach_type = static_cast<std::uint32_t>(attach_type);
    attr.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    attr.query.prog_cnt = kMostBpfPrograms;
    if (::syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr) < 0) return failure();
    const auto count = std::min(attr.query.prog_cnt, kMostBpfPrograms);
    return std::vector<std::uint32_t>(ids.begin(), ids.begin() + count);
  }
  SysResult<bool> has_bpf_program(int type) override {
    bpf_attr next{};
    for (std::uint32_t seen = 0; seen < kMostBpfProgramsSeen; ++seen) {
      if (::syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &next, sizeof next) < 0) {
        if (errno == ENOENT) return false;
        return failure();
      }
      next.start_id = next.next_id;
      const auto found = bpf_program_type(next.next_id);
      if (found && *found == static_cast<std::uint32_t>(type)) return true;
      if (!found && found.error().value != ENOENT) return tl::unexpected(found.error());
    }
    return true;
  }

  Utsname uname() override {
    utsname name{};
    ::uname(&name);
    return {name.nodename, name.release};
  }
  const std::string& builtin_modules() override {
    static const std::string kModules = [this] {
      constexpr std::size_t kMostText = 4 << 20;
      const std::string path = "/lib/modules/" + uname().release + "/modules.builtin";
      return read_file(kNoDir, path.c_str(), kMostText).value_or("");
    }();
    return kModules;
  }
  std::int64_t realtime_ns() override { return clock_ns(CLOCK_REALTIME); }
  std::int64_t boottime_ns() override { return clock_ns(CLOCK_BOOTTIME); }
};

}  // namespace

Kernel& real_kernel() {
  static RealKernel kernel;
  return kernel;
}

}  // namespace nsmap::os
