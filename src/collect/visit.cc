#include "collect/visit.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "collect/collectors.h"
#include "collect/nsids.h"

namespace nsmap::collect {
namespace {

// What one thread did: its part of the coverage, kept to itself until it ends.
struct Tally {
  model::Coverage visits{"visits", 0, 0, 0, 0, 0};
  std::vector<model::Coverage> collectors;
  int refusal = 0;  // errno of the last namespace that could not be entered
};

model::OwnerUserns owner_of(os::Kernel& kernel, Fd userns) {
  model::OwnerUserns owner;
  if (const auto stat = kernel.stat(userns, "")) owner.ino = Inode(stat->id.ino);
  if (const auto uid = kernel.userns_owner(userns)) owner.uid = *uid;
  return owner;
}

void read_identity(os::Kernel& kernel, Fd ns, model::Namespace& out) {
  if (const auto id = kernel.namespace_id(ns)) out.ns_id = *id;
  if (const auto userns = kernel.owner_userns(ns)) out.owner_userns = owner_of(kernel, *userns);
}

// Runs those of the collectors that are wanted; null: all.
void run_collectors(std::span<const Collector> collectors, const StaleFacts* wanted,
                    Reading& reading, Tally& tally) {
  std::int64_t start = reading.kernel.boottime_ns();
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    if (wanted && !wanted->contains(collectors[i].source)) continue;
    if (wanted) collectors[i].forget(reading.ns);
    const std::size_t found = collectors[i].collect(reading);
    model::Coverage& row = tally.collectors[i];
    ++row.looked_at;
    row.found += found;
    const std::int64_t end = reading.kernel.boottime_ns();
    row.took_ns += end - start;
    start = end;
  }
}

Tally empty_tally(std::span<const Collector> collectors) {
  Tally tally;
  for (const Collector& collector : collectors)
    tally.collectors.push_back({collector.source, 0, 0, 0, 0, 0});
  return tally;
}

// Whether a link leads to another namespace, so that it pays to know which number means which.
bool names_others(const model::Namespace& ns) {
  return std::any_of(ns.links.begin(), ns.links.end(),
                     [](const model::Link& link) { return link.link_nsid.has_value(); });
}

std::unique_ptr<Visit> new_visit(FoundNamespace& found) {
  auto visit = std::make_unique<Visit>();
  visit->found = &found;
  visit->read.id = found.id;
  return visit;
}

// Reads namespaces one after the other on the calling thread, which starts in the caller's own.
class Visitor {
 public:
  Visitor(os::Kernel& kernel, const VisitOptions& options, model::NetnsId own, Fd own_fd,
          const Abilities& abilities, Report& report)
      : kernel_(kernel),
        options_(options),
        collectors_(namespace_collectors(options.facts)),
        own_(own),
        own_fd_(own_fd),
        abilities_(abilities),
        report_(report),
        tally_(empty_tally(collectors_)) {}

  std::unique_ptr<Visit> visit(FoundNamespace& found) {
    auto visit = new_visit(found);
    ++tally_.visits.looked_at;
    const KnownNamespace known = options_.known ? options_.known(found) : KnownNamespace{};
    if (known.before) visit->read = *known.before;
    if (!known.before) read_identity(kernel_, found.fd, visit->read);
    if ((!known.before || !known.stale.empty()) && enter(found))
      read(*visit, known.before ? &known.stale : nullptr);
    return visit;
  }

  const Tally& tally() const { return tally_; }

 private:
  bool enter(const FoundNamespace& found) {
    if (!moved_ && found.id == own_) return true;
    if (const auto entered = kernel_.enter(found.fd, os::NamespaceType::net); !entered) {
      ++tally_.visits.refused;
      tally_.refusal = entered.error().value;
      return false;
    }
    moved_ = true;
    return true;
  }

