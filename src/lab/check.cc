#include "lab/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "base/text.h"
#include "lab/file.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxFileName = 255;  // NAME_MAX, limits.h
constexpr std::size_t kMaxLabName = 64;    // it becomes a part of other names

bool is_odd(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f || c == '/';
}

// What is wrong with a name that becomes a file's; empty: nothing.
std::string_view wrong_file_name(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > kMaxFileName) return "it is longer than 255 bytes";
  if (name == "." || name == "..") return "that is a directory";
  if (name.front() == '-') return "it begins like an option";
  if (std::any_of(name.begin(), name.end(), is_odd))
    return "a name has no spaces, slashes or control characters";
  return {};
}

void check_name(Checking& checking, Mark where, std::string_view what, std::string_view name,
                std::string_view wrong) {
  if (!wrong.empty())
    checking.fail(where, fmt::format("{} '{}': {}", what, terminal_text(name), wrong));
}

void check_lab_name(Checking& checking) {
  const std::string& name = checking.lab().name;
  check_name(checking, {1, 1}, "lab", name,
             name.size() > kMaxLabName ? "it is longer than 64 bytes" : wrong_file_name(name));
}

// Under /proc/sys dots and slashes change places (sysctl(8)), so that a part of slashes alone would
// lead out of its directory.
bool is_sysctl_part(std::string_view part) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_-@/").find(c) < 4;
  };
  return part.find_first_not_of('/') != std::string_view::npos &&
         std::all_of(part.begin(), part.end(), fits);
}

bool is_sysctl(std::string_view name) {
  if (!name.starts_with("net.")) return false;
  for (;;) {
    const auto dot = name.find('.');
    if (!is_sysctl_part(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

void check_sysctls(Checking& checking, const Namespace& ns) {
  std::unordered_set<std::string_view> known;
  for (const Sysctl& sysctl : ns.sysctls) {
    const std::string shown = terminal_text(sysctl.name);
    if (!is_sysctl(sysctl.name))
      checking.fail(sysctl.where, fmt::format("'{}' is no setting of a network namespace; they "
                                              "begin with net.",
                                              shown));
    if (sysctl.value.empty() || sysctl.value.find('\n') != std::string::npos)
      checking.fail(sysctl.where, fmt::format("{} wants a value of one line", shown));
    if (!known.insert(sysctl.name).second)
      checking.fail(sysctl.where, fmt::format("{} is set twice", shown));
  }
}

void check_processes(Checking& checking, const Namespace& ns) {
  std::unordered_set<std::string_view> known;
  for (const Process& process : ns.processes) {
    check_name(checking, process.where, "program", process.name, wrong_file_name(process.name));
    if (!known.insert(process.name).second)
      checking.fail(process.where, fmt::format("two programs '{}'", process.name));
    if (process.command.empty() || process.command.front().empty())
      checking.fail(process.where, fmt::format("program '{}' has no command", process.name));
  }
}

// Rules are set as a whole, and programs found by the namespace they run in: neither can be done
// beside what the host has of its own.
void check_host(Checking& checking, const Namespace& ns) {
  if (!ns.host) return;
  if (!ns.nftables.empty())
    checking.fail(ns.nftables_at, "nftables of the host's own namespace are not a lab's to set");
  for (const Process& process : ns.processes)
    checking.fail(process.where, "programs run in the namespaces of a lab, not in the host's");
}

void check_namespace(Checking& checking, const Namespace& ns) {
  check_name(checking, ns.where, "namespace", ns.name, wrong_file_name(ns.name));
  if (checking.ns(ns.name) != &ns)
    checking.fail(ns.where, fmt::format("two namespaces '{}'", terminal_text(ns.name)));
  check_links(checking, ns);
  check_routes(checking, ns);
  check_rules(checking, ns);
  check_sysctls(checking, ns);
  check_processes(checking, ns);
  check_host(checking, ns);
}

}  // namespace

Checking::Checking(const Lab& lab) : lab_(lab) {
  for (const Namespace& ns : lab.namespaces) {
    namespaces_.emplace(ns.name, &ns);
    for (const Link& link : ns.links) links_.emplace(LinkName{ns.name, link.name}, &link);
  }
}

const Namespace* Checking::ns(const std::string& name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : found->second;
}

const Link* Checking::link(const LinkName& name) const {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second;
}

void Checking::fail(Mark where, std::string_view what) {
  if (error_) return;
  const std::string place = lab_.file.empty() || where.line == 0
                                ? fmt::format("lab {}", terminal_text(lab_.name))
                                : fmt::format("{}:{}:{}", lab_.file, where.line, where.column);
  error_ = usage_error(fmt::format("{}: {}", place, what)).value();
}

Result<void> Checking::result() const {
  if (error_) return tl::unexpected(*error_);
  return {};
}

Prefix subnet_of(const IpAddress& address, std::uint8_t prefix) {
  std::array<std::byte, 16> bytes{};
  const Bytes whole = address.bytes();
  for (std::size_t i = 0; i != whole.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(prefix) - static_cast<int>(8 * i), 0, 8);
    bytes[i] = whole[i] & static_cast<std::byte>(0xff00 >> kept);
  }
  return {*IpAddress::from_bytes(Bytes(bytes).first(whole.size())), prefix};
}

Prefix subnet_of(const Address& address) {
  return subnet_of(address.peer.value_or(address.address), address.prefix);
}

Result<void> check(const Lab& lab) {
  Checking checking(lab);
  check_lab_name(checking);
  for (const Namespace& ns : lab.namespaces) {
    if (checking.failed()) break;
    check_namespace(checking, ns);
  }
  if (!checking.failed()) check_cycles(checking);
  if (!checking.failed()) check_addresses(checking);
  return checking.result();
}

}  // namespace nsmap::lab
