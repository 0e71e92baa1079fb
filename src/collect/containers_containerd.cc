#include <fmt/format.h>

#include "collect/containers_oci.h"
#include "collect/containers_runtimes.h"

// containerd starts a shim for each container, or for each pod, with the bundle of the first as its
// working directory: STATE/io.containerd.runtime.v2.task/NAMESPACE/ID (containerd
// runtime/v2/README.md). The first processes of the containers are children of the shim. Docker is
// containerd's client under the namespace "moby".

namespace nsmap::collect {
namespace {

// Where CNI plugins' results are kept (libcni's default cache directory), one file an attachment:
// NETWORK-ID-INTERFACE.
constexpr const char* kCniResults = "/var/lib/cni/results";

std::string_view runtime_of(std::string_view ns) { return ns == "moby" ? "docker" : "containerd"; }

// The container a shim's child is in: what its cgroup is named after or, where that says nothing
// new, the shim's own.
std::string id_of_child(ContainerSearch& search, const model::Process& child,
                        const model::Process& shim, std::string_view shim_id) {
  const CgroupFacts& facts = cgroup_of(search, child);
  if (facts.containers.empty() || facts.containers == cgroup_of(search, shim).containers ||
      !is_long_id(facts.containers.back().id))
    return std::string(shim_id);
  return facts.containers.back().id;
}

void find_of_shim(ContainerSearch& search, const model::Process& shim) {
  const auto words = words_of(shim);
  const std::string_view id = option_value(words, {"-id", "--id"});
  const std::string_view runtime = runtime_of(option_value(words, {"-namespace", "--namespace"}));
  if (!is_safe_id(id)) return;
  add_container(search, runtime, id, &shim);
  for (const model::Process* child : children_of(search, shim)) {
    if (child->comm == "runc" || child->comm == "crun") continue;  // at work for the shim
    const std::string child_id = id_of_child(search, *child, shim, id);
    FoundContainer& found = add_container(search, runtime, child_id, &shim);
    if (speaks_for(search, shim, found)) claim(search, *child, found);
  }
}

// [["K8S_POD_NAME","web"],…]: what the runtime told libcni about the pod.
std::string argument(const boost::json::value& result, std::string_view name) {
  for (const boost::json::value& entry : array_at(result, {"cniArgs"})) {
    const boost::json::array& pair = array_at(entry, {});
    if (pair.size() == 2 && text_at(pair[0], {}) == name) return text_at(pair[1], {});
  }
  return {};
}

// One result says which pod it is of, should the bundle not have told, and its published ports.
void apply_cni_result(const boost::json::value& result, model::Container& container) {
  if (!container.pod) {
    model::Pod pod{argument(result, "K8S_POD_NAME"), argument(result, "K8S_POD_NAMESPACE"),
                   argument(result, "K8S_POD_UID")};
    if (!pod.name.empty()) container.pod = std::move(pod);
  }
  for (const boost::json::value& entry : array_at(result, {"capabilityArgs", "portMappings"})) {
    const auto host = integer_at(entry, {"HostPort"});
    const auto inside = integer_at(entry, {"ContainerPort"});
    if (host <= 0 || host > 65535 || inside <= 0 || inside > 65535) continue;
    container.ports.push_back({text_at(entry, {"Protocol"}, 16), text_at(entry, {"HostIP"}, 64),
                               static_cast<std::uint16_t>(host),
                               static_cast<std::uint16_t>(inside)});
  }
}

// The container a result's file is named after; null when it is none of ours.
FoundContainer* named_in(ContainerSearch& search, std::string_view file) {
  for (std::size_t dash = file.find('-'); dash != file.npos; dash = file.find('-', dash + 1))
    if (const auto id = file.substr(dash + 1, 64); is_long_id(id))
      return find_container(search, "containerd", id);
  return nullptr;
}

void read_cni_results(ContainerSearch& search) {
  const auto files = search.kernel.list(os::kNoDir, kCniResults);
  if (!files) return;
  for (const std::string& file : *files) {
    FoundContainer* found = file.ends_with("-lo") ? nullptr : named_in(search, file);
    if (!found || !found->container.ports.empty()) continue;
    if (const auto result = read_state(search, fmt::format("{}/{}", kCniResults, file)))
      apply_cni_result(*result, found->container);
  }
}

}  // namespace

bool is_shim(const model::Process& process) { return process.comm.starts_with("containerd-shim"); }

void find_shim_containers(ContainerSearch& search, Processes shims) {
  for (const model::Process* shim : shims) find_of_shim(search, *shim);
}

void describe_containerd(ContainerSearch& search, Processes, Containers containers) {
  bool pods = false;
  for (FoundContainer* found : containers) {
    const auto bundle = bundle_of(search, *found);
    if (!bundle.empty()) read_bundle(search, *found->manager, bundle, *found, false);
    pods = pods || found->container.sandbox || !found->pod_id.empty();
  }
  if (pods) read_cni_results(search);
}

}  // namespace nsmap::collect
