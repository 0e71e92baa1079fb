#include "os/procfs.h"

#include <string.h>

#include <charconv>

namespace nsmap::os {
namespace {

constexpr std::uint32_t kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h
constexpr std::string_view kNsfsMark = " - nsfs ";   // a blank inside a field is escaped
constexpr std::string_view kDeleted = "//deleted";   // fs/proc_namespace.c, fs/d_path.c

// Takes what comes before the next `separator` (or all) off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return field;
}

void skip_fields(std::string_view& text, int count) {
  while (count-- > 0) take(text, ' ');
}

// Nothing unless all of `text` is one number that fits.
template <typename Int>
std::optional<Int> number(std::string_view text) {
  Int value{};
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

// The number behind "shared:" and its like; 0 when `field` is another.
std::uint32_t tagged(std::string_view field, std::string_view tag) {
  if (!field.starts_with(tag)) return 0;
  return number<std::uint32_t>(field.substr(tag.size())).value_or(0);
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

std::optional<Pid> parse_pid(std::string_view name) {
  const auto pid = number<Pid::Value>(name);
  if (!pid || *pid <= 0) return std::nullopt;
  return Pid(*pid);
}

std::optional<ProcStat> parse_stat(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::nullopt;
  ProcStat stat;
  stat.comm = text.substr(open + 1, close - open - 1);
  text.remove_prefix(close + 2);
  const std::string_view state = take(text, ' ');
  const auto parent = number<Pid::Value>(take(text, ' '));
  skip_fields(text, 1);  // pgrp
  const auto session = number<Pid::Value>(take(text, ' '));
  skip_fields(text, 2);  // tty_nr, tpgid
  const auto flags = number<std::uint32_t>(take(text, ' '));
  skip_fields(text, 10);  // minflt to nice
  const auto threads = number<std::uint32_t>(take(text, ' '));
  skip_fields(text, 1);  // itrealvalue
  const auto start = number<std::uint64_t>(take(text, ' '));
  if (state.size() != 1 || !parent || !session || !flags || !threads || !start) return std::nullopt;
  stat.state = state[0];
  stat.parent = Pid(*parent);
  stat.session = Pid(*session);
  stat.kernel_thread = (*flags & kKernelThread) != 0;
  stat.threads = *threads;
  stat.start_ticks = *start;
  return stat;
}

std::optional<NamespaceLink> parse_namespace_link(std::string_view text) {
  const std::size_t bracket = text.find(":[");
  if (bracket == std::string_view::npos || !text.ends_with(']')) return std::nullopt;
  const auto ino = number<Inode::Value>(text.substr(bracket + 2, text.size() - bracket - 3));
  if (!ino) return std::nullopt;
  return NamespaceLink{text.substr(0, bracket), Inode(*ino)};
}

std::optional<Pid> parse_own_pid(std::string_view status) {
  constexpr std::string_view kLabel = "\nNSpid:";
  const std::size_t at = status.find(kLabel);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + kLabel.size());
  const std::string_view line = take(status, '\n');
  const auto pid = number<Pid::Value>(line.substr(line.rfind('\t') + 1));
  if (!pid) return std::nullopt;
  return Pid(*pid);
}

std::string_view parse_cgroup(std::string_view text) {
  std::string_view unified;
  std::string_view v1;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    const bool is_unified = line.starts_with("0::");
    take(line, ':');
    take(line, ':');
    if (is_unified)
      unified = line;
    else if (v1.size() <= 1)
      v1 = line;
  }
  return unified.size() > 1 || v1.empty() ? unified : v1;
}

std::optional<MountLine> parse_mount(std::string_view line) {
  MountLine mount;
  const auto id = number<std::uint32_t>(take(line, ' '));
  if (!id) return std::nullopt;
  mount.id = *id;
  skip_fields(line, 2);  // parent, major:minor
  mount.root = take(line, ' ');
  mount.mount_point = take(line, ' ');
  take(line, ' ');  // options
  while (!line.empty()) {
    const std::string_view field = take(line, ' ');
    if (field == "-") break;
    mount.shared |= tagged(field, "shared:");
    mount.master |= tagged(field, "master:");
  }
  mount.fstype = take(line, ' ');
  if (mount.mount_point.empty() || mount.fstype.empty()) return std::nullopt;
  return mount;
}

void for_each_mount(std::string_view mountinfo,
                    const std::function<void(const MountLine&)>& visit) {
  while (!mountinfo.empty())
    if (const auto mount = parse_mount(take(mountinfo, '\n'))) visit(*mount);
}

void for_each_nsfs_mount(std::string_view mountinfo,
                         const std::function<void(const MountLine&)>& visit) {
  while (!mountinfo.empty()) {
    // memmem(3): string_view::find stops at each of the many blanks.
    const void* found =
        ::memmem(mountinfo.data(), mountinfo.size(), kNsfsMark.data(), kNsfsMark.size());
    if (!found) return;
    const auto mark = static_cast<std::size_t>(static_cast<const char*>(found) - mountinfo.data());
    const std::size_t before = mountinfo.rfind('\n', mark);
    mountinfo.remove_prefix(before == std::string_view::npos ? 0 : before + 1);
    if (const auto mount = parse_mount(take(mountinfo, '\n'))) visit(*mount);
  }
}

std::string mount_path(std::string_view mount_point) {
  if (mount_point.ends_with(kDeleted)) mount_point.remove_suffix(kDeleted.size());
  std::string path;
  path.reserve(mount_point.size());
  for (std::size_t i = 0; i < mount_point.size(); ++i) {
    const std::string_view rest = mount_point.substr(i);
    if (rest.size() < 4 || rest[0] != '\\' || !is_octal(rest[1]) || !is_octal(rest[2]) ||
        !is_octal(rest[3])) {
      path += rest[0];
      continue;
    }
    path += static_cast<char>((rest[1] - '0') << 6 | (rest[2] - '0') << 3 | (rest[3] - '0'));
    i += 3;
  }
  return path;
}

}  // namespace nsmap::os
