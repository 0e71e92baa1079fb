#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// One namespace found, and a descriptor that keeps it (and so its inode) in being while we look.
struct FoundNamespace {
  model::NetnsId id;
  UniqueFd fd;  // invalid: it was seen (a /proc link names it) and could not be opened
  std::vector<model::Holder> holders;
  std::vector<model::Name> names;
  std::optional<Nsid> own_nsid;  // the number it has for the caller's namespace, once visited
};

// The namespaces found so far, by identity. Safe from several threads.
class Registry {
 public:
  explicit Registry(os::Kernel& kernel) : kernel_(kernel) {}

  // Notes a holder of the namespace that an nsfs descriptor leads to, and keeps the descriptor if
  // it is the first. Nothing when it leads to no network namespace (another kind, no nsfs at all).
  std::optional<model::NetnsId> add(UniqueFd ns, model::Holder holder);
  // Notes a holder of a namespace whose identity is already known, say from a /proc link. False
  // when no descriptor of that namespace is kept yet: the caller should open one and call the other
  // add. With `even_unopened` the holder is noted in any case.
  bool add(model::NetnsId id, const model::Holder& holder, bool even_unopened = false);
  // Keeps a descriptor of a namespace whose holders are told later, and returns the one kept.
  Fd keep(model::NetnsId id, UniqueFd ns);
  void add_name(model::NetnsId id, model::Name name);
  bool has(model::NetnsId id) const;

  // The next of those that got their first descriptor, in the order they got it, each once: what is
  // to be visited. While more are expected it waits for one; null: there is no more.
  FoundNamespace* take();
  void expect_more(bool more);
  std::size_t waiting() const;  // how many are not taken yet
  // All of them, sorted by inode. Pointers stay valid as long as the registry.
  std::vector<FoundNamespace*> all();

 private:
  FoundNamespace& entry(model::NetnsId id);  // made when absent; the caller holds the lock
  void keep_locked(FoundNamespace& entry, UniqueFd ns);

  os::Kernel& kernel_;
  mutable std::mutex mutex_;
  std::unordered_map<model::NetnsId, std::unique_ptr<FoundNamespace>> found_;
  std::deque<FoundNamespace*> new_;
  std::condition_variable changed_;
  bool more_ = false;
};

}  // namespace nsmap::collect
