#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "collect/containers_search.h"

// An OCI bundle's config.json (opencontainers/runtime-spec config.md and config-linux.md): what
// every runtime that starts runc, crun or one of their kin leaves behind.

namespace nsmap::collect {

// The annotations and labels by which Kubernetes' runtimes and nerdctl tell a container's pod, name
// and image.
void apply_annotations(const boost::json::object& annotations, model::Container& container);

// Takes annotations, labels and network from a bundle's config.json. `network_mode` becomes "host"
// when the container was given no network namespace, "none" when it got an empty one of its own
// and `empty_is_none`.
void apply_bundle(const boost::json::value& config, FoundContainer& found, bool empty_is_none);

// Reads DIRECTORY/config.json as `viewer` sees it, and applies it.
void read_bundle(ContainerSearch& search, const model::Process& viewer, std::string_view directory,
                 FoundContainer& found, bool empty_is_none);

}  // namespace nsmap::collect
