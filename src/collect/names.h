#pragma once

#include <cstdint>
#include <string>

// The kernel's numbers by the names people know them by, those of iproute2 where it has one. A
// number without a name becomes its decimal.

namespace nsmap::collect {

std::string route_type_name(std::uint8_t type);            // RTN_*
std::string route_protocol_name(std::uint8_t protocol);    // RTPROT_*
std::string route_scope_name(std::uint8_t scope);          // RT_SCOPE_*
std::string encap_name(std::uint16_t type);                // LWTUNNEL_ENCAP_*; "" for none
std::string rule_action_name(std::uint8_t action);         // FR_ACT_*
std::string nexthop_group_name(std::uint16_t type);        // NEXTHOP_GRP_TYPE_*
std::string neighbour_state_name(std::uint16_t state);     // NUD_*
std::string tcp_state_name(std::uint8_t state);            // TCP_* of include/net/tcp_states.h
std::string socket_type_name(std::uint8_t type);           // SOCK_*
std::string netlink_protocol_name(std::uint8_t protocol);  // NETLINK_*
std::string ethertype_name(std::uint16_t type);            // ETH_P_*; unknown: "0x88cc"

}  // namespace nsmap::collect
