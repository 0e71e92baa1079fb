#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/firewall.h"

// Rules in the words of nft(8), to be read by people and by nft: 1.0.6 and later take them.

namespace nsmap::syntax {

// Of one namespace, by index.
using InterfaceNames = std::unordered_map<std::uint32_t, std::string>;

// One table, ready to be written from. Refers to what it was made from.
class NftTable {
 public:
  NftTable(const model::firewall::Table& table, const InterfaceNames& interfaces);

  const model::firewall::Table& table;
  const InterfaceNames& interfaces;

  // By name; null: there is none.
  const model::firewall::Set* set(std::string_view name) const;
  const model::firewall::Chain* chain(std::string_view name) const;

 private:
  std::unordered_map<std::string_view, const model::firewall::Set*> sets_;
  std::unordered_map<std::string_view, const model::firewall::Chain*> chains_;
};

struct NftText {
  std::string text;
  // What nft would not take back as it was, a line each; empty: it loads.
  std::vector<std::string> unwritten = {};
};

// One rule on one line: sets without a name and chains within it in their places, dependencies
// that nft makes again by itself left out.
NftText nft_rule(const NftTable& table, const model::firewall::Rule& rule);

// "tcp dport 80", "ip saddr 10.0.0.0/8": an element of the set.
std::string nft_element(const NftTable& table, const model::firewall::Set& set,
                        const model::firewall::Element& element);

// Every table that is nft's own (dialect_of), as `nft list ruleset` writes it.
NftText nft_ruleset(const model::firewall::Firewall& firewall, const InterfaceNames& interfaces);

// "filter", "srcnat + 10", "-5": as nft calls the priority of a chain at that hook.
std::string priority_text(model::firewall::Family family, model::firewall::Hook hook,
                          std::int32_t priority);

}  // namespace nsmap::syntax
