#pragma once

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip.h"
#include "base/text.h"
#include "collect/xt.h"

// How the matches and targets of x_tables are decoded: a row each in the tables of the files
// xt_matches_*.cc and xt_targets_*.cc. A decoder is a function of the structure of the UAPI header,
// which has the length that the kernel demands of it (xt_check_match: XT_ALIGN of its size).

namespace nsmap::collect {

// The families whose rules may hold an extension, as bits.
enum XtFamilies : std::uint8_t { kXtIp = 1, kXtIp6 = 2, kXtArp = 4, kXtBridge = 8, kXtAny = 15 };

// One extension while it is decoded.
class XtDecoding {
 public:
  XtDecoding(const XtExtension& extension, model::firewall::Rule& into)
      : xt(extension), rule(into), via(extension.name) {}

  const XtExtension& xt;
  model::firewall::Rule& rule;
  std::string_view via;

  bool ip6() const { return xt.family == model::firewall::Family::ip6; }
  // Appends a statement.
  void add(model::firewall::Action action) {
    rule.statements.push_back({std::string(via), std::move(action)});
  }
  // A mask of all ones is none.
  void match(model::firewall::Value left, bool invert, Octets right, Octets mask = {});
  // One value where both are the same.
  void range(model::firewall::Value left, bool invert, Octets first, Octets last);
  // The mark & mask is, or is not, `right`.
  void mark(model::PacketField field, bool invert, std::uint32_t right, std::uint32_t mask);
  // What the model has no form for: its options as iptables-save writes them.
  void extension(std::string options);
};

// False: the structure says what cannot be; nothing that was appended stays.
using XtDecode = bool (*)(XtDecoding&);

struct XtRow {
  std::string_view name;
  bool target;
  std::uint8_t families;
  std::uint8_t revision;
  XtDecode decode;
  bool statements;  // XtKnown::statements
};

namespace detail {
template <typename Function>
struct XtInfo;
template <typename Info>
struct XtInfo<bool (*)(XtDecoding&, const Info&)> {
  using Type = Info;
};
}  // namespace detail

// Calls a decoder with its structure, where that has its length.
template <auto decode>
bool exactly(XtDecoding& decoding) {
  using Info = typename detail::XtInfo<decltype(decode)>::Type;
  if (decoding.xt.info.size() != XT_ALIGN(sizeof(Info))) return false;
  return decode(decoding, *read_at<Info>(decoding.xt.info));
}

std::span<const XtRow> xt_protocol_matches();    // xt_matches_protocol.cc: of headers
std::span<const XtRow> xt_connection_matches();  // xt_matches_connection.cc
std::span<const XtRow> xt_meta_matches();        // xt_matches_meta.cc
std::span<const XtRow> xt_set_rows();            // xt_sets.cc: match "set", target SET
std::span<const XtRow> xt_rate_matches();        // xt_matches_rate.cc: stateful ones
std::span<const XtRow> xt_pattern_matches();     // xt_matches_pattern.cc
std::span<const XtRow> xt_ipv6_matches();        // xt_matches_ipv6.cc: extension headers
std::span<const XtRow> xt_verdict_targets();     // xt_targets.cc
std::span<const XtRow> xt_nat_targets();         // xt_targets_nat.cc
std::span<const XtRow> xt_mangle_targets();      // xt_targets_mangle.cc

// --- what the decoders share -------------------------------------------------------------------

// A text of the kernel's, which ends at a NUL or where its room does.
template <std::size_t size>
std::string xt_text(const char (&room)[size]) {
  return clean_text({room, strnlen(room, size)});
}

template <typename T>
Octets octets_of(const T& value) {
  return Octets(std::as_bytes(std::span(&value, 1)));
}

inline Octets port_octets(std::uint16_t port) { return Octets::number(port, 2); }

// An address of the rule's family.
inline Octets address_octets(const XtDecoding& decoding, const nf_inet_addr& address) {
  return Octets(std::as_bytes(std::span(&address, 1)).first(decoding.ip6() ? 16 : 4));
}
inline std::string address_text(const XtDecoding& decoding, const nf_inet_addr& address) {
  return IpAddress::from_bytes(address_octets(decoding, address))->text();
}

// The name of an interface as the kernel's mask has it: all of it with its NUL, or a prefix that
// iptables writes with "+".
model::firewall::Match interface_match(model::PacketField field, Bytes name, Bytes mask,
                                       bool invert);

// Options in the making: words with spaces between.
class XtOptions {
 public:
  template <typename... Args>
  XtOptions& add(fmt::format_string<Args...> format, Args&&... args) {
    if (!text_.empty()) text_ += ' ';
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    return *this;
  }
  // To the last word.
  template <typename... Args>
  void append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  // "! " before the next one.
  XtOptions& invert(bool inverted) {
    if (inverted) add("!");
    return *this;
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

// How many leading bits the mask has; nothing: it has others too.
std::optional<int> mask_length(Bytes mask);
// "0x1/0xff", without a mask of all ones.
std::string mark_text(std::uint32_t mark, std::uint32_t mask);
// "3", "3:5".
std::string range_text(std::uint64_t first, std::uint64_t last);

}  // namespace nsmap::collect
