#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyze/diff_scene.h"
#include "analyze/diff_values.h"

// What is in a namespace, compared kind by kind.

namespace nsmap::analyze {

// Of the two snapshots as wholes.
struct DiffContext {
  bool booted = false;          // another boot, or another machine
  bool same_privileges = true;  // both read with the same right to see
  // Processes that are there for the snapshot's making: pid and start.
  std::set<std::pair<Pid, std::uint64_t>> observers;
};

struct Comparison {
  const DiffContext& context;
  const NamespacePair& pair;
  Scene before;
  Scene after;
  std::vector<Difference>& found;
  // Interfaces whose state or addresses changed: what the kernel makes of those follows.
  std::unordered_set<std::string> unsettled = {};
  // Namespace-wide settings that changed, and what they are now.
  std::unordered_map<std::string_view, std::int64_t> settings = {};
};

// Fills in `settings`.
void note_settings(Comparison& comparison);

void report(Comparison& comparison, Difference difference);

// One thing to compare, in one of the snapshots.
struct Fact {
  std::string key;     // what it is told from others by
  std::string what;    // that, for a reader
  std::string detail;  // what else there is to say where the other snapshot has none
  std::vector<FieldText> values;
};
using Facts = std::vector<Fact>;

// Where the kernel lets several have one key (routes), equal ones go together first.
void compare_facts(Comparison& comparison, DiffSubject subject, const Facts& before,
                   const Facts& after);

// The comparisons, in this order: what comes after looks at what was unsettled before.
void compare_names(Comparison& comparison);
void compare_links(Comparison& comparison);
void compare_addresses(Comparison& comparison);
void compare_routes(Comparison& comparison);
void compare_rules(Comparison& comparison);
void compare_nexthops(Comparison& comparison);
void compare_neighbours(Comparison& comparison);
void compare_fdb(Comparison& comparison);
void compare_vlans(Comparison& comparison);
void compare_listeners(Comparison& comparison);
void compare_processes(Comparison& comparison);
void compare_sysctls(Comparison& comparison);
void compare_nf_tables(Comparison& comparison);  // diff_firewall.cc
void compare_x_tables(Comparison& comparison);   // diff_firewall.cc
void compare_ipsets(Comparison& comparison);     // diff_firewall.cc
void compare_ipvs(Comparison& comparison);       // diff_firewall.cc

// Whether a namespace-wide setting, "net.ipv4.conf.all.forwarding", changed to that value, given as
// the text of a setting of one interface.
bool changed_to(const Comparison& comparison, std::string_view sysctl, std::string_view value);

}  // namespace nsmap::analyze
