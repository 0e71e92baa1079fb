#include <linux/if_packet.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_cgroup.h>
#include <linux/netfilter/xt_cluster.h>
#include <linux/netfilter/xt_cpu.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_ipvs.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_nfacct.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_realm.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_socket.h>

#include <algorithm>
#include <bit>

#include "collect/xt_decoding.h"

// Matches that look at what the kernel knows of the packet, and match "comment".

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

// Its structure is a text of 256 bytes.
bool comment(XtDecoding& out) {
  constexpr std::size_t kSize = 256;
  const Bytes info = out.xt.info;
  if (info.size() != kSize) return false;
  const auto* const text = reinterpret_cast<const char*>(info.data());
  const std::string said = clean_text({text, strnlen(text, kSize)});
  std::string& comment = out.rule.comment;
  if (comment == said) return true;
  comment += (comment.empty() ? "" : "; ") + said;
  return true;
}

bool mark(XtDecoding& out, const xt_mark_mtinfo1& info) {
  out.mark(PacketField::meta_mark, info.invert, info.mark, info.mask);
  return true;
}

// --- addrtype ----------------------------------------------------------------------------------

// The route's type is one of those in `types`, a bit each.
void route_type(XtDecoding& out, Fib fib, unsigned types, bool invert) {
  OneOf of{{fib}, {}, invert};
  for (unsigned type = 0; type < 16; ++type)
    if (types >> type & 1)
      of.intervals.push_back({Octets::number(type, 4), Octets::number(type, 4)});
  if (of.intervals.size() == 1)
    out.match(fib, invert, of.intervals.front().first);
  else
    out.add(Box(std::move(of)));
}

bool addrtype(XtDecoding& out, unsigned source, unsigned destination, unsigned flags) {
  Fib fib{.iif = (flags & XT_ADDRTYPE_LIMIT_IFACE_IN) != 0,
          .oif = (flags & XT_ADDRTYPE_LIMIT_IFACE_OUT) != 0};
  Fib of_source = fib, of_destination = fib;
  of_source.saddr = true;
  of_destination.daddr = true;
  if (source != 0) route_type(out, of_source, source, flags & XT_ADDRTYPE_INVERT_SOURCE);
  if (destination != 0)
    route_type(out, of_destination, destination, flags & XT_ADDRTYPE_INVERT_DEST);
  return source != 0 || destination != 0;
}
bool addrtype0(XtDecoding& out, const xt_addrtype_info& info) {
  unsigned flags = 0;
  if (info.invert_source) flags |= XT_ADDRTYPE_INVERT_SOURCE;
  if (info.invert_dest) flags |= XT_ADDRTYPE_INVERT_DEST;
  return addrtype(out, info.source, info.dest, flags);
}
bool addrtype1(XtDecoding& out, const xt_addrtype_info_v1& info) {
  return addrtype(out, info.source, info.dest, info.flags);
}

// --- owner -------------------------------------------------------------------------------------

std::string dash_range(std::uint32_t first, std::uint32_t last) {
  return first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
}

// A packet without a socket matches where all is inverted (xt_owner.c), which no comparison does.
bool owner(XtDecoding& out, const xt_owner_match_info& info) {
  constexpr unsigned kIds = XT_OWNER_UID | XT_OWNER_GID;
  if (info.match == 0 || info.match & ~XT_OWNER_MASK) return false;
  if ((info.match & ~kIds) == 0 && info.invert == 0) {
    if (info.match & XT_OWNER_UID)
      out.range(PacketField::meta_skuid, false, Octets::number(info.uid_min, 4),
                Octets::number(info.uid_max, 4));
    if (info.match & XT_OWNER_GID)
      out.range(PacketField::meta_skgid, false, Octets::number(info.gid_min, 4),
                Octets::number(info.gid_max, 4));
    return true;
  }
  XtOptions options;
  if (info.match & XT_OWNER_SOCKET)
    options.invert(info.invert & XT_OWNER_SOCKET).add("--socket-exists");
  if (info.match & XT_OWNER_UID)
    options.invert(info.invert & XT_OWNER_UID)
        .add("--uid-owner {}", dash_range(info.uid_min, info.uid_max));
  if (info.match & XT_OWNER_GID)
    options.invert(info.invert & XT_OWNER_GID)
        .add("--gid-owner {}", dash_range(info.gid_min, info.gid_max));
  if (info.match & XT_OWNER_SUPPL_GROUPS) options.add("--suppl-groups");
  out.extension(std::move(options).text());
  return true;
}

