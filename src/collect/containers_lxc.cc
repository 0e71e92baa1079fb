#include "collect/containers_runtimes.h"

// LXC's monitor calls itself "[lxc monitor] LXCPATH NAME" (lxc src/lxc/lxccontainer.c); lxc-start
// -F does without one. Either is the parent of the container's first process.

namespace nsmap::collect {
namespace {

constexpr std::string_view kMonitor = "[lxc monitor] ";

std::string_view name_in(const model::Process& process) {
  const auto words = words_of(process);
  if (process.command.starts_with(kMonitor)) return words.back();
  return option_value(words, {"-n", "--name"});
}

}  // namespace

bool is_lxc(const model::Process& process) {
  return process.comm == "lxc-start" || process.command.starts_with(kMonitor);
}

void find_lxc_containers(ContainerSearch& search, Processes monitors) {
  for (const model::Process* monitor : monitors) {
    const std::string_view name = name_in(*monitor);
    const Processes children = children_of(search, *monitor);
    if (name.empty() || children.empty()) continue;
    FoundContainer& found = add_container(search, "lxc", name, monitor);
    for (const model::Process* child : children) claim(search, *child, found);
  }
}

}  // namespace nsmap::collect
