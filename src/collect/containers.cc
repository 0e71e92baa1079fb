#include "collect/containers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

#include "collect/containers_late.h"
#include "collect/containers_runtimes.h"

namespace nsmap::collect {
namespace {

// Whoever starts containers here: one row each. The order decides who names a container that two
// of them know.
struct Runtime {
  const char* name;  // Container::runtime
  bool (*manages)(const model::Process&);
  void (*find)(ContainerSearch&, Processes managers);
  void (*describe)(ContainerSearch&, Processes managers, Containers);
};

constexpr std::array kRuntimes = {
    Runtime{"containerd", is_shim, find_shim_containers, describe_containerd},
    Runtime{"docker", is_dockerd, nullptr, describe_docker},
    Runtime{"podman", is_conmon, find_conmon_containers, describe_podman},
    Runtime{"cri-o", nullptr, nullptr, describe_crio},
    Runtime{"lxc", is_lxc, find_lxc_containers, nullptr},
    Runtime{"nspawn", is_nspawn, find_nspawn_machines, nullptr},
    Runtime{"mininet", is_mininet, find_mininet_nodes, nullptr},
    Runtime{"runc", nullptr, find_runc_containers, nullptr},
};

// For a cgroup whose form does not tell the runtime, and which no manager explains.
constexpr std::string_view kUnknownRuntime = "oci";

constexpr int kDeepestNesting = 32;

using Managers = std::array<std::vector<const model::Process*>, kRuntimes.size()>;

std::size_t index_of(const ContainerSearch& search, const model::Process& process) {
  return static_cast<std::size_t>(&process - search.processes.data());
}

// The host's network namespace is pid 1's or, where that is unreadable, our own.
std::optional<model::NetnsId> find_host_net(const ContainerSearch& search) {
  const auto init = search.by_pid.find(Pid(1));
  if (init != search.by_pid.end() && init->second->net) return init->second->net;
  const auto self = search.kernel.stat(os::kNoDir, "/proc/self/ns/net");
  if (!self) return std::nullopt;
  return model::NetnsId{self->id.dev, self->id.ino};
}

// Whoever comes first names a container, so the host's own managers come before those that run
// inside a container, and root's before users'.
void sort_by_trust(ContainerSearch& search, std::vector<const model::Process*>& managers) {
  const auto distance = [&](const model::Process* manager) {
    return std::pair(cgroup_of(search, *manager).containers.size(), manager->uid.value != 0);
  };
  std::stable_sort(managers.begin(), managers.end(),
                   [&](const auto* a, const auto* b) { return distance(a) < distance(b); });
}

Managers index_processes(ContainerSearch& search) {
  Managers managers;
  search.by_pid.reserve(search.processes.size());
  for (const model::Process& process : search.processes) {
    search.by_pid.emplace(process.pid, &process);
    if (process.zombie) continue;
    for (std::size_t i = 0; i < kRuntimes.size(); ++i)
      if (kRuntimes[i].manages && kRuntimes[i].manages(process)) {
        managers[i].push_back(&process);
        search.children.try_emplace(process.pid);
        break;
      }
  }
  if (search.children.empty()) return managers;
  for (auto& of_one_runtime : managers) sort_by_trust(search, of_one_runtime);
  for (const model::Process& process : search.processes)
    if (const auto parent = search.children.find(process.parent);
        parent != search.children.end() && process.parent != process.pid)
      parent->second.push_back(&process);
  return managers;
}

bool is_within(const FoundContainer* inner, const FoundContainer* outer) {
  for (int depth = 0; inner && depth < kDeepestNesting; ++depth, inner = inner->outer)
    if (inner == outer) return true;
  return false;
}

// A cgroup where somebody was before the container's first process is not the container's alone.
void drop_shared_cgroups(ContainerSearch& search) {
  if (search.by_cgroup.empty()) return;
  for (const model::Process& process : search.processes) {
    const auto claimed = search.by_cgroup.find(process.cgroup);
    if (claimed != search.by_cgroup.end() && claimed->second &&
        process.start_ticks < claimed->second->start_ticks)
      claimed->second = nullptr;
  }
}

// The container a process's cgroup names, with those around it; made where nobody else knew it. A
// cgroup that names none may still be that of a claimed process.
FoundContainer* container_by_cgroup(ContainerSearch& search, const model::Process& process) {
  FoundContainer* outer = nullptr;
  for (const CgroupContainer& named : cgroup_of(search, process).containers) {
    const std::string_view runtime =
        named.runtime.empty() ? kUnknownRuntime : std::string_view(named.runtime);
    FoundContainer* found = find_container(search, runtime, named.id);
    if (!found) {
      found = &add_container(search, runtime, named.id, nullptr);
      const CgroupFacts& facts = cgroup_of(search, process);
      found->pod_id = facts.podman_pod.empty() ? facts.pod_uid : facts.podman_pod;
    }
    if (outer && !found->outer && !is_within(outer, found)) found->outer = outer;
    outer = found;
  }
  if (outer) return outer;
  const auto same = search.by_cgroup.find(process.cgroup);
  if (same == search.by_cgroup.end() || !same->second) return nullptr;
  return search.claims.at(same->second->pid);
}

// A process is its own container's if it was claimed; else its cgroup's, unless its parent is in a
// container inside of that one.
FoundContainer* own(ContainerSearch& search, const model::Process& process,
                    FoundContainer* parent) {
  FoundContainer* named = container_by_cgroup(search, process);
  if (const auto claimed = search.claims.find(process.pid); claimed != search.claims.end()) {
    FoundContainer* container = claimed->second;
    FoundContainer* outer = !named || is_within(parent, named) ? parent : named;
    if (!container->outer && !is_within(outer, container)) container->outer = outer;
    return container;
  }
  if (!named) return parent;
  return is_within(parent, named) ? parent : named;
}

enum class Progress : char { none, begun, done };

// Parents come before their children, whatever their pids. Where pids were reused during the sweep
// parents may form a ring; whoever closes it has no parent.
Owners assign_owners(ContainerSearch& search) {
  Owners owners(search.processes.size());
  std::vector<Progress> progress(owners.size(), Progress::none);
  std::vector<const model::Process*> line;
  for (const model::Process& process : search.processes) {
    const model::Process* at = &process;
    while (at && progress[index_of(search, *at)] == Progress::none) {
      progress[index_of(search, *at)] = Progress::begun;
      line.push_back(at);
      const auto parent = search.by_pid.find(at->parent);
      at = parent == search.by_pid.end() ? nullptr : parent->second;
    }
    FoundContainer* owner = at ? owners[index_of(search, *at)] : nullptr;
    for (; !line.empty(); line.pop_back()) {
      const std::size_t index = index_of(search, *line.back());
      owner = owners[index] = own(search, *line.back(), owner);
      progress[index] = Progress::done;
    }
  }
  return owners;
}

// A container's first process is the one that started first, a living one before a zombie.
bool is_earlier(const model::Process& a, const model::Process& b) {
  return std::tuple(a.zombie, a.start_ticks, a.pid) < std::tuple(b.zombie, b.start_ticks, b.pid);
}

void find_first_processes(ContainerSearch& search, const Owners& owners) {
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (!owners[i]) continue;
    const model::Process& process = search.processes[i];
    model::Container& container = owners[i]->container;
    if (container.pid && !is_earlier(process, *search.by_pid.at(*container.pid))) continue;
    container.pid = process.pid;
    container.net = process.net;
  }
}

// "/proc/PID/ns/net" in a bundle: the container was told to join another's namespace.
void resolve_joined(ContainerSearch& search, const Owners& owners) {
  for (FoundContainer& found : search.found) {
    std::int32_t pid = 0;
    const std::string_view path = found.netns_path;
    if (!path.starts_with("/proc/")) continue;
    std::from_chars(path.data() + 6, path.data() + path.size(), pid);
    const auto process = search.by_pid.find(Pid(pid));
    if (process == search.by_pid.end()) continue;
    const FoundContainer* joined = owners[index_of(search, *process->second)];
    if (joined && joined != &found && joined->container.net == found.container.net)
      found.container.network_mode = "container:" + joined->container.id;
  }
}

void describe_all(ContainerSearch& search, const Managers& managers) {
  for (std::size_t i = 0; i < kRuntimes.size(); ++i) {
    if (!kRuntimes[i].describe) continue;
    std::vector<FoundContainer*> containers;
    for (FoundContainer& found : search.found)
      if (found.container.runtime == kRuntimes[i].name) containers.push_back(&found);
    if (!containers.empty()) kRuntimes[i].describe(search, managers[i], containers);
  }
}

// A pod's sandbox is called after the pod.
void finish_names(ContainerSearch& search) {
  for (FoundContainer& found : search.found) {
    model::Container& container = found.container;
    if (container.pod && container.pod->uid.empty()) container.pod->uid = found.pod_id;
    if (container.name.empty() && container.pod) container.name = container.pod->name;
  }
}

std::vector<model::Container> take_containers(ContainerSearch& search, const Owners& owners) {
  for (std::size_t i = 0; i < owners.size(); ++i)
    search.processes[i].container = owners[i] ? owners[i]->container.id : std::string();
  std::vector<model::Container> containers;
  containers.reserve(search.found.size());
  for (FoundContainer& found : search.found) containers.push_back(std::move(found.container));
  std::sort(containers.begin(), containers.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return containers;
}

void count(Report& report, const std::vector<model::Container>& containers) {
  for (const model::Container& container : containers)
    report.count({"containers." + container.runtime, 0, 1, 0, 0, 0});
}

}  // namespace

std::vector<model::Container> find_containers(os::Kernel& kernel,
                                              std::vector<model::Process>& processes,
                                              Report& report) {
  const std::int64_t start = kernel.boottime_ns();
  ContainerSearch search(kernel, processes, report);
  const Managers managers = index_processes(search);
  search.host_net = find_host_net(search);
  for (std::size_t i = 0; i < kRuntimes.size(); ++i)
    if (kRuntimes[i].find) kRuntimes[i].find(search, managers[i]);
  drop_shared_cgroups(search);
  Owners owners = assign_owners(search);
  find_first_processes(search, owners);
  describe_all(search, managers);
  find_private_services(search, owners);
  find_first_processes(search, owners);
  resolve_joined(search, owners);
  tie_rootless_helpers(search, owners);
  finish_names(search);
  std::vector<model::Container> containers = take_containers(search, owners);
  report.count(search.coverage);
  count(report, containers);
  report.count(
      {"containers", processes.size(), containers.size(), 0, 0, kernel.boottime_ns() - start});
  return containers;
}

}  // namespace nsmap::collect