// --- interfaces --------------------------------------------------------------------------------

// "eth+" of a prefix.
std::string interface_text(Bytes name, Bytes mask) {
  const Match match = interface_match(PacketField::meta_iifname, name, mask, false);
  std::string text;
  for (const std::byte byte : match.right)
    if (byte != std::byte{0}) text += static_cast<char>(byte);
  text = clean_text(text);
  return match.mask.empty() ? text : text + "+";
}

bool physdev(XtDecoding& out, const xt_physdev_info& info) {
  const auto text = [](const auto& name, const auto& mask) {
    return interface_text(std::as_bytes(std::span(name)), std::as_bytes(std::span(mask)));
  };
  const auto inverted = [&](unsigned operation) { return (info.invert & operation) != 0; };
  if (info.bitmask == 0 || info.bitmask & ~XT_PHYSDEV_OP_MASK) return false;
  XtOptions options;
  if (info.bitmask & XT_PHYSDEV_OP_ISIN)
    options.invert(inverted(XT_PHYSDEV_OP_ISIN)).add("--physdev-is-in");
  if (info.bitmask & XT_PHYSDEV_OP_IN)
    options.invert(inverted(XT_PHYSDEV_OP_IN))
        .add("--physdev-in {}", text(info.physindev, info.in_mask));
  if (info.bitmask & XT_PHYSDEV_OP_ISOUT)
    options.invert(inverted(XT_PHYSDEV_OP_ISOUT)).add("--physdev-is-out");
  if (info.bitmask & XT_PHYSDEV_OP_OUT)
    options.invert(inverted(XT_PHYSDEV_OP_OUT))
        .add("--physdev-out {}", text(info.physoutdev, info.out_mask));
  if (info.bitmask & XT_PHYSDEV_OP_BRIDGED)
    options.invert(inverted(XT_PHYSDEV_OP_BRIDGED)).add("--physdev-is-bridged");
  out.extension(std::move(options).text());
  return true;
}

bool devgroup(XtDecoding& out, const xt_devgroup_info& info) {
  if (info.flags & XT_DEVGROUP_MATCH_SRC)
    out.mark(PacketField::meta_iifgroup, info.flags & XT_DEVGROUP_INVERT_SRC, info.src_group,
             info.src_mask);
  if (info.flags & XT_DEVGROUP_MATCH_DST)
    out.mark(PacketField::meta_oifgroup, info.flags & XT_DEVGROUP_INVERT_DST, info.dst_group,
             info.dst_mask);
  return info.flags & (XT_DEVGROUP_MATCH_SRC | XT_DEVGROUP_MATCH_DST);
}

bool pkttype(XtDecoding& out, const xt_pkttype_info& info) {
  if (info.pkttype < 0 || info.pkttype > PACKET_FASTROUTE) return false;
  out.match(PacketField::meta_pkttype, info.invert,
            Octets::number(static_cast<std::uint64_t>(info.pkttype), 1));
  return true;
}

bool cpu(XtDecoding& out, const xt_cpu_info& info) {
  out.match(PacketField::meta_cpu, info.invert, Octets::number(info.cpu, 4));
  return true;
}

bool realm(XtDecoding& out, const xt_realm_info& info) {
  out.mark(PacketField::meta_rtclassid, info.invert, info.id, info.mask);
  return true;
}

bool rpfilter(XtDecoding& out, const xt_rpfilter_info& info) {
  XtOptions options;
  if (info.flags & XT_RPFILTER_LOOSE) options.add("--loose");
  if (info.flags & XT_RPFILTER_VALID_MARK) options.add("--validmark");
  if (info.flags & XT_RPFILTER_ACCEPT_LOCAL) options.add("--accept-local");
  if (info.flags & XT_RPFILTER_INVERT) options.add("--invert");
  out.extension(std::move(options).text());
  return true;
}

// --- sockets -----------------------------------------------------------------------------------

bool socket_flags(XtDecoding& out, unsigned flags) {
  XtOptions options;
  if (flags & XT_SOCKET_TRANSPARENT) options.add("--transparent");
  if (flags & XT_SOCKET_NOWILDCARD) options.add("--nowildcard");
  if (flags & XT_SOCKET_RESTORESKMARK) options.add("--restore-skmark");
  out.extension(std::move(options).text());
  return true;
}
bool socket(XtDecoding& out, const xt_socket_mtinfo1& info) {
  return socket_flags(out, info.flags);
}
bool socket0(XtDecoding& out) { return out.xt.info.empty() && socket_flags(out, 0); }

