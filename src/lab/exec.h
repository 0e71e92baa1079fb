#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/ids.h"
#include "lab/namespaces.h"

// Programs run in a network namespace, with mounts of their own that fit it: /sys tells of its
// interfaces, and /etc of its names and servers.

namespace nsmap::lab {

// Where a program is to run.
struct Place {
  std::string title;  // for people
  Fd net;
  std::string name;  // in /run/netns: files of /etc/netns/NAME lie over /etc; may be empty
  std::optional<Pid> dns_of{};  // whose resolv.conf and hosts lie over ours
};

struct Execution {
  std::vector<std::string> command;
  std::optional<os::User> user{};  // nothing: who we are
};

// Why a program did not run, and the exit status that says so: 127 it is not there, 126 it cannot
// be executed, 3 there is no such place for it.
struct NotRun {
  int status = 0;
  Error error;
};

// What cannot be had, and without which the program runs all the same: a line for people.
using Warn = std::function<void(std::string_view line)>;

// Turns the calling process into the program. To be called while there is one thread; returns only
// when it failed.
NotRun execute_here(const System& system, const std::vector<std::string>& command);
// The same, in a place. Of a user namespace of ours, where it takes that to come in, the program is
// root.
NotRun execute(const System& system, const Place& place, const Execution& running,
               const Warn& warn);

// Splits what programs write into lines, each with its label: "red: line\n". What is written in
// pieces comes out whole.
class Labelled {
 public:
  explicit Labelled(std::string_view label) : label_(label) {}
  // The lines that are complete now.
  std::string add(std::string_view text);
  // What is left at the end, as a line.
  std::string rest();

 private:
  std::string label_;
  std::string line_;  // begun
};

// Runs the program in all places side by side, with `write` given their lines as they come, false
// when nobody reads them. Gives the exit statuses.
Result<std::vector<int>> execute_all(
    const System& system, std::span<const Place> places, const Execution& running, const Warn& warn,
    const std::function<bool(os::Stream, std::string_view lines)>& write);

}  // namespace nsmap::lab
