#pragma once

#include <cstdint>
#include <span>

#include "collect/xt.h"

namespace nsmap::collect {

// A legacy table as the kernel gives it (linux/netfilter_ipv4/ip_tables.h, and its like of ip6 and
// arp): entries one after the other. A hook enters at an offset and goes on to the entry with its
// policy, the underflow; a chain of the user begins behind an entry whose target is ERROR and which
// holds its name; a jump goes to an offset.
struct XtBlob {
  model::firewall::Family family = model::firewall::Family::ip;  // ip, ip6 or arp
  Bytes entries;
  std::uint32_t valid_hooks = 0;             // bits
  std::span<const std::uint32_t> entry;      // by hook
  std::span<const std::uint32_t> underflow;  // by hook
};

// Appends the chains to a table whose name is set. False: an entry makes no sense; what stands
// before it is there.
bool decode_entries(const XtBlob& blob, IpsetNames* ipsets, model::firewall::Table& table);

}  // namespace nsmap::collect
