#pragma once

#include <cerrno>

#include "base/fd.h"
#include "base/result.h"

// What a system call returned, as a result.

namespace nsmap::os {

inline tl::unexpected<Errno> failure(int error = errno) { return tl::unexpected(Errno{error}); }

inline SysResult<UniqueFd> owned(long fd) {
  if (fd < 0) return failure();
  return UniqueFd(static_cast<int>(fd));
}

inline SysResult<void> done(long result) {
  if (result < 0) return failure();
  return {};
}

}  // namespace nsmap::os
