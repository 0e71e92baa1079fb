#include "cli/environment.h"

#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "collect/collect.h"
#include "os/files.h"
#include "os/kernel.h"

namespace nsmap::cli {
namespace {

std::optional<model::NetnsId> own_netns() {
  const auto stat = os::real_kernel().stat(os::kNoDir, "/proc/self/ns/net");
  if (!stat) return std::nullopt;
  return model::NetnsId{stat->id.dev, stat->id.ino};
}

// Root's is the host's; others' is where the XDG Base Directory Specification wants it, which takes
// no relative path.
std::string history_place() {
  if (os::effective_user() == Uid(0)) return "/var/lib/nsmap/history.db";
  const std::string state = os::environment_variable("XDG_STATE_HOME");
  if (state.starts_with('/')) return state + "/nsmap/history.db";
  const std::string home = os::environment_variable("HOME");
  return home.starts_with('/') ? home + "/.local/state/nsmap/history.db" : "";
}

// From here on snapshots come and go on one thread. In a heap of its own that would cost a system
// call a page, time and again (glibc malloc/arena.c grow_heap, heap_trim): all threads share the
// main one, which keeps its room.
Result<std::unique_ptr<live::Follower>> follow(live::Publish publish) {
  mallopt(M_ARENA_MAX, 1);
  return live::follow(os::real_kernel(), std::move(publish));
}

}  // namespace

void say(const Environment& environment, std::string_view line) {
  environment.write_err(fmt::format("nsmap: {}\n", terminal_text(line)));
}

Environment real_environment() {
  os::Changes& changes = os::real_changes();
  os::ignore_broken_pipes();
  return {
      .collect =
          [](collect::Facts facts) {
            return collect::collect(os::real_kernel(), {.facts = facts});
          },
      .own_netns = own_netns,
      .follow = follow,
      .read_in = [](std::size_t limit) { return os::read_whole(os::kStdin, limit); },
      .write_out = [](std::string_view text) { return os::write_whole(os::kStdout, text); },
      .write_err = [](std::string_view text) { (void)os::write_whole(os::kStderr, text); },
      .leave = [](int status) { std::_Exit(status); },
      .kernel = &os::real_kernel(),
      .changes = &changes,
      .out_is_terminal = os::is_terminal(os::kStdout),
      .err_is_terminal = os::is_terminal(os::kStderr),
      .width = os::terminal_width(os::kStdout),
      .no_color = !os::environment_variable("NO_COLOR").empty(),
      .history = history_place(),
  };
}

}  // namespace nsmap::cli
