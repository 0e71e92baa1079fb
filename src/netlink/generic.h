#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "netlink/request.h"

namespace nsmap::netlink {

// The number of a family of generic netlink, which is the type of its messages; nothing: there is
// none, or the kernel does not tell. To ask for one that is a module and not loaded loads it
// (net/netlink/genetlink.c ctrl_getfamily).
std::optional<std::uint16_t> generic_family(Transport& transport, std::string_view name);

}  // namespace nsmap::netlink
