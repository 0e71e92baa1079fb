#include "os/fake_kernel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/number.h"

namespace nsmap::os {
namespace {

constexpr int kMostLinks = 8;
constexpr const char* kThreadSelf = "/proc/thread-self";
constexpr std::string_view kOwnDescriptors = "/proc/self/fd/";

// The root directory of a thread that entered a mount namespace: such threads die, never return.
thread_local std::string entered_root;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

const char* prefix_of(NamespaceType type) {
  switch (type) {
    case NamespaceType::net:
      return "net";
    case NamespaceType::mount:
      return "mnt";
    case NamespaceType::user:
      return "user";
    case NamespaceType::pid:
      return "pid";
  }
  return "";
}

std::string anonymous_path(NamespaceType type, std::uint64_t ino) {
  return fmt::format("/.nsfs/{}:[{}]", prefix_of(type), ino);
}

}  // namespace

Errno FakeKernel::unset() { return {ENOSYS}; }

FakeKernel::Node& FakeKernel::add(const std::string& path, Node node) {
  if (path != "/" && !nodes_.contains(parent_of(path))) add_directory(parent_of(path));
  if (node.ino == 0) node.ino = next_ino_++;
  return nodes_[path] = std::move(node);
}

void FakeKernel::add_file(const std::string& path, std::string content) {
  add(absolute(kNoDir, path.c_str()), {Node::Kind::file, std::move(content), {}, {}, 0, {}});
}
void FakeKernel::add_directory(const std::string& path) {
  if (!nodes_.contains(path)) add(path, {});
}
void FakeKernel::add_link(const std::string& path, std::string target, std::string leads_to) {
  if (leads_to.empty()) leads_to = target;
  add(path, {Node::Kind::link, std::move(target), std::move(leads_to), {}, 0, {}});
}
void FakeKernel::add_namespace(const std::string& path, NamespaceType type, std::uint64_t ino) {
  add(path, {Node::Kind::ns, fmt::format("{}:[{}]", prefix_of(type), ino), {}, type, ino, {}});
}
void FakeKernel::add_device(const std::string& path, std::uint64_t major, std::uint64_t minor) {
  add(path, {Node::Kind::device, {}, {}, {}, 0, {major, minor}});
}
void FakeKernel::set_owner(const std::string& path, Uid owner, std::uint32_t permissions) {
  owned_[path] = {owner, permissions};
}
void FakeKernel::refuse(const std::string& path, int error) { refused_[path] = error; }

std::string FakeKernel::absolute(Fd dir, const char* path) const {
  const std::string_view whole = path;
  if (whole.starts_with(kOwnDescriptors)) {
    const std::string_view number = whole.substr(kOwnDescriptors.size());
    const auto end = std::min(number.find('/'), number.size());
    const auto fd = parse_number<int>(number.substr(0, end));
    return absolute(Fd(fd.value_or(-1)), "") + std::string(number.substr(end));
  }
  if (*path == '/')
    return entered_root.empty() || path[1] != '\0' ? entered_root + path : entered_root;
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(dir.get());
  const std::string base = found == open_.end() ? "" : found->second;
  if (*path == '\0') return base;
  if (base == kThreadSelf) return entered_root + base + "/" + path;
  return (base == "/" ? "" : base) + "/" + path;
}

SysResult<std::pair<std::string, const FakeKernel::Node*>> FakeKernel::find(std::string path,
                                                                            bool follow) const {
  if (path.empty()) return tl::unexpected(Errno{EBADF});  // of a descriptor that is none
  for (int links = 0; links < kMostLinks; ++links) {
    for (std::string up = path;; up = parent_of(up)) {
      if (const auto refused = refused_.find(up); refused != refused_.end())
        return tl::unexpected(Errno{refused->second});
      // A link on the way, as /proc/PID/root, leads elsewhere.
      const auto node = nodes_.find(up);
      const bool last = up == path;
      if (node != nodes_.end() && node->second.kind == Node::Kind::link && (!last || follow)) {
        const std::string& target = node->second.leads_to;
        path = (target == "/" ? "" : target) + path.substr(up.size());
        if (path.empty()) path = "/";
        break;
      }
      if (up == "/") {
        const auto found = nodes_.find(path);
        if (found == nodes_.end()) return tl::unexpected(Errno{ENOENT});
        return std::pair(path, &found->second);
      }
    }
  }
  return tl::unexpected(Errno{ELOOP});
}

SysResult<UniqueFd> FakeKernel::open_as(const std::string& path) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(Errno{errno});
  const std::lock_guard lock(mutex_);
  open_[fd] = path;
  return UniqueFd(fd);
}

