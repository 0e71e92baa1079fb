#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_connbytes.h>
#include <linux/netfilter/xt_connlabel.h>
#include <linux/netfilter/xt_connlimit.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_state.h>

#include <limits>

#include "collect/xt_decoding.h"

// Matches that look at the packet's connection. But for its state, none of them matches a packet
// without one, inverted or not, where not said otherwise.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::PacketField;

// Bits of ct state, as DataType::ct_state has them.
constexpr std::uint32_t kInvalid = 1, kUntracked = 64;

// Any of the bits is set; inverted, none.
void any_bit(XtDecoding& out, PacketField field, bool invert, std::uint32_t bits) {
  out.match(field, !invert, Octets::number(0, 4), Octets::number(bits, 4));
}

// --- conntrack ---------------------------------------------------------------------------------

// Of revisions 1 to 3, which differ in how wide the masks and the ports are.
struct Conntrack {
  xt_conntrack_mtinfo3 info;
  unsigned state = 0;  // the model's bits of the mask
  unsigned nat = 0;    // of ct status: SNAT and DNAT, which iptables counts among the states

  explicit Conntrack(const xt_conntrack_mtinfo3& whole) : info(whole) {
    state = info.state_mask & 0xfu;
    if (info.state_mask & XT_CONNTRACK_STATE_UNTRACKED) state |= kUntracked;
    if (info.state_mask & XT_CONNTRACK_STATE_SNAT) nat |= IPS_SRC_NAT;
    if (info.state_mask & XT_CONNTRACK_STATE_DNAT) nat |= IPS_DST_NAT;
  }
  bool has(unsigned flag) const { return info.match_flags & flag; }
  bool inverted(unsigned flag) const { return info.invert_flags & flag; }
};

struct ConntrackAddress {
  unsigned flag;
  const char* option;
  PacketField ip, ip6;
  nf_inet_addr xt_conntrack_mtinfo3::*address;
  nf_inet_addr xt_conntrack_mtinfo3::*mask;
};
constexpr ConntrackAddress kAddresses[] = {
    {XT_CONNTRACK_ORIGSRC, "--ctorigsrc", PacketField::ct_original_ip_saddr,
     PacketField::ct_original_ip6_saddr, &xt_conntrack_mtinfo3::origsrc_addr,
     &xt_conntrack_mtinfo3::origsrc_mask},
    {XT_CONNTRACK_ORIGDST, "--ctorigdst", PacketField::ct_original_ip_daddr,
     PacketField::ct_original_ip6_daddr, &xt_conntrack_mtinfo3::origdst_addr,
     &xt_conntrack_mtinfo3::origdst_mask},
    {XT_CONNTRACK_REPLSRC, "--ctreplsrc", PacketField::ct_reply_ip_saddr,
     PacketField::ct_reply_ip6_saddr, &xt_conntrack_mtinfo3::replsrc_addr,
     &xt_conntrack_mtinfo3::replsrc_mask},
    {XT_CONNTRACK_REPLDST, "--ctrepldst", PacketField::ct_reply_ip_daddr,
     PacketField::ct_reply_ip6_daddr, &xt_conntrack_mtinfo3::repldst_addr,
     &xt_conntrack_mtinfo3::repldst_mask},
};

struct ConntrackPort {
  unsigned flag;
  const char* option;
  PacketField field;
  __u16 xt_conntrack_mtinfo3::*first;
  __u16 xt_conntrack_mtinfo3::*last;
};
constexpr ConntrackPort kPorts[] = {
    {XT_CONNTRACK_ORIGSRC_PORT, "--ctorigsrcport", PacketField::ct_original_proto_src,
     &xt_conntrack_mtinfo3::origsrc_port, &xt_conntrack_mtinfo3::origsrc_port_high},
    {XT_CONNTRACK_ORIGDST_PORT, "--ctorigdstport", PacketField::ct_original_proto_dst,
     &xt_conntrack_mtinfo3::origdst_port, &xt_conntrack_mtinfo3::origdst_port_high},
    {XT_CONNTRACK_REPLSRC_PORT, "--ctreplsrcport", PacketField::ct_reply_proto_src,
     &xt_conntrack_mtinfo3::replsrc_port, &xt_conntrack_mtinfo3::replsrc_port_high},
    {XT_CONNTRACK_REPLDST_PORT, "--ctrepldstport", PacketField::ct_reply_proto_dst,
     &xt_conntrack_mtinfo3::repldst_port, &xt_conntrack_mtinfo3::repldst_port_high},
};

