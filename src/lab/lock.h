#pragma once

#include <string>

#include "base/result.h"
#include "lab/namespaces.h"

namespace nsmap::lab {

// A file's lock, for one process at a time: held until the descriptor goes. A child that a killed
// process was about to start has it until it becomes another program: that is waited for, 2 s at
// most. EWOULDBLOCK: another process has it.
SysResult<UniqueFd> lock_file(const System& system, const std::string& path);
// Says who.
tl::unexpected<Error> locked(const System& system, const std::string& path,
                             const std::string& doing);

// The lock of a directory, which is made when absent, for one process at a time: held until the
// descriptor goes. `doing` is for the message, "changing the lab in /run/x".
Result<UniqueFd> lock_directory(const System& system, const std::string& directory,
                                const std::string& doing);

}  // namespace nsmap::lab
