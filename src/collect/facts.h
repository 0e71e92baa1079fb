#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>

#include "base/fd.h"
#include "model/identity.h"

namespace nsmap::collect {

// What is read of a namespace beside its identity, names and holders.
enum class Facts {
  all,
  // What a lab is made of: links, addresses, routes, rules, nexthops, settings. Without the
  // sockets, namespaces that a socket alone holds are not found either.
  wiring,
};

// Of a namespace that was read before: the facts that are no longer what they were, by the names of
// their collectors (reading.h).
using StaleFacts = std::set<std::string_view>;

// Called once for each namespace that is found, before it is read and while `ns` keeps it: what of
// it is to be read again; nothing: all. Called by several threads.
using Recall = std::function<std::optional<StaleFacts>(model::NetnsId id, Fd ns)>;

}  // namespace nsmap::collect
