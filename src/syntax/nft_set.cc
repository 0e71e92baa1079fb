#include <fmt/format.h>

#include <algorithm>

#include "syntax/nft_parts.h"
#include "syntax/values.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::DataType;

// The bytes of one part of a concatenation, which pads each to four
// (net/netfilter/nft_set_pipapo.c).
Octets slice(const Octets& whole, std::size_t offset, const KeyPart& part) {
  const std::size_t size = (part.bits + std::size_t{7}) / 8;
  if (offset >= whole.size() || size == 0) return {};
  return Octets(Bytes(whole).subspan(offset, std::min(size, whole.size() - offset)));
}

// How many leading bytes two bounds of a range share, where that is all that bounds it.
std::optional<std::size_t> star_at(const Octets& first, const Octets& last) {
  std::size_t at = 0;
  while (at != first.size() && first[at] == last[at]) ++at;
  for (std::size_t rest = at; rest != first.size(); ++rest)
    if (first[rest] != std::byte{0} || last[rest] != std::byte{0xff}) return std::nullopt;
  return at;
}

std::string range_text(const NftPlace& place, const KeyPart& part, const Octets& first,
                       const Octets& last) {
  if (last.empty() || first == last || first.size() != last.size())
    return constant_text(place, part, first);
  if (part.type == DataType::interface_name)
    if (const auto star = star_at(first, last)) return interface_text(first, *star);
  const auto length = prefix_length(first, last);
  if (length && (part.type == DataType::ipv4 || part.type == DataType::ipv6))
    return fmt::format("{}/{}", constant_text(place, part, first), *length);
  return fmt::format("{}-{}", constant_text(place, part, first), constant_text(place, part, last));
}

// What the element is mapped to; empty: its set is no map.
std::string data_text(const NftPlace& place, const Set& set, const Element& element) {
  if (!set.map) return {};
  if (element.verdict) return " : " + verdict_text(place, *element.verdict);
  if (!set.object_kind.empty()) return " : " + quoted_text(place, element.object);
  return " : " + interval_text(place, set.data, element.data, element.data_last);
}

std::string options_text(const NftPlace& place, const Element& element) {
  std::string out;
  for (const Statement& statement : element.statements)
    out += " " + statement_text(place, statement);
  if (element.timeout_ms) out += " timeout " + duration_text(*element.timeout_ms);
  if (element.expires_ms) out += " expires " + duration_text(*element.expires_ms);
  if (!element.comment.empty()) out += " comment " + quoted_text(place, element.comment);
  return out;
}

std::string elements_text(const NftPlace& place, const Set& set, std::string_view separator) {
  std::string out;
  for (const Element& element : set.elements)
    out.append(out.empty() ? "" : separator).append(element_text(place, set, element));
  return out;
}

// An expression that has the type, for `typeof`, where the type has no name.
std::string typeof_text(const NftPlace& place, const KeyPart& part) {
  struct Row {
    DataType type;
    std::string_view text;
  };
  constexpr Row kRows[] = {
      {DataType::ipv4, "ip saddr"},
      {DataType::ipv6, "ip6 saddr"},
      {DataType::mac, "ether saddr"},
      {DataType::port, "th dport"},
      {DataType::protocol, "meta l4proto"},
      {DataType::mark, "meta mark"},
      {DataType::ether_type, "meta protocol"},
      {DataType::interface_name, "iifname"},
      {DataType::interface_index, "iif"},
      {DataType::ct_state, "ct state"},
      {DataType::icmp_type, "icmp type"},
      {DataType::icmpv6_type, "icmpv6 type"},
      {DataType::address_type, "fib daddr type"},
      {DataType::time, "meta time"},
      {DataType::hour, "meta hour"},
      {DataType::day, "meta day"},
      {DataType::dscp, "ip dscp"},
      {DataType::text, "osf name"},
      {DataType::packet_type, "meta pkttype"},
      {DataType::device_group, "iifgroup"},
      {DataType::realm, "rtclassid"},
      {DataType::uid, "meta skuid"},
      {DataType::gid, "meta skgid"},
      {DataType::nf_protocol, "meta nfproto"},
      {DataType::class_id, "meta priority"},
      {DataType::tcp_flags, "tcp flags"},
  };
  if (!part.typeof_.empty()) return part.typeof_;
  const auto found = std::ranges::find(kRows, part.type, &Row::type);
  if (found != std::end(kRows)) return std::string(found->text);
  return unwritable(place, fmt::format("a key of {} bits", part.bits));
}

