#pragma once

#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <vector>

#include "model/firewall.h"

namespace nsmap::collect {

// What an entry asks for itself, beside its matches (ip_packet_match and its like), in the order in
// which iptables-nft writes the same.
void own_part(const ipt_ip& ip, std::vector<model::firewall::Statement>& out);
void own_part(const ip6t_ip6& ip, std::vector<model::firewall::Statement>& out);
void own_part(const arpt_arp& arp, std::vector<model::firewall::Statement>& out);

// -g: what it jumps to returns to where this chain would.
inline bool is_goto(const ipt_ip& ip) { return ip.flags & IPT_F_GOTO; }
inline bool is_goto(const ip6t_ip6& ip) { return ip.flags & IP6T_F_GOTO; }
inline bool is_goto(const arpt_arp&) { return false; }

}  // namespace nsmap::collect
