#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_quota.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_statistic.h>

#include <bit>

#include "collect/xt_decoding.h"

// Matches that count what came before.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

struct Unit {
  const char* name;
  std::uint64_t seconds;
};
constexpr Unit kUnits[] = {{"day", 86400}, {"hour", 3600}, {"min", 60}, {"sec", 1}};

struct Rate {
  std::uint64_t count = 0;
  Unit per;
};

// The kernel holds the time between two packets, in 1/scale s, rounded down. iptables takes the
// longest unit that tells the rate about as well (libxt_limit.c print_rate), and so do we.
Rate rate_of(std::uint64_t period, std::uint64_t scale) {
  std::size_t unit = 1;
  for (; unit < std::size(kUnits); ++unit) {
    const std::uint64_t ticks = kUnits[unit].seconds * scale;
    if (period > ticks || ticks / period < ticks % period) break;
  }
  const Unit per = kUnits[unit - 1];
  return {per.seconds * scale / period, per};
}

bool limit(XtDecoding& out, const xt_rateinfo& info) {
  if (info.avg == 0) return false;
  const Rate rate = rate_of(info.avg, XT_LIMIT_SCALE);
  out.add(Box(Limit{rate.count, rate.per.seconds, info.burst, false, false}));
  return true;
}

bool quota(XtDecoding& out, const xt_quota_info& info) {
  if (info.flags & ~XT_QUOTA_MASK) return false;
  out.add(Box(Quota{info.quota, 0, (info.flags & XT_QUOTA_INVERT) != 0}));
  return true;
}

// The kernel holds one less than "every" (libxt_statistic.c).
bool statistic(XtDecoding& out, const xt_statistic_info& info) {
  Chance chance;
  chance.invert = info.flags & XT_STATISTIC_INVERT;
  switch (info.mode) {
    case XT_STATISTIC_MODE_RANDOM:
      chance.probability = info.u.random.probability;
      break;
    case XT_STATISTIC_MODE_NTH:
      if (info.u.nth.every == 0xffffffff) return false;
      chance.every = info.u.nth.every + 1;
      chance.packet = info.u.nth.packet;
      break;
    default:
      return false;
  }
  out.add(Box(std::move(chance)));
  return true;
}

// --- recent ------------------------------------------------------------------------------------

void recent_action(XtOptions& options, unsigned flags, bool invert) {
  struct Action {
    unsigned flag;
    const char* option;
  };
  static constexpr Action kActions[] = {{XT_RECENT_SET, "--set"},
                                        {XT_RECENT_CHECK, "--rcheck"},
                                        {XT_RECENT_UPDATE, "--update"},
                                        {XT_RECENT_REMOVE, "--remove"}};
  for (const Action& action : kActions)
    if (flags & action.flag) options.invert(invert).add("{}", action.option);
}

bool recent(XtDecoding& out, const xt_recent_mtinfo_v1& info) {
  if (info.check_set & ~XT_RECENT_VALID_FLAGS) return false;
  XtOptions options;
  recent_action(options, info.check_set, info.invert);
  if (info.seconds != 0) options.add("--seconds {}", info.seconds);
  if (info.check_set & XT_RECENT_REAP) options.add("--reap");
  if (info.hit_count != 0) options.add("--hitcount {}", info.hit_count);
  if (info.check_set & XT_RECENT_TTL) options.add("--rttl");
  options.add("--name {}", iptables_text(xt_text(info.name)));
  if (out.xt.revision > 0) options.add("--mask {}", address_text(out, info.mask));
  options.add("{}", info.side == XT_RECENT_DEST ? "--rdest" : "--rsource");
  out.extension(std::move(options).text());
  return true;
}

bool recent0(XtDecoding& out, const xt_recent_mtinfo& info) {
  xt_recent_mtinfo_v1 wide{};
  std::memcpy(&wide, &info, sizeof info);
  return recent(out, wide);
}

// --- hashlimit ---------------------------------------------------------------------------------

// Of revisions 1 to 3, which differ in scale and width.
struct HashLimit {
  std::string name;
  hashlimit_cfg3 config{};
  std::uint64_t scale = XT_HASHLIMIT_SCALE_v2;
};

std::string hash_mode(std::uint32_t mode) {
  struct Part {
    std::uint32_t bit;
    const char* name;
  };
  static constexpr Part kParts[] = {{XT_HASHLIMIT_HASH_SIP, "srcip"},
                                    {XT_HASHLIMIT_HASH_SPT, "srcport"},
                                    {XT_HASHLIMIT_HASH_DIP, "dstip"},
                                    {XT_HASHLIMIT_HASH_DPT, "dstport"}};
  std::string text;
  for (const Part& part : kParts)
    if (mode & part.bit) text += (text.empty() ? "" : ",") + std::string(part.name);
  return text;
}

// Bytes a second lie there as how often 16 of them fit into 2^32, rounded (libxt_hashlimit.c
// bytes_to_cost).
constexpr std::uint64_t kMostCost = 0xffffffff;
std::uint64_t bytes_of(std::uint64_t cost) {
  return ((cost == 0 ? kMostCost : kMostCost / cost) - 1) << XT_HASHLIMIT_BYTE_SHIFT;
}
std::uint64_t cost_of(std::uint64_t bytes) {
  return kMostCost / ((bytes >> XT_HASHLIMIT_BYTE_SHIFT) + 1);
}

