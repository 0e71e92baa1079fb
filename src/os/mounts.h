#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/kernel.h"

// The calls of os/change.h that mount, for the running kernel.

namespace nsmap::os {

SysResult<void> pin_namespace(Fd ns, const std::string& path);
SysResult<void> unpin_namespace(const std::string& path);
SysResult<void> share_directory(const std::string& path);

SysResult<void> unshare_mounts();
SysResult<void> mount_sysfs();
SysResult<void> mount_tmpfs(const std::string& path);
SysResult<void> bind(const std::string& source, const std::string& target);
SysResult<void> bind_text(std::string_view text, const std::string& target);

}  // namespace nsmap::os
