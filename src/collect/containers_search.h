#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "collect/containers_cgroup.h"
#include "collect/json_file.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

// What the finders of containers (containers_RUNTIME.cc) share. A finder starts from the processes
// a runtime keeps beside its containers (a shim, a monitor), adds the containers it knows of,
// claims their first processes, and fills in what files tell. Whose every other process is follows
// from the claims and the cgroups (containers.cc).

namespace nsmap::collect {

using Processes = std::span<const model::Process* const>;

struct FoundContainer {
  model::Container container;
  std::string own_id;                       // the runtime's; Container::id where that was free
  const model::Process* manager = nullptr;  // the shim, conmon or monitor beside it
  FoundContainer* outer = nullptr;          // the container it runs in
  std::string pod_id;      // podman's pod or Kubernetes' pod uid, as the cgroup says
  std::string hostname;    // as its bundle says
  std::string netns_path;  // the namespace it was told to join, as its runtime spells it
};

struct ContainerSearch {
  ContainerSearch(os::Kernel& from, std::vector<model::Process>& swept, Report& to)
      : kernel(from), processes(swept), report(to) {
    coverage.source = "containers.files";
  }

  os::Kernel& kernel;
  std::vector<model::Process>& processes;  // neither added to nor reordered during the search
  Report& report;
  std::optional<model::NetnsId> host_net;
  model::Coverage coverage;  // of the files read

  std::deque<FoundContainer> found;  // in the order found; addresses are stable
  std::unordered_map<std::string, FoundContainer*> by_key;
  std::unordered_set<std::string> ids;  // taken
  std::unordered_map<Pid, FoundContainer*> claims;
  // The first processes by cgroup, for those that have left their parent's; null: several share it.
  std::unordered_map<std::string_view, const model::Process*> by_cgroup;
  std::unordered_map<Pid, const model::Process*> by_pid;
  std::unordered_map<Pid, std::vector<const model::Process*>> children;  // of managers only
  std::unordered_map<std::string_view, CgroupFacts> cgroups;             // by path
};

// The children of a manager, by pid.
Processes children_of(const ContainerSearch& search, const model::Process& manager);
// What the process's cgroup says; parsed once a path.
const CgroupFacts& cgroup_of(ContainerSearch& search, const model::Process& process);

// The container a runtime knows by that id; null when there is none yet.
FoundContainer* find_container(ContainerSearch& search, std::string_view runtime,
                               std::string_view id);
// That container, made on first sight. Long hexadecimal ids are one container whichever runtime
// names them; other ids are told apart by runtime and manager, and a second bearer of one gets
// ID@PID, after its manager, or ID@RUNTIME.
FoundContainer& add_container(ContainerSearch& search, std::string_view runtime,
                              std::string_view id, const model::Process* manager);
// Whether a manager is one the container's own would stand beside: the same user's, in the same
// outer container. Any process may call itself a shim and name another's container.
bool speaks_for(ContainerSearch& search, const model::Process& manager,
                const FoundContainer& found);
// Notes that the process, with all that descend from it, is the container's. So is everything else
// in its cgroup and in what that is named after, where it has left its parent's cgroup.
void claim(ContainerSearch& search, const model::Process& process, FoundContainer& container);

// Reads a state file, counting it. Nothing when it is absent or refused; when it is malformed there
// is a diagnostic.
std::optional<boost::json::value> read_state(ContainerSearch& search, const std::string& path);

// The words of a command line. A word with a space inside comes apart.
std::vector<std::string_view> words_of(const model::Process& process);
// The value of an option: the word after NAME, or what follows in NAME=VALUE, for the first of the
// names met. Empty: not there.
std::string_view option_value(std::span<const std::string_view> words,
                              std::initializer_list<std::string_view> names);

// The bundle of a shim's container: beside the shim's working directory. Empty: not known.
std::string bundle_of(ContainerSearch& search, const FoundContainer& found);

// The bundle that a conmon was given (conmon(8)). Empty: not known.
std::string_view conmon_bundle(const FoundContainer& found);

// The file system as a process sees it: "/proc/PID/root", for paths that it or its config names.
std::string root_of(const model::Process& process);
std::string_view parent_directory(std::string_view path);
std::string_view base_name(std::string_view path);

}  // namespace nsmap::collect