struct ByteUnit {
  std::uint64_t bytes;
  const char* name;
};
constexpr ByteUnit kByteUnits[] = {{1024 * 1024, "mb"}, {1024, "kb"}, {1, "b"}};

// The largest unit in which the rate comes out the same; the burst is a multiple of it.
void byte_rate(XtOptions& options, const char* option, const hashlimit_cfg3& config) {
  const std::uint64_t rate = bytes_of(config.avg);
  for (const ByteUnit& unit : kByteUnits) {
    const bool same = cost_of(rate & ~(unit.bytes - 1)) == config.avg || unit.bytes == 1;
    if (rate < unit.bytes || !same) continue;
    options.add("{} {}{}/s", option, rate / unit.bytes, unit.name);
    break;
  }
  if (config.burst == 0) return;
  const std::uint64_t burst = rate * config.burst;
  for (const ByteUnit& unit : kByteUnits)
    if (burst >= unit.bytes)
      return void(options.add("--hashlimit-burst {}{}", burst / unit.bytes, unit.name));
}

// How long entries last is left out where it follows from the rate, in ms.
std::uint64_t usual_expire(const HashLimit& limit) {
  constexpr std::uint64_t kBytes = 15000, kBytesWithBurst = 60000;
  if (limit.config.mode & XT_HASHLIMIT_BYTES) return limit.config.burst ? kBytesWithBurst : kBytes;
  return rate_of(limit.config.avg, limit.scale).per.seconds * 1000;
}

void hash_room(XtOptions& options, const HashLimit& limit) {
  const hashlimit_cfg3& config = limit.config;
  if (config.size != 0) options.add("--hashlimit-htable-size {}", config.size);
  if (config.max != 0) options.add("--hashlimit-htable-max {}", config.max);
  if (config.gc_interval != 1000)
    options.add("--hashlimit-htable-gcinterval {}", config.gc_interval);
  if (config.expire != usual_expire(limit))
    options.add("--hashlimit-htable-expire {}", config.expire);
}

bool hashlimit(XtDecoding& out, const HashLimit& limit) {
  const hashlimit_cfg3& config = limit.config;
  if (config.avg == 0) return false;
  const char* const option =
      config.mode & XT_HASHLIMIT_INVERT ? "--hashlimit-above" : "--hashlimit-upto";
  XtOptions options;
  if (config.mode & XT_HASHLIMIT_BYTES) {
    byte_rate(options, option, config);
  } else {
    const Rate rate = rate_of(config.avg, limit.scale);
    options.add("{} {}/{} --hashlimit-burst {}", option, rate.count, rate.per.name, config.burst);
  }
  if (const std::string mode = hash_mode(config.mode); !mode.empty())
    options.add("--hashlimit-mode {}", mode);
  options.add("--hashlimit-name {}", iptables_text(limit.name));
  hash_room(options, limit);
  const unsigned whole = out.ip6() ? 128 : 32;
  if (config.srcmask != whole) options.add("--hashlimit-srcmask {}", config.srcmask);
  if (config.dstmask != whole) options.add("--hashlimit-dstmask {}", config.dstmask);
  if (config.mode & XT_HASHLIMIT_RATE_MATCH) {
    options.add("--hashlimit-rate-match");
    if (config.interval != 1) options.add("--hashlimit-rate-interval {}", config.interval);
  }
  out.extension(std::move(options).text());
  return true;
}

template <typename Config>
HashLimit hash_limit(const std::string& name, const Config& config, std::uint64_t scale) {
  HashLimit limit{name, {}, scale};
  limit.config.avg = config.avg;
  limit.config.burst = config.burst;
  limit.config.mode = config.mode;
  limit.config.size = config.size;
  limit.config.max = config.max;
  limit.config.gc_interval = config.gc_interval;
  limit.config.expire = config.expire;
  if constexpr (requires { config.interval; }) limit.config.interval = config.interval;
  limit.config.srcmask = config.srcmask;
  limit.config.dstmask = config.dstmask;
  return limit;
}

bool hashlimit1(XtDecoding& out, const xt_hashlimit_mtinfo1& info) {
  return hashlimit(out, hash_limit(xt_text(info.name), info.cfg, XT_HASHLIMIT_SCALE));
}
bool hashlimit2(XtDecoding& out, const xt_hashlimit_mtinfo2& info) {
  return hashlimit(out, hash_limit(xt_text(info.name), info.cfg, XT_HASHLIMIT_SCALE_v2));
}
bool hashlimit3(XtDecoding& out, const xt_hashlimit_mtinfo3& info) {
  return hashlimit(out, hash_limit(xt_text(info.name), info.cfg, XT_HASHLIMIT_SCALE_v2));
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"limit", kMatch, kXtAny, 0, exactly<limit>, true},
    {"quota", kMatch, kXtAny, 0, exactly<quota>, true},
    {"statistic", kMatch, kXtAny, 0, exactly<statistic>, true},
    {"recent", kMatch, kXtAny, 0, exactly<recent0>, false},
    {"recent", kMatch, kXtAny, 1, exactly<recent>, false},
    {"hashlimit", kMatch, kXtAny, 1, exactly<hashlimit1>, false},
    {"hashlimit", kMatch, kXtAny, 2, exactly<hashlimit2>, false},
    {"hashlimit", kMatch, kXtAny, 3, exactly<hashlimit3>, false},
};

}  // namespace

std::span<const XtRow> xt_rate_matches() { return kRows; }

}  // namespace nsmap::collect