// Whether there is a form for the states: those of NAT are bits of another field, and of a packet
// without a connection, which the inverted match takes for one without them.
bool states_have_form(const Conntrack& match) {
  if (match.nat == 0) return true;
  return match.state == 0 && !match.inverted(XT_CONNTRACK_STATE);
}

// A packet without a connection that has the state matches whatever else is asked
// (xt_conntrack.c conntrack_mt): no conjunction says that.
bool ends_at_state(const Conntrack& match) {
  constexpr unsigned kOthers = ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS);
  if (!match.has(XT_CONNTRACK_STATE) || !match.has(kOthers)) return false;
  const bool invalid = match.state & kInvalid, untracked = match.state & kUntracked;
  const bool inverted = match.inverted(XT_CONNTRACK_STATE);
  return inverted ? !invalid || !untracked : invalid || untracked;
}

void expires(XtDecoding& out, const Conntrack& match) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto ms = [&](std::uint64_t seconds, std::uint64_t more) {
    return Octets::number(std::min(seconds * 1000 + more, kMost), 4);
  };
  out.range(PacketField::ct_expiration, match.inverted(XT_CONNTRACK_EXPIRES),
            ms(match.info.expires_min, 0), ms(match.info.expires_max, 999));
}

void conntrack_addresses(XtDecoding& out, const Conntrack& match) {
  for (const ConntrackAddress& row : kAddresses)
    if (match.has(row.flag))
      out.match(out.ip6() ? row.ip6 : row.ip, match.inverted(row.flag),
                address_octets(out, match.info.*row.address),
                address_octets(out, match.info.*row.mask));
}

void conntrack_ports(XtDecoding& out, const Conntrack& match) {
  for (const ConntrackPort& row : kPorts)
    if (match.has(row.flag))
      out.range(row.field, match.inverted(row.flag), port_octets(match.info.*row.first),
                port_octets(match.info.*row.last));
}

void states(XtDecoding& out, const Conntrack& match) {
  const bool invert = match.inverted(XT_CONNTRACK_STATE);
  if (match.nat != 0) return any_bit(out, PacketField::ct_status, invert, match.nat);
  any_bit(out, PacketField::ct_state, invert, match.state);
}

// --- the same as options

struct NamedBit {
  unsigned bit;
  const char* name;
};
constexpr NamedBit kStates[] = {{XT_CONNTRACK_STATE_INVALID, "INVALID"},
                                {1u << 3, "NEW"},
                                {1u << 2, "RELATED"},
                                {1u << 1, "ESTABLISHED"},
                                {XT_CONNTRACK_STATE_UNTRACKED, "UNTRACKED"},
                                {XT_CONNTRACK_STATE_SNAT, "SNAT"},
                                {XT_CONNTRACK_STATE_DNAT, "DNAT"}};
constexpr NamedBit kStatus[] = {{IPS_EXPECTED, "EXPECTED"},
                                {IPS_SEEN_REPLY, "SEEN_REPLY"},
                                {IPS_ASSURED, "ASSURED"},
                                {IPS_CONFIRMED, "CONFIRMED"}};

std::string bit_names(std::span<const NamedBit> names, unsigned bits) {
  std::string text;
  for (const NamedBit& bit : names)
    if (bits & bit.bit) text += (text.empty() ? "" : ",") + std::string(bit.name);
  return text.empty() ? "NONE" : text;
}

void address_options(XtOptions& options, const XtDecoding& out, const Conntrack& match) {
  for (const ConntrackAddress& row : kAddresses) {
    if (!match.has(row.flag)) continue;
    const Octets mask = address_octets(out, match.info.*row.mask);
    const auto length = mask_length(mask);
    const std::string text = address_text(out, match.info.*row.address);
    options.invert(match.inverted(row.flag)).add("{} {}", row.option, text);
    if (!length)
      options.append("/{}", address_text(out, match.info.*row.mask));
    else if (static_cast<std::size_t>(*length) != mask.size() * 8)
      options.append("/{}", *length);
  }
}

