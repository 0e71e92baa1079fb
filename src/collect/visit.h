#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "collect/abilities.h"
#include "collect/facts.h"
#include "collect/registry.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// A namespace as it was read; of one that could not be entered just its identity.
struct Visit {
  FoundNamespace* found = nullptr;
  model::Namespace read;
};

// A namespace as it was before, and what of it is to be read again.
struct KnownNamespace {
  const model::Namespace* before = nullptr;  // null: it is not known, and all is read
  StaleFacts stale = {};
};

struct VisitOptions {
  Facts facts = Facts::usual;
  std::function<KnownNamespace(const FoundNamespace&)> known = {};  // none: no namespace is
};

// Reads the namespaces that a registry finds, on threads of its own, each of which goes from one
// namespace to the next, never back, and then ends.
//
// Finding needs no lock of the network's, reading hardly anything else (rtnetlink has one for the
// whole host), so both go on at once: one thread reads while others still find, and more join when
// nothing else is left to do.
class Visits {
 public:
  // Each in a place of its own: a namespace is a heavy thing to move.
  using Done = std::vector<std::unique_ptr<Visit>>;

  // `own` is the caller's namespace, which needs no entering and so is readable without any
  // privilege. It is put into the registry, first.
  Visits(os::Kernel& kernel, const VisitOptions& options, Registry& registry, model::NetnsId own,
         Report& report);
  ~Visits();

  // Begins to read what the registry has and gets.
  void begin();
  // Reads what is left, with `threads` threads, and returns all that was read since the last call,
  // by inode.
  Done finish(unsigned threads);

 private:
  bool start_thread();
  void clock(bool begin);
  void work();
  void give_up_rest();
  void report_refusals();

  os::Kernel& kernel_;
  VisitOptions options_;
  Registry& registry_;
  model::NetnsId own_;
  Report& report_;
  Fd own_fd_;  // the registry's
  Abilities abilities_;
  std::vector<std::jthread> threads_;
  std::mutex mutex_;
  unsigned busy_ = 0;            // threads that are reading a namespace
  std::int64_t busy_since_ = 0;  // boottime, nanoseconds
  std::int64_t busy_time_ = 0;   // nanoseconds in which any was
  Done visits_;
  model::Coverage entered_;  // namespaces of this round, and which refused
  int refusal_ = 0;          // errno of one of them
};

}  // namespace nsmap::collect
