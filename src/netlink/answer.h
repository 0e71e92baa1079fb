#pragma once

#include <cstdint>
#include <optional>

#include "netlink/message.h"
#include "netlink/request.h"

// What the kernel's answers have in common, for those who wait for them.

namespace nsmap::netlink {

// A number no request of this process has had yet (until they wrap).
std::uint32_t next_sequence();

// What an NLMSG_ERROR says: nothing for an acknowledgement.
std::optional<Failure> error_of(const Message& message);

// What an NLMSG_DONE says, which carries the dump's own result: zero, or an error that ended it.
std::optional<Failure> error_of_done(const Message& message);

}  // namespace nsmap::netlink
