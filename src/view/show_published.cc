#include <algorithm>
#include <set>

#include "analyze/forwards.h"
#include "view/ports.h"
#include "view/published.h"
#include "view/show_sections.h"

namespace nsmap::view {
namespace {

using analyze::OpenPort;
using analyze::SourceNat;

constexpr std::size_t kMostPorts = 64;
constexpr std::size_t kMostSources = 32;
constexpr std::size_t kMostAnswers = 4;  // endpoints of a service

bool leads_into(const OpenPort& port, model::NetnsId ns) {
  return std::ranges::any_of(port.answers,
                             [&](const auto& answer) { return analyze::answers_in(answer) == ns; });
}

void add_row(const OpenPort& port, const model::Namespace& ns, Table& table) {
  table.rows.push_back({{port.protocol + " " + address_and_port_text(port), Role::address},
                        port.ns == ns.id ? Text() : Text(port.title, Role::title),
                        {analyze::service_of(port), Role::owner},
                        answered_by_text(port, kMostAnswers),
                        reach_text(port),
                        ways_text(port, kMostAnswers)});
}

void add_more(std::size_t more, const char* command, std::vector<Line>& lines) {
  if (more != 0)
    lines.push_back(
        {{"and", Role::muted}, {{counted(more, "more", "more") + ": " + command, Role::muted}}});
}

void add_sources(const std::vector<SourceNat>& sources, std::vector<Line>& lines) {
  std::size_t told = 0, more = 0, hairpins = 0;
  for (const SourceNat& nat : sources) {
    if (nat.hairpin) {
      ++hairpins;
    } else if (told == kMostSources) {
      ++more;
    } else {
      ++told;
      Text text(from_text(nat), Role::address);
      if (!nat.to.empty()) text.add(" → ", Role::muted).add(nat.to, Role::address);
      lines.push_back({{nat.masquerade ? "masquerades" : "translates", Role::muted},
                       {text, {rule_name_text(nat.rule), Role::muted}}});
    }
  }
  add_more(more, "nsmap rules has them all", lines);
  if (hairpins != 0)
    lines.push_back({{"hairpin", Role::muted},
                     {{counted(hairpins, "rule lets", "rules let") +
                       " what is behind a published port reach it by that port"}}});
}

// What rules send on whatever its port, as of an address for a whole container.
void add_whole(analyze::RuleNames& names, const model::Namespace& ns, std::vector<Line>& lines) {
  analyze::NamespaceRules rules(ns);
  std::set<const model::firewall::Rule*> told;
  for (const analyze::Forward& forward : rules.forwards()) {
    if (!forward.ports.empty() || forward.protocol || !told.insert(forward.place.rule).second)
      continue;
    const std::string from = forward.to         ? forward.to->text()
                             : forward.to_local ? "its own addresses"
                                                : "all";
    const std::string to = forward.address       ? forward.address->text()
                           : forward.map.empty() ? "here"
                                                 : "map " + forward.map;
    Text text = Text(from, Role::address).add(" → ", Role::muted).add(to, Role::address);
    if (forward.conditional || !forward.only_from.empty()) text.add(", as rules decide");
    lines.push_back({{"sends on", Role::muted},
                     {text, {rule_name_text(names.of(ns, forward.place)), Role::muted}}});
    if (told.size() == kMostSources) return;
  }
}

}  // namespace

Section published_section(const Words& words, const model::Namespace& ns) {
  Section section{
      "published", {}, table_of({"PORT", "OF", "SERVICE", "LEADS TO", "~FROM", "~HOW"})};
  std::size_t more = 0;
  for (const OpenPort& port : analyze::leading_ports(words.index, words.titles)) {
    if (port.ns != ns.id && !leads_into(port, ns.id)) continue;
    if (section.table.rows.size() == kMostPorts)
      ++more;
    else
      add_row(port, ns, section.table);
  }
  add_more(more, "nsmap ports has them all", section.lines);
  analyze::RuleNames names(words.titles);
  add_whole(names, ns, section.lines);
  add_sources(analyze::source_nats(names, ns), section.lines);
  return section;
}

}  // namespace nsmap::view