SysResult<UniqueFd> FakeKernel::open_inode(NamespaceType type, std::uint64_t ino) {
  const std::string path = anonymous_path(type, ino);
  if (!nodes_.contains(path)) add_namespace(path, type, ino);
  return open_as(path);
}

const FakeKernel::Node* FakeKernel::node_of(Fd fd) const {
  const auto found = find(absolute(fd, ""), true);
  return found ? found->second : nullptr;
}

SysResult<UniqueFd> FakeKernel::open(Fd dir, const char* path, int) {
  const std::string whole = absolute(dir, path);
  const auto found = find(whole, true);
  if (!found) return tl::unexpected(found.error());
  return open_as(found->first);
}

SysResult<std::string> FakeKernel::read_link(Fd dir, const char* path) {
  const auto found = find(absolute(dir, path), false);
  if (!found) return tl::unexpected(found.error());
  const Node& node = *found->second;
  if (node.kind != Node::Kind::link && node.kind != Node::Kind::ns)
    return tl::unexpected(Errno{EINVAL});
  return node.content;
}

SysResult<std::string> FakeKernel::read_file(Fd dir, const char* path, std::size_t limit) {
  const auto found = find(absolute(dir, path), true);
  if (!found) return tl::unexpected(found.error());
  if (found->second->kind == Node::Kind::directory) return tl::unexpected(Errno{EISDIR});
  return found->second->content.substr(0, limit);
}

SysResult<std::vector<std::string>> FakeKernel::list(Fd dir, const char* path) {
  const auto found = find(absolute(dir, path), true);
  if (!found) return tl::unexpected(found.error());
  if (found->second->kind != Node::Kind::directory) return tl::unexpected(Errno{ENOTDIR});
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_)
    if (name != "/" && parent_of(name) == found->first)
      names.push_back(name.substr(name.rfind('/') + 1));
  return names;
}

SysResult<std::string_view> FakeKernel::read_link_into(Fd dir, const char* path,
                                                       std::span<char> buffer) {
  const auto target = read_link(dir, path);
  if (!target) return tl::unexpected(target.error());
  return std::string_view(buffer.data(), target->copy(buffer.data(), buffer.size()));
}

SysResult<std::string_view> FakeKernel::read_once(Fd dir, const char* path,
                                                  std::span<char> buffer) {
  const auto content = read_file(dir, path, buffer.size());
  if (!content) return tl::unexpected(content.error());
  return std::string_view(buffer.data(), content->copy(buffer.data(), buffer.size()));
}

SysResult<void> FakeKernel::for_each_entry(Fd dir, const std::function<void(const char*)>& visit) {
  const auto names = list(dir, "");
  if (!names) return tl::unexpected(names.error());
  for (const auto& name : *names) visit(name.c_str());
  return {};
}

SysResult<FileStat> FakeKernel::stat(Fd dir, const char* path) {
  const auto found = find(absolute(dir, path), true);
  if (!found) return tl::unexpected(found.error());
  const Node& node = *found->second;
  FileStat stat;
  stat.id = {node.kind == Node::Kind::ns ? kNsfsDev : 1, node.ino};
  stat.device = node.device;
  stat.changed_ns = changed_ns;
  switch (node.kind) {
    case Node::Kind::directory:
      stat.mode = S_IFDIR | 0755;
      break;
    case Node::Kind::device:
      stat.mode = S_IFCHR | 0666;
      break;
    case Node::Kind::link:
    case Node::Kind::file:
    case Node::Kind::ns:
      stat.mode = S_IFREG | 0444;
      break;
  }
  if (const auto owned = owned_.find(found->first); owned != owned_.end()) {
    stat.uid = owned->second.first.value;
    stat.mode = (stat.mode & S_IFMT) | owned->second.second;
  }
  return stat;
}

