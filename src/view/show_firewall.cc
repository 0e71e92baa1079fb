#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analyze/chain_order.h"
#include "view/rules.h"
#include "view/show_sections.h"

namespace nsmap::view {
namespace {

// What there is of one table.
struct Tally {
  std::size_t chains = 0;
  std::size_t rules = 0;
  std::set<std::string> writers;
};

std::string table_name(const ShownChain& chain) {
  return fmt::format("{}{} {}", chain.backend == "x_tables" ? "legacy " : "", chain.family,
                     chain.table);
}

std::map<std::string, Tally> tallies(const ShownFirewall& firewall) {
  std::map<std::string, Tally> tables;
  for (const ShownChain& chain : firewall.chains) {
    Tally& tally = tables[table_name(chain)];
    ++tally.chains;
    tally.rules += chain.rules.size();
    for (const ShownRule& rule : chain.rules)
      tally.writers.insert(writer_text({rule.writer.name, rule.writer.sure, {}}));
  }
  return tables;
}

}  // namespace

Section firewall_section(const Words& words, const model::Namespace& ns) {
  Section section{"firewall", {}, table_of({"TABLE", ">CHAINS", ">RULES", "~BY"})};
  if (ns.firewall->tables.empty()) return section;
  const ShownFirewall firewall = show_firewall(words.titles, ns);
  for (const analyze::FirewallFinding& finding : firewall.findings)
    section.lines.push_back({{finding.check, Role::warn}, {{finding.what}}});
  for (const auto& [name, tally] : tallies(firewall)) {
    Text writers;
    for (const std::string& writer : tally.writers) writers.join({writer, Role::owner}, ", ");
    section.table.rows.push_back(
        {{name, Role::name}, number(tally.chains), number(tally.rules), writers});
  }
  return section;
}

}  // namespace nsmap::view
