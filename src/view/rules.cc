#include "view/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "analyze/chain_order.h"
#include "analyze/firewall_words.h"
#include "syntax/table_words.h"
#include "view/services.h"
#include "view/words.h"

namespace nsmap::view {
namespace {

namespace fw = model::firewall;
using analyze::ChainRef;

// One table, with what its rules are written from.
struct TableParts {
  syntax::TableWords words;
  analyze::TableJumps jumps;
};

// Puts a firewall into words.
class Speaker {
 public:
  Speaker(const model::Namespace& ns, const RulesOptions& options)
      : ns_(ns), options_(options), interfaces_(interface_names(ns)), writers_(*ns.firewall) {
    for (const fw::Table& table : ns.firewall->tables)
      tables_.try_emplace(&table, syntax::TableWords(table, interfaces_),
                          analyze::TableJumps(table));
  }

  ShownChain chain(const ChainRef& ref);
  // At a hook, with what its chains lead to in place; `met` are those of this hook already told.
  ShownChain packet_order(const ChainRef& ref, std::unordered_set<const fw::Chain*>& met);
  std::vector<analyze::FirewallFinding> findings() const {
    return analyze::firewall_findings(ns_, writers_);
  }

 private:
  const TableParts& parts(const fw::Table& table) const { return tables_.at(&table); }
  ShownRule rule(const ChainRef& ref, const fw::Rule& rule) const;
  ShownChain outline(const ChainRef& ref) const;
  void add_in_place(const ChainRef& ref, std::uint64_t depth, std::vector<ShownRule>& rules,
                    std::unordered_set<const fw::Chain*>& met) const;
  bool is_wanted(const ShownRule& rule) const;

