#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/ip.h"

namespace nsmap::walk {

// What routing looks at in a packet (struct flowi4, struct flowi6): one that comes in by `iif` or,
// without, one that a process of the namespace sends.
struct Flow {
  IpAddress dst = {};
  std::optional<IpAddress> src = {};  // absent: routing chooses it
  std::optional<IfIndex> iif = {};
  std::optional<IfIndex> oif =
      {};                // asked for, by SO_BINDTODEVICE, IP_PKTINFO or an address's scope
  bool bound = false;    // the socket is bound to `oif`
  std::uint8_t tos = 0;  // the DS field: of IPv6 the traffic class
  std::uint32_t mark = 0;
  std::uint32_t uid = 0;
  std::uint8_t protocol = 0;  // IPPROTO_*
  std::uint16_t sport = 0;    // 0 where there is none
  std::uint16_t dport = 0;
};

}  // namespace nsmap::walk
