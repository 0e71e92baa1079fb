#pragma once

#include <string>

#include "base/result.h"
#include "lab/namespaces.h"

// Settings of the calling thread's network namespace, by their sysctl(8) names.

namespace nsmap::lab {

// Its first line.
SysResult<std::string> read_sysctl(const System& system, const std::string& name);
SysResult<void> write_sysctl(const System& system, const std::string& name,
                             const std::string& value);

}  // namespace nsmap::lab
