#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "analyze/find.h"
#include "cli/command.h"
#include "cli/ignore.h"
#include "codec/json_write.h"
#include "os/files.h"
#include "render/terminal.h"
#include "view/diff.h"
#include "view/words.h"

namespace nsmap::cli {
namespace {

using analyze::Difference;
using analyze::DiffSubject;

// "14:03:07.412", of the local day.
std::string clock_text(std::int64_t time_ns) {
  const std::int64_t ms = time_ns / 1'000'000;
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::time_t{ms / 1000}), ms % 1000);
}

// Writes what changed from each state to the next.
class Teller {
 public:
  Teller(const ActionRequest& request, std::set<DiffSubject> ignored)
      : request_(request), options_(request.options), ignored_(std::move(ignored)) {}

  // Called by the follower.
  void take(live::StatePtr state) {
    if (last_)
      tell(*state);
    else if (request_.environment.err_is_terminal)
      request_.warn(
          fmt::format("watching {}; Ctrl-C ends it",
                      view::counted(state->snapshot.namespaces.size(), "namespace", "namespaces")));
    last_ = std::move(state);
  }

  // Waits until nothing more can be written, and says why.
  Errno wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_.has_value(); });
    return *failure_;
  }

 private:
  void tell(const live::State& state) {
    std::vector<Difference> wanted;
    const Named named{named_in(*last_), named_in(state)};
    for (const Difference& difference : state.differences)
      if (!ignored_.contains(difference.subject) && is_telling(state, difference) &&
          is_about(named, difference))
        wanted.push_back(difference);
    if (wanted.empty()) return;
    const auto written =
        request_.environment.write_out(options_.json ? json(state, wanted) : text(state, wanted));
    if (written) return;
    const std::lock_guard lock(mutex_);
    failure_ = written.error();
    changed_.notify_all();
  }

  // On most hosts commands come and go all the time.
  bool is_telling(const live::State& state, const Difference& difference) const {
    const model::Namespace* host = state.index.host();
    return difference.subject != DiffSubject::process || options_.all || !host ||
           !(difference.after == host->id || difference.before == host->id);
  }

  // The namespaces that were named, as they are in two states.
  struct Named {
    analyze::NamespaceSet before, after;
  };

  analyze::NamespaceSet named_in(const live::State& state) const {
    analyze::NamespaceSet named;
    for (const std::string& thing : options_.things) {
      const auto own = request_.environment.own_netns();
      const auto ns = analyze::find_namespace(state.index, state.titles, thing, own);
      if (ns) named.insert((*ns)->id);
    }
    return named;
  }

  // Whether it concerns one of them; all do when none was named.
  bool is_about(const Named& named, const Difference& difference) const {
    return options_.things.empty() ||
           std::ranges::find(options_.things, difference.title) != options_.things.end() ||
           (difference.after && named.after.contains(*difference.after)) ||
           (difference.before && named.before.contains(*difference.before));
  }

  static std::string json(const live::State& state, const std::vector<Difference>& differences) {
    std::string lines;
    for (const Difference& difference : differences) {
      std::string object;
      codec::append_json(object, difference);
      lines += fmt::format("{{\"time_ns\":{},{}\n", state.snapshot.host.time_ns, object.substr(1));
    }
    return lines;
  }

  std::string text(const live::State& state, const std::vector<Difference>& differences) const {
    const view::Words before{last_->index, last_->titles}, after{state.index, state.titles};
    view::Tree tree;
    for (const Difference& difference : differences) {
      view::Text line(clock_text(state.snapshot.host.time_ns) + "  ", view::Role::muted);
      tree.head.push_back({{}, {line.add(view::difference_line(difference, before, after))}});
    }
    const bool plain = options_.no_color || request_.environment.no_color;
    return render::terminal(tree, {options_.width, request_.environment.out_is_terminal && !plain});
  }

  const ActionRequest& request_;
  const Options& options_;
  std::set<DiffSubject> ignored_;
  live::StatePtr last_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Errno> failure_;
};

Result<Answer> run_watch(const ActionRequest& request) {
  const auto ignore = ignored(request.options);
  if (!ignore) return tl::unexpected(ignore.error());
  Teller teller(request, *ignore);
  const auto follower =
      request.environment.follow([&](live::StatePtr state) { teller.take(std::move(state)); });
  if (!follower) return tl::unexpected(follower.error());
  if (!(*follower)->hears()) request.warn(kDeaf);
  const Errno why = teller.wait();
  // Nobody reads any more.
  if (why == Errno{EPIPE}) return Answer{};
  return read_error("writing what changed: " + os::text(why));
}

constexpr Option kOptions[] = {
    {"--all", "", "the processes in the host's own namespace too", &Options::all},
    kIgnore,
    kJson,
    kNoColor,
    kWidth,
};

}  // namespace

const Action kWatch{
    .name = "watch",
    .summary = "a line for each change, as it happens",
    .thing = "NAMESPACE",
    .thing_help = "tell of these only",
    .least = 0,
    .most = kAnyNumber,
    .options = kOptions,
    .run = run_watch,
};

}  // namespace nsmap::cli
