#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "os/kernel.h"

namespace nsmap::os {

// A kernel that lives in memory, for tests: a tree of files, links and directories, and answers to
// the other calls as a test sets them. A call for which nothing was set fails with ENOENT or
// ENOSYS. Fill it before use; it does not lock its tables.
class FakeKernel : public Kernel {
 public:
  // Paths are absolute and in normal form; parent directories come into being by themselves. In
  // calls /proc/self/fd/N leads to what N was opened as.
  void add_file(const std::string& path, std::string content);
  void add_directory(const std::string& path);
  // What read_link gives, and what open and stat follow when the target is an absolute path.
  // A magic link of /proc, as a container's /proc/PID/root, leads elsewhere than its text says.
  void add_link(const std::string& path, std::string target, std::string leads_to = {});
  // A namespace file: read_link gives "net:[ino]", open and stat lead to the namespace itself.
  void add_namespace(const std::string& path, NamespaceType type, std::uint64_t ino);
  // A device node, as /dev/net/tun (10, 200).
  void add_device(const std::string& path, std::uint64_t major, std::uint64_t minor);
  // Whose a file is, and its permissions; else root's, for all to read.
  void set_owner(const std::string& path, Uid owner, std::uint32_t permissions);
  // Every call on this path, or below it, fails with that errno.
  void refuse(const std::string& path, int error);

  // What pidfd_getfd, netns_of_socket, netns_of_tun, tun_name answer: descriptors are known by the
  // path they were opened with, and a process's by /proc/PID/fd/N.
  std::map<std::string, std::uint64_t> socket_netns;                  // path → netns inode
  std::map<std::string, std::pair<std::uint64_t, std::string>> tuns;  // path → netns inode, name
  std::map<std::uint64_t, std::uint64_t> ns_ids;                      // inode → NS_GET_ID
  std::map<std::uint64_t, std::pair<std::uint64_t, Uid>> owners;  // inode → userns inode, its owner
  std::set<std::pair<std::int32_t, std::int32_t>> shared_files;  // pairs for share_files
  std::map<std::string, std::string> unix_answers;               // socket path → answer
  std::set<int> capabilities;
  std::string builtin;  // builtin_modules
  // attach type, ifindex → program ids; while it is empty the kernel knows no such question
  std::map<std::pair<int, std::int32_t>, std::vector<std::uint32_t>> bpf_ids;
  // level, option → what answers socket_option of any socket
  using SocketOption = std::function<SysResult<std::size_t>(std::span<std::byte> value)>;
  std::map<std::pair<int, int>, SocketOption> socket_options;
  // Mount namespaces that `enter` lets in, by inode: the directory whose content a thread finds
  // under "/" once it is in, /proc/thread-self included.
  std::map<std::uint64_t, std::string> mount_roots;

  static constexpr std::uint64_t kNsfsDev = 4;
  // When every file was last changed, by default a day before the fake's time.
  std::int64_t changed_ns = -86'400'000'000'000;

