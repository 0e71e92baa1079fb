#pragma once

#include <functional>
#include <string>

#include "os/kernel.h"

// The calls of os/change.h about user namespaces, for the running kernel.

namespace nsmap::os {

SysResult<void> enter_user(Fd ns);
SysResult<void> unshare_user();
SysResult<Pid> keep(const std::string& name, const std::function<bool(Pid)>& noted);

}  // namespace nsmap::os
