#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/describe.hpp>

// The named fields that firewall rules look at: slices of a packet's headers, what the kernel knows
// of the packet (meta), of its connection (ct), its route (rt) and its socket. Names are nft(8)'s
// own. A field's value is always in network order, in as many whole bytes as hold its bits (the
// padding is on the left), whatever the kernel's registers hold.

namespace nsmap::model {

// Where a field is found.
enum class FieldSource : std::uint8_t {
  ether,  // the link header
  vlan,   // the link header, behind an 802.1Q tag
  arp,    // the network header
  ip,     // the network header
  ip6,    // the network header
  icmp,   // the transport header, as all below
  igmp,
  icmpv6,
  tcp,
  udp,
  udplite,
  sctp,
  dccp,
  ah,
  esp,
  comp,
  th,  // the transport header, whatever it is
  meta,
  ct,
  rt,
  socket,
};

// What a field's value means, and so how it is written.
enum class DataType : std::uint8_t {
  integer,
  mac,
  ether_type,
  ipv4,
  ipv6,
  protocol,  // IPPROTO_*
  port,
  mark,
  interface_index,
  interface_name,
  interface_type,  // ARPHRD_*
  nf_protocol,     // NFPROTO_*
  ct_state,        // bits: 1 invalid, 2 established, 4 related, 8 new, 64 untracked
  ct_status,       // IPS_* bits
  ct_direction,
  ct_label,
  ct_event,
  tcp_flags,
  icmp_type,
  icmpv6_type,
  icmp_code,
  icmpv6_code,
  icmpx_code,
  igmp_type,
  arp_operation,
  dscp,
  ecn,
  packet_type,   // PACKET_*
  address_type,  // RTN_*
  uid,
  gid,
  class_id,  // of tc: major:minor
  realm,
  device_group,
  duration,  // milliseconds
  time,      // nanoseconds since 1970
  day,       // of the week, 0: Sunday
  hour,      // seconds of the day, UTC
  boolean,
  cgroup,
  text,
  verdict,
};
BOOST_DESCRIBE_ENUM(DataType, integer, mac, ether_type, ipv4, ipv6, protocol, port, mark,
                    interface_index, interface_name, interface_type, nf_protocol, ct_state,
                    ct_status, ct_direction, ct_label, ct_event, tcp_flags, icmp_type, icmpv6_type,
                    icmp_code, icmpv6_code, icmpx_code, igmp_type, arp_operation, dscp, ecn,
                    packet_type, address_type, uid, gid, class_id, realm, device_group, duration,
                    time, day, hour, boolean, cgroup, text, verdict)

// X(name, nft's spelling, source, key, bits, type): `key` is the first bit, from the header's
// start; for fields that are in no header it has no meaning.
#define NSMAP_PACKET_FIELDS(X)                                         \
  X(ether_daddr, "ether daddr", ether, 0, 48, mac)                     \
  X(ether_saddr, "ether saddr", ether, 48, 48, mac)                    \
  X(ether_type, "ether type", ether, 96, 16, ether_type)               \
  X(vlan_pcp, "vlan pcp", vlan, 112, 3, integer)                       \
  X(vlan_dei, "vlan dei", vlan, 115, 1, integer)                       \
  X(vlan_id, "vlan id", vlan, 116, 12, integer)                        \
  X(vlan_type, "vlan type", vlan, 128, 16, ether_type)                 \
  X(arp_htype, "arp htype", arp, 0, 16, integer)                       \
  X(arp_ptype, "arp ptype", arp, 16, 16, ether_type)                   \
  X(arp_hlen, "arp hlen", arp, 32, 8, integer)                         \
  X(arp_plen, "arp plen", arp, 40, 8, integer)                         \
  X(arp_operation, "arp operation", arp, 48, 16, arp_operation)        \
  X(arp_saddr_ether, "arp saddr ether", arp, 64, 48, mac)              \
  X(arp_saddr_ip, "arp saddr ip", arp, 112, 32, ipv4)                  \
  X(arp_daddr_ether, "arp daddr ether", arp, 144, 48, mac)             \
  X(arp_daddr_ip, "arp daddr ip", arp, 192, 32, ipv4)                  \
  X(ip_version, "ip version", ip, 0, 4, integer)                       \
  X(ip_hdrlength, "ip hdrlength", ip, 4, 4, integer)                   \
  X(ip_dscp, "ip dscp", ip, 8, 6, dscp)                                \
  X(ip_ecn, "ip ecn", ip, 14, 2, ecn)                                  \
  X(ip_length, "ip length", ip, 16, 16, integer)                       \
  X(ip_id, "ip id", ip, 32, 16, integer)                               \
  X(ip_frag_off, "ip frag-off", ip, 48, 16, integer)                   \
  X(ip_ttl, "ip ttl", ip, 64, 8, integer)                              \
  X(ip_protocol, "ip protocol", ip, 72, 8, protocol)                   \
  X(ip_checksum, "ip checksum", ip, 80, 16, integer)                   \
  X(ip_saddr, "ip saddr", ip, 96, 32, ipv4)                            \
  X(ip_daddr, "ip daddr", ip, 128, 32, ipv4)                           \
  X(ip6_version, "ip6 version", ip6, 0, 4, integer)                    \
  X(ip6_dscp, "ip6 dscp", ip6, 4, 6, dscp)                             \
  X(ip6_ecn, "ip6 ecn", ip6, 10, 2, ecn)                               \
  X(ip6_flowlabel, "ip6 flowlabel", ip6, 12, 20, integer)              \
  X(ip6_length, "ip6 length", ip6, 32, 16, integer)                    \
  X(ip6_nexthdr, "ip6 nexthdr", ip6, 48, 8, protocol)                  \
  X(ip6_hoplimit, "ip6 hoplimit", ip6, 56, 8, integer)                 \
  X(ip6_saddr, "ip6 saddr", ip6, 64, 128, ipv6)                        \
  X(ip6_daddr, "ip6 daddr", ip6, 192, 128, ipv6)                       \
  X(icmp_type, "icmp type", icmp, 0, 8, icmp_type)                     \
  X(icmp_code, "icmp code", icmp, 8, 8, icmp_code)                     \
  X(icmp_checksum, "icmp checksum", icmp, 16, 16, integer)             \
  X(icmp_id, "icmp id", icmp, 32, 16, integer)                         \
  X(icmp_sequence, "icmp sequence", icmp, 48, 16, integer)             \
  X(icmp_gateway, "icmp gateway", icmp, 32, 32, integer)               \
  X(igmp_type, "igmp type", igmp, 0, 8, igmp_type)                     \
  X(igmp_mrt, "igmp mrt", igmp, 8, 8, integer)                         \
  X(igmp_checksum, "igmp checksum", igmp, 16, 16, integer)             \
  X(igmp_group, "igmp group", igmp, 32, 32, ipv4)                      \
  X(icmpv6_type, "icmpv6 type", icmpv6, 0, 8, icmpv6_type)             \
  X(icmpv6_code, "icmpv6 code", icmpv6, 8, 8, icmpv6_code)             \
  X(icmpv6_checksum, "icmpv6 checksum", icmpv6, 16, 16, integer)       \
  X(icmpv6_mtu, "icmpv6 mtu", icmpv6, 32, 32, integer)                 \
  X(icmpv6_id, "icmpv6 id", icmpv6, 32, 16, integer)                   \
  X(icmpv6_sequence, "icmpv6 sequence", icmpv6, 48, 16, integer)       \
  X(tcp_sport, "tcp sport", tcp, 0, 16, port)                          \
  X(tcp_dport, "tcp dport", tcp, 16, 16, port)                         \
  X(tcp_sequence, "tcp sequence", tcp, 32, 32, integer)                \
  X(tcp_ackseq, "tcp ackseq", tcp, 64, 32, integer)                    \
  X(tcp_doff, "tcp doff", tcp, 96, 4, integer)                         \
  X(tcp_reserved, "tcp reserved", tcp, 100, 4, integer)                \
  X(tcp_flags, "tcp flags", tcp, 104, 8, tcp_flags)                    \
  X(tcp_window, "tcp window", tcp, 112, 16, integer)                   \
  X(tcp_checksum, "tcp checksum", tcp, 128, 16, integer)               \
  X(tcp_urgptr, "tcp urgptr", tcp, 144, 16, integer)                   \
  X(udp_sport, "udp sport", udp, 0, 16, port)                          \
  X(udp_dport, "udp dport", udp, 16, 16, port)                         \
  X(udp_length, "udp length", udp, 32, 16, integer)                    \
  X(udp_checksum, "udp checksum", udp, 48, 16, integer)                \
  X(udplite_sport, "udplite sport", udplite, 0, 16, port)              \
  X(udplite_dport, "udplite dport", udplite, 16, 16, port)             \
  X(udplite_checksum, "udplite checksum", udplite, 48, 16, integer)    \
  X(sctp_sport, "sctp sport", sctp, 0, 16, port)                       \
  X(sctp_dport, "sctp dport", sctp, 16, 16, port)                      \
  X(sctp_vtag, "sctp vtag", sctp, 32, 32, integer)                     \
  X(sctp_checksum, "sctp checksum", sctp, 64, 32, integer)             \
  X(dccp_sport, "dccp sport", dccp, 0, 16, port)                       \
  X(dccp_dport, "dccp dport", dccp, 16, 16, port)                      \
  X(dccp_type, "dccp type", dccp, 67, 4, integer)                      \
  X(ah_nexthdr, "ah nexthdr", ah, 0, 8, protocol)                      \
  X(ah_hdrlength, "ah hdrlength", ah, 8, 8, integer)                   \
  X(ah_reserved, "ah reserved", ah, 16, 16, integer)                   \
  X(ah_spi, "ah spi", ah, 32, 32, integer)                             \
  X(ah_sequence, "ah sequence", ah, 64, 32, integer)                   \
  X(esp_spi, "esp spi", esp, 0, 32, integer)                           \
  X(esp_sequence, "esp sequence", esp, 32, 32, integer)                \
  X(comp_nexthdr, "comp nexthdr", comp, 0, 8, protocol)                \
  X(comp_flags, "comp flags", comp, 8, 8, integer)                     \
  X(comp_cpi, "comp cpi", comp, 16, 16, integer)                       \
  X(th_sport, "th sport", th, 0, 16, port)                             \
  X(th_dport, "th dport", th, 16, 16, port)                            \
  X(meta_length, "meta length", meta, 0, 32, integer)                  \
  X(meta_protocol, "meta protocol", meta, 0, 16, ether_type)           \
  X(meta_priority, "meta priority", meta, 0, 32, class_id)             \
  X(meta_mark, "meta mark", meta, 0, 32, mark)                         \
  X(meta_iif, "iif", meta, 0, 32, interface_index)                     \
  X(meta_oif, "oif", meta, 0, 32, interface_index)                     \
  X(meta_iifname, "iifname", meta, 0, 128, interface_name)             \
  X(meta_oifname, "oifname", meta, 0, 128, interface_name)             \
  X(meta_iiftype, "iiftype", meta, 0, 16, interface_type)              \
  X(meta_oiftype, "oiftype", meta, 0, 16, interface_type)              \
  X(meta_skuid, "meta skuid", meta, 0, 32, uid)                        \
  X(meta_skgid, "meta skgid", meta, 0, 32, gid)                        \
  X(meta_nftrace, "meta nftrace", meta, 0, 8, boolean)                 \
  X(meta_rtclassid, "rtclassid", meta, 0, 32, realm)                   \
  X(meta_secmark, "meta secmark", meta, 0, 32, integer)                \
  X(meta_nfproto, "meta nfproto", meta, 0, 8, nf_protocol)             \
  X(meta_l4proto, "meta l4proto", meta, 0, 8, protocol)                \
  X(meta_ibrname, "meta ibrname", meta, 0, 128, interface_name)        \
  X(meta_obrname, "meta obrname", meta, 0, 128, interface_name)        \
  X(meta_pkttype, "meta pkttype", meta, 0, 8, packet_type)             \
  X(meta_cpu, "meta cpu", meta, 0, 32, integer)                        \
  X(meta_iifgroup, "iifgroup", meta, 0, 32, device_group)              \
  X(meta_oifgroup, "oifgroup", meta, 0, 32, device_group)              \
  X(meta_cgroup, "meta cgroup", meta, 0, 32, integer)                  \
  X(meta_random, "meta random", meta, 0, 32, integer)                  \
  X(meta_secpath, "meta secpath", meta, 0, 8, boolean)                 \
  X(meta_iifkind, "meta iifkind", meta, 0, 128, interface_name)        \
  X(meta_oifkind, "meta oifkind", meta, 0, 128, interface_name)        \
  X(meta_ibrpvid, "meta ibrpvid", meta, 0, 16, integer)                \
  X(meta_ibrvproto, "meta ibrvproto", meta, 0, 16, ether_type)         \
  X(meta_time, "meta time", meta, 0, 64, time)                         \
  X(meta_day, "meta day", meta, 0, 8, day)                             \
  X(meta_hour, "meta hour", meta, 0, 32, hour)                         \
  X(meta_sdif, "meta sdif", meta, 0, 32, interface_index)              \
  X(meta_sdifname, "meta sdifname", meta, 0, 128, interface_name)      \
  X(meta_broute, "meta broute", meta, 0, 8, boolean)                   \
  X(ct_state, "ct state", ct, 0, 32, ct_state)                         \
  X(ct_direction, "ct direction", ct, 0, 8, ct_direction)              \
  X(ct_status, "ct status", ct, 0, 32, ct_status)                      \
  X(ct_mark, "ct mark", ct, 0, 32, mark)                               \
  X(ct_secmark, "ct secmark", ct, 0, 32, integer)                      \
  X(ct_expiration, "ct expiration", ct, 0, 32, duration)               \
  X(ct_helper, "ct helper", ct, 0, 128, text)                          \
  X(ct_label, "ct label", ct, 0, 128, ct_label)                        \
  X(ct_event, "ct event", ct, 0, 32, ct_event)                         \
  X(ct_id, "ct id", ct, 0, 32, integer)                                \
  X(ct_zone, "ct zone", ct, 0, 16, integer)                            \
  X(ct_original_zone, "ct original zone", ct, 0, 16, integer)          \
  X(ct_reply_zone, "ct reply zone", ct, 0, 16, integer)                \
  X(ct_l3proto, "ct l3proto", ct, 0, 8, nf_protocol)                   \
  X(ct_original_l3proto, "ct original l3proto", ct, 0, 8, nf_protocol) \
  X(ct_reply_l3proto, "ct reply l3proto", ct, 0, 8, nf_protocol)       \
  X(ct_protocol, "ct protocol", ct, 0, 8, protocol)                    \
  X(ct_original_protocol, "ct original protocol", ct, 0, 8, protocol)  \
  X(ct_reply_protocol, "ct reply protocol", ct, 0, 8, protocol)        \
  X(ct_original_ip_saddr, "ct original ip saddr", ct, 0, 32, ipv4)     \
  X(ct_original_ip_daddr, "ct original ip daddr", ct, 0, 32, ipv4)     \
  X(ct_reply_ip_saddr, "ct reply ip saddr", ct, 0, 32, ipv4)           \
  X(ct_reply_ip_daddr, "ct reply ip daddr", ct, 0, 32, ipv4)           \
  X(ct_original_ip6_saddr, "ct original ip6 saddr", ct, 0, 128, ipv6)  \
  X(ct_original_ip6_daddr, "ct original ip6 daddr", ct, 0, 128, ipv6)  \
  X(ct_reply_ip6_saddr, "ct reply ip6 saddr", ct, 0, 128, ipv6)        \
  X(ct_reply_ip6_daddr, "ct reply ip6 daddr", ct, 0, 128, ipv6)        \
  X(ct_original_proto_src, "ct original proto-src", ct, 0, 16, port)   \
  X(ct_original_proto_dst, "ct original proto-dst", ct, 0, 16, port)   \
  X(ct_reply_proto_src, "ct reply proto-src", ct, 0, 16, port)         \
  X(ct_reply_proto_dst, "ct reply proto-dst", ct, 0, 16, port)         \
  X(ct_bytes, "ct bytes", ct, 0, 64, integer)                          \
  X(ct_original_bytes, "ct original bytes", ct, 0, 64, integer)        \
  X(ct_reply_bytes, "ct reply bytes", ct, 0, 64, integer)              \
  X(ct_packets, "ct packets", ct, 0, 64, integer)                      \
  X(ct_original_packets, "ct original packets", ct, 0, 64, integer)    \
  X(ct_reply_packets, "ct reply packets", ct, 0, 64, integer)          \
  X(ct_avgpkt, "ct avgpkt", ct, 0, 64, integer)                        \
  X(ct_original_avgpkt, "ct original avgpkt", ct, 0, 64, integer)      \
  X(ct_reply_avgpkt, "ct reply avgpkt", ct, 0, 64, integer)            \
  X(rt_classid, "rt classid", rt, 0, 32, realm)                        \
  X(rt_ip_nexthop, "rt ip nexthop", rt, 0, 32, ipv4)                   \
  X(rt_ip6_nexthop, "rt ip6 nexthop", rt, 0, 128, ipv6)                \
  X(rt_mtu, "rt mtu", rt, 0, 16, integer)                              \
  X(rt_ipsec, "rt ipsec", rt, 0, 8, boolean)                           \
  X(socket_transparent, "socket transparent", socket, 0, 8, boolean)   \
  X(socket_mark, "socket mark", socket, 0, 32, mark)                   \
  X(socket_wildcard, "socket wildcard", socket, 0, 8, boolean)

enum class PacketField : std::uint8_t {
#define NSMAP_PACKET_FIELD(name, text, source, key, bits, type) name,
  NSMAP_PACKET_FIELDS(NSMAP_PACKET_FIELD)
#undef NSMAP_PACKET_FIELD
};

struct PacketFieldInfo {
  std::string_view name;  // "ip saddr"
  FieldSource source;
  std::uint16_t offset;  // bits from the header's start
  std::uint16_t bits;
  DataType type;

  constexpr std::size_t bytes() const { return (bits + std::size_t{7}) / 8; }
};

const PacketFieldInfo& info(PacketField field);
std::optional<PacketField> packet_field(std::string_view name);
// The field that is this slice of such a header; nothing: none that has a name.
std::optional<PacketField> header_field(FieldSource header, unsigned offset, unsigned bits);
// The longer one that this slice is part of.
std::optional<PacketField> header_field_around(FieldSource header, unsigned offset, unsigned bits);

}  // namespace nsmap::model
