#pragma once

#include "collect/containers_search.h"

// The runtimes, each in the file of its name, for the table in containers.cc.

namespace nsmap::collect {

using Containers = std::span<FoundContainer* const>;

bool is_shim(const model::Process& process);     // containers_containerd.cc
bool is_dockerd(const model::Process& process);  // containers_docker.cc
bool is_conmon(const model::Process& process);   // containers_podman.cc
bool is_lxc(const model::Process& process);      // containers_lxc.cc
bool is_nspawn(const model::Process& process);   // containers_nspawn.cc
bool is_mininet(const model::Process& process);  // containers_mininet.cc

// Each adds the containers of its managers and claims their first processes.
void find_shim_containers(ContainerSearch& search, Processes shims);
void find_conmon_containers(ContainerSearch& search, Processes conmons);
void find_lxc_containers(ContainerSearch& search, Processes monitors);
void find_nspawn_machines(ContainerSearch& search, Processes nspawns);
void find_mininet_nodes(ContainerSearch& search, Processes nodes);
void find_runc_containers(ContainerSearch& search, Processes);  // containers_runc.cc: runc, crun

// Each fills in what its files tell about the containers of its runtime.
void describe_containerd(ContainerSearch& search, Processes, Containers containers);
void describe_docker(ContainerSearch& search, Processes dockerds, Containers containers);
void describe_podman(ContainerSearch& search, Processes, Containers containers);
void describe_crio(ContainerSearch& search, Processes,
                   Containers containers);  // containers_crio.cc

}  // namespace nsmap::collect
