#pragma once

#include <linux/if_link.h>

#include <array>

// What the kinds of link number, by the names that iproute2 and a snapshot have for it: a name's
// place is its number, null where a number has none. For reading (collect) and writing (lab) alike.

namespace nsmap::netlink {

// BOND_MODE_*, BOND_XMIT_POLICY_*, AD_LACP_* of linux/if_bonding.h
inline constexpr std::array kBondModes = {"balance-rr", "active-backup", "balance-xor", "broadcast",
                                          "802.3ad",    "balance-tlb",   "balance-alb"};
inline constexpr std::array kXmitPolicies = {"layer2",   "layer3+4", "layer2+3",
                                             "encap2+3", "encap3+4", "vlan+srcmac"};
inline constexpr std::array kLacpRates = {"slow", "fast"};

inline constexpr auto kMacvlanModes = [] {
  std::array<const char*, MACVLAN_MODE_SOURCE + 1> names{};
  names[MACVLAN_MODE_PRIVATE] = "private";
  names[MACVLAN_MODE_VEPA] = "vepa";
  names[MACVLAN_MODE_BRIDGE] = "bridge";
  names[MACVLAN_MODE_PASSTHRU] = "passthru";
  names[MACVLAN_MODE_SOURCE] = "source";
  return names;
}();

inline constexpr std::array kIpvlanModes = {"l2", "l3", "l3s"};              // IPVLAN_MODE_*
inline constexpr std::array kValidations = {"disabled", "check", "strict"};  // MACSEC_VALIDATE_*
inline constexpr std::array kNetkitModes = {"l2", "l3"};
inline constexpr std::array<const char*, 3> kNetkitPolicies = {"pass", nullptr,
                                                               "drop"};  // NETKIT_*

// IFLA_NETKIT_* of linux/if_link.h, Linux 6.7.
enum : unsigned short { kNetkitPrimary = 2, kNetkitPolicy, kNetkitPeerPolicy, kNetkitMode };

}  // namespace nsmap::netlink
