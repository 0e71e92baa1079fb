#include "collect/xt.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "base/text.h"
#include "collect/xt_decoding.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::size_t kMostBytes = 1024;  // of what is not understood

Statement opaque(const XtExtension& extension) {
  Opaque opaque{
      clean_text(extension.name), !extension.target, extension.target, extension.revision, {}};
  opaque.bytes = Octets(extension.info.first(std::min(extension.info.size(), kMostBytes)));
  return {clean_text(extension.name), Action(Box(std::move(opaque)))};
}

std::uint8_t bit_of(Family family) {
  switch (family) {
    case Family::ip:
      return kXtIp;
    case Family::ip6:
      return kXtIp6;
    case Family::arp:
      return kXtArp;
    case Family::bridge:
      return kXtBridge;
    case Family::inet:
    case Family::netdev:
      break;
  }
  return kXtAny;
}

// By what a row is found.
auto key_of(const XtRow& row) { return std::tuple(row.name, row.target, row.revision); }

const std::vector<XtRow>& rows() {
  static const std::vector<XtRow> kRows = [] {
    std::vector<XtRow> all;
    for (const auto& part :
         {xt_protocol_matches(), xt_connection_matches(), xt_meta_matches(), xt_set_rows(),
          xt_rate_matches(), xt_pattern_matches(), xt_ipv6_matches(), xt_verdict_targets(),
          xt_nat_targets(), xt_mangle_targets()})
      all.insert(all.end(), part.begin(), part.end());
    std::ranges::stable_sort(all, {}, key_of);
    return all;
  }();
  return kRows;
}

XtDecode decoder_of(const XtExtension& extension) {
  const std::tuple wanted(extension.name, extension.target, extension.revision);
  for (auto row = std::ranges::lower_bound(rows(), wanted, {}, key_of);
       row != rows().end() && key_of(*row) == wanted; ++row)
    if (row->families & bit_of(extension.family)) return row->decode;
  return nullptr;
}

bool is_all_ones(std::byte byte) { return byte == std::byte{0xff}; }

}  // namespace

void XtDecoding::match(Value left, bool invert, Octets right, Octets mask) {
  if (std::ranges::all_of(mask, is_all_ones)) mask = {};
  add(Match{
      std::move(left), invert ? Compare::ne : Compare::eq, std::move(mask), std::move(right), {}});
}

void XtDecoding::range(Value left, bool invert, Octets first, Octets last) {
  if (first == last) return match(std::move(left), invert, std::move(first));
  add(Match{std::move(left),
            invert ? Compare::not_in : Compare::in,
            {},
            std::move(first),
            std::move(last)});
}

void XtDecoding::mark(model::PacketField field, bool invert, std::uint32_t right,
                      std::uint32_t mask) {
  match(field, invert, Octets::number(right, 4), Octets::number(mask, 4));
}

void XtDecoding::extension(std::string options) {
  add(Box(Extension{std::string(via), xt.target, std::move(options)}));
}

Match interface_match(model::PacketField field, Bytes name, Bytes mask, bool invert) {
  Match match{field, invert ? Compare::ne : Compare::eq, Octets(mask), Octets(name), {}};
  for (std::size_t at = 0; at < match.right.size(); ++at) match.right[at] &= match.mask[at];
  // Compared with its NUL, the name is all there is of it: what lies behind does not matter.
  const auto used = std::ranges::find(match.right, std::byte{0}) - match.right.begin();
  const auto compared = mask.first(std::min(static_cast<std::size_t>(used) + 1, mask.size()));
  if (std::ranges::all_of(compared, is_all_ones)) match.mask = {};
  return match;
}

std::string mark_text(std::uint32_t mark, std::uint32_t mask) {
  return mask == 0xffffffff ? fmt::format("0x{:x}", mark)
                            : fmt::format("0x{:x}/0x{:x}", mark, mask);
}

std::string range_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? std::to_string(first) : fmt::format("{}:{}", first, last);
}

std::optional<int> mask_length(Bytes mask) {
  int length = 0;
  bool ended = false;
  for (const std::byte byte : mask) {
    const int ones = std::countl_one(std::to_integer<std::uint8_t>(byte));
    if ((ended && byte != std::byte{0}) ||
        std::popcount(std::to_integer<std::uint8_t>(byte)) != ones)
      return std::nullopt;
    length += ones;
    ended = ones < 8;
  }
  return length;
}

void decode_xt(const XtExtension& extension, Rule& rule) {
  const std::size_t before = rule.statements.size();
  XtDecoding decoding(extension, rule);
  const XtDecode decode = decoder_of(extension);
  if (decode != nullptr && decode(decoding)) return;
  rule.statements.resize(before);
  rule.statements.push_back(opaque(extension));
}

std::vector<XtKnown> xt_known() {
  std::vector<XtKnown> known;
  for (const XtRow& row : rows()) {
    if (known.empty() || known.back().name != row.name || known.back().target != row.target)
      known.push_back({row.name, row.target, {}, row.statements});
    auto& revisions = known.back().revisions;
    if (revisions.empty() || revisions.back() != row.revision) revisions.push_back(row.revision);
  }
  return known;
}

}  // namespace nsmap::collect
