#include "analyze/firewall_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <variant>

#include "analyze/firewall_words.h"

namespace nsmap::analyze {
namespace {

using namespace model::firewall;

struct Scene {
  const model::Namespace& ns;
  const Firewall& firewall;
  const RuleWriters& writers;

  std::optional<std::int64_t> sysctl(std::string_view name) const {
    const auto found = std::ranges::find(ns.sysctls, name, &model::Sysctl::name);
    return found == ns.sysctls.end() ? std::nullopt : std::optional(found->value);
  }
};

using Lines = std::vector<std::string>;

bool has_rules(const Table& table) {
  return std::ranges::any_of(table.chains, [](const Chain& chain) { return !chain.rules.empty(); });
}

// What it does to packets: a chain without rules that lets them pass does nothing.
bool matters(const Chain& chain) {
  return !chain.rules.empty() || (chain.policy && chain.policy->kind != Verdict::Kind::accept);
}

Lines both_backends(const Scene& scene) {
  Lines legacy, native;
  for (const Table& table : scene.firewall.tables)
    if (has_rules(table))
      (table.backend == Backend::x_tables ? legacy : native).push_back(table_text(table));
  if (legacy.empty() || native.empty()) return {};
  return {
      fmt::format("iptables-legacy has rules ({}) beside nf_tables ({}): neither's tools show the "
                  "other's, and packets meet both",
                  fmt::join(legacy, ", "), fmt::join(native, ", "))};
}

Lines two_writers(const Scene& scene) {
  Lines lines;
  for (const Table& table : scene.firewall.tables)
    for (const Chain& chain : table.chains) {
      std::set<std::string> names;
      for (const Rule& rule : chain.rules)
        names.insert(scene.writers.of({&table, &chain}, rule).name);
      names.erase(kByHand);
      if (names.size() > 1)
        lines.push_back(
            fmt::format("{} {}: {} write to it, and the order of their rules is that in "
                        "which they came",
                        table_text(table), chain.name, fmt::join(names, " and ")));
    }
  return lines;
}

// Whether a packet may meet chains of both.
bool meet(Family a, Family b) {
  const auto of_inet = [](Family family) { return family == Family::ip || family == Family::ip6; };
  return a == b || (a == Family::inet && of_inet(b)) || (b == Family::inet && of_inet(a));
}

bool has_equal_priority(const ChainRef& a, const ChainRef& b) {
  const bool same_devices = a.chain->devices == b.chain->devices;
  return a.chain->priority == b.chain->priority && called_at(a) == called_at(b) && same_devices &&
         meet(a.table->family, b.table->family) && matters(*a.chain) && matters(*b.chain);
}

Lines equal_priorities(const Scene& scene) {
  Lines lines;
  for (const HookChains& hook : hook_order(scene.firewall))
    for (std::size_t at = 1; at < hook.chains.size(); ++at) {
      const ChainRef& a = hook.chains[at - 1];
      const ChainRef& b = hook.chains[at];
      if (!has_equal_priority(a, b)) continue;
      const bool told = hook.told.contains(a.chain) && hook.told.contains(b.chain);
      lines.push_back(fmt::format(
          "{} {} and {} {} have one priority ({}) at {}: the later made comes first{}",
          table_text(*a.table), a.chain->name, table_text(*b.table), b.chain->name,
          a.chain->priority.value_or(0), hook_text(hook.hook),
          told ? fmt::format(", which is {} {}", table_text(*a.table), a.chain->name) : ""));
    }
  return lines;
}

Lines nat_priorities(const Scene& scene) {
  Lines lines;
  for (const Table& table : scene.firewall.tables)
    for (const Chain& chain : table.chains) {
      const ChainRef ref{&table, &chain};
      if (!chain.hook || !matters(chain) || called_at(ref) == chain.priority.value_or(0)) continue;
      lines.push_back(
          fmt::format("{} {} has priority {}, but all chains of nat at {} are called at {}: its "
                      "own is one among theirs",
                      table_text(table), chain.name, chain.priority.value_or(0),
                      hook_text(*chain.hook), called_at(ref)));
    }
  return lines;
}

Lines owned_tables(const Scene& scene) {
  Lines lines;
  for (const Table& table : scene.firewall.tables)
    if (table.owner)
      lines.push_back(fmt::format(
          "{} is owned by the program of netlink port {}: nobody else may "
          "change it{}",
          table_text(table), *table.owner, table.persist ? "" : ", and it goes with the program"));
  return lines;
}

Lines dormant_tables(const Scene& scene) {
  Lines lines;
  for (const Table& table : scene.firewall.tables)
    if (table.dormant)
      lines.push_back(table_text(table) + " is dormant: no packet meets its rules");
  return lines;
}

bool has_forward_rules(const Scene& scene) {
  return std::ranges::any_of(scene.firewall.tables, [](const Table& table) {
    const bool internet = meet(table.family, Family::inet);
    return internet && std::ranges::any_of(table.chains, [](const Chain& chain) {
             return chain.hook == Hook::forward && matters(chain);
           });
  });
}

Lines bridged_packets(const Scene& scene) {
  if (!has_forward_rules(scene)) return {};
  Lines bridges, ways;
  for (const model::Link& link : scene.ns.links) {
    const auto* bridge = std::get_if<model::BridgeData>(&link.data);
    if (link.kind == "bridge") bridges.push_back(link.name);
    if (bridge && (bridge->nf_call_iptables || bridge->nf_call_ip6tables))
      ways.push_back("nf_call_iptables of " + link.name);
  }
  for (const char* name :
       {"net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"})
    if (scene.sysctl(name).value_or(0) != 0) ways.push_back(name);
  if (bridges.empty() || ways.empty()) return {};
  return {fmt::format("packets that just cross a bridge ({}) meet the rules of forward as well: {}",
                      fmt::join(bridges, ", "), fmt::join(ways, ", "))};
}

Lines full_table(const Scene& scene) {
  const auto count = scene.sysctl("net.netfilter.nf_conntrack_count");
  const auto most = scene.sysctl("net.netfilter.nf_conntrack_max");
  if (!count || !most || *most <= 0 || *count < *most / 10 * 8) return {};
  return {
      fmt::format("{} of {} connections are tracked: what comes when the table is full is "
                  "dropped",
                  *count, *most)};
}

std::string program_text(const model::BpfProgram& program) {
  std::string text = program.hook == "xdp" ? "an XDP program" : "a BPF program of " + program.hook;
  if (program.hook != "xdp") text += " at " + program.mode;
  if (!program.name.empty()) text += fmt::format(" ({})", program.name);
  return text;
}

std::string filter_text(const model::TcFilter& filter) {
  return fmt::format("filters of tc at {} ({})", filter.mode, filter.kind);
}

// What handles packets beside netfilter.
Lines not_judged(const Scene& scene) {
  Lines lines;
  for (const model::Link& link : scene.ns.links) {
    Lines others;
    for (const model::BpfProgram& program : link.bpf) others.push_back(program_text(program));
    for (const model::TcFilter& filter : link.filters) others.push_back(filter_text(filter));
    if (!others.empty())
      lines.push_back(fmt::format("{}: {}: what becomes of packets there is not told here",
                                  link.name, fmt::join(others, ", ")));
  }
  return lines;
}

struct Check {
  const char* name;
  Lines (*find)(const Scene&);
};
constexpr Check kChecks[] = {
    {"two back ends", both_backends},    {"two writers", two_writers},
    {"same priority", equal_priorities}, {"owned", owned_tables},
    {"dormant", dormant_tables},         {"bridge", bridged_packets},
    {"conntrack", full_table},           {"nat priority", nat_priorities},
    {"not judged", not_judged},
};

}  // namespace

std::vector<FirewallFinding> firewall_findings(const model::Namespace& ns,
                                               const RuleWriters& writers) {
  std::vector<FirewallFinding> findings;
  const Scene scene{ns, *ns.firewall, writers};
  for (const Check& check : kChecks)
    for (std::string& line : check.find(scene)) findings.push_back({check.name, std::move(line)});
  return findings;
}

}  // namespace nsmap::analyze
