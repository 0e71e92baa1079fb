#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "collect/collect.h"
#include "collect/open_namespace.h"
#include "collect/peers.h"
#include "collect/registry.h"
#include "collect/report.h"
#include "collect/visit.h"

namespace nsmap::collect {
namespace {

constexpr unsigned kMostThreads = 8;

// Who serves an interface is known from a look at all processes: it is taken over while the
// interface is the same.
void take_over_servers(const model::Namespace& before, model::Namespace& ns) {
  for (const model::Link& link : before.links) {
    if (link.served_by.empty()) continue;
    const auto same = std::ranges::find_if(ns.links, [&](const model::Link& candidate) {
      return candidate.index == link.index && candidate.name == link.name &&
             candidate.kind == link.kind;
    });
    if (same != ns.links.end()) same->served_by = link.served_by;
  }
}

// How many links name a namespace by a number of which it is not known what it means.
std::size_t count_unknown(const model::Snapshot& snapshot) {
  std::size_t unknown = 0;
  for (const model::Namespace& ns : snapshot.namespaces) {
    std::unordered_set<Nsid> told;
    for (const model::NsidEntry& entry : ns.nsids)
      if (entry.ns) told.insert(entry.nsid);
    unknown += static_cast<std::size_t>(std::ranges::count_if(ns.links, [&](const auto& link) {
      return link.link_nsid && link.link_nsid->value >= 0 && !told.contains(*link.link_nsid);
    }));
  }
  return unknown;
}

// Reads some namespaces of a snapshot again.
class Rereading {
 public:
  Rereading(os::Kernel& kernel, const model::Snapshot& before, const StaleNamespaces& stale,
            model::NetnsId own)
      : kernel_(kernel),
        before_(before),
        stale_(stale),
        registry_(kernel),
        visits_(kernel,
                {Facts::usual, [this](const FoundNamespace& found) { return known(found); }},
                registry_, own, report_) {
    for (std::size_t at = 0; at < before.namespaces.size(); ++at)
      places_.emplace(before.namespaces[at].id, at);
  }

  std::optional<model::Snapshot> run() {
    if (!open_all()) return std::nullopt;
    visits_.begin();
    const Visits::Done visits = visits_.finish(kMostThreads);
    model::Snapshot snapshot = before_;
    for (const auto& visit : visits) put(snapshot, visit->found->id, std::move(visit->read));
    if (wires_are_stale(stale_)) {
      resolve_peers(kernel_, snapshot.namespaces);
      if (count_unknown(snapshot) > count_unknown(before_)) return std::nullopt;
    }
    snapshot.host.time_ns = kernel_.realtime_ns();
    snapshot.host.monotonic_ns = kernel_.boottime_ns();
    put_report(snapshot);
    return snapshot;
  }

 private:
  bool open_all() {
    for (const auto& [id, facts] : stale_) {
      const auto place = places_.find(id);
      if (place == places_.end()) return false;
      auto file = open_namespace(kernel_, before_.namespaces[place->second]);
      if (!file) return false;
      registry_.keep(id, std::move(*file));
    }
    return true;
  }

  // The caller's own is in every registry.
  KnownNamespace known(const FoundNamespace& found) const {
    const auto facts = stale_.find(found.id);
    const auto place = places_.find(found.id);
    if (place == places_.end()) return {};
    return {&before_.namespaces[place->second],
            facts == stale_.end() ? StaleFacts() : facts->second};
  }

  void put(model::Snapshot& snapshot, model::NetnsId id, model::Namespace read) const {
    if (!stale_.contains(id)) return;
    const std::size_t place = places_.at(id);
    take_over_servers(before_.namespaces[place], read);
    snapshot.namespaces[place] = std::move(read);
  }

  void put_report(model::Snapshot& snapshot) {
    std::erase_if(snapshot.diagnostics, [&](const model::Diagnostic& diagnostic) {
      const auto facts = diagnostic.ns ? stale_.find(*diagnostic.ns) : stale_.end();
      return facts != stale_.end() && facts->second.contains(diagnostic.source);
    });
    std::vector<model::Coverage> coverage;  // of a part only
    std::vector<model::Diagnostic> diagnostics;
    report_.finish(coverage, diagnostics);
    std::ranges::move(diagnostics, std::back_inserter(snapshot.diagnostics));
  }

  os::Kernel& kernel_;
  const model::Snapshot& before_;
  const StaleNamespaces& stale_;
  std::unordered_map<model::NetnsId, std::size_t> places_;
  Registry registry_;
  Report report_;
  Visits visits_;
};

}  // namespace

std::optional<model::Snapshot> collect_again(os::Kernel& kernel, const model::Snapshot& before,
                                             const StaleNamespaces& stale) {
  const auto own = kernel.stat(os::kNoDir, "/proc/self/ns/net");
  if (!own) return std::nullopt;
  return Rereading(kernel, before, stale, {own->id.dev, own->id.ino}).run();
}

}  // namespace nsmap::collect
