#include "collect/residents.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "os/procfs.h"

namespace nsmap::collect {
namespace {

// The namespaces of those that are in the first only.
std::set<std::uint64_t> missing(const Residents& some, const Residents& from) {
  Residents gone;
  std::ranges::set_difference(some, from, std::back_inserter(gone));
  std::set<std::uint64_t> namespaces;
  for (const auto& [pid, ns] : gone) namespaces.insert(ns.value);
  return namespaces;
}

}  // namespace

Residents find_residents(os::Kernel& kernel) {
  Residents residents;
  const auto proc = kernel.open(os::kNoDir, "/proc", O_RDONLY | O_DIRECTORY);
  if (!proc) return residents;
  std::array<char, 64> path;
  std::array<char, 64> text;
  const auto visit = [&](const char* name) {
    const auto pid = os::parse_pid(name);
    if (!pid) return;
    *fmt::format_to_n(path.data(), path.size() - 1, "{}/ns/net", pid->value).out = '\0';
    const auto link = kernel.read_link_into(*proc, path.data(), text);
    const auto ns = link ? os::parse_namespace_link(*link) : std::nullopt;
    if (ns) residents.emplace_back(*pid, ns->ino);
  };
  // What a failure leaves out is seen at the next look.
  static_cast<void>(kernel.for_each_entry(*proc, visit));
  std::ranges::sort(residents);
  return residents;
}

Moves moves_between(const Residents& before, const Residents& after) {
  return {missing(after, before), missing(before, after)};
}

}  // namespace nsmap::collect
