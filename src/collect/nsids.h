#pragma once

#include <optional>

#include "base/fd.h"
#include "base/ids.h"
#include "netlink/transport.h"

namespace nsmap::collect {

// The number under which the transport's namespace, or the one it knows as `target`, knows the
// namespace behind `ns`; nothing when it knows none.
std::optional<Nsid> nsid_of(netlink::Transport& route, Fd ns, std::optional<Nsid> target = {});

}  // namespace nsmap::collect
