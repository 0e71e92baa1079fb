#pragma once

#include "collect/containers_search.h"

// What is found by comparing processes with the containers already known: the owners of all
// processes, and their containers' network namespaces, are set.

namespace nsmap::collect {

// Whose each process is, in the order of the processes; null: no container's.
using Owners = std::vector<FoundContainer*>;

// containers_systemd.cc: services whose processes are in a network namespace of their own
// (PrivateNetwork=, JoinsNamespaceOf=, NetworkNamespacePath=). Such processes become the service's.
void find_private_services(ContainerSearch& search, Owners& owners);

// containers_rootless.cc: the processes that give a rootless container its network from outside
// become that container's.
void tie_rootless_helpers(ContainerSearch& search, Owners& owners);

}  // namespace nsmap::collect
