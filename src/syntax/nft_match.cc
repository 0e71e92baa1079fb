#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "syntax/nft_parts.h"
#include "syntax/values.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::DataType;

// What is written between the two sides; eq has none where nft takes it as meant.
std::string_view operator_text(Compare compare) {
  constexpr std::array<std::string_view, 8> kOperators = {
      "", "!= ", "< ", "<= ", "> ", ">= ", "", "!= "};
  return kOperators.at(static_cast<std::size_t>(compare));
}

std::string_view explicit_operator(Compare compare) {
  return compare == Compare::eq ? "== " : operator_text(compare);
}

bool is_range(Compare compare) { return compare == Compare::in || compare == Compare::not_in; }

// The two sides, as far as they have text.
struct Sides {
  const NftPlace& place;
  const Match& match;
  std::string left;
  KeyPart part;

  std::string constant(const Octets& value) const { return constant_text(place, part, value); }
  // The same where an operator stands beside it.
  std::string operand(const Octets& value) const {
    const std::string text = constant(value);
    return text.find('|') == text.npos ? text : "(" + text + ")";
  }
  std::string right() const {
    if (is_range(match.compare)) return constant(match.right) + "-" + constant(match.last);
    return operand(match.right);
  }
};

// A form that nft has for some matches; empty: it is not for this one.
using Form = std::string (*)(const Sides&);

std::string presence(const Sides& sides) {
  const Match& match = sides.match;
  const bool plain = match.mask.empty() && !is_range(match.compare);
  if (!plain || !tells_presence(match.left)) return {};
  const bool there = match.right.is_zero() == (match.compare == Compare::ne);
  return fmt::format("{} {}", sides.left, there ? "exists" : "missing");
}

// "any of these bits", "none of them".
std::string any_bits(const Sides& sides) {
  const Match& match = sides.match;
  const bool any = match.compare == Compare::ne, none = match.compare == Compare::eq;
  if (!is_bit_set(sides.part.type) || match.mask.empty() || !match.right.is_zero()) return {};
  if (!any && !none) return {};
  return fmt::format("{} {}{}", sides.left, none ? "! " : "",
                     bits_text(sides.part.type, match.mask, ","));
}

std::string exact_bits(const Sides& sides) {
  const Match& match = sides.match;
  if (!is_bit_set(sides.part.type) || !match.mask.empty()) return {};
  return fmt::format("{} {}{}", sides.left, explicit_operator(match.compare), sides.right());
}

std::string prefix(const Sides& sides) {
  const Match& match = sides.match;
  const bool address = sides.part.type == DataType::ipv4 || sides.part.type == DataType::ipv6;
  const auto length = prefix_length(match.mask);
  const bool plain = match.compare == Compare::eq || match.compare == Compare::ne;
  if (!address || match.mask.empty() || !length || !plain) return {};
  return fmt::format("{} {}{}/{}", sides.left, operator_text(match.compare),
                     sides.constant(match.right), *length);
}

std::string interface_prefix(const Sides& sides) {
  const Match& match = sides.match;
  const auto length = prefix_length(match.mask);
  const bool plain = match.compare == Compare::eq || match.compare == Compare::ne;
  if (sides.part.type != DataType::interface_name || match.mask.empty() || !length ||
      *length % 8 != 0 || !plain)
    return {};
  return fmt::format("{} {}{}", sides.left, operator_text(match.compare),
                     interface_text(match.right, *length / 8));
}

std::string masked(const Sides& sides) {
  const Match& match = sides.match;
  if (match.mask.empty()) return {};
  return fmt::format("{} & {} {}{}", sides.left, sides.operand(match.mask),
                     explicit_operator(match.compare), sides.right());
}

std::string plain(const Sides& sides) {
  const bool operators = sides.left.starts_with('(') || sides.left.find(" & ") != std::string::npos;
  const auto compare = sides.match.compare;
  return fmt::format("{} {}{}", sides.left,
                     operators ? explicit_operator(compare) : operator_text(compare),
                     sides.right());
}

constexpr Form kForms[] = {presence, any_bits, exact_bits, prefix, interface_prefix, masked, plain};

// A header's slice with a mask of ones in a row is a slice of its own to nft: "frag frag-off 7".
Match narrowed(const Match& match) {
  const auto* header = std::get_if<ExtensionHeader>(&match.left);
  if (!header || match.mask.empty() || match.mask.size() > sizeof(std::uint64_t)) return match;
  const std::uint64_t mask = match.mask.number();
  const auto low = static_cast<std::uint32_t>(std::countr_zero(mask));
  const auto ones = static_cast<std::uint32_t>(std::popcount(mask));
  if (mask == 0 || (mask >> low) + 1 != std::uint64_t{1} << ones % 64) return match;
  ExtensionHeader slice = *header;
  slice.offset = header->offset + header->length - low - ones;
  slice.length = ones;
  if (low + ones > header->length || header_slice(slice).text.find('@') != std::string::npos ||
      header_slice(slice).text.empty())
    return match;
  const auto shifted = [&](const Octets& value) {
    return value.empty() ? value : Octets::number(value.number() >> low, value.size());
  };
  return {slice, match.compare, {}, shifted(match.right), shifted(match.last)};
}

}  // namespace

std::string match_text(const NftPlace& place, const Match& whole) {
  const Match match = narrowed(whole);
  const KeyParts parts = parts_of(place, match.left);
  if (parts.size() > 1) {
    return fmt::format("{} {}{}", value_text(place, match.left), explicit_operator(match.compare),
                       interval_text(place, parts, match.right, match.last));
  }
  const Sides sides{place, match, value_text(place, match.left),
                    parts.empty() ? KeyPart{} : parts.front()};
  for (const Form form : kForms)
    if (std::string text = form(sides); !text.empty()) return text;
  return {};
}

}  // namespace nsmap::syntax
