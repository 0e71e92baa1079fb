#pragma once

#include <string>
#include <vector>

#include "analyze/rule_names.h"

namespace nsmap::analyze {

// Packets that leave a namespace by another source address than they have, and by which.
struct SourceNat {
  RuleName rule = {};
  bool masquerade = false;              // an address of the interface that they leave by
  std::vector<std::string> from = {};   // "172.17.0.0/16", "not 10.0.0.0/8"; empty: any
  std::vector<std::string> where = {};  // "not out docker0", "to 10.0.0.0/8", "marked 0x4000"
  std::string to = {};       // "203.0.113.20-203.0.113.30:1024-65535"; may be a port alone
  bool conditional = false;  // the rules ask more than is told here
  bool hairpin = false;      // of what it sends to itself by way of a published port
};

// All of a namespace, in the order packets meet them. What a rule before it in its chain lets go by
// one condition is told as its opposite.
std::vector<SourceNat> source_nats(RuleNames& names, const model::Namespace& ns);

}  // namespace nsmap::analyze
