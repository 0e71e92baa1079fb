#pragma once

#include <string>

#include "base/result.h"
#include "lab/namespaces.h"

namespace nsmap::lab {

// The lock of a directory, which is made when absent, for one process at a time: held until the
// descriptor goes. `doing` is for the message, "changing the lab in /run/x".
Result<UniqueFd> lock_directory(const System& system, const std::string& directory,
                                const std::string& doing);

}  // namespace nsmap::lab
