#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "os/change.h"

// The calls of os/change.h that start, run and end programs, for the running kernel.

namespace nsmap::os {

// What nsmap changes for itself, as it was before: what programs that it starts are to find.
struct Inherited {
  struct sigaction broken_pipe {};
  rlimit descriptors{};
};
Inherited inherited();

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
SysResult<Pipe> make_pipe();

SysResult<Pid> start(const Program& program, const Inherited& before);
SysResult<void> stop(Pid pid, std::uint64_t start_ticks, int patience_ms);
Errno execute(const std::vector<std::string>& command, const Inherited& before);
SysResult<std::vector<int>> run_all(
    std::size_t count, std::size_t at_once, const std::function<int(std::size_t)>& body,
    const std::function<bool(std::size_t, Stream, std::string_view)>& output);

}  // namespace nsmap::os
