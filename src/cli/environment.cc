#include "cli/environment.h"

#include <cstdlib>
#include <utility>

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

}  // namespace

Environment real_environment() {
  os::Changes& changes = os::real_changes();
  os::ignore_broken_pipes();
  return {
      .collect =
          [](collect::Facts facts) {
            return collect::collect(os::real_kernel(), {.facts = facts});
          },
      .own_netns = own_netns,
      .follow =
          [](live::Publish publish) { return live::follow(os::real_kernel(), std::move(publish)); },
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
  };
}

}  // namespace nsmap::cli
