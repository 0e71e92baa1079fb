#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "analyze/rule_writers.h"
#include "collect/nft_expressions.h"
#include "collect/xt.h"

// Holds the lists of docs/firewall.md against the tables that they tell.

namespace nsmap::cli {
namespace {

using Names = std::set<std::string>;

void add_quoted(const std::string& line, Names& names) {
  for (auto at = line.find('`'); at != line.npos;) {
    const auto end = line.find('`', at + 1);
    if (end == line.npos) return;
    names.insert(line.substr(at + 1, end - at - 1));
    at = line.find('`', end + 1);
  }
}

// What is in back quotes in the first list after the heading: lines that begin with one.
Names documented(const std::string& heading) {
  std::ifstream file(NSMAP_TESTS_DIR "/../docs/firewall.md");
  Names names;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) inside = line == heading;
    if (inside && line.starts_with("`")) add_quoted(line, names);
    if (inside && line.empty() && !names.empty()) break;
  }
  return names;
}

TEST(FirewallDocument, ListsEveryExpression) {
  Names names;
  for (const auto table :
       {collect::load_expressions(), collect::match_expressions(), collect::action_expressions()})
    for (const collect::Expression& expression : table) names.emplace(expression.name);
  EXPECT_EQ(documented("### Expressions of nf_tables"), names);
}

TEST(FirewallDocument, ListsEveryMatchAndTarget) {
  Names matches, targets;
  for (const collect::XtKnown& known : collect::xt_known())
    if (!known.name.empty()) (known.target ? targets : matches).emplace(known.name);
  EXPECT_EQ(documented("### Matches of iptables"), matches);
  EXPECT_EQ(documented("### Targets of iptables"), targets);
}

TEST(FirewallDocument, ListsEveryWriter) {
  Names names;
  for (const std::string_view name : analyze::known_writers()) names.emplace(name);
  EXPECT_EQ(documented("## Who wrote it"), names);
}

}  // namespace
}  // namespace nsmap::cli
