#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "collect/facts.h"
#include "model/snapshot.h"
#include "netlink/message.h"
#include "netlink/transport.h"
#include "os/kernel.h"

namespace nsmap::collect {

// What was heard since the last time.
struct Heard {
  StaleNamespaces stale;
  std::vector<model::NetnsId> gone;  // namespaces that are no more
  // A namespace was given a number by another, or lost it: a wire was drawn.
  bool renumbered = false;
  bool lost = false;  // more happened than could be told: all may be stale
};

// Hears what changes in the namespaces it includes, without keeping any of them alive.
//
// A netlink socket hears multicasts of its own namespace and, with NETLINK_LISTEN_ALL_NSID, of each
// for which its own has a number. So the listener's socket is in an empty namespace made for it,
// which numbers the namespaces to be heard. A number is no reference: when such a namespace ends,
// RTM_DELNSID says so. A socket or a descriptor in each of them would keep it, with its wires, as
// long as nsmap runs. Numbers are given once and never again, so each means one namespace for good.
//
// The loopback of that namespace has an alias that says what it is, by which other runs of nsmap
// know to leave it out.
//
// Safe from several threads.
class Listener {
 public:
  // Fails where the kernel or the caller's privileges do not allow it: EPERM.
  static SysResult<std::unique_ptr<Listener>> open(os::Kernel& kernel);

  // Hears of that namespace from now on. Where it did already: the facts that are stale and were
  // not told yet; they are hereby.
  std::optional<StaleFacts> include(model::NetnsId id, Fd ns);
  // What was heard by now.
  Heard take();
  // The sockets to wait for.
  std::vector<Fd> sockets() const;
  // Of the namespace made for it, which is nobody's business; 0: not known.
  std::uint64_t own_id() const { return own_id_; }

 private:
  Listener(os::Kernel& kernel, UniqueFd socket, UniqueFd netfilter,
           std::unique_ptr<netlink::Transport> route, std::uint64_t own_id);
  void read();  // the caller holds the lock
  void read(Fd socket);
  void note(const os::HeardMessage& datagram);
  void note_own(const netlink::Message& message);
  void note_of(model::NetnsId id, const netlink::Message& message);

  os::Kernel& kernel_;
  UniqueFd socket_;
  UniqueFd netfilter_;  // in the same namespace, for changes of nf_tables; may be none
  std::unique_ptr<netlink::Transport> route_;  // in the same namespace, for requests
  std::uint64_t own_id_ = 0;
  std::mutex mutex_;
  std::vector<std::byte> buffer_;
  std::unordered_map<Nsid, model::NetnsId> included_;
  std::unordered_map<model::NetnsId, Nsid> numbers_;
  std::int32_t next_ = 0;
  Heard heard_;
};

// Whether a namespace is a listener's: it has nothing but a loopback of that alias, and nothing but
// sockets hold it.
bool is_listeners(const model::Namespace& ns);

// A file to wait for, that tells when something is mounted or unmounted
// (os::Awaited::What::change): so namespaces are given names.
SysResult<UniqueFd> open_mounts(os::Kernel& kernel);

}  // namespace nsmap::collect
