#include <linux/in6.h>
#include <linux/netfilter_ipv6/ip6t_frag.h>
#include <linux/netfilter_ipv6/ip6t_ipv6header.h>
#include <linux/netfilter_ipv6/ip6t_mh.h>
#include <linux/netfilter_ipv6/ip6t_opts.h>
#include <linux/netfilter_ipv6/ip6t_rt.h>
#include <linux/netfilter_ipv6/ip6t_srh.h>

#include <bit>

#include "collect/xt_decoding.h"

// Matches of IPv6's extension headers, which are their options.

namespace nsmap::collect {
namespace {

std::string address_text(const in6_addr& address) {
  return IpAddress::from_bytes(std::as_bytes(std::span(&address, 1)))->text();
}

bool frag(XtDecoding& out, const ip6t_frag& info) {
  XtOptions options;
  const bool any_id = info.ids[0] == 0 && info.ids[1] == 0xffffffff;
  if (!any_id || info.invflags & IP6T_FRAG_INV_IDS)
    options.invert(info.invflags & IP6T_FRAG_INV_IDS)
        .add("--fragid {}", range_text(info.ids[0], info.ids[1]));
  if (info.flags & IP6T_FRAG_LEN)
    options.invert(info.invflags & IP6T_FRAG_INV_LEN).add("--fraglen {}", info.hdrlen);
  if (info.flags & IP6T_FRAG_RES) options.add("--fragres");
  if (info.flags & IP6T_FRAG_FST) options.add("--fragfirst");
  if (info.flags & IP6T_FRAG_MF) options.add("--fragmore");
  if (info.flags & IP6T_FRAG_NMF) options.add("--fraglast");
  out.extension(std::move(options).text());
  return true;
}

// An option's type, and its length where that is asked for (the low byte).
std::string option_list(const ip6t_opts& info) {
  std::string text;
  for (std::size_t at = 0; at < info.optsnr; ++at) {
    text += fmt::format("{}{}", at == 0 ? "" : ",", info.opts[at] >> 8);
    if ((info.opts[at] & 0xff) != 0xff) text += fmt::format(":{}", info.opts[at] & 0xff);
  }
  return text;
}

template <char letter>
bool options_header(XtDecoding& out, const ip6t_opts& info) {
  if (info.optsnr > IP6T_OPTS_OPTSNR) return false;
  XtOptions options;
  const std::string name = letter == 'h' ? "hbh" : "dst";
  if (info.flags & IP6T_OPTS_LEN)
    options.invert(info.invflags & IP6T_OPTS_INV_LEN).add("--{}-len {}", name, info.hdrlen);
  if (info.flags & IP6T_OPTS_OPTS && info.optsnr > 0)
    options.add("--{}-opts {}", name, option_list(info));
  if (info.flags & IP6T_OPTS_NSTRICT) options.add("--{}-not-strict", name);
  out.extension(std::move(options).text());
  return true;
}

void route_addresses(XtOptions& options, const ip6t_rt& info) {
  std::string text;
  for (std::size_t at = 0; at < info.addrnr; ++at)
    text += (at == 0 ? "" : ",") + address_text(info.addrs[at]);
  options.add("--rt-0-addrs {}", text);
}

bool rt(XtDecoding& out, const ip6t_rt& info) {
  if (info.addrnr > IP6T_RT_HOPS) return false;
  XtOptions options;
  if (info.flags & IP6T_RT_TYP)
    options.invert(info.invflags & IP6T_RT_INV_TYP).add("--rt-type {}", info.rt_type);
  const bool any = info.segsleft[0] == 0 && info.segsleft[1] == 0xffffffff;
  if (!any || info.invflags & IP6T_RT_INV_SGS)
    options.invert(info.invflags & IP6T_RT_INV_SGS)
        .add("--rt-segsleft {}", range_text(info.segsleft[0], info.segsleft[1]));
  if (info.flags & IP6T_RT_LEN)
    options.invert(info.invflags & IP6T_RT_INV_LEN).add("--rt-len {}", info.hdrlen);
  if (info.flags & IP6T_RT_RES) options.add("--rt-0-res");
  if (info.addrnr > 0) route_addresses(options, info);
  if (info.flags & IP6T_RT_FST_NSTRICT) options.add("--rt-0-not-strict");
  out.extension(std::move(options).text());
  return true;
}

bool mh(XtDecoding& out, const ip6t_mh& info) {
  XtOptions options;
  const bool any = info.types[0] == 0 && info.types[1] == 0xff;
  if (!any || info.invflags & IP6T_MH_INV_TYPE)
    options.invert(info.invflags & IP6T_MH_INV_TYPE)
        .add("--mh-type {}", range_text(info.types[0], info.types[1]));
  out.extension(std::move(options).text());
  return true;
}

bool ipv6header(XtDecoding& out, const ip6t_ipv6header_info& info) {
  static constexpr std::pair<unsigned, const char*> kHeaders[] = {{MASK_HOPOPTS, "hop-by-hop"},
                                                                  {MASK_DSTOPTS, "ipv6-opts"},
                                                                  {MASK_ROUTING, "ipv6-route"},
                                                                  {MASK_FRAGMENT, "ipv6-frag"},
                                                                  {MASK_AH, "ah"},
                                                                  {MASK_ESP, "esp"},
                                                                  {MASK_NONE, "ipv6-nonxt"},
                                                                  {MASK_PROTO, "protocol"}};
  std::string names;
  for (const auto& [bit, name] : kHeaders)
    if (info.matchflags & bit) names += (names.empty() ? "" : ",") + std::string(name);
  XtOptions options;
  options.invert(info.invflags).add("--header {}", names);
  if (info.modeflag) options.add("--soft");
  out.extension(std::move(options).text());
  return true;
}

// --- segment routing ---------------------------------------------------------------------------

struct SrhNumber {
  unsigned flag;
  const char* option;
  std::uint8_t ip6t_srh1::*field;
};
constexpr SrhNumber kSrhNumbers[] = {
    {IP6T_SRH_NEXTHDR, "--srh-next-hdr", &ip6t_srh1::next_hdr},
    {IP6T_SRH_LEN_EQ, "--srh-hdr-len-eq", &ip6t_srh1::hdr_len},
    {IP6T_SRH_LEN_GT, "--srh-hdr-len-gt", &ip6t_srh1::hdr_len},
    {IP6T_SRH_LEN_LT, "--srh-hdr-len-lt", &ip6t_srh1::hdr_len},
    {IP6T_SRH_SEGS_EQ, "--srh-segs-left-eq", &ip6t_srh1::segs_left},
    {IP6T_SRH_SEGS_GT, "--srh-segs-left-gt", &ip6t_srh1::segs_left},
    {IP6T_SRH_SEGS_LT, "--srh-segs-left-lt", &ip6t_srh1::segs_left},
    {IP6T_SRH_LAST_EQ, "--srh-last-entry-eq", &ip6t_srh1::last_entry},
    {IP6T_SRH_LAST_GT, "--srh-last-entry-gt", &ip6t_srh1::last_entry},
    {IP6T_SRH_LAST_LT, "--srh-last-entry-lt", &ip6t_srh1::last_entry},
};
struct SrhAddress {
  unsigned flag;
  const char* option;
  in6_addr ip6t_srh1::*address;
  in6_addr ip6t_srh1::*mask;
};
constexpr SrhAddress kSrhAddresses[] = {
    {IP6T_SRH_PSID, "--srh-psid", &ip6t_srh1::psid_addr, &ip6t_srh1::psid_msk},
    {IP6T_SRH_NSID, "--srh-nsid", &ip6t_srh1::nsid_addr, &ip6t_srh1::nsid_msk},
    {IP6T_SRH_LSID, "--srh-lsid", &ip6t_srh1::lsid_addr, &ip6t_srh1::lsid_msk},
};

int ones(const in6_addr& mask) {
  int count = 0;
  for (const std::uint8_t byte : mask.s6_addr) count += std::popcount(byte);
  return count;
}

bool srh1(XtDecoding& out, const ip6t_srh1& info) {
  if (info.mt_flags & ~IP6T_SRH_MASK) return false;
  XtOptions options;
  for (const SrhNumber& row : kSrhNumbers)
    if (info.mt_flags & row.flag)
      options.invert(info.mt_invflags & row.flag).add("{} {}", row.option, info.*row.field);
  if (info.mt_flags & IP6T_SRH_TAG)
    options.invert(info.mt_invflags & IP6T_SRH_INV_TAG).add("--srh-tag {}", info.tag);
  for (const SrhAddress& row : kSrhAddresses)
    if (info.mt_flags & row.flag)
      options.invert(info.mt_invflags & row.flag)
          .add("{} {}/{}", row.option, address_text(info.*row.address), ones(info.*row.mask));
  out.extension(std::move(options).text());
  return true;
}

bool srh0(XtDecoding& out, const ip6t_srh& info) {
  ip6t_srh1 wide{};
  wide.next_hdr = info.next_hdr;
  wide.hdr_len = info.hdr_len;
  wide.segs_left = info.segs_left;
  wide.last_entry = info.last_entry;
  wide.tag = info.tag;
  wide.mt_flags = info.mt_flags;
  wide.mt_invflags = info.mt_invflags;
  return srh1(out, wide);
}

// Its structure is an int that says nothing.
bool eui64(XtDecoding& out, const int&) {
  out.extension({});
  return true;
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"frag", kMatch, kXtIp6, 0, exactly<frag>, false},
    {"hbh", kMatch, kXtIp6, 0, exactly<options_header<'h'>>, false},
    {"dst", kMatch, kXtIp6, 0, exactly<options_header<'d'>>, false},
    {"rt", kMatch, kXtIp6, 0, exactly<rt>, false},
    {"mh", kMatch, kXtIp6, 0, exactly<mh>, false},
    {"ipv6header", kMatch, kXtIp6, 0, exactly<ipv6header>, false},
    {"srh", kMatch, kXtIp6, 0, exactly<srh0>, false},
    {"srh", kMatch, kXtIp6, 1, exactly<srh1>, false},
    {"eui64", kMatch, kXtIp6, 0, exactly<eui64>, false},
};

}  // namespace

std::span<const XtRow> xt_ipv6_matches() { return kRows; }

}  // namespace nsmap::collect