void conntrack_options(XtDecoding& out, const Conntrack& match) {
  const xt_conntrack_mtinfo3& info = match.info;
  XtOptions options;
  if (match.has(XT_CONNTRACK_STATE))
    options.invert(match.inverted(XT_CONNTRACK_STATE))
        .add("{} {}", out.via == "state" ? "--state" : "--ctstate",
             bit_names(kStates, info.state_mask));
  if (match.has(XT_CONNTRACK_PROTO))
    options.invert(match.inverted(XT_CONNTRACK_PROTO)).add("--ctproto {}", info.l4proto);
  address_options(options, out, match);
  for (const ConntrackPort& row : kPorts)
    if (match.has(row.flag))
      options.invert(match.inverted(row.flag))
          .add("{} {}", row.option, range_text(info.*row.first, info.*row.last));
  if (match.has(XT_CONNTRACK_STATUS))
    options.invert(match.inverted(XT_CONNTRACK_STATUS))
        .add("--ctstatus {}", bit_names(kStatus, info.status_mask));
  if (match.has(XT_CONNTRACK_EXPIRES))
    options.invert(match.inverted(XT_CONNTRACK_EXPIRES))
        .add("--ctexpire {}", range_text(info.expires_min, info.expires_max));
  if (match.has(XT_CONNTRACK_DIRECTION))
    options.add("--ctdir {}", match.inverted(XT_CONNTRACK_DIRECTION) ? "REPLY" : "ORIGINAL");
  out.extension(std::move(options).text());
}

bool conntrack(XtDecoding& out, const Conntrack& match) {
  if (match.has(XT_CONNTRACK_STATE_ALIAS)) out.via = "state";
  if (!states_have_form(match) || ends_at_state(match)) {
    conntrack_options(out, match);
    return true;
  }
  if (match.has(XT_CONNTRACK_STATE)) states(out, match);
  if (match.has(XT_CONNTRACK_PROTO))
    out.match(PacketField::ct_protocol, match.inverted(XT_CONNTRACK_PROTO),
              Octets::number(match.info.l4proto, 1));
  conntrack_addresses(out, match);
  conntrack_ports(out, match);
  if (match.has(XT_CONNTRACK_STATUS))
    any_bit(out, PacketField::ct_status, match.inverted(XT_CONNTRACK_STATUS),
            match.info.status_mask);
  if (match.has(XT_CONNTRACK_EXPIRES)) expires(out, match);
  if (match.has(XT_CONNTRACK_DIRECTION))
    out.match(PacketField::ct_direction, false,
              Octets::number(match.inverted(XT_CONNTRACK_DIRECTION) ? 1 : 0, 1));
  return true;
}

// Its ports are in network order, and single.
template <typename Info>
bool conntrack_before3(XtDecoding& out, const Info& old) {
  xt_conntrack_mtinfo3 info{};
  constexpr std::size_t kSame = offsetof(Info, l4proto) + sizeof old.l4proto;
  static_assert(kSame == offsetof(xt_conntrack_mtinfo3, origsrc_port));
  std::memcpy(&info, &old, kSame);
  info.origsrc_port = info.origsrc_port_high = from_be(old.origsrc_port);
  info.origdst_port = info.origdst_port_high = from_be(old.origdst_port);
  info.replsrc_port = info.replsrc_port_high = from_be(old.replsrc_port);
  info.repldst_port = info.repldst_port_high = from_be(old.repldst_port);
  info.match_flags = old.match_flags;
  info.invert_flags = old.invert_flags;
  info.state_mask = old.state_mask;
  info.status_mask = old.status_mask;
  return conntrack(out, Conntrack(info));
}
bool conntrack1(XtDecoding& out, const xt_conntrack_mtinfo1& info) {
  return conntrack_before3(out, info);
}
bool conntrack2(XtDecoding& out, const xt_conntrack_mtinfo2& info) {
  return conntrack_before3(out, info);
}
bool conntrack3(XtDecoding& out, const xt_conntrack_mtinfo3& info) {
  return conntrack(out, Conntrack(info));
}

