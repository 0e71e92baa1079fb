#pragma once

#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/rule_writers.h"
#include "model/snapshot.h"

namespace nsmap::analyze {

// Something about a namespace's firewall that surprises people.
struct FirewallFinding {
  std::string check;  // "two writers": which of the checks it is of
  std::string what;   // one line
  friend bool operator==(const FirewallFinding&, const FirewallFinding&) = default;
};
BOOST_DESCRIBE_STRUCT(FirewallFinding, (), (check, what))

std::vector<FirewallFinding> firewall_findings(const model::Namespace& ns,
                                               const RuleWriters& writers);

}  // namespace nsmap::analyze