  // Reads the namespace that the thread is in, or of it what is wanted.
  void read(Visit& visit, const StaleFacts* wanted) {
    const auto route_fd = kernel_.netlink_socket(os::NetlinkProtocol::route);
    if (!route_fd) {
      const int error = route_fd.error().value;
      report_.add("visits", "opening a netlink socket: " + std::generic_category().message(error),
                  error, visit.read.id);
      return;
    }
    if (const auto cookie = kernel_.netns_cookie(*route_fd)) visit.read.cookie = *cookie;
    const auto route = netlink::over_socket(kernel_, *route_fd);
    const auto diag = netlink::open_on_use(kernel_, os::NetlinkProtocol::sock_diag);
    const auto netfilter = netlink::open_on_use(kernel_, os::NetlinkProtocol::netfilter);
    const auto generic = netlink::open_on_use(kernel_, os::NetlinkProtocol::generic);
    Reading reading{kernel_, *route, *diag, *netfilter, *generic, visit.read, report_, abilities_};
    run_collectors(collectors_, wanted, reading, tally_);
    // One question here, where few are known, spares one in our own, where maybe all are: the
    // kernel looks through all of them (net/core/net_namespace.c __peernet2id).
    if (names_others(visit.read)) visit.found->own_nsid = nsid_of(*route, own_fd_);
    ++tally_.visits.found;
  }

  os::Kernel& kernel_;
  const VisitOptions& options_;
  std::span<const Collector> collectors_;
  model::NetnsId own_;
  Fd own_fd_;
  const Abilities& abilities_;
  Report& report_;
  Tally tally_;
  bool moved_ = false;
};

}  // namespace

Visits::Visits(os::Kernel& kernel, const VisitOptions& options, Registry& registry,
               model::NetnsId own, Report& report)
    : kernel_(kernel),
      options_(options),
      registry_(registry),
      own_(own),
      report_(report),
      abilities_(options.facts == Facts::wiring ? Abilities{} : find_abilities(kernel)) {
  // The first in the registry: whoever begins to read is in it, and need not enter.
  if (auto fd = kernel.open(os::kNoDir, "/proc/self/ns/net", O_RDONLY))
    own_fd_ = registry.keep(own, std::move(*fd));
}

Visits::~Visits() {
  registry_.expect_more(false);
  threads_.clear();  // joined before what they work with goes
}

void Visits::begin() {
  registry_.expect_more(true);
  start_thread();
}

// False where the limit of threads is reached (EAGAIN).
bool Visits::start_thread() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

// Measures by the wall's clock, without the waits for a namespace to be found.
void Visits::clock(bool begin) {
  const std::int64_t now = kernel_.boottime_ns();
  const std::lock_guard lock(mutex_);
  if (begin && busy_++ == 0) busy_since_ = now;
  if (!begin && --busy_ == 0) busy_time_ += now - busy_since_;
}

void Visits::work() {
  Visitor visitor(kernel_, options_, own_, own_fd_, abilities_, report_);
  Done visits;
  while (FoundNamespace* found = registry_.take()) {
    clock(true);
    visits.push_back(visitor.visit(*found));
    clock(false);
  }
  const Tally& tally = visitor.tally();
  for (const model::Coverage& row : tally.collectors) report_.count(row);
  report_.count(tally.visits);
  const std::lock_guard lock(mutex_);
  entered_.looked_at += tally.visits.looked_at;
  entered_.refused += tally.visits.refused;
  if (tally.refusal != 0) refusal_ = tally.refusal;
  std::move(visits.begin(), visits.end(), std::back_inserter(visits_));
}

Visits::Done Visits::finish(unsigned threads) {
  registry_.expect_more(false);
  const std::size_t wanted =
      std::clamp<std::size_t>(registry_.waiting() / 8, 1, std::max(threads, 1u));
  while (registry_.waiting() != 0 && threads_.size() < wanted && start_thread()) {
  }
  threads_.clear();  // and so joined
  report_.count({"visits", 0, 0, 0, 0, std::exchange(busy_time_, 0)});
  report_refusals();
  give_up_rest();
  std::sort(visits_.begin(), visits_.end(),
            [](const auto& a, const auto& b) { return a->found->id.ino < b->found->id.ino; });
  return std::exchange(visits_, {});
}

void Visits::report_refusals() {
  const model::Coverage entered = std::exchange(entered_, {});
  if (entered.refused == 0) return;
  report_.add("visits",
              fmt::format("entering {} of {} namespaces: {}", entered.refused, entered.looked_at,
                          std::generic_category().message(refusal_)),
              refusal_);
}

// Without a single thread nothing is read: the caller's must stay where it is.
void Visits::give_up_rest() {
  std::uint64_t unread = 0;
  while (FoundNamespace* found = registry_.take()) {
    visits_.push_back(new_visit(*found));
    ++unread;
  }
  if (unread == 0) return;
  report_.count({"visits", unread, 0, unread, 0, 0});
  report_.add("visits",
              "starting a thread to read with: " + std::generic_category().message(EAGAIN), EAGAIN);
}

}  // namespace nsmap::collect