bool state(XtDecoding& out, const xt_state_info& info) {
  any_bit(out, PacketField::ct_state, false, info.statemask);
  return true;
}

// --- others ------------------------------------------------------------------------------------

bool connmark(XtDecoding& out, const xt_connmark_mtinfo1& info) {
  out.mark(PacketField::ct_mark, info.invert, info.mark, info.mask);
  return true;
}

// By what is counted and in which direction.
constexpr PacketField kCounts[3][3] = {
    {PacketField::ct_original_packets, PacketField::ct_reply_packets, PacketField::ct_packets},
    {PacketField::ct_original_bytes, PacketField::ct_reply_bytes, PacketField::ct_bytes},
    {PacketField::ct_original_avgpkt, PacketField::ct_reply_avgpkt, PacketField::ct_avgpkt},
};

// An inverted range is written the wrong way round (xt_connbytes.c).
bool connbytes(XtDecoding& out, const xt_connbytes_info& info) {
  if (info.what > XT_CONNBYTES_AVGPKT || info.direction > XT_CONNBYTES_DIR_BOTH) return false;
  const bool invert = info.count.from > info.count.to;
  const auto [first, last] = std::minmax(info.count.from, info.count.to);
  out.add(Match{kCounts[info.what][info.direction],
                invert ? Compare::not_in : Compare::in,
                {},
                Octets::number(first, 8),
                Octets::number(last, 8)});
  return true;
}

// A packet without a connection matches the inverted one; to set a label is no comparison.
bool connlabel(XtDecoding& out, const xt_connlabel_mtinfo& info) {
  if (info.bit > XT_CONNLABEL_MAXBIT) return false;
  if (info.options != 0) {
    XtOptions options;
    options.invert(info.options & XT_CONNLABEL_OP_INVERT).add("--label \"{}\"", info.bit);
    if (info.options & XT_CONNLABEL_OP_SET) options.add("--set");
    out.extension(std::move(options).text());
    return true;
  }
  Octets label(std::size_t{16});
  label[15u - info.bit / 8u] = std::byte{1} << (info.bit % 8);
  out.match(PacketField::ct_label, true, Octets(std::size_t{16}), std::move(label));
  return true;
}

bool connlimit(XtDecoding& out, const xt_connlimit_info& info) {
  const auto length = mask_length(address_octets(out, info.mask));
  if (!length) return false;
  const bool under = info.flags & XT_CONNLIMIT_INVERT;
  XtOptions options;
  options.add("{} {}", under ? "--connlimit-upto" : "--connlimit-above", info.limit);
  options.add("--connlimit-mask {}", *length);
  options.add("{}", info.flags & XT_CONNLIMIT_DADDR ? "--connlimit-daddr" : "--connlimit-saddr");
  out.extension(std::move(options).text());
  return true;
}

// The helper's name is compared as far as it goes, and none matches the inverted one (xt_helper.c).
bool helper(XtDecoding& out, const xt_helper_info& info) {
  XtOptions options;
  options.invert(info.invert).add("--helper {}", iptables_text(xt_text(info.name)));
  out.extension(std::move(options).text());
  return true;
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"conntrack", kMatch, kXtAny, 1, exactly<conntrack1>, true},
    {"conntrack", kMatch, kXtAny, 2, exactly<conntrack2>, true},
    {"conntrack", kMatch, kXtAny, 3, exactly<conntrack3>, true},
    {"state", kMatch, kXtAny, 0, exactly<state>, true},
    {"connmark", kMatch, kXtAny, 1, exactly<connmark>, true},
    {"connbytes", kMatch, kXtAny, 0, exactly<connbytes>, true},
    {"connlabel", kMatch, kXtAny, 0, exactly<connlabel>, true},
    {"connlimit", kMatch, kXtAny, 1, exactly<connlimit>, false},
    {"helper", kMatch, kXtAny, 0, exactly<helper>, false},
};

}  // namespace

std::span<const XtRow> xt_connection_matches() { return kRows; }

}  // namespace nsmap::collect
