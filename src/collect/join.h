#pragma once

#include <vector>

#include "collect/registry.h"
#include "collect/sources.h"
#include "collect/sweep.h"
#include "model/snapshot.h"

namespace nsmap::collect {

// Puts together what different sources know of the same thing.

// Holders and names into each namespace: every holder once, in the order of kind, pid and the rest.
void join_holders(const std::vector<FoundNamespace*>& found,
                  std::vector<model::Namespace>& namespaces);
// The processes behind each socket, by its inode.
void join_socket_owners(const Sweep& sweep, std::vector<model::Namespace>& namespaces);
// The processes that serve TUN/TAP interfaces.
void join_tun_servers(const std::vector<TunServerSeen>& servers,
                      std::vector<model::Namespace>& namespaces);
// The names that containers and pods give to the namespaces they live in, the host's excepted.
void join_container_names(const std::vector<model::Container>& containers,
                          std::vector<model::Namespace>& namespaces);

}  // namespace nsmap::collect
