#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "collect/containers_late.h"

// A rootless container's packets pass through a process outside: slirp4netns(1) or pasta(1), which
// serves a TAP interface in the container's namespace and is told that namespace by path or pid,
// and podman's rootlessport, whose child is inside the namespace while it accepts outside.

namespace nsmap::collect {
namespace {

struct TapServer {
  std::string_view comm;  // how it begins: pasta runs as pasta.avx2 as well
  const char* network_mode;
};

constexpr std::array kTapServers = {TapServer{"slirp4netns", "slirp4netns"},
                                    TapServer{"pasta", "pasta"}, TapServer{"passt", "pasta"}};

constexpr std::string_view kPortServer = "rootlessport";
constexpr std::string_view kPortServerChild = "rootlessport-child";

struct Targets {
  std::map<std::string_view, FoundContainer*> by_path;  // of the namespace
  std::map<model::NetnsId, FoundContainer*> by_net;
};

// Where containers share a namespace, the sandbox or whichever came first stands for it.
Targets targets_of(ContainerSearch& search) {
  Targets targets;
  for (FoundContainer& found : search.found) {
    if (!found.container.user) continue;
    if (!found.netns_path.empty()) targets.by_path.try_emplace(found.netns_path, &found);
    if (found.container.net && found.container.net != search.host_net) {
      FoundContainer*& slot = targets.by_net[*found.container.net];
      if (!slot || found.container.sandbox) slot = &found;
    }
  }
  return targets;
}

FoundContainer* owner_of_pid(const ContainerSearch& search, const Owners& owners,
                             std::string_view text) {
  std::int32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size()) return nullptr;
  const auto found = search.by_pid.find(Pid(pid));
  if (found == search.by_pid.end()) return nullptr;
  return owners[static_cast<std::size_t>(found->second - search.processes.data())];
}

// "/proc/PID/ns/net", a bind mount's path, or a pid, wherever it stands on the command line.
FoundContainer* served_by(const ContainerSearch& search, const Owners& owners,
                          const Targets& targets, const model::Process& server) {
  const auto words = words_of(server);
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    if (const auto found = targets.by_path.find(*word); found != targets.by_path.end())
      return found->second;
    std::string_view pid = *word;
    if (pid.starts_with("/proc/") && pid.ends_with("/ns/net")) pid = pid.substr(6, pid.size() - 13);
    FoundContainer* owner = owner_of_pid(search, owners, pid);
    if (owner && owner->container.user == server.uid) return owner;
  }
  return nullptr;
}

void tie_tap_server(ContainerSearch& search, Owners& owners, const Targets& targets,
                    std::size_t index, const TapServer& kind) {
  FoundContainer* served = served_by(search, owners, targets, search.processes[index]);
  if (!served) return;
  owners[index] = served;
  served->container.network_mode = kind.network_mode;
}

void tie_port_server(ContainerSearch& search, Owners& owners, const Targets& targets,
                     const model::Process& child, std::size_t index) {
  const auto served = child.net ? targets.by_net.find(*child.net) : targets.by_net.end();
  if (served == targets.by_net.end()) return;
  owners[index] = served->second;
  const auto parent = search.by_pid.find(child.parent);
  if (parent != search.by_pid.end() &&
      parent->second->command.find(kPortServer) != std::string::npos)
    owners[static_cast<std::size_t>(parent->second - search.processes.data())] = served->second;
}

}  // namespace

void tie_rootless_helpers(ContainerSearch& search, Owners& owners) {
  const Targets targets = targets_of(search);
  if (targets.by_net.empty() && targets.by_path.empty()) return;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const model::Process& process = search.processes[i];
    for (const TapServer& kind : kTapServers)
      if (process.comm.starts_with(kind.comm)) tie_tap_server(search, owners, targets, i, kind);
    if (process.command.find(kPortServerChild) != std::string::npos)
      tie_port_server(search, owners, targets, process, i);
  }
}

}  // namespace nsmap::collect
