#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

// Whose browser sends a request. A page from elsewhere must not reach us through the browser of
// somebody who may: neither by a name of its own that it makes lead to our address (DNS rebinding),
// which its Host header tells, nor by a plain request across origins, which Origin tells. Names
// that cannot be made to lead elsewhere are no danger, whatever the port: so a tunnel (ssh -L)
// works.

namespace nsmap::serve {

struct HostPolicy {
  bool loopback_only = true;       // we listen on loopback addresses or unix sockets alone
  std::vector<std::string> names;  // that an administrator said are ours
};

// Whether a Host header may stand in a request to us: localhost, an address literal (of loopback,
// where we listen on nothing else), or one of the names.
bool is_our_host(const HostPolicy& policy, std::string_view host);

// Whether an Origin header (RFC 6454) is of the same host and port as the Host header.
bool is_same_origin(std::string_view origin, std::string_view host);

}  // namespace nsmap::serve
