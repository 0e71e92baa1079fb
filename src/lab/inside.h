#pragma once

#include <memory>

#include "base/result.h"
#include "lab/namespaces.h"
#include "netlink/transport.h"

namespace nsmap::lab {

// Moves the calling thread into a network namespace and opens a NETLINK_ROUTE socket there. For
// threads made for the purpose only: they do not come back.
SysResult<std::unique_ptr<netlink::Transport>> open_inside(const System& system, Fd ns);

}  // namespace nsmap::lab
