#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "anonymise/cipher.h"
#include "base/ip.h"

namespace nsmap::anonymise {

// Stands in for addresses. Two IP addresses share as many leading bits afterwards as before, and
// those of a special range (RFC 6890: private, link-local, multicast …) stay in that range;
// loopback, unspecified, broadcast and the well-known multicast groups stay what they are. So that
// networks keep their first and last address and gateways theirs, the last byte of an IPv4 address
// stays, and the zeros that an IPv6 interface identifier begins with.
class Addresses {
 public:
  explicit Addresses(const Key& key);

  IpAddress of(const IpAddress& address);
  // A network's host bits stay zero.
  Prefix of(const Prefix& prefix);
  // Its bits for "multicast" and "locally administered" stay; one that is an IP address (of a
  // tunnel) becomes what that becomes.
  Mac of(const Mac& mac);

 private:
  IpAddress look_up(const IpAddress& address) const;
  bool flip(const IpAddress& address, int bit) const;
  Mac ethernet(const Mac& mac) const;

  Key key_;
  Flips v4_;
  Flips v6_;
  std::unordered_map<IpAddress, IpAddress> known_;
};

}  // namespace nsmap::anonymise