// A packet without a socket matches the inverted one (xt_cgroup.c).
bool cgroup_class(XtDecoding& out, std::uint32_t id, bool invert) {
  if (invert)
    out.extension(fmt::format("! --cgroup {}", id));
  else
    out.match(PacketField::meta_cgroup, false, Octets::number(id, 4));
  return true;
}
template <typename Info>
bool cgroup_path(XtDecoding& out, const Info& info) {
  if (info.has_classid) return cgroup_class(out, info.classid, info.invert_classid);
  XtOptions options;
  options.invert(info.invert_path).add("--path {}", iptables_text(xt_text(info.path)));
  out.extension(std::move(options).text());
  return info.has_path;
}
bool cgroup0(XtDecoding& out, const xt_cgroup_info_v0& info) {
  return cgroup_class(out, info.id, info.invert);
}
bool cgroup1(XtDecoding& out, const xt_cgroup_info_v1& info) { return cgroup_path(out, info); }
bool cgroup2(XtDecoding& out, const xt_cgroup_info_v2& info) { return cgroup_path(out, info); }

// --- IPsec policies ----------------------------------------------------------------------------

std::string policy_address(const XtDecoding& out, const xt_policy_addr& address,
                           const xt_policy_addr& mask) {
  const std::size_t size = out.ip6() ? 16 : 4;
  const auto bytes = [&](const xt_policy_addr& one) {
    return std::as_bytes(std::span(&one, 1)).first(size);
  };
  const std::string text = IpAddress::from_bytes(bytes(address))->text();
  const Bytes ones = bytes(mask);
  const auto length = static_cast<std::size_t>(
      std::ranges::find_if(ones, [](std::byte byte) { return byte != std::byte{0xff}; }) -
      ones.begin());
  if (length == size) return text;
  return fmt::format(
      "{}/{}", text,
      static_cast<int>(length * 8) + std::countl_one(std::to_integer<std::uint8_t>(ones[length])));
}

// An SPI is written as the number that it is in memory (libxt_policy.c).
void policy_element(XtOptions& options, const XtDecoding& out, const xt_policy_elem& element) {
  if (element.match.reqid) options.invert(element.invert.reqid).add("--reqid {}", element.reqid);
  if (element.match.spi) options.invert(element.invert.spi).add("--spi 0x{:x}", element.spi);
  if (element.match.proto) {
    const char* const name = element.proto == IPPROTO_ESP  ? "esp"
                             : element.proto == IPPROTO_AH ? "ah"
                                                           : "ipcomp";
    options.invert(element.invert.proto).add("--proto {}", name);
  }
  if (element.match.mode)
    options.invert(element.invert.mode)
        .add("--mode {}", element.mode == XT_POLICY_MODE_TUNNEL ? "tunnel" : "transport");
  if (element.match.daddr)
    options.invert(element.invert.daddr)
        .add("--tunnel-dst {}", policy_address(out, element.daddr, element.dmask));
  if (element.match.saddr)
    options.invert(element.invert.saddr)
        .add("--tunnel-src {}", policy_address(out, element.saddr, element.smask));
}

bool policy(XtDecoding& out, const xt_policy_info& info) {
  if (info.len > XT_POLICY_MAX_ELEM) return false;
  XtOptions options;
  options.add("--dir {}", info.flags & XT_POLICY_MATCH_IN ? "in" : "out");
  options.add("--pol {}", info.flags & XT_POLICY_MATCH_NONE ? "none" : "ipsec");
  if (info.flags & XT_POLICY_MATCH_STRICT) options.add("--strict");
  for (std::size_t at = 0; at < info.len; ++at) {
    if (at > 0) options.add("--next");
    policy_element(options, out, info.pol[at]);
  }
  out.extension(std::move(options).text());
  return true;
}

// --- others ------------------------------------------------------------------------------------

bool cluster(XtDecoding& out, const xt_cluster_match_info& info) {
  XtOptions options;
  options.invert(info.flags & XT_CLUSTER_F_INV)
      .add("--cluster-local-nodemask 0x{:08x}", info.node_mask);
  options.add("--cluster-total-nodes {}", info.total_nodes);
  options.add("--cluster-hash-seed 0x{:08x}", info.hash_seed);
  out.extension(std::move(options).text());
  return true;
}

