#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "collect/sweep_process.h"
#include "os/procfs.h"

namespace nsmap::collect {
namespace {

constexpr os::FileId kTunDevice = {10, 200};  // MISC_MAJOR, TUN_MINOR: linux/miscdevice.h

struct Prefix {
  std::string_view text;
  Descriptor::Kind kind;
};

constexpr Prefix kPrefixes[] = {
    {"socket:[", Descriptor::Kind::socket},
    {"net:[", Descriptor::Kind::netns},
    {"mnt:[", Descriptor::Kind::mntns},
};

// Whether a path looks like the TUN/TAP control device (/dev/net/tun, wherever it was made) or like
// a macvtap's (/dev/tapIFINDEX).
bool may_be_tun(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return path.starts_with('/') && (name == "tun" || name.starts_with("tap"));
}

bool is_tun(os::Kernel& kernel, Fd table, const char* name, std::string_view path) {
  const auto stat = kernel.stat(table, name);
  if (!stat || !S_ISCHR(stat->mode)) return false;
  return stat->device == kTunDevice || !path.ends_with("tun");
}

std::optional<Descriptor> classify(os::Kernel& kernel, Fd table, const char* name,
                                   std::string_view target) {
  Descriptor descriptor;
  for (const Prefix& prefix : kPrefixes) {
    if (!target.starts_with(prefix.text)) continue;
    const auto link = os::parse_namespace_link(target);
    if (!link) return std::nullopt;
    descriptor.kind = prefix.kind;
    descriptor.inode = link->ino;
    return descriptor;
  }
  if (!may_be_tun(target) || !is_tun(kernel, table, name, target)) return std::nullopt;
  descriptor.kind = Descriptor::Kind::tun;
  return descriptor;
}

}  // namespace

void sweep_descriptors(os::Kernel& kernel, SweepPart& part, Fd dir, Pid pid, Pid tid) {
  const std::int64_t start = kernel.boottime_ns();
  const auto table = kernel.open(dir, "fd", O_RDONLY | O_DIRECTORY);
  if (!table) {
    part.fd.refuse(pid, table.error().value);
    return;
  }
  const auto listed = kernel.for_each_entry(*table, [&](const char* name) {
    ++part.fd.looked_at;
    const auto target = kernel.read_link_into(*table, name, part.buffer);
    if (!target) return;
    auto descriptor = classify(kernel, *table, name, *target);
    if (!descriptor) return;
    descriptor->pid = pid;
    descriptor->tid = tid;
    std::from_chars(name, name + std::strlen(name), descriptor->fd);
    part.descriptors.push_back(*descriptor);
  });
  if (!listed) part.fd.refuse(pid, listed.error().value);
  part.fd.took_ns += kernel.boottime_ns() - start;
}

}  // namespace nsmap::collect