  SysResult<UniqueFd> open(Fd dir, const char* path, int flags) override;
  SysResult<std::string> read_link(Fd dir, const char* path) override;
  SysResult<std::string> read_file(Fd dir, const char* path, std::size_t limit) override;
  SysResult<std::vector<std::string>> list(Fd dir, const char* path) override;
  SysResult<std::string_view> read_link_into(Fd dir, const char* path,
                                             std::span<char> buffer) override;
  SysResult<std::string_view> read_once(Fd dir, const char* path, std::span<char> buffer) override;
  SysResult<void> for_each_entry(Fd dir, const std::function<void(const char*)>& visit) override;
  SysResult<FileStat> stat(Fd dir, const char* path) override;
  SysResult<void> enter(Fd ns, NamespaceType type) override;
  SysResult<void> unshare_fs() override { return {}; }
  SysResult<NamespaceType> namespace_type(Fd ns) override;
  SysResult<UniqueFd> owner_userns(Fd ns) override;
  SysResult<Uid> userns_owner(Fd userns) override;
  SysResult<std::uint64_t> namespace_id(Fd ns) override;
  SysResult<std::uint64_t> netns_cookie(Fd) override { return tl::unexpected(unset()); }
  SysResult<UniqueFd> netns_of_socket(Fd socket) override;
  SysResult<UniqueFd> netns_of_tun(Fd tun) override;
  SysResult<std::string> tun_name(Fd tun) override;
  SysResult<std::vector<std::uint64_t>> list_namespaces(NamespaceType, std::uint64_t) override {
    return tl::unexpected(unset());
  }
  SysResult<UniqueFd> open_namespace(NamespaceType, std::uint64_t) override {
    return tl::unexpected(unset());
  }
  SysResult<UniqueFd> pidfd_open(Pid pid) override;
  SysResult<UniqueFd> pidfd_getfd(Fd pidfd, int fd) override;
  SysResult<bool> share_files(Pid a, Pid b) override;
  bool has_capability(int capability) override { return capabilities.contains(capability); }
  std::uint64_t raise_fd_limit() override { return 1024; }
  SysResult<UniqueFd> netlink_socket(NetlinkProtocol) override { return tl::unexpected(unset()); }
  SysResult<UniqueFd> datagram_socket(int family) override;
  SysResult<std::size_t> socket_option(Fd socket, int level, int option,
                                       std::span<std::byte> value) override;
  SysResult<void> send(Fd, Bytes) override { return tl::unexpected(unset()); }
  SysResult<Bytes> receive(Fd, std::span<std::byte>) override { return tl::unexpected(unset()); }
  SysResult<UniqueFd> netlink_socket_apart(NetlinkProtocol) override {
    return tl::unexpected(unset());
  }
  SysResult<void> hear(Fd, std::span<const unsigned>, int) override {
    return tl::unexpected(unset());
  }
  SysResult<HeardMessage> receive_heard(Fd, std::span<std::byte>) override {
    return tl::unexpected(unset());
  }
  SysResult<UniqueFd> make_bell() override { return tl::unexpected(unset()); }
  void ring(Fd) override {}
  SysResult<std::vector<bool>> wait(std::span<const Awaited>, std::chrono::nanoseconds) override {
    return tl::unexpected(unset());
  }
  SysResult<std::string> unix_exchange(const std::string& path, std::string_view,
                                       std::chrono::milliseconds, std::size_t) override;
  SysResult<std::vector<std::uint32_t>> bpf_programs(int attach_type, IfIndex index) override;
  SysResult<bool> has_bpf_program(int type) override;
  Utsname uname() override { return {"fake", "0.0"}; }
  const std::string& builtin_modules() override { return builtin; }
  std::int64_t realtime_ns() override { return 0; }
  std::int64_t boottime_ns() override { return 0; }

 private:
  struct Node {
    enum class Kind { directory, file, link, ns, device } kind = Kind::directory;
    std::string content;   // or the link's target
    std::string leads_to;  // where a link goes
    NamespaceType type = NamespaceType::net;
    std::uint64_t ino = 0;
    FileId device;
  };

  static Errno unset();
  Node& add(const std::string& path, Node node);
  std::string absolute(Fd dir, const char* path) const;
  // The node at a path, its last link followed or not.
  SysResult<std::pair<std::string, const Node*>> find(std::string path, bool follow) const;
  SysResult<UniqueFd> open_as(const std::string& path);
  const Node* node_of(Fd fd) const;
  SysResult<UniqueFd> open_inode(NamespaceType type, std::uint64_t ino);

  std::map<std::string, Node> nodes_{{"/", {}}};
  std::map<std::string, int> refused_;
  std::map<std::string, std::pair<Uid, std::uint32_t>> owned_;
  mutable std::mutex mutex_;         // guards open_
  std::map<int, std::string> open_;  // descriptor → path
  std::uint64_t next_ino_ = 1000;
};

}  // namespace nsmap::os
