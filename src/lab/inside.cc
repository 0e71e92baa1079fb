#include "lab/inside.h"

namespace nsmap::lab {

SysResult<std::unique_ptr<netlink::Transport>> open_inside(const System& system, Fd ns) {
  if (const auto entered = system.changes.enter(ns, os::NamespaceType::net); !entered)
    return tl::unexpected(entered.error());
  return netlink::open_kernel(system.kernel, os::NetlinkProtocol::route);
}

}  // namespace nsmap::lab