bool by_expression(std::span<const KeyPart> parts) {
  return std::ranges::any_of(parts, [](const KeyPart& part) {
    return !part.typeof_.empty() || type_name(part.type).empty();
  });
}

std::string types_text(const NftPlace& place, std::span<const KeyPart> parts, bool expressions) {
  std::string out;
  for (const KeyPart& part : parts)
    out.append(out.empty() ? "" : " . ")
        .append(expressions ? typeof_text(place, part) : type_name(part.type));
  return out;
}

// What an object map leads to: "counter", "ct helper".
std::string kind_text(std::string_view kind) {
  std::string out(kind);
  std::ranges::replace(out, '_', ' ');
  return out;
}

std::string type_line(const NftPlace& place, const Set& set) {
  const bool to_values = set.map && !set.data.empty() && set.object_kind.empty();
  const bool expressions = by_expression(set.key) || (to_values && by_expression(set.data));
  std::string out = fmt::format("{} {}", expressions ? "typeof" : "type",
                                types_text(place, set.key, expressions));
  if (!set.map) return out;
  if (!set.object_kind.empty()) return out + " : " + kind_text(set.object_kind);
  if (!to_values) return out + " : verdict";
  const bool to_ranges = std::ranges::any_of(
      set.elements, [](const Element& element) { return !element.data_last.empty(); });
  return out + (to_ranges ? " : interval " : " : ") + types_text(place, set.data, expressions);
}

std::string flags_text(const Set& set) {
  struct Flag {
    bool set;
    std::string_view name;
  };
  const Flag flags[] = {{set.constant, "constant"},
                        {set.dynamic, "dynamic"},
                        {set.interval, "interval"},
                        {set.timeout, "timeout"}};
  std::string out;
  for (const Flag& flag : flags)
    if (flag.set) out.append(out.empty() ? "" : ",").append(flag.name);
  return out;
}

}  // namespace

std::string interval_text(const NftPlace& place, std::span<const KeyPart> parts,
                          const Octets& first, const Octets& last) {
  if (parts.size() == 1) return range_text(place, parts.front(), first, last);
  std::string out;
  std::size_t offset = 0;
  for (const KeyPart& part : parts) {
    out.append(out.empty() ? "" : " . ")
        .append(range_text(place, part, slice(first, offset, part), slice(last, offset, part)));
    offset += (part.bits + std::size_t{31}) / 32 * 4;
  }
  return out;
}

std::string element_text(const NftPlace& place, const Set& set, const Element& element) {
  const std::string key =
      element.catchall ? "*" : interval_text(place, set.key, element.first, element.last);
  return key + options_text(place, element) + data_text(place, set, element);
}

std::string set_text(const NftPlace& place, std::string_view name) {
  const Set* set = place.table.set(name);
  if (!set || !set->anonymous) return "@" + name_text(place, name);
  if (place.too_deep()) return unwritable(place, "sets within sets");
  return fmt::format("{{ {} }}", elements_text(place.deeper(), *set, ", "));
}

std::string set_declaration(const NftPlace& place, const Set& set) {
  std::string out = fmt::format("\t{} {} {{\n\t\t{}\n", set.map ? "map" : "set",
                                name_text(place, set.name), type_line(place, set));
  const auto line = [&](std::string_view word, const std::string& what) {
    if (!what.empty()) out += fmt::format("\t\t{} {}\n", word, what);
  };
  line("size", set.size ? std::to_string(*set.size) : "");
  line("flags", flags_text(set));
  line("timeout", set.timeout_ms ? duration_text(*set.timeout_ms) : "");
  line("gc-interval", set.gc_interval_ms ? duration_text(*set.gc_interval_ms) : "");
  line("policy", set.policy);
  if (set.auto_merge) out += "\t\tauto-merge\n";
  for (const Statement& statement : set.statements)
    out += fmt::format("\t\t{}\n", statement_text(place, statement));
  line("comment", set.comment.empty() ? "" : quoted_text(place, set.comment));
  if (!set.elements.empty())
    out += fmt::format("\t\telements = {{ {} }}\n",
                       elements_text(place.deeper(), set, ",\n\t\t\t     "));
  return out + "\t}\n";
}

}  // namespace nsmap::syntax
