#include <linux/netfilter/xt_bpf.h>
#include <linux/netfilter/xt_osf.h>
#include <linux/netfilter/xt_string.h>
#include <linux/netfilter/xt_time.h>
#include <linux/netfilter/xt_u32.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "collect/xt_decoding.h"

// Matches that search the packet, run a program over it, or look at the clock: the model has no
// form for any.

namespace nsmap::collect {
namespace {

// --- string ------------------------------------------------------------------------------------

std::string_view pattern_of(const xt_string_info& info) {
  return {info.pattern, std::min<std::size_t>(info.patlen, sizeof info.pattern)};
}

// "|0d0a|" where it is not all plain text (libxt_string.c is_hex_string).
bool needs_hex(std::string_view pattern) {
  return pattern.empty() || pattern.back() == '\\' ||
         std::ranges::any_of(pattern, [](char c) { return c < 0x20 || c >= 0x7f; });
}

std::string hex_text(std::string_view pattern) {
  std::string text = "\"|";
  for (const char c : pattern) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text + "|\"";
}

// Quoted as iptables_text does, but always, and not before an apostrophe.
std::string quoted(std::string_view pattern) {
  std::string text = "\"";
  for (const char c : pattern) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

bool string(XtDecoding& out, const xt_string_info& info) {
  if (info.patlen > sizeof info.pattern) return false;
  XtOptions options;
  const std::uint8_t flags =
      out.xt.revision == 0 ? (info.u.v0.invert ? XT_STRING_FLAG_INVERT : 0) : info.u.v1.flags;
  const std::string_view pattern = pattern_of(info);
  options.invert(flags & XT_STRING_FLAG_INVERT);
  if (needs_hex(pattern))
    options.add("--hex-string {}", hex_text(pattern));
  else
    options.add("--string {}", quoted(clean_text(pattern)));
  options.add("--algo {}", xt_text(info.algo));
  if (info.from_offset != 0) options.add("--from {}", info.from_offset);
  if (info.to_offset != 0 && info.to_offset != 0xffff) options.add("--to {}", info.to_offset);
  if (flags & XT_STRING_FLAG_IGNORECASE) options.add("--icase");
  out.extension(std::move(options).text());
  return true;
}

// --- time --------------------------------------------------------------------------------------

std::string clock_text(std::uint32_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string date_text(std::uint32_t seconds) {
  using namespace std::chrono;
  const sys_seconds at{std::chrono::seconds(seconds)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}T{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock_text(static_cast<std::uint32_t>((at - day).count())));
}

template <typename Name>
std::string listed(std::uint32_t bits, unsigned first, unsigned last, Name name) {
  std::string text;
  for (unsigned bit = first; bit <= last; ++bit)
    if (bits >> bit & 1) text += (text.empty() ? "" : ",") + std::string(name(bit));
  return text;
}

bool time(XtDecoding& out, const xt_time_info& info) {
  static constexpr const char* kDays[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::uint32_t kNever = 0x7fffffff;
  if (info.flags & ~XT_TIME_ALL_FLAGS) return false;
  XtOptions options;
  if (info.daytime_start != XT_TIME_MIN_DAYTIME || info.daytime_stop != XT_TIME_MAX_DAYTIME)
    options.add("--timestart {} --timestop {}", clock_text(info.daytime_start),
                clock_text(info.daytime_stop));
  if (info.monthdays_match != XT_TIME_ALL_MONTHDAYS)
    options.add("--monthdays {}", listed(info.monthdays_match, 1, 31,
                                         [](unsigned day) { return std::to_string(day); }));
  if (info.weekdays_match != XT_TIME_ALL_WEEKDAYS)
    options.add("--weekdays {}",
                listed(info.weekdays_match, 1, 7, [](unsigned day) { return kDays[day]; }));
  if (info.date_start != 0) options.add("--datestart {}", date_text(info.date_start));
  if (info.date_stop != 0xffffffff && info.date_stop != 0)
    options.add("--datestop {}", date_text(std::min(info.date_stop, kNever)));
  if (info.flags & XT_TIME_LOCAL_TZ) options.add("--kerneltz");
  if (info.flags & XT_TIME_CONTIGUOUS) options.add("--contiguous");
  out.extension(std::move(options).text());
  return true;
}

// --- u32 ---------------------------------------------------------------------------------------

// False: it says more than it has room for.
bool u32_test(std::string& text, const xt_u32_test& test) {
  static constexpr const char* kOperators[] = {"&", "<<", ">>", "@"};
  constexpr std::size_t kRoom = XT_U32_MAXSIZE + 1;
  if (test.nnums == 0 || test.nnums > kRoom || test.nvalues == 0 || test.nvalues > kRoom)
    return false;
  text += fmt::format("0x{:x}", test.location[0].number);
  for (std::size_t at = 1; at < test.nnums; ++at) {
    if (test.location[at].nextop >= std::size(kOperators)) return false;
    text += fmt::format("{}0x{:x}", kOperators[test.location[at].nextop], test.location[at].number);
  }
  for (std::size_t at = 0; at < test.nvalues; ++at) {
    const auto& value = test.value[at];
    text += fmt::format("{}0x{:x}", at == 0 ? "=" : ",", value.min);
    if (value.min != value.max) text += fmt::format(":0x{:x}", value.max);
  }
  return true;
}

bool u32(XtDecoding& out, const xt_u32& info) {
  if (info.ntests > XT_U32_MAXSIZE + 1) return false;
  std::string tests;
  for (std::size_t at = 0; at < info.ntests; ++at) {
    if (at > 0) tests += "&&";
    if (!u32_test(tests, info.tests[at])) return false;
  }
  out.extension(fmt::format("{}--u32 \"{}\"", info.invert ? "! " : "", tests));
  return true;
}

// --- BPF ---------------------------------------------------------------------------------------

bool bytecode(XtDecoding& out, const sock_filter* program, std::size_t count) {
  if (count > XT_BPF_MAX_NUM_INSTR) return false;
  std::string text = std::to_string(count);
  for (std::size_t at = 0; at < count; ++at)
    text += fmt::format(",{} {} {} {}", program[at].code, program[at].jt, program[at].jf,
                        program[at].k);
  out.extension("--bytecode \"" + text + "\"");
  return true;
}

bool bpf0(XtDecoding& out, const xt_bpf_info& info) {
  return bytecode(out, info.bpf_program, info.bpf_program_num_elem);
}

bool bpf1(XtDecoding& out, const xt_bpf_info_v1& info) {
  if (info.mode == XT_BPF_MODE_BYTECODE)
    return bytecode(out, info.bpf_program, info.bpf_program_num_elem);
  if (info.mode != XT_BPF_MODE_PATH_PINNED) return false;
  out.extension("--object-pinned " + iptables_text(xt_text(info.path)));
  return true;
}

bool osf(XtDecoding& out, const xt_osf_info& info) {
  XtOptions options;
  options.invert(info.flags & XT_OSF_INVERT).add("--genre {}", iptables_text(xt_text(info.genre)));
  if (info.flags & XT_OSF_TTL) options.add("--ttl {}", info.ttl);
  if (info.flags & XT_OSF_LOG) options.add("--log {}", info.loglevel);
  out.extension(std::move(options).text());
  return true;
}

constexpr bool kMatch = false;
constexpr XtRow kRows[] = {
    {"string", kMatch, kXtAny, 0, exactly<string>, false},
    {"string", kMatch, kXtAny, 1, exactly<string>, false},
    {"time", kMatch, kXtAny, 0, exactly<time>, false},
    {"u32", kMatch, kXtAny, 0, exactly<u32>, false},
    {"bpf", kMatch, kXtAny, 0, exactly<bpf0>, false},
    {"bpf", kMatch, kXtAny, 1, exactly<bpf1>, false},
    {"osf", kMatch, kXtAny, 0, exactly<osf>, false},
};

}  // namespace

std::span<const XtRow> xt_pattern_matches() { return kRows; }

}  // namespace nsmap::collect
