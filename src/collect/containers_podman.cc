#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "collect/containers_oci.h"
#include "collect/containers_runtimes.h"

// podman starts a conmon beside each container, whose command line tells id, name and bundle
// (conmon(8)). The bundle is STORAGE/DRIVER-containers/ID/userdata, and containers.json beside the
// IDs knows names and images (containers/storage store.go). cri-o uses conmon likewise. What only
// libpod's database knows (pods' names, labels, ports) is not read: a pod's infra container has the
// pod's name as its hostname.

namespace nsmap::collect {
namespace {

constexpr std::string_view kSandboxId = "io.kubernetes.cri-o.SandboxID";

// An exec session has a conmon of its own, with the container's id in -c: it comes after the
// container's own.
bool serves_exec(std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [](std::string_view word) {
    return word == "-e" || word == "--exec" || word.starts_with("--exec-process-spec");
  });
}

std::string_view runtime_of(ContainerSearch& search, const model::Process& conmon) {
  for (const model::Process* child : children_of(search, conmon))
    for (const CgroupContainer& container : cgroup_of(search, *child).containers)
      if (container.runtime == "cri-o") return "cri-o";
  return conmon.command.find("/crio/") != conmon.command.npos ? "cri-o" : "podman";
}

void find_of_conmon(ContainerSearch& search, const model::Process& conmon) {
  const auto words = words_of(conmon);
  const std::string_view id = option_value(words, {"-c", "--cid"});
  if (!is_safe_id(id)) return;
  FoundContainer& found = add_container(search, runtime_of(search, conmon), id, &conmon);
  if (!speaks_for(search, conmon, found)) return;
  if (found.manager == &conmon && found.container.runtime == "podman")
    found.container.name = option_value(words, {"-n", "--name"});
  for (const model::Process* child : children_of(search, conmon))
    if (child->comm != "runc" && child->comm != "crun") claim(search, *child, found);
}

using Images = std::unordered_map<std::string, std::string>;  // container id → image's name

// The image's name is in "metadata", JSON within a string.
Images read_storage(ContainerSearch& search, const std::string& path) {
  Images images;
  const auto list = read_state(search, path);
  if (!list) return images;
  for (const boost::json::value& entry : array_at(*list, {}))
    if (const auto metadata = parse_json(text_at(entry, {"metadata"}, 65536)))
      images.emplace(text_at(entry, {"id"}), text_at(*metadata, {"image-name"}));
  return images;
}

// Storages read so far, by the path of their containers.json as we reach it.
struct Storages {
  std::map<std::pair<std::optional<Inode>, std::string>, Images> by_place;
};

// A storage is one for all who see it in one mount namespace, so the first of its conmons reads it.
const Images& storage_of(ContainerSearch& search, Storages& storages, const FoundContainer& found) {
  const std::string_view directory = parent_directory(parent_directory(conmon_bundle(found)));
  const auto [entry, fresh] =
      storages.by_place.try_emplace({found.manager->mnt_ns, std::string(directory)});
  if (fresh && directory.starts_with('/'))
    entry->second = read_storage(
        search, fmt::format("{}{}/containers.json", root_of(*found.manager), directory));
  return entry->second;
}

void describe(ContainerSearch& search, Storages& storages, FoundContainer& found) {
  if (!found.manager) return;
  const Images& images = storage_of(search, storages, found);
  if (const auto image = images.find(found.own_id); image != images.end())
    found.container.image = image->second;
  read_bundle(search, *found.manager, conmon_bundle(found), found, true);
  const bool named = found.netns_path.find("/netns/") != std::string::npos;
  if (named) found.container.network_mode = "bridge";
}

// The infra container that holds a member's namespaces; null: it is in no pod.
FoundContainer* infra_of(ContainerSearch& search, const FoundContainer& member) {
  for (const model::KeyValue& label : member.container.labels)
    if (label.key == kSandboxId) return find_container(search, "podman", label.value);
  return nullptr;
}

void join_pod(FoundContainer& member, FoundContainer& infra) {
  infra.container.sandbox = true;
  if (infra.hostname.empty()) return;
  infra.container.pod = model::Pod{infra.hostname, {}, infra.pod_id};
  member.container.pod = infra.container.pod;
}

void join_pods(ContainerSearch& search, Containers containers) {
  for (FoundContainer* found : containers) {
    const bool infra = found->container.name.ends_with("-infra") && !found->pod_id.empty();
    if (infra) join_pod(*found, *found);
    if (FoundContainer* other = infra_of(search, *found)) join_pod(*found, *other);
  }
}

}  // namespace

bool is_conmon(const model::Process& process) { return process.comm == "conmon"; }

void find_conmon_containers(ContainerSearch& search, Processes conmons) {
  std::vector<const model::Process*> ordered(conmons.begin(), conmons.end());
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const auto* conmon) { return !serves_exec(words_of(*conmon)); });
  for (const model::Process* conmon : ordered) find_of_conmon(search, *conmon);
}

void describe_podman(ContainerSearch& search, Processes, Containers containers) {
  Storages storages;
  for (FoundContainer* found : containers) describe(search, storages, *found);
  join_pods(search, containers);
}

}  // namespace nsmap::collect
