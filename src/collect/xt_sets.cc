#include <linux/netfilter/xt_set.h>

#include <cinttypes>
#include <limits>

#include "collect/xt_decoding.h"

// Match "set" and target SET, whose structures name an ipset by its index.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::uint16_t kNoSet = IPSET_INVALID_ID;

std::optional<std::string> set_name(const XtDecoding& out, std::uint16_t index) {
  if (out.xt.ipsets == nullptr) return std::nullopt;
  return out.xt.ipsets->name(index);
}

std::vector<std::string> directions(const xt_set_info& set) {
  std::vector<std::string> sides;
  for (unsigned dimension = 1; dimension <= set.dim && dimension <= IPSET_DIM_MAX; ++dimension)
    sides.emplace_back(set.flags >> dimension & 1 ? "src" : "dst");
  return sides;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

template <typename Counter>
bool add_counter(XtOptions& options, const char* name, const Counter& counter) {
  static constexpr const char* kSuffix[] = {nullptr, "eq", "eq", "lt", "gt"};
  if (counter.op == IPSET_COUNTER_NONE) return true;
  if (counter.op >= std::size(kSuffix)) return false;
  options.invert(counter.op == IPSET_COUNTER_NE)
      .add("--{}-{} {}", name, kSuffix[counter.op], std::uint64_t{counter.value});
  return true;
}

template <typename Info>
bool counters(XtOptions& options, const Info& info) {
  if (info.flags & IPSET_FLAG_RETURN_NOMATCH) options.add("--return-nomatch");
  if (info.flags & IPSET_FLAG_SKIP_COUNTER_UPDATE) options.add("! --update-counters");
  if (info.flags & IPSET_FLAG_SKIP_SUBCOUNTER_UPDATE) options.add("! --update-subcounters");
  return add_counter(options, "packets", info.packets) && add_counter(options, "bytes", info.bytes);
}
bool counters(XtOptions&, const xt_set_info_match_v1&) { return true; }

template <typename Info>
bool set_match(XtDecoding& out, const Info& info) {
  const auto name = set_name(out, info.match_set.index);
  if (!name) return false;
  XtOptions options;
  if (info.match_set.flags & IPSET_RETURN_NOMATCH) options.add("--return-nomatch");
  if (!counters(options, info)) return false;
  out.add(
      Box(IpsetMatch{*name, directions(info.match_set),
                     (info.match_set.flags & IPSET_INV_MATCH) != 0, std::move(options).text()}));
  return true;
}

bool match1(XtDecoding& out, const xt_set_info_match_v1& info) { return set_match(out, info); }
bool match3(XtDecoding& out, const xt_set_info_match_v3& info) { return set_match(out, info); }
bool match4(XtDecoding& out, const xt_set_info_match_v4& info) { return set_match(out, info); }

// --- the target --------------------------------------------------------------------------------

// False: there is such a set and it has no name.
bool add_set(XtOptions& options, const XtDecoding& out, const char* option,
             const xt_set_info& set) {
  if (set.index == kNoSet) return true;
  const auto name = set_name(out, set.index);
  if (!name) return false;
  options.add("{} {} {}", option, iptables_text(*name), joined(directions(set)));
  return true;
}

void add_timeout(XtOptions& options, std::uint32_t flags, std::uint32_t timeout) {
  if (flags & IPSET_FLAG_EXIST) options.add("--exist");
  if (timeout != std::numeric_limits<std::uint32_t>::max()) options.add("--timeout {}", timeout);
}

bool target1(XtDecoding& out, const xt_set_info_target_v1& info) {
  XtOptions options;
  if (!add_set(options, out, "--add-set", info.add_set)) return false;
  if (!add_set(options, out, "--del-set", info.del_set)) return false;
  out.extension(std::move(options).text());
  return true;
}

bool target2(XtDecoding& out, const xt_set_info_target_v2& info) {
  XtOptions options;
  if (!add_set(options, out, "--add-set", info.add_set)) return false;
  add_timeout(options, info.flags, info.timeout);
  if (!add_set(options, out, "--del-set", info.del_set)) return false;
  out.extension(std::move(options).text());
  return true;
}

bool target3(XtDecoding& out, const xt_set_info_target_v3& info) {
  XtOptions options;
  if (!add_set(options, out, "--add-set", info.add_set)) return false;
  add_timeout(options, info.flags, info.timeout);
  if (!add_set(options, out, "--del-set", info.del_set)) return false;
  if (!add_set(options, out, "--map-set", info.map_set)) return false;
  if (info.flags & IPSET_FLAG_MAP_SKBMARK) options.add("--map-mark");
  if (info.flags & IPSET_FLAG_MAP_SKBPRIO) options.add("--map-prio");
  if (info.flags & IPSET_FLAG_MAP_SKBQUEUE) options.add("--map-queue");
  out.extension(std::move(options).text());
  return true;
}

constexpr XtRow kRows[] = {
    {"set", false, kXtAny, 1, exactly<match1>, true},
    {"set", false, kXtAny, 2, exactly<match1>, true},
    {"set", false, kXtAny, 3, exactly<match3>, true},
    {"set", false, kXtAny, 4, exactly<match4>, true},
    {"SET", true, kXtAny, 1, exactly<target1>, false},
    {"SET", true, kXtAny, 2, exactly<target2>, false},
    {"SET", true, kXtAny, 3, exactly<target3>, false},
};

}  // namespace

std::span<const XtRow> xt_set_rows() { return kRows; }

}  // namespace nsmap::collect
