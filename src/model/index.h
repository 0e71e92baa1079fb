#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/snapshot.h"

namespace nsmap::model {

// Whether a namespace could be entered: one that was read has at least a loopback.
inline bool is_read(const Namespace& ns) { return !ns.links.empty(); }

// Look-ups over one snapshot, which it borrows and which must outlive it and not change. Built in
// one pass; every look-up is constant time. Pointers are into the snapshot; null: there is none.
class Index {
 public:
  explicit Index(const Snapshot& snapshot);

  const Snapshot& snapshot() const { return snapshot_; }
  const Namespace* find(NetnsId id) const;
  const Link* find(LinkRef ref) const;
  const Process* find(Pid pid) const;
  const Container* container(std::string_view id) const;

  // The namespace the machine itself uses; null only in a snapshot without one.
  const Namespace* host() const { return host_; }
  // Processes whose main thread is in the namespace, by pid.
  const std::vector<const Process*>& processes_in(NetnsId id) const;
  // Containers whose first process is in the namespace: those it belongs to before those that
  // joined it, and these before sandboxes, which only hold it.
  const std::vector<const Container*>& containers_in(NetnsId id) const;
  // Addresses of one interface, in the kernel's order.
  const std::vector<const Address*>& addresses_of(LinkRef ref) const;
  // Ports enslaved to one interface, by index.
  const std::vector<const Link*>& ports_of(LinkRef ref) const;

 private:
  void reserve();

  const Snapshot& snapshot_;
  const Namespace* host_ = nullptr;
  std::unordered_map<NetnsId, const Namespace*> namespaces_;
  std::unordered_map<LinkRef, const Link*> links_;
  std::unordered_map<Pid, const Process*> processes_;
  std::unordered_map<std::string_view, const Container*> containers_;
  std::unordered_map<NetnsId, std::vector<const Process*>> processes_in_;
  std::unordered_map<NetnsId, std::vector<const Container*>> containers_in_;
  std::unordered_map<LinkRef, std::vector<const Address*>> addresses_of_;
  std::unordered_map<LinkRef, std::vector<const Link*>> ports_of_;
};

}  // namespace nsmap::model
