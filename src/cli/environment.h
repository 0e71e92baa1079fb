#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "collect/facts.h"
#include "live/follow.h"
#include "model/snapshot.h"
#include "os/change.h"
#include "os/kernel.h"

namespace nsmap::cli {

// What a run of the program has around it, for tests to replace.
struct Environment {
  std::function<Result<model::Snapshot>(collect::Facts)> collect;  // of the live host
  std::function<std::optional<model::NetnsId>()> own_netns;        // the one nsmap runs in
  // Follows the live host.
  std::function<Result<std::unique_ptr<live::Follower>>(live::Publish)> follow = {};
  std::function<SysResult<std::string>(std::size_t)> read_in;  // standard input, at most so much
  std::function<SysResult<void>(std::string_view)> write_out;
  std::function<void(std::string_view)> write_err;
  // Ends the process once all is written, when set: freeing a big snapshot piece by piece, to no
  // avail, takes a twentieth of the time that reading it took.
  std::function<void(int status)> leave = {};
  // What actions act through; tests of commands need none.
  os::Kernel* kernel = nullptr;
  os::Changes* changes = nullptr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t width = 0;  // of the terminal that is standard output, in columns; 0: unknown
  bool no_color = false;  // NO_COLOR is set (no-color.org)
  std::string history;    // where the user's own is; empty: there is no place for one
};

// One line on standard error, whatever is in the text.
void say(const Environment& environment, std::string_view line);

// The process's own.
Environment real_environment();

}  // namespace nsmap::cli
