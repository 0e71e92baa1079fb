#pragma once

#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/snapshot.h"

// Addresses for a wire to a namespace that nobody has chosen any for.

namespace nsmap::lab {

// Where a wire's subnet is taken from, and how long its prefix is: at most 32 bits longer than the
// pool's.
struct AddressPool {
  Prefix from;
  std::uint8_t length = 0;
};

// 10.213.0.0/16, a /30 for each wire; and fd00:213::/48 (RFC 4193), a /64.
AddressPool default_pool(bool v6);

struct WireSubnet {
  Prefix subnet;
  IpAddress near;  // the first address after the subnet's own
  IpAddress far;   // the one after that
};

// The first `count` subnets of a pool that overlap with no address and no route of any namespace in
// the snapshot, default routes apart. An error where there are fewer.
Result<std::vector<WireSubnet>> free_subnets(const model::Snapshot& snapshot,
                                             const AddressPool& pool, std::size_t count);

}  // namespace nsmap::lab
