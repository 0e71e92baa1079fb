// Following the host.
//
// There are three looks, from the cheapest to the dearest:
//
//   again     reads some facts of some namespaces again, those of which the kernel said that they
//             changed (collect::Listener)
//   around    finds all namespaces and processes anew, and reads of the namespaces what is new or
//             stale; when a process came, went or moved, when something was mounted, when a
//             namespace ended or was given a number, or where looking again was not enough
//   whole     reads everything, as the first look did: when the kernel could not tell all that
//             happened, and from time to time, for what it never tells of (sockets, counters)
//
// Who is where is looked at by itself, every fifth of a second or more (collect::find_residents):
// the kernel's process events (CONFIG_PROC_EVENTS) do not tell of unshare(2) and setns(2), and
// before Linux 6.6 a listener that is killed leaves them switched on for good.
//
// Each look is followed by a pause in proportion to what it cost, so that whatever happens, and
// however large the host, following it takes a bounded share of one core. What happens meanwhile
// is noted as stale, once for each fact of each namespace, and so takes bounded memory too.

#include "live/follow.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "collect/collect.h"
#include "collect/listener.h"
#include "collect/residents.h"

namespace nsmap::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// How long after a look the same kind of look may follow: so many times what it took, within
// bounds.
struct Pace {
  int share;
  nanoseconds least;
  nanoseconds most;

  Clock::time_point next(Clock::time_point begin, Clock::time_point end) const {
    return end + std::clamp<nanoseconds>(share * (end - begin), least, most);
  }
};
constexpr Pace kAgain{4, milliseconds(3), seconds(2)};
constexpr Pace kPatient{150, milliseconds(500), seconds(10)};  // again, of neighbours alone
constexpr Pace kAround{15, milliseconds(20), seconds(10)};
constexpr Pace kWhole{400, seconds(10), seconds(300)};
constexpr Pace kWholeUnheard{40, seconds(1), seconds(60)};  // there is no other look
constexpr Pace kResidents{250, milliseconds(200), seconds(5)};

// Changes come in swarms: so long one waits for the rest of it.
constexpr nanoseconds kSwarm = milliseconds(3);

// In the host's own namespace processes come and go all the time.
constexpr nanoseconds kHostPatience = seconds(1);

// A process that came begins to listen soon, and the kernel does not tell.
constexpr nanoseconds kStartUp = seconds(1);

// Neighbours come and go by themselves all the time.
constexpr nanoseconds kNeighbourPatience = kPatient.least;
const collect::StaleFacts kNeighbourFacts{"neighbours", "fdb"};

class HostFollower final : public Follower {
 public:
  HostFollower(os::Kernel& kernel, Publish publish)
      : kernel_(kernel), publish_(std::move(publish)) {
    if (auto listener = collect::Listener::open(kernel)) listener_ = std::move(*listener);
    if (auto bell = kernel.make_bell()) bell_ = std::move(*bell);
    if (auto mounts = collect::open_mounts(kernel)) mounts_ = std::move(*mounts);
  }
  ~HostFollower() override {
    stop_ = true;
    if (bell_.valid()) kernel_.ring(bell_);
  }

  bool hears() const override { return listener_ != nullptr; }

  Result<void> begin() {
    if (auto looked = look_whole(); !looked) return looked;
    thread_ = std::jthread([this] { run(); });
    return {};
  }

 private:
  using Due = std::optional<Clock::time_point>;

  void run() {
    while (!stop_) {
      wait();
      if (listener_) listen();
      watch_residents();
      look();
    }
  }

  // --- waiting -------------------------------------------------------------------------------

  // Until there is something to do.
  void wait() {
    const auto now = Clock::now();
    auto until = due();
    std::vector<os::Awaited> what{{bell_}};
    if (mounts_.valid()) what.push_back({mounts_, os::Awaited::What::change});
    if (listener_ && listen_allowed_ > now)
      until = std::min(until, listen_allowed_);
    else if (listener_ && !is_pressing(now))
      for (const Fd socket : listener_->sockets()) what.push_back({socket});
    const auto patience = std::clamp<nanoseconds>(until - now, nanoseconds(0), seconds(60));
    const auto ready = kernel_.wait(what, patience);
    if (!ready) {
      std::this_thread::sleep_for(std::min<nanoseconds>(patience, milliseconds(100)));
      return;
    }
    if (mounts_.valid() && (*ready)[1])
      want(listener_ ? around_wanted_ : whole_wanted_, Clock::now());
  }

