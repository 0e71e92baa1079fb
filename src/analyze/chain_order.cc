#include "analyze/chain_order.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>
#include <variant>

namespace nsmap::analyze {
namespace {

using namespace model::firewall;

// As a packet passes through the host.
constexpr std::array kHooks = {Hook::ingress, Hook::brouting, Hook::prerouting,  Hook::input,
                               Hook::forward, Hook::output,   Hook::postrouting, Hook::egress};

constexpr std::int32_t kDstnat = -100, kSrcnat = 100;  // linux/netfilter_ipv4.h

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

auto priority_of(const ChainRef& ref) {
  return std::tuple(layer(ref.table->family), called_at(ref), ref.chain->priority.value_or(0));
}

auto rank(const ChainRef& ref) {
  // Numbers grow with what is made later, which comes first.
  const auto newest = [](const std::optional<std::uint64_t>& handle) {
    return std::numeric_limits<std::uint64_t>::max() - handle.value_or(0);
  };
  return std::tuple(priority_of(ref), newest(ref.table->handle), newest(ref.chain->handle));
}

// The functions of legacy tables: ipt_do_table, ip6table_mangle_hook, arpt_do_table …
bool is_legacy(const HookEntry& entry) {
  return std::ranges::any_of(std::array{"ipt", "ip6t", "arpt", "ebt"},
                             [&](const char* start) { return entry.function.starts_with(start); });
}

// What the kernel told of one hook: its lists, one for each family and device, with the places in
// `chains` of those that are theirs.
class ToldLists {
 public:
  ToldLists(const Firewall& firewall, Hook hook, const std::vector<ChainRef>& chains) {
    if (firewall.hooks.empty()) return;
    for (std::size_t at = 0; at != chains.size(); ++at) note(chains[at], at);
    const HookEntry* last = nullptr;
    for (const HookEntry& entry : firewall.hooks) {
      if (entry.hook != hook) continue;
      if (!last || last->family != entry.family || last->device != entry.device)
        lists_.emplace_back();
      last = &entry;
      if (const auto place = place_of(entry)) lists_.back().push_back(*place);
    }
  }

  const std::vector<std::vector<std::size_t>>& lists() const { return lists_; }

 private:
  void note(const ChainRef& ref, std::size_t at) {
    if (ref.table->backend == Backend::x_tables)
      legacy_.try_emplace({ref.table->family, ref.chain->priority.value_or(0)}, at);
    else
      native_.try_emplace({ref.table->family, ref.table->name, ref.chain->name}, at);
  }

  std::optional<std::size_t> place_of(const HookEntry& entry) const {
    if (entry.table_family) {
      const auto found = native_.find({*entry.table_family, entry.table, entry.chain});
      return found == native_.end() ? std::nullopt : std::optional(found->second);
    }
    const auto found = legacy_.find({entry.family, entry.priority});
    return found == legacy_.end() || !is_legacy(entry) ? std::nullopt
                                                       : std::optional(found->second);
  }

  std::map<std::tuple<Family, std::string_view, std::string_view>, std::size_t> native_;
  std::map<std::pair<Family, std::int32_t>, std::size_t> legacy_;
  std::vector<std::vector<std::size_t>> lists_;
};

// Puts chains, which are sorted, into an order that every list agrees with and that else keeps the
// one they have. A chain of inet is in two lists, and one of several devices in more.
class Settling {
 public:
  Settling(HookChains& here, const ToldLists& told) : here_(here), after_(here.chains.size()) {
    for (const std::vector<std::size_t>& list : told.lists())
      for (std::size_t at = 1; at < list.size(); ++at) add(list[at - 1], list[at]);
  }

  void run() {
    for (std::size_t at = 0; at != after_.size(); ++at)
      if (after_[at].waits_for == 0) ready_.insert(at);
    std::vector<ChainRef> settled;
    // Lists that contradict each other leave some that wait for ever.
    while (!ready_.empty()) settled.push_back(take(*ready_.begin()));
    if (settled.size() == after_.size()) here_.chains = std::move(settled);
  }

 private:
  struct After {
    std::size_t waits_for = 0;
    std::vector<std::size_t> followers;
  };

  void add(std::size_t first, std::size_t second) {
    after_[first].followers.push_back(second);
    ++after_[second].waits_for;
    const ChainRef &a = here_.chains[first], &b = here_.chains[second];
    if (priority_of(a) == priority_of(b)) here_.told.insert({a.chain, b.chain});
  }

  ChainRef take(std::size_t at) {
    ready_.erase(at);
    for (const std::size_t follower : after_[at].followers)
      if (--after_[follower].waits_for == 0) ready_.insert(follower);
    return here_.chains[at];
  }

  HookChains& here_;
  std::vector<After> after_;
  std::set<std::size_t> ready_;
};

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

std::int32_t called_at(const ChainRef& ref) {
  const std::int32_t own = ref.chain->priority.value_or(0);
  if (ref.chain->type != "nat" || layer(ref.table->family) != 3) return own;
  const bool destination = ref.chain->hook == Hook::prerouting || ref.chain->hook == Hook::output;
  return destination ? kDstnat : kSrcnat;
}

std::vector<HookChains> hook_order(const Firewall& firewall) {
  std::vector<HookChains> order;
  for (const Hook hook : kHooks) {
    HookChains here{hook, {}, {}};
    for (const Table& table : firewall.tables)
      for (const Chain& chain : table.chains)
        if (chain.hook == hook) here.chains.push_back({&table, &chain});
    std::ranges::stable_sort(here.chains, {}, rank);
    Settling(here, ToldLists(firewall, hook, here.chains)).run();
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
