#pragma once

#include <cstddef>
#include <vector>

#include "collect/registry.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// The namespaces read so far and, in the same order, how each was found.
struct Visited {
  std::vector<model::Namespace>& namespaces;
  const std::vector<FoundNamespace*>& found;
  model::NetnsId own;  // the caller's namespace
};

// Tells what stands at the other end of every link: sets Link::peer and Link::parent and
// NsidEntry::ns. Returns how many (namespace, nsid) pairs that links name lead to no namespace in
// `visited`; with `reveal_hidden`, each such namespace is appended to `visited.namespaces`, with
// the links that prove it as its holders and with what the kernel tells of it through the nsid
// (links, addresses), and zero is returned.
//
// What a number means is taken from NsidEntry::ns where that is told, and not asked for.
std::size_t resolve_peers(os::Kernel& kernel, const Visited& visited, bool reveal_hidden,
                          Report& report);

// The same without asking anybody: of numbers that are told already.
std::size_t resolve_peers(os::Kernel& kernel, std::vector<model::Namespace>& namespaces);

}  // namespace nsmap::collect
