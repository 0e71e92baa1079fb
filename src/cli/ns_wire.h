#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/connect.h"
#include "lab/free_addresses.h"
#include "lab/namespaces.h"
#include "model/snapshot.h"

// What `nsmap ns connect` and `nsmap ns internet` share: choosing the ends of a wire, and telling
// of them.

namespace nsmap::cli {

// An opened namespace as a snapshot has it; null: it is not in there.
const model::Namespace* find_opened(const model::Snapshot& snapshot, const lab::System& system,
                                    Fd net);
const model::Link* find_link(const model::Namespace& ns, const std::string& name);

// The first eth0, eth1 … that is free or, in the host's namespace, where those are the machine's
// own, a name that says where it leads.
std::string free_name(const model::Namespace& ns, const std::string& other);
IfIndex free_index(const model::Namespace& ns);

// Whether new interfaces of a namespace have no IPv6, as those of a container without a network.
bool is_v6_disabled_in(const lab::System& system, Fd ns);

// Where addresses of a family are taken from: what --pool says, or lab::default_pool().
Result<lab::AddressPool> pool_of(const std::vector<std::string>& given, bool v6);

// "eth0 10.213.0.1/30 fd00:213::1/64 @red".
std::string text_of(const lab::WireEnd& end, const std::string& title);

}  // namespace nsmap::cli
