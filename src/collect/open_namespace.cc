#include "collect/open_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>

namespace nsmap::collect {
namespace {

using model::Holder;
using model::HolderKind;

// The file by which what holds a namespace leads to it; empty: it leads nowhere by a path.
std::string path_of(const Holder& holder) {
  const std::string process = holder.pid ? fmt::format("/proc/{}", holder.pid->value) : "";
  switch (holder.kind) {
    case HolderKind::process:
      return process + "/ns/net";
    case HolderKind::thread:
      return holder.tid ? fmt::format("/proc/{}/ns/net", holder.tid->value) : "";
    case HolderKind::fd:
      return fmt::format("/proc/{}/fd/{}", holder.tid.value_or(holder.pid.value_or(Pid())).value,
                         holder.fd.value_or(-1));
    case HolderKind::bind_mount:
      // As seen in the mount namespace of a process that is told.
      return holder.pid ? process + "/root" + holder.path : holder.path;
    case HolderKind::socket:
    case HolderKind::tun:
    case HolderKind::link:
    case HolderKind::listed:
      return "";
  }
  return "";
}

// The namespace behind a socket or a TUN descriptor of another process.
SysResult<UniqueFd> through_descriptor(os::Kernel& kernel, const Holder& holder) {
  const bool is_tun = holder.kind == HolderKind::tun;
  if ((holder.kind != HolderKind::socket && !is_tun) || !holder.pid || !holder.fd)
    return tl::unexpected(Errno{});
  return kernel.pidfd_open(*holder.pid)
      .and_then([&](const UniqueFd& process) { return kernel.pidfd_getfd(process, *holder.fd); })
      .and_then([&](const UniqueFd& file) {
        return is_tun ? kernel.netns_of_tun(file) : kernel.netns_of_socket(file);
      });
}

bool is(os::Kernel& kernel, Fd file, model::NetnsId id) {
  const auto status = kernel.stat(file, "");
  return status && status->id == os::FileId{id.dev, id.ino};
}

std::optional<UniqueFd> open_file(os::Kernel& kernel, const std::string& path) {
  auto file = kernel.open(os::kNoDir, path.c_str(), O_RDONLY | O_NONBLOCK);
  if (!file || kernel.namespace_type(*file) != os::NamespaceType::net) return std::nullopt;
  return std::move(*file);
}

}  // namespace

// Whatever is opened is held against the inode: a pid or a path may have become another's.
Result<UniqueFd> open_namespace(os::Kernel& kernel, const model::Namespace& ns) {
  const auto by_path = [&](const std::string& path) {
    auto file = path.empty() ? std::nullopt : open_file(kernel, path);
    return file && is(kernel, *file, ns.id) ? std::move(file) : std::nullopt;
  };
  for (const model::Name& name : ns.names)
    if (auto file = by_path(name.path)) return std::move(*file);
  for (const Holder& holder : ns.holders) {
    if (auto file = by_path(path_of(holder))) return std::move(*file);
    if (auto file = through_descriptor(kernel, holder); file && is(kernel, *file, ns.id))
      return std::move(*file);
  }
  if (ns.ns_id)
    if (auto file = kernel.open_namespace(os::NamespaceType::net, *ns.ns_id))
      return std::move(*file);
  return read_error(fmt::format("namespace net:[{}]: nothing leads into it", ns.id.ino),
                    "it as root, if you are not; it may have gone");
}

}  // namespace nsmap::collect
