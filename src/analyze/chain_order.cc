#include "analyze/chain_order.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_set>
#include <variant>

namespace nsmap::analyze {
namespace {

using namespace model::firewall;

// As a packet passes through the host.
constexpr std::array kHooks = {Hook::ingress, Hook::brouting, Hook::prerouting,  Hook::input,
                               Hook::forward, Hook::output,   Hook::postrouting, Hook::egress};

// A bridge's chains come before those of the protocols within.
int layer(Family family) {
  switch (family) {
    case Family::netdev:
      return 0;
    case Family::bridge:
      return 1;
    case Family::arp:
      return 2;
    case Family::inet:
    case Family::ip:
    case Family::ip6:
      return 3;
  }
  return 3;
}

using Told = std::map<std::tuple<std::string_view, std::string_view>, std::size_t>;

// Where the kernel's list has the chains of nf_tables.
Told told_by_kernel(const Firewall& firewall) {
  Told told;
  for (std::size_t at = 0; at != firewall.hooks.size(); ++at) {
    const HookEntry& entry = firewall.hooks[at];
    if (!entry.chain.empty()) told.try_emplace({entry.table, entry.chain}, at);
  }
  return told;
}

auto rank(const ChainRef& ref, const Told& told) {
  const auto found = told.find({ref.table->name, ref.chain->name});
  const std::size_t place = found == told.end() ? told.size() : found->second;
  // Numbers grow with what is made later, which comes first.
  const auto newest = [](const std::optional<std::uint64_t>& handle) {
    return std::numeric_limits<std::uint64_t>::max() - handle.value_or(0);
  };
  return std::tuple(layer(ref.table->family), ref.chain->priority.value_or(0), place,
                    newest(ref.table->handle), newest(ref.chain->handle));
}

// Follows the rules of a table from its chains at hooks.
class Walk {
 public:
  Walk(const Table& table, std::vector<CalledChain>& found)
      : jumps_(table), table_(table), found_(found) {}

  void from(const Chain& chain) {
    std::vector<const Chain*> next = {&chain};
    while (!next.empty()) {
      const Chain* here = next.back();
      next.pop_back();
      for (const Chain* called : callees(*here)) next.push_back(called);
    }
  }

 private:
  // Those that were not called before, the last first.
  std::vector<const Chain*> callees(const Chain& caller) {
    std::vector<const Chain*> fresh;
    std::unordered_set<const Chain*> here;
    for (const Rule& rule : caller.rules)
      for (const Chain* called : jumps_.of(rule)) {
        if (!here.insert(called).second) continue;
        const auto [at, is_new] = places_.try_emplace(called, found_.size());
        if (is_new) found_.push_back({{&table_, called}, {}});
        found_[at->second].callers.push_back(&caller);
        if (is_new) fresh.insert(fresh.begin(), called);
      }
    return fresh;
  }

  TableJumps jumps_;
  const Table& table_;
  std::vector<CalledChain>& found_;
  std::unordered_map<const Chain*, std::size_t> places_;
};

}  // namespace

struct TableJumps::Seen {
  std::vector<const Chain*> chains;
  std::unordered_set<const Chain*> all;  // nameless ones as well
};

TableIndex::TableIndex(const Table& table) : table_(table) {
  for (const Chain& chain : table.chains) chains_.emplace(chain.name, &chain);
  for (const Set& set : table.sets) sets_.emplace(set.name, &set);
}

const Chain* TableIndex::chain(std::string_view name) const {
  const auto found = chains_.find(name);
  return found == chains_.end() ? nullptr : found->second;
}

const Set* TableIndex::set(std::string_view name) const {
  const auto found = sets_.find(name);
  return found == sets_.end() ? nullptr : found->second;
}

TableJumps::TableJumps(const Table& table) : table_(table) {}

void TableJumps::add(const Verdict& verdict, Seen& seen) const {
  const Chain* const chain = verdict.chain.empty() ? nullptr : table_.chain(verdict.chain);
  if (!chain) return;
  if (!seen.all.insert(chain).second) return;
  if (!chain->binding) return seen.chains.push_back(chain);
  for (const Rule& rule : chain->rules) add(rule, seen);
}

void TableJumps::add(const Rule& rule, Seen& seen) const {
  for (const Statement& statement : rule.statements) {
    if (const auto* verdict = std::get_if<Verdict>(&statement.action)) add(*verdict, seen);
    const auto* map = std::get_if<Box<VerdictMap>>(&statement.action);
    const Set* const set = map ? table_.set((*map)->map) : nullptr;
    if (!set) continue;
    for (const Element& element : set->elements)
      if (element.verdict) add(*element.verdict, seen);
  }
}

std::vector<const Chain*> TableJumps::of(const Rule& rule) const {
  Seen seen;
  add(rule, seen);
  return std::move(seen.chains);
}

std::vector<HookChains> hook_order(const Firewall& firewall) {
  const Told told = told_by_kernel(firewall);
  std::vector<HookChains> order;
  for (const Hook hook : kHooks) {
    HookChains here{hook, {}};
    for (const Table& table : firewall.tables)
      for (const Chain& chain : table.chains)
        if (chain.hook == hook) here.chains.push_back({&table, &chain});
    std::ranges::stable_sort(here.chains, {}, [&](const ChainRef& ref) { return rank(ref, told); });
    if (!here.chains.empty()) order.push_back(std::move(here));
  }
  return order;
}

std::vector<CalledChain> called_chains(const Firewall& firewall) {
  std::vector<CalledChain> found;
  for (const Table& table : firewall.tables) {
    const std::size_t before = found.size();
    Walk walk(table, found);
    for (const Chain& chain : table.chains)
      if (chain.hook) walk.from(chain);
    std::unordered_set<const Chain*> called;
    for (std::size_t at = before; at != found.size(); ++at) called.insert(found[at].chain.chain);
    for (const Chain& chain : table.chains)
      if (!chain.hook && !chain.binding && !called.contains(&chain))
        found.push_back({{&table, &chain}, {}});
  }
  return found;
}

}  // namespace nsmap::analyze