  const model::Namespace& ns_;
  const RulesOptions& options_;
  syntax::InterfaceNames interfaces_;
  analyze::RuleWriters writers_;
  std::unordered_map<const fw::Table*, TableParts> tables_;
};

ShownRule Speaker::rule(const ChainRef& ref, const fw::Rule& rule) const {
  ShownRule shown;
  shown.chain = ref.chain->name;
  shown.handle = rule.handle;
  shown.number = rule.position + 1;
  shown.text = parts(*ref.table).words.rule(rule);
  shown.comment = rule.comment;
  for (const fw::Statement& statement : rule.statements) {
    const auto* counter = std::get_if<fw::Counter>(&statement.action);
    const auto* nat = std::get_if<Box<fw::Nat>>(&statement.action);
    if (counter && !shown.packets) {
      shown.packets = counter->packets;
      shown.bytes = counter->bytes;
    }
    if (nat) shown.nat = boost::describe::enum_to_string((*nat)->kind, "");
  }
  shown.writer = writers_.of(ref, rule);
  return shown;
}

bool Speaker::is_wanted(const ShownRule& rule) const {
  if (options_.unused && rule.packets != std::uint64_t{0}) return false;
  return options_.by.empty() || rule.writer.name == options_.by;
}

ShownChain Speaker::outline(const ChainRef& ref) const {
  const fw::Table& table = *ref.table;
  const fw::Chain& chain = *ref.chain;
  ShownChain shown;
  shown.priority = chain.priority;
  if (chain.hook) {
    shown.hook = analyze::hook_text(*chain.hook);
    shown.priority_name =
        syntax::priority_text(table.family, *chain.hook, chain.priority.value_or(0));
  }
  shown.backend = table.backend == fw::Backend::x_tables ? "x_tables" : "nf_tables";
  shown.dialect = syntax::dialect_name(parts(table).words.dialect());
  shown.family = analyze::family_text(table.family);
  shown.table = table.name;
  shown.name = chain.name;
  shown.type = chain.type;
  if (chain.policy) shown.policy = boost::describe::enum_to_string(chain.policy->kind, "");
  if (chain.policy_counter) shown.packets = chain.policy_counter->packets;
  shown.devices = chain.devices;
  shown.writer = writers_.of(ref);
  return shown;
}

ShownChain Speaker::chain(const ChainRef& ref) {
  ShownChain shown = outline(ref);
  for (const fw::Rule& each : ref.chain->rules)
    if (ShownRule one = rule(ref, each); is_wanted(one)) shown.rules.push_back(std::move(one));
  return shown;
}

void Speaker::add_in_place(const ChainRef& ref, std::uint64_t depth, std::vector<ShownRule>& rules,
                           std::unordered_set<const fw::Chain*>& met) const {
  // No packet goes deeper (include/net/netfilter/nf_tables.h NFT_JUMP_STACK_SIZE).
  constexpr std::uint64_t kDeepest = 16;
  for (const fw::Rule& each : ref.chain->rules) {
    if (ShownRule one = rule(ref, each); is_wanted(one)) {
      one.depth = depth;
      rules.push_back(std::move(one));
    }
    if (depth == kDeepest) continue;
    for (const fw::Chain* target : parts(*ref.table).jumps.of(each))
      if (met.insert(target).second) add_in_place({ref.table, target}, depth + 1, rules, met);
  }
}

ShownChain Speaker::packet_order(const ChainRef& ref, std::unordered_set<const fw::Chain*>& met) {
  ShownChain shown = outline(ref);
  add_in_place(ref, 0, shown.rules, met);
  return shown;
}

void add_chains(Speaker& speaker, const fw::Firewall& firewall, const RulesOptions& options,
                std::vector<ShownChain>& chains) {
  for (const analyze::HookChains& hook : analyze::hook_order(firewall)) {
    std::unordered_set<const fw::Chain*> met;
    for (const ChainRef& ref : hook.chains)
      chains.push_back(options.packet_order ? speaker.packet_order(ref, met) : speaker.chain(ref));
  }
  if (options.packet_order) return;
  for (const analyze::CalledChain& called : analyze::called_chains(firewall)) {
    ShownChain shown = speaker.chain(called.chain);
    for (const fw::Chain* caller : called.callers) shown.callers.push_back(caller->name);
    chains.push_back(std::move(shown));
  }
}

// --- text

// "prerouting at dstnat (-100)".
std::string place_text(const ShownChain& chain) {
  const std::string number = std::to_string(chain.priority.value_or(0));
  std::string text = fmt::format("{} at {}", chain.hook, chain.priority_name);
  if (chain.priority_name != number) text += fmt::format(" ({})", number);
  return text;
}

constexpr std::size_t kMostCallers = 4;

std::string callers_text(const ShownChain& chain) {
  if (chain.callers.empty()) return "nothing leads to it";
  const std::size_t shown = std::min(chain.callers.size(), kMostCallers);
  const std::vector<std::string> first(chain.callers.begin(),
                                       chain.callers.begin() + static_cast<std::ptrdiff_t>(shown));
  std::string text = fmt::format("from {}", fmt::join(first, ", "));
  if (chain.callers.size() > shown)
    text += fmt::format(" and {} more", chain.callers.size() - shown);
  return text;
}

std::string backend_text(const ShownChain& chain) {
  if (chain.backend == "x_tables") return "iptables-legacy";
  return chain.dialect == "nft" ? "nft" : "iptables-nft";
}

std::string heading(const ShownChain& chain) {
  std::string text = chain.hook.empty() ? "" : place_text(chain) + " · ";
  text += fmt::format("{} {} {} · {}", chain.family, chain.table, chain.name, backend_text(chain));
  if (!chain.devices.empty()) text += fmt::format(" · on {}", fmt::join(chain.devices, ", "));
  if (chain.hook.empty()) return text + " · " + callers_text(chain);
  if (!chain.policy.empty()) text += " · policy " + chain.policy;
  if (chain.packets.value_or(0) != 0) text += " " + counted(*chain.packets, "packet", "packets");
  return text;
}

Line rule_line(const ShownChain& chain, const ShownRule& rule) {
  Line line{{rule_name(chain, rule), Role::muted}, {}};
  Text text(std::string(2 * rule.depth, ' ') + rule.text);
  if (rule.depth != 0) text.add("  " + rule.chain, Role::muted);
  line.items.push_back(std::move(text));
  if (!rule.comment.empty())
    line.items.push_back({fmt::format("\"{}\"", rule.comment), Role::muted});
  if (rule.packets)
    line.items.push_back({fmt::format("{}, {} B", counted(*rule.packets, "packet", "packets"),
                                      number(rule.bytes.value_or(0))),
                          *rule.packets == 0 ? Role::muted : Role::plain});
  line.items.push_back({writer_text(rule.writer), Role::owner});
  return line;
}

Section chain_section(const ShownChain& chain) {
  Section section{heading(chain), {}, {}};
  for (const ShownRule& rule : chain.rules) section.lines.push_back(rule_line(chain, rule));
  return section;
}

// Whether just some rules are wanted, and nothing beside them.
bool is_filtered(const RulesOptions& options) { return options.unused || !options.by.empty(); }

// Without rules it still may stop all.
bool is_told(const ShownChain& chain, const RulesOptions& options) {
  if (!chain.rules.empty()) return true;
  return !is_filtered(options) && !chain.policy.empty() && chain.policy != "accept";
}

Section sets_section(const ShownFirewall& firewall) {
  Section section{"sets", {}, {}};
  for (const ShownSet& set : firewall.sets)
    section.lines.push_back(
        {{set.map ? "map" : "set", Role::muted},
         {{fmt::format("{} {} {}", set.family, set.table, set.name), Role::name},
          {counted(set.elements, "element", "elements"), Role::muted}}});
  return section;
}

}  // namespace

std::string rule_name(const ShownChain& chain, const ShownRule& rule) {
  if (chain.dialect != "nft" || !rule.handle) return fmt::format("#{}", rule.number);
  return std::to_string(*rule.handle);
}

std::string writer_text(const analyze::Writer& writer) {
  const bool doubt = !writer.sure && writer.name != analyze::kByHand;
  return writer.name + (doubt ? "?" : "") + (writer.of.empty() ? "" : " " + writer.of);
}

std::unordered_map<std::uint32_t, std::string> interface_names(const model::Namespace& ns) {
  std::unordered_map<std::uint32_t, std::string> names;
  for (const model::Link& link : ns.links)
    names.emplace(static_cast<std::uint32_t>(link.index.value), link.name);
  return names;
}

ShownFirewall show_firewall(const analyze::Titles& titles, const model::Namespace& ns,
                            const RulesOptions& options) {
  ShownFirewall shown{ns.id, titles.of(ns.id), {}, {}, {}, {}};
  if (!is_filtered(options)) shown.services = ns.firewall->services;
  Speaker speaker(ns, options);
  add_chains(speaker, *ns.firewall, options, shown.chains);
  for (const fw::Table& table : ns.firewall->tables)
    for (const fw::Set& set : table.sets)
      if (!set.anonymous)
        shown.sets.push_back({std::string(analyze::family_text(table.family)), table.name, set.name,
                              set.map, set.elements.size()});
  shown.findings = speaker.findings();
  return shown;
}

Sheet make_rules(const ShownFirewall& firewall, const RulesOptions& options) {
  Sheet sheet{{firewall.title, Role::title}, {}};
  std::size_t rules = 0;
  for (const ShownChain& chain : firewall.chains) rules += chain.rules.size();
  sheet.title.join(counted(rules, "rule", "rules"), "  ");
  for (const ShownChain& chain : firewall.chains)
    if (is_told(chain, options)) sheet.sections.push_back(chain_section(chain));
  const bool filtered = is_filtered(options);
  if (!firewall.sets.empty() && !filtered) sheet.sections.push_back(sets_section(firewall));
  if (!firewall.services.empty()) sheet.sections.push_back(services_of(firewall.services));
  Section remarks{"remarks", {}, {}};
  for (const analyze::FirewallFinding& finding : firewall.findings)
    remarks.lines.push_back({{finding.check, Role::warn}, {{finding.what}}});
  if (!remarks.lines.empty() && !filtered) sheet.sections.push_back(std::move(remarks));
  return sheet;
}

}  // namespace nsmap::view
