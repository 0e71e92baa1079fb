#pragma once

#include <optional>

#include "model/snapshot.h"

// Which of its addresses a namespace gives what it sends without being told.

namespace nsmap::walk {

// For a packet that leaves by an interface towards an address; `next_hop` is the router's or, on
// the link, absent. Absent: there is none, and the packet has no source. net/ipv4/devinet.c
// inet_select_addr, for a route of scope `scope` (RT_SCOPE_*: 0 universe, 253 link, 254 host).
std::optional<IpAddress> source_v4(const model::Namespace& ns, IfIndex device,
                                   const std::optional<IpAddress>& next_hop, int scope);

// RFC 6724 as net/ipv6/addrconf.c ipv6_dev_get_saddr has it, with its own table of labels.
std::optional<IpAddress> source_v6(const model::Namespace& ns, IfIndex device,
                                   const IpAddress& destination);

}  // namespace nsmap::walk
