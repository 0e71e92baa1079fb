#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>

#include "syntax/nft_parts.h"
#include "syntax/values.h"

// Before a look into a header nft puts matches that there is such a header: `tcp dport 80` becomes
// `meta l4proto tcp tcp dport 80`. Where a rule holds just what nft would put there, it is left
// out; whatever else says the same is written, so that a rule comes back as it was.

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::FieldSource;
using model::PacketField;

// A match that nft makes by itself.
struct Dependency {
  PacketField field;
  std::uint64_t value;
  friend bool operator==(const Dependency&, const Dependency&) = default;
};
using Dependencies = std::vector<Dependency>;

// What a header's fields want (nft 1.0.6 src/payload.c, src/proto.c; seen with --debug=netlink).
struct Header {
  FieldSource source;
  std::uint8_t protocol;    // IPPROTO_*; 0: none
  std::uint16_t ethertype;  // 0: either
};
constexpr Header kHeaders[] = {
    {FieldSource::ip, 0, 0x0800},      {FieldSource::ip6, 0, 0x86dd},
    {FieldSource::icmp, 1, 0x0800},    {FieldSource::igmp, 2, 0x0800},
    {FieldSource::icmpv6, 58, 0x86dd}, {FieldSource::tcp, 6, 0},
    {FieldSource::udp, 17, 0},         {FieldSource::dccp, 33, 0},
    {FieldSource::esp, 50, 0},         {FieldSource::ah, 51, 0},
    {FieldSource::comp, 108, 0},       {FieldSource::sctp, 132, 0},
    {FieldSource::udplite, 136, 0},
};

bool has_protocol(const Dependencies& wanted, PacketField field) {
  return std::ranges::find(wanted, field, &Dependency::field) != wanted.end();
}

void want(Dependencies& wanted, const Dependency& one) {
  if (!has_protocol(wanted, one.field)) wanted.push_back(one);
}

void add_network(Family family, const Header& header, Dependencies& wanted) {
  const bool internet = header.source == FieldSource::ip || header.source == FieldSource::ip6;
  const std::uint64_t nfproto = header.ethertype == 0x0800 ? 2 : 10;
  switch (family) {
    case Family::inet:
      return want(wanted, {PacketField::meta_nfproto, nfproto});
    case Family::netdev:
      return want(wanted, {PacketField::meta_protocol, header.ethertype});
    case Family::bridge:
      return want(wanted, {internet ? PacketField::meta_protocol : PacketField::ether_type,
                           header.ethertype});
    case Family::ip:
    case Family::ip6:
    case Family::arp:
      return;
  }
}

void add_dependencies(Family family, PacketField field, Dependencies& wanted) {
  const auto found = std::ranges::find(kHeaders, info(field).source, &Header::source);
  if (found == std::end(kHeaders)) return;
  if (found->ethertype != 0) add_network(family, *found, wanted);
  if (found->protocol != 0) want(wanted, {PacketField::meta_l4proto, found->protocol});
}

void add_dependencies(Family family, const Value& value, Dependencies& wanted) {
  if (const auto* field = std::get_if<PacketField>(&value))
    return add_dependencies(family, *field, wanted);
  const auto* concatenation = std::get_if<Box<Concatenation>>(&value);
  if (!concatenation) return;
  for (const Value& part : (*concatenation)->parts)
    if (const auto* field = std::get_if<PacketField>(&part))
      add_dependencies(family, *field, wanted);
}

// What nft would put before the statement at the beginning of a rule.
Dependencies dependencies_of(Family family, const Statement& statement) {
  Dependencies wanted;
  if (const auto* match = std::get_if<Match>(&statement.action))
    add_dependencies(family, match->left, wanted);
  if (const auto* lookup = std::get_if<Lookup>(&statement.action))
    add_dependencies(family, lookup->key, wanted);
  if (const auto* map = std::get_if<Box<VerdictMap>>(&statement.action))
    add_dependencies(family, (*map)->key, wanted);
  return wanted;
}

