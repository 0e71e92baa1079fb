#include "model/index.h"

#include <algorithm>

namespace nsmap::model {
namespace {

template <typename Map, typename Key>
auto* find_or_null(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

template <typename Map, typename Key>
const auto& find_or_empty(const Map& map, const Key& key) {
  static const typename Map::mapped_type kEmpty;
  const auto found = map.find(key);
  return found == map.end() ? kEmpty : found->second;
}

int seniority(const Container& container) {
  return container.sandbox ? 2 : container.is_guest() ? 1 : 0;
}

}  // namespace

Index::Index(const Snapshot& snapshot) : snapshot_(snapshot) {
  reserve();
  for (const Namespace& ns : snapshot.namespaces) {
    namespaces_.emplace(ns.id, &ns);
    if (ns.host && !host_) host_ = &ns;
    for (const Link& link : ns.links) {
      links_.emplace(LinkRef{ns.id, link.index}, &link);
      if (link.master) ports_of_[{ns.id, *link.master}].push_back(&link);
    }
    for (const Address& address : ns.addresses)
      addresses_of_[{ns.id, address.index}].push_back(&address);
  }
  for (const Process& process : snapshot.processes) {
    processes_.emplace(process.pid, &process);
    if (process.net) processes_in_[*process.net].push_back(&process);
  }
  for (const Container& container : snapshot.containers) {
    containers_.emplace(container.id, &container);
    if (container.net) containers_in_[*container.net].push_back(&container);
  }
  for (auto& [id, containers] : containers_in_)
    std::stable_sort(
        containers.begin(), containers.end(),
        [](const Container* a, const Container* b) { return seniority(*a) < seniority(*b); });
}

// Growing a table step by step takes as long again as filling it.
void Index::reserve() {
  std::size_t links = 0;
  for (const Namespace& ns : snapshot_.namespaces) links += ns.links.size();
  namespaces_.reserve(snapshot_.namespaces.size());
  links_.reserve(links);
  addresses_of_.reserve(links);
  processes_.reserve(snapshot_.processes.size());
  processes_in_.reserve(snapshot_.namespaces.size());
}

const Namespace* Index::find(NetnsId id) const { return find_or_null(namespaces_, id); }
const Link* Index::find(LinkRef ref) const { return find_or_null(links_, ref); }
const Process* Index::find(Pid pid) const { return find_or_null(processes_, pid); }
const Container* Index::container(std::string_view id) const {
  return find_or_null(containers_, id);
}

const std::vector<const Process*>& Index::processes_in(NetnsId id) const {
  return find_or_empty(processes_in_, id);
}
const std::vector<const Container*>& Index::containers_in(NetnsId id) const {
  return find_or_empty(containers_in_, id);
}
const std::vector<const Address*>& Index::addresses_of(LinkRef ref) const {
  return find_or_empty(addresses_of_, ref);
}
const std::vector<const Link*>& Index::ports_of(LinkRef ref) const {
  return find_or_empty(ports_of_, ref);
}

}  // namespace nsmap::model
