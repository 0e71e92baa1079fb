#include "collect/containers_oci.h"
#include "collect/containers_runtimes.h"

// cri-o writes all it knows into the bundle's annotations (cri-o pkg/annotations); what its own
// conmon did not tell is where its storage keeps bundles by default.

namespace nsmap::collect {
namespace {

constexpr std::string_view kUserdata = "/run/containers/storage/overlay-containers/";

// Labels, and on a sandbox the published ports, are JSON within an annotation.
void apply_nested(const boost::json::value& config, model::Container& container) {
  const auto nested = [&](std::string_view key) {
    return parse_json(text_at(config, {"annotations", key}, 65536));
  };
  if (const auto labels = nested("io.kubernetes.cri-o.Labels"); labels && labels->is_object())
    container.labels = labels_of(labels->get_object());
  const auto ports = nested("io.kubernetes.cri-o.PortMappings");
  if (!ports) return;
  for (const boost::json::value& port : array_at(*ports, {})) {
    const auto host = integer_at(port, {"hostPort"});
    const auto inside = integer_at(port, {"containerPort"});
    if (host > 0 && host <= 65535 && inside > 0 && inside <= 65535)
      container.ports.push_back({text_at(port, {"protocol"}, 16), text_at(port, {"hostIP"}, 64),
                                 static_cast<std::uint16_t>(host),
                                 static_cast<std::uint16_t>(inside)});
  }
}

std::string bundle_path(const FoundContainer& found) {
  const std::string_view told = conmon_bundle(found);
  if (told.starts_with('/')) return root_of(*found.manager) + std::string(told);
  if (!is_safe_id(found.own_id)) return {};
  return std::string(kUserdata) + found.own_id + "/userdata";
}

}  // namespace

void describe_crio(ContainerSearch& search, Processes, Containers containers) {
  for (FoundContainer* found : containers) {
    const std::string bundle = bundle_path(*found);
    if (bundle.empty()) continue;
    const auto config = read_state(search, bundle + "/config.json");
    if (!config) continue;
    apply_bundle(*config, *found, false);
    apply_nested(*config, found->container);
  }
}

}  // namespace nsmap::collect
