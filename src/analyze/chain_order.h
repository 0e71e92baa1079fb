#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/firewall.h"

// In which order packets meet the chains of a firewall, both back ends together.

namespace nsmap::analyze {

struct ChainRef {
  const model::firewall::Table* table = nullptr;
  const model::firewall::Chain* chain = nullptr;
  friend bool operator==(const ChainRef&, const ChainRef&) = default;
};

// The base chains at one hook: by priority and, where it is the same, as the kernel told (its
// hooks) or, failing that, the later one first (net/netfilter/core.c nf_hook_entries_grow). Chains
// of nat come where their hook's one function is called, whatever their own priority (called_at).
struct HookChains {
  model::firewall::Hook hook = model::firewall::Hook::prerouting;
  std::vector<ChainRef> chains;
  std::unordered_set<const model::firewall::Chain*> told;  // whose place the kernel told
};
std::vector<HookChains> hook_order(const model::firewall::Firewall& firewall);

// The priority at which a base chain is called. One of nat is called by nf_nat, which stands at
// dstnat or srcnat; its own priority is one among those of nat (net/netfilter/nf_nat_core.c
// nf_nat_register_fn).
std::int32_t called_at(const ChainRef& ref);

// A chain that is at no hook, and those whose rules lead to it, each once.
struct CalledChain {
  ChainRef chain;
  std::vector<const model::firewall::Chain*> callers;
};
// Those that packets may come to in the order they do, then those that nothing leads to.
std::vector<CalledChain> called_chains(const model::firewall::Firewall& firewall);

// A table's chains and sets by name. Borrows the table.
class TableIndex {
 public:
  explicit TableIndex(const model::firewall::Table& table);

  const model::firewall::Table& table() const { return table_; }
  // Null: there is none.
  const model::firewall::Chain* chain(std::string_view name) const;
  const model::firewall::Set* set(std::string_view name) const;

 private:
  const model::firewall::Table& table_;
  std::unordered_map<std::string_view, const model::firewall::Chain*> chains_;
  std::unordered_map<std::string_view, const model::firewall::Set*> sets_;
};

// Where the rules of a table lead. Refers to the table.
class TableJumps {
 public:
  explicit TableJumps(const model::firewall::Table& table);

  // The chains that the rule may lead to, by jump, goto or a map of verdicts, each once; what is in
  // a nameless chain is the rule's own.
  std::vector<const model::firewall::Chain*> of(const model::firewall::Rule& rule) const;

 private:
  struct Seen;
  void add(const model::firewall::Rule& rule, Seen& seen) const;
  void add(const model::firewall::Verdict& verdict, Seen& seen) const;

  TableIndex table_;
};

}  // namespace nsmap::analyze