  // Whether the next look only waits for its pause to end: what is said in between can wait for it.
  bool is_pressing(Clock::time_point now) const {
    const auto is = [&](const Due& wanted) { return wanted && *wanted <= now + kSwarm; };
    return is(again_wanted_) || is(around_wanted_) || is(whole_wanted_);
  }

  // When the next thing is to be done.
  Clock::time_point due() const {
    auto first = whole_due_;
    if (listener_) first = std::min(first, residents_due_);
    for (const auto& wanted : {again_due(), around_due(), whole_wanted_due()})
      if (wanted) first = std::min(first, *wanted);
    return first;
  }

  Due again_due() const { return later(again_wanted_, again_allowed_); }
  Due around_due() const { return later(around_wanted_, around_allowed_); }
  Due whole_wanted_due() const { return later(whole_wanted_, around_allowed_); }

  static Due later(const Due& wanted, Clock::time_point allowed) {
    return wanted ? Due(std::max(*wanted, allowed)) : std::nullopt;
  }

  static void want(Due& look, Clock::time_point when) {
    look = look ? std::min(*look, when) : when;
  }

  // --- noticing ------------------------------------------------------------------------------

  void listen() {
    collect::Heard heard = listener_->take();
    const auto now = Clock::now();
    if (!heard.stale.empty()) listen_allowed_ = now + kSwarm;
    if (heard.lost) want(whole_wanted_, now);
    if (!heard.gone.empty() || heard.renumbered) want(around_wanted_, now + kSwarm);
    const std::lock_guard lock(mutex_);
    for (auto& [id, facts] : heard.stale) {
      const bool patient = std::ranges::includes(kNeighbourFacts, facts);
      want(again_wanted_,
           patient ? std::max(now + kNeighbourPatience, patient_allowed_) : now + kSwarm);
      stale_[id].merge(facts);
    }
    for (const model::NetnsId id : heard.gone) stale_.erase(id);
  }

  void watch_residents() {
    const auto begin = Clock::now();
    if (!listener_ || begin < residents_due_) return;
    const collect::Residents now = collect::find_residents(kernel_);
    residents_due_ = kResidents.next(begin, Clock::now());
    const auto [came, left] = collect::moves_between(std::exchange(residents_, now), now);
    if (came.empty() && left.empty()) return;
    const bool host_alone = is_host_alone(came) && is_host_alone(left);
    want(around_wanted_, begin + (host_alone ? kHostPatience : nanoseconds(0)));
    // Their sockets come and go with them.
    restless_.insert(came.begin(), came.end());
    restless_.insert(left.begin(), left.end());
    starting_.insert(came.begin(), came.end());
  }

  bool is_host_alone(const std::set<std::uint64_t>& namespaces) const {
    const model::Namespace* host = state_->index.host();
    return namespaces.empty() || (host && namespaces == std::set{host->id.ino});
  }

  // --- looking -------------------------------------------------------------------------------

  void look() {
    const auto now = Clock::now();
    const auto is_due = [&](const Due& due) { return due && *due <= now; };
    if (whole_due_ <= now || is_due(whole_wanted_due())) {
      // A look that fails leaves the state as it is; another one follows.
      whole_wanted_.reset();
      if (!look_whole()) whole_due_ = Clock::now() + seconds(1);
    } else if (is_due(around_due())) {
      look_around();
    } else if (is_due(again_due())) {
      look_again();
    }
  }

  Result<void> look_whole() {
    const auto begin = Clock::now();
    forget_stale();
    collect::Options options;
    options.leave_out = listener_ ? listener_->own_id() : 0;
    if (listener_)
      options.recall = [this](model::NetnsId id, Fd ns) -> std::optional<collect::StaleFacts> {
        listener_->include(id, ns);
        return std::nullopt;
      };
    auto snapshot = collect::collect(kernel_, options);
    if (!snapshot) return tl::unexpected(snapshot.error());
    take(std::move(*snapshot));
    const auto end = Clock::now();
    whole_due_ = (listener_ ? kWhole : kWholeUnheard).next(begin, end);
    around_allowed_ = kAround.next(begin, end);
    return {};
  }

