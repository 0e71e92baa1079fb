#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/fd.h"
#include "model/identity.h"

namespace nsmap::collect {

// What is read of a namespace beside its identity, names and holders.
enum class Facts {
  // What a lab is made of: links, addresses, routes, rules, nexthops, settings. Without the
  // sockets, namespaces that a socket alone holds are not found either.
  wiring,
  // All but the connections the kernel tracks.
  usual,
  all,
};

// Of a namespace that was read before: the facts that are no longer what they were, by the names of
// their collectors (reading.h).
using StaleFacts = std::set<std::string_view>;

// What is stale, by namespace.
using StaleNamespaces = std::map<model::NetnsId, StaleFacts>;

// Whether the wires between namespaces may be others: then more may differ than what is read again.
inline bool wires_are_stale(const StaleNamespaces& stale) {
  return std::ranges::any_of(stale, [](const auto& one) {
    return one.second.contains("links") || one.second.contains("nsids");
  });
}

// Called once for each namespace that is found, before it is read and while `ns` keeps it: what of
// it is to be read again; nothing: all. Called by several threads.
using Recall = std::function<std::optional<StaleFacts>(model::NetnsId id, Fd ns)>;

}  // namespace nsmap::collect