SysResult<void> FakeKernel::enter(Fd ns, NamespaceType type) {
  const Node* node = node_of(ns);
  const auto root = node ? mount_roots.find(node->ino) : mount_roots.end();
  if (type != NamespaceType::mount || root == mount_roots.end())
    return tl::unexpected(Errno{EPERM});
  entered_root = root->second;
  return {};
}

SysResult<NamespaceType> FakeKernel::namespace_type(Fd ns) {
  const Node* node = node_of(ns);
  if (!node || node->kind != Node::Kind::ns) return tl::unexpected(Errno{ENOTTY});
  return node->type;
}

SysResult<UniqueFd> FakeKernel::owner_userns(Fd ns) {
  const Node* node = node_of(ns);
  const auto owner = node ? owners.find(node->ino) : owners.end();
  if (owner == owners.end()) return tl::unexpected(Errno{EPERM});
  return open_inode(NamespaceType::user, owner->second.first);
}

SysResult<Uid> FakeKernel::userns_owner(Fd userns) {
  const Node* node = node_of(userns);
  for (const auto& [ino, owner] : owners)
    if (node && owner.first == node->ino) return owner.second;
  return tl::unexpected(Errno{EINVAL});
}

SysResult<std::uint64_t> FakeKernel::namespace_id(Fd ns) {
  const Node* node = node_of(ns);
  const auto id = node ? ns_ids.find(node->ino) : ns_ids.end();
  if (id == ns_ids.end()) return tl::unexpected(Errno{ENOTTY});
  return id->second;
}

SysResult<UniqueFd> FakeKernel::netns_of_socket(Fd socket) {
  const auto found = socket_netns.find(absolute(socket, ""));
  if (found == socket_netns.end()) return tl::unexpected(Errno{ENOTTY});
  return open_inode(NamespaceType::net, found->second);
}

SysResult<UniqueFd> FakeKernel::netns_of_tun(Fd tun) {
  const auto found = tuns.find(absolute(tun, ""));
  if (found == tuns.end()) return tl::unexpected(Errno{EBADFD});
  return open_inode(NamespaceType::net, found->second.first);
}

SysResult<std::string> FakeKernel::tun_name(Fd tun) {
  const auto found = tuns.find(absolute(tun, ""));
  if (found == tuns.end()) return tl::unexpected(Errno{EBADFD});
  return found->second.second;
}

SysResult<UniqueFd> FakeKernel::pidfd_open(Pid pid) {
  const std::string path = fmt::format("/proc/{}", pid.value);
  if (!nodes_.contains(path)) return tl::unexpected(Errno{ESRCH});
  return open_as(path);
}

SysResult<UniqueFd> FakeKernel::pidfd_getfd(Fd pidfd, int fd) {
  const std::string path = fmt::format("{}/fd/{}", absolute(pidfd, ""), fd);
  if (const auto refused = refused_.find(path); refused != refused_.end())
    return tl::unexpected(Errno{refused->second});
  return open_as(path);
}

SysResult<bool> FakeKernel::share_files(Pid a, Pid b) {
  return shared_files.contains({a.value, b.value}) || shared_files.contains({b.value, a.value});
}

SysResult<std::string> FakeKernel::unix_exchange(const std::string& path, std::string_view,
                                                 std::chrono::milliseconds, std::size_t) {
  const auto found = unix_answers.find(path);
  if (found == unix_answers.end()) return tl::unexpected(Errno{ENOENT});
  return found->second;
}

SysResult<bool> FakeKernel::has_bpf_program(int) {
  if (bpf_ids.empty()) return tl::unexpected(unset());
  return true;
}

SysResult<UniqueFd> FakeKernel::datagram_socket(int) {
  if (socket_options.empty()) return tl::unexpected(unset());
  return open_as("socket:[1]");
}

SysResult<std::size_t> FakeKernel::socket_option(Fd, int level, int option,
                                                 std::span<std::byte> value) {
  const auto found = socket_options.find({level, option});
  if (found == socket_options.end()) return tl::unexpected(Errno{ENOPROTOOPT});
  return found->second(value);
}

SysResult<std::vector<std::uint32_t>> FakeKernel::bpf_programs(int attach_type, IfIndex index) {
  if (bpf_ids.empty()) return tl::unexpected(unset());
  const auto found = bpf_ids.find({attach_type, index.value});
  return found == bpf_ids.end() ? std::vector<std::uint32_t>() : found->second;
}

}  // namespace nsmap::os