// Tell which protocol a packet has, of the network or above it.
constexpr PacketField kNetwork[] = {PacketField::meta_nfproto, PacketField::meta_protocol,
                                    PacketField::ether_type};
constexpr PacketField kTransport[] = {PacketField::meta_l4proto, PacketField::ip_protocol,
                                      PacketField::ip6_nexthdr};

bool is_among(std::span<const PacketField> fields, PacketField field) {
  return std::ranges::find(fields, field) != fields.end();
}

std::optional<Dependency> dependency(const Statement& statement) {
  const auto* match = std::get_if<Match>(&statement.action);
  const auto* field = match ? std::get_if<PacketField>(&match->left) : nullptr;
  const bool exact = match && match->compare == Compare::eq && match->mask.empty();
  if (!field || !exact || !statement.via.empty()) return std::nullopt;
  if (!is_among(kNetwork, *field) && !is_among(kTransport, *field)) return std::nullopt;
  return Dependency{*field, match->right.number()};
}

bool looks_at(const Statement& statement, std::span<const PacketField> fields) {
  const auto* match = std::get_if<Match>(&statement.action);
  const auto* lookup = std::get_if<Lookup>(&statement.action);
  const Value* value = match ? &match->left : lookup ? &lookup->key : nullptr;
  const auto* field = value ? std::get_if<PacketField>(value) : nullptr;
  return field && is_among(fields, *field);
}

// Whether nft, having read what went before, would still put such a match into the rule.
bool is_news(std::span<const Statement> before, const Dependency& one) {
  const std::span<const PacketField> same =
      is_among(kNetwork, one.field) ? std::span<const PacketField>(kNetwork) : kTransport;
  return std::ranges::none_of(before, [&](const Statement& told) { return looks_at(told, same); });
}

// How many statements from `at` are just what nft puts before the one behind them.
std::size_t implied(Family family, std::span<const Statement> statements, std::size_t at) {
  Dependencies there;
  while (at + there.size() < statements.size()) {
    const auto one = dependency(statements[at + there.size()]);
    if (!one) break;
    there.push_back(*one);
  }
  if (there.empty() || at + there.size() >= statements.size()) return 0;
  const auto before = statements.first(at);
  Dependencies wanted = dependencies_of(family, statements[at + there.size()]);
  std::erase_if(wanted, [&](const Dependency& one) {
    return std::ranges::find(before, std::optional(one), dependency) != before.end();
  });
  const auto is_new = [&](const Dependency& one) { return is_news(before, one); };
  return wanted == there && std::ranges::all_of(there, is_new) ? there.size() : 0;
}

bool is_name(std::string_view name) {
  const auto fits = [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return std::isalnum(byte) != 0 || byte == '_' || byte == '/' || byte == '.' || byte == '-' ||
           byte == '\\';
  };
  return !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '_') &&
         std::ranges::all_of(name, fits);
}

}  // namespace

std::string unwritable(const NftPlace& place, std::string_view what) {
  std::string text = quoted(what);
  text = text.substr(1, text.size() - 2);
  place.unwritten.push_back(text);
  return "# opaque: " + text;
}

std::string quoted_text(const NftPlace& place, std::string_view text) {
  std::string out = quoted(text);
  if (!is_writable(text)) place.unwritten.push_back("the text " + out);
  return out;
}

std::string name_text(const NftPlace& place, std::string_view name) {
  if (is_name(name)) return std::string(name);
  place.unwritten.push_back("the name " + quoted(name));
  return quoted(name);
}

std::string rule_text(const NftPlace& place, const Rule& rule) {
  const Family family = place.table.table.family;
  const std::span<const Statement> statements = rule.statements;
  std::string out;
  for (std::size_t at = 0; at != statements.size();) {
    at += implied(family, statements, at);
    out.append(out.empty() ? "" : " ").append(statement_text(place, statements[at++]));
  }
  if (!rule.comment.empty()) out += " comment " + quoted_text(place, rule.comment);
  return out;
}

NftText nft_rule(const NftTable& table, const Rule& rule) {
  NftText out;
  out.text = rule_text({table, out.unwritten}, rule);
  return out;
}

}  // namespace nsmap::syntax