  void look_around() {
    const auto begin = Clock::now();
    around_wanted_.reset();
    again_wanted_.reset();
    collect::Options options;
    options.before = &state_->snapshot;
    options.leave_out = listener_ ? listener_->own_id() : 0;
    options.recall = [this](model::NetnsId id, Fd ns) { return recall(id, ns); };
    auto snapshot = collect::collect(kernel_, options);
    around_allowed_ = kAround.next(begin, Clock::now());
    restless_ = std::exchange(starting_, {});
    if (!restless_.empty()) want(around_wanted_, begin + kStartUp);
    if (snapshot)
      take(std::move(*snapshot));
    else
      want(whole_wanted_, Clock::now());
  }

  void look_again() {
    const auto begin = Clock::now();
    again_wanted_.reset();
    collect::StaleNamespaces stale;
    {
      const std::lock_guard lock(mutex_);
      stale = stale_;
    }
    auto snapshot = collect::collect_again(kernel_, state_->snapshot, stale);
    const auto end = Clock::now();
    again_allowed_ = kAgain.next(begin, end);
    patient_allowed_ = kPatient.next(begin, end);
    if (!snapshot) return want(around_wanted_, begin);
    forget_stale();
    take(std::move(*snapshot), &stale);
  }

  // What of a namespace is to be read again.
  std::optional<collect::StaleFacts> recall(model::NetnsId id, Fd ns) {
    auto stale = listener_->include(id, ns);
    const std::lock_guard lock(mutex_);
    auto known = stale_.extract(id);
    if (stale && known) stale->merge(known.mapped());
    if (stale && restless_.contains(id.ino)) stale->insert("sockets");
    return stale;
  }

  void forget_stale() {
    const std::lock_guard lock(mutex_);
    stale_.clear();
  }

  // Publishes it, if anything is different. `read`: what was read again, all else being taken over;
  // null: all was.
  void take(model::Snapshot snapshot, const collect::StaleNamespaces* read = nullptr) {
    auto next = std::make_shared<State>(state_ ? state_->number + 1 : 1, std::move(snapshot));
    if (state_) {
      compare(*state_, *next, read);
      if (is_same(*state_, *next)) return;
    }
    const StatePtr before = std::exchange(state_, std::move(next));  // goes when others know
    publish_(state_);
  }

  static bool is_same(const State& before, const State& after) {
    return after.touched.empty() && after.gone.empty() && after.differences.empty() &&
           before.snapshot.processes == after.snapshot.processes &&
           before.snapshot.containers == after.snapshot.containers;
  }

  static void compare(const State& before, State& after, const collect::StaleNamespaces* read) {
    const bool all = !read || collect::wires_are_stale(*read);
    for (const model::Namespace& ns : after.snapshot.namespaces) {
      if (!all && !read->contains(ns.id)) continue;
      const model::Namespace* known = before.index.find(ns.id);
      if (!known || !(*known == ns)) after.touched.push_back(ns.id);
    }
    for (const model::Namespace& ns : before.snapshot.namespaces)
      if (!after.index.find(ns.id)) after.gone.push_back(ns.id);
    const analyze::NamespaceSet touched(after.touched.begin(), after.touched.end());
    after.differences =
        analyze::diff({before.index, before.titles}, {after.index, after.titles}, {}, &touched);
  }

  os::Kernel& kernel_;
  Publish publish_;
  std::unique_ptr<collect::Listener> listener_;
  UniqueFd bell_;
  UniqueFd mounts_;
  StatePtr state_;
  std::mutex mutex_;  // guards stale_, which visiting threads ask
  collect::StaleNamespaces stale_;
  collect::Residents residents_;
  // Namespaces, by inode: those whose sockets the next look around reads again, and of these the
  // ones to which a process came, so that the look after that does so too.
  std::set<std::uint64_t> restless_;
  std::set<std::uint64_t> starting_;
  // When looks are wanted, and from when on they, and listening, are allowed.
  Due again_wanted_;
  Due around_wanted_;
  Due whole_wanted_;
  Clock::time_point listen_allowed_;
  Clock::time_point again_allowed_;
  Clock::time_point patient_allowed_;
  Clock::time_point around_allowed_;
  Clock::time_point whole_due_;
  Clock::time_point residents_due_;
  std::atomic<bool> stop_ = false;
  std::jthread thread_;  // the last member: joined before the others go
};

}  // namespace

Result<std::unique_ptr<Follower>> follow(os::Kernel& kernel, Publish publish) {
  auto follower = std::make_unique<HostFollower>(kernel, std::move(publish));
  if (auto begun = follower->begin(); !begun) return tl::unexpected(begun.error());
  return follower;
}

}  // namespace nsmap::live
