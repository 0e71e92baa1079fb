#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/nft.h"

// What the text of a table is put together from.

namespace nsmap::syntax {

// Where a part of the text stands.
struct NftPlace {
  const NftTable& table;
  std::vector<std::string>& unwritten;
  unsigned depth = 0;  // in sets within chains within rules …

  // A step down; a snapshot from elsewhere may well hold chains that hold themselves.
  NftPlace deeper() const { return {table, unwritten, depth + 1}; }
  bool too_deep() const { return depth > 16; }
};

// Notes that nft would not read this back; gives what stands for it.
std::string unwritable(const NftPlace& place, std::string_view what);
std::string quoted_text(const NftPlace& place, std::string_view text);
// A name of a chain, set …: letters, digits and _/.- alone.
std::string name_text(const NftPlace& place, std::string_view name);

// --- nft_value.cc: values, and constants in their terms

using KeyParts = std::vector<model::firewall::KeyPart>;

std::string value_text(const NftPlace& place, const model::firewall::Value& value);
// The same in parentheses where it has an operator.
std::string operand_text(const NftPlace& place, const model::firewall::Value& value);
// What its bytes mean, for constants held against it.
KeyParts parts_of(const NftPlace& place, const model::firewall::Value& value);
// Whether it is 1 or 0 for what exists or is missing.
bool tells_presence(const model::firewall::Value& value);
// A constant of such a type, alone.
std::string constant_text(const NftPlace& place, const model::firewall::KeyPart& part,
                          const Octets& value);

// --- nft_header.cc: extension headers and options

struct HeaderSlice {
  std::string text;  // "tcp option maxseg size"
  model::DataType type = model::DataType::integer;
};
// Empty text: nft has no word for it.
HeaderSlice header_slice(const model::firewall::ExtensionHeader& header);
// What `reset tcp option` calls it.
std::string tcp_option_text(std::uint8_t kind);

// --- nft_set.cc: sets and their elements

// "10.0.0.1", "10.0.0.0/8", "1-5", "10.0.0.1 . 80": the parts of a key or of data.
std::string interval_text(const NftPlace& place, std::span<const model::firewall::KeyPart> parts,
                          const Octets& first, const Octets& last);
// "@name", or the elements of a set that has none.
std::string set_text(const NftPlace& place, std::string_view name);
std::string element_text(const NftPlace& place, const model::firewall::Set& set,
                         const model::firewall::Element& element);
std::string set_declaration(const NftPlace& place, const model::firewall::Set& set);

// --- nft_match.cc: what may not match

std::string match_text(const NftPlace& place, const model::firewall::Match& match);

// --- nft_statement.cc

std::string verdict_text(const NftPlace& place, const model::firewall::Verdict& verdict);
std::string statement_text(const NftPlace& place, const model::firewall::Statement& statement);
// Of an object or an element: "counter packets 0 bytes 0".
std::string limit_text(const model::firewall::Limit& limit);
std::string quota_text(const model::firewall::Quota& quota);
std::string synproxy_text(const model::firewall::Synproxy& synproxy);

// --- nft_rule.cc

std::string rule_text(const NftPlace& place, const model::firewall::Rule& rule);

}  // namespace nsmap::syntax