const char* ipvs_method(unsigned method) {
  static constexpr const char* kMethods[] = {"MASQ", nullptr, "IPIP", "GATE"};  // IP_VS_CONN_F_*
  return method < std::size(kMethods) ? kMethods[method] : nullptr;
}

std::string ipvs_address(const XtDecoding& out, const xt_ipvs_mtinfo& info) {
  const Octets mask = address_octets(out, info.vmask);
  std::size_t length = 0;
  for (const std::byte byte : mask)
    length += static_cast<std::size_t>(std::popcount(std::to_integer<std::uint8_t>(byte)));
  const std::string address = address_text(out, info.vaddr);
  return length == 8 * mask.size() ? address : fmt::format("{}/{}", address, length);
}

bool ipvs(XtDecoding& out, const xt_ipvs_mtinfo& info) {
  const auto inverted = [&](unsigned flag) { return (info.invert & flag) != 0; };
  XtOptions options;
  if (info.bitmask == XT_IPVS_IPVS_PROPERTY)
    options.invert(inverted(XT_IPVS_IPVS_PROPERTY)).add("--ipvs");
  if (info.bitmask & XT_IPVS_PROTO)
    options.invert(inverted(XT_IPVS_PROTO)).add("--vproto {}", info.l4proto);
  if (info.bitmask & XT_IPVS_VADDR)
    options.invert(inverted(XT_IPVS_VADDR)).add("--vaddr {}", ipvs_address(out, info));
  if (info.bitmask & XT_IPVS_VPORT)
    options.invert(inverted(XT_IPVS_VPORT)).add("--vport {}", from_be(info.vport));
  if (info.bitmask & XT_IPVS_DIR)
    options.add("--vdir {}", inverted(XT_IPVS_DIR) ? "REPLY" : "ORIGINAL");
  if (info.bitmask & XT_IPVS_METHOD) {
    const char* const method = ipvs_method(info.fwd_method);
    if (method == nullptr) return false;
    options.invert(inverted(XT_IPVS_METHOD)).add("--vmethod {}", method);
  }
  if (info.bitmask & XT_IPVS_VPORTCTL)
    options.invert(inverted(XT_IPVS_VPORTCTL)).add("--vportctl {}", from_be(info.vportctl));
  out.extension(std::move(options).text());
  return true;
}

template <typename Info>
bool nfacct(XtDecoding& out, const Info& info) {
  out.extension("--nfacct-name " + iptables_text(xt_text(info.name)));
  return true;
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"comment", kMatch, kXtAny, 0, comment, true},
    {"mark", kMatch, kXtAny, 1, exactly<mark>, true},
    {"addrtype", kMatch, kXtAny, 0, exactly<addrtype0>, true},
    {"addrtype", kMatch, kXtAny, 1, exactly<addrtype1>, true},
    {"owner", kMatch, kXtAny, 1, exactly<owner>, true},
    {"physdev", kMatch, kXtAny, 0, exactly<physdev>, false},
    {"devgroup", kMatch, kXtAny, 0, exactly<devgroup>, true},
    {"pkttype", kMatch, kXtAny, 0, exactly<pkttype>, true},
    {"cpu", kMatch, kXtAny, 0, exactly<cpu>, true},
    {"realm", kMatch, kXtAny, 0, exactly<realm>, true},
    {"rpfilter", kMatch, kXtAny, 0, exactly<rpfilter>, false},
    {"socket", kMatch, kXtAny, 0, socket0, false},
    {"socket", kMatch, kXtAny, 1, exactly<socket>, false},
    {"socket", kMatch, kXtAny, 2, exactly<socket>, false},
    {"socket", kMatch, kXtAny, 3, exactly<socket>, false},
    {"cgroup", kMatch, kXtAny, 0, exactly<cgroup0>, true},
    {"cgroup", kMatch, kXtAny, 1, exactly<cgroup1>, true},
    {"cgroup", kMatch, kXtAny, 2, exactly<cgroup2>, true},
    {"policy", kMatch, kXtAny, 0, exactly<policy>, false},
    {"cluster", kMatch, kXtAny, 0, exactly<cluster>, false},
    {"ipvs", kMatch, kXtAny, 0, exactly<ipvs>, false},
    {"nfacct", kMatch, kXtAny, 0, exactly<nfacct<xt_nfacct_match_info>>, false},
    {"nfacct", kMatch, kXtAny, 1, exactly<nfacct<xt_nfacct_match_info_v1>>, false},
};

}  // namespace

std::span<const XtRow> xt_meta_matches() { return kRows; }

}  // namespace nsmap::collect
