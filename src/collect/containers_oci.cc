#include "collect/containers_oci.h"

#include <array>

#include "base/text.h"

namespace nsmap::collect {
namespace {

struct Annotation {
  std::string_view key;
  std::string& (*field)(model::Container& container, model::Pod& pod);
};

std::string& name_of(model::Container& container, model::Pod&) { return container.name; }
std::string& image_of(model::Container& container, model::Pod&) { return container.image; }
std::string& pod_name_of(model::Container&, model::Pod& pod) { return pod.name; }
std::string& pod_ns_of(model::Container&, model::Pod& pod) { return pod.ns; }
std::string& pod_uid_of(model::Container&, model::Pod& pod) { return pod.uid; }

// Sources: containerd pkg/cri/annotations, cri-o pkg/annotations and kubelet's container labels
// (pkg/kubelet/types/labels.go), which cri-o and dockershim keep; nerdctl pkg/labels.
constexpr std::array kAnnotations = {
    Annotation{"io.kubernetes.cri.container-name", name_of},
    Annotation{"io.kubernetes.cri.image-name", image_of},
    Annotation{"io.kubernetes.cri.sandbox-name", pod_name_of},
    Annotation{"io.kubernetes.cri.sandbox-namespace", pod_ns_of},
    Annotation{"io.kubernetes.cri.sandbox-uid", pod_uid_of},
    Annotation{"io.kubernetes.container.name", name_of},
    Annotation{"io.kubernetes.cri-o.ImageName", image_of},
    Annotation{"io.kubernetes.pod.name", pod_name_of},
    Annotation{"io.kubernetes.pod.namespace", pod_ns_of},
    Annotation{"io.kubernetes.pod.uid", pod_uid_of},
    Annotation{"nerdctl/name", name_of},
};

struct SandboxMark {
  std::string_view key;
  std::string_view value;
};

constexpr std::array kSandboxMarks = {
    SandboxMark{"io.kubernetes.cri.container-type", "sandbox"},
    SandboxMark{"io.kubernetes.cri-o.ContainerType", "sandbox"},
    SandboxMark{"io.kubernetes.docker.type", "podsandbox"},
};

std::string_view string_in(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  const boost::json::string* text = value ? value->if_string() : nullptr;
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

// The entry of linux.namespaces for the network; null when there is none.
const boost::json::value* network_entry(const boost::json::value& config) {
  for (const boost::json::value& entry : array_at(config, {"linux", "namespaces"}))
    if (text_at(entry, {"type"}) == "network") return &entry;
  return nullptr;
}

}  // namespace

void apply_annotations(const boost::json::object& annotations, model::Container& container) {
  model::Pod pod = container.pod.value_or(model::Pod{});
  for (const Annotation& annotation : kAnnotations)
    if (const auto text = string_in(annotations, annotation.key); !text.empty())
      annotation.field(container, pod) = clean_text(text, 1024);
  if (!pod.name.empty()) container.pod = std::move(pod);
  for (const SandboxMark& mark : kSandboxMarks)
    if (string_in(annotations, mark.key) == mark.value) container.sandbox = true;
}

void apply_bundle(const boost::json::value& config, FoundContainer& found, bool empty_is_none) {
  model::Container& container = found.container;
  const boost::json::object& annotations = object_at(config, {"annotations"});
  apply_annotations(annotations, container);
  if (container.labels.empty()) container.labels = labels_of(annotations);
  if (container.pod && container.pod->uid.empty()) container.pod->uid = found.pod_id;
  found.hostname = text_at(config, {"hostname"}, 256);
  if (object_at(config, {"linux"}).empty()) return;
  const boost::json::value* network = network_entry(config);
  if (network) found.netns_path = text_at(*network, {"path"});
  if (!network)
    container.network_mode = "host";
  else if (found.netns_path.empty() && empty_is_none)
    container.network_mode = "none";
}

void read_bundle(ContainerSearch& search, const model::Process& viewer, std::string_view directory,
                 FoundContainer& found, bool empty_is_none) {
  if (!directory.starts_with('/')) return;
  const std::string path = root_of(viewer) + std::string(directory) + "/config.json";
  if (const auto config = read_state(search, path)) apply_bundle(*config, found, empty_is_none);
}

}  // namespace nsmap::collect
