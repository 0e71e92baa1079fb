#pragma once

#include <optional>
#include <string>

#include "model/firewall.h"

// Rules in the words of iptables-save(8), to be read by people and by iptables-restore, ip6tables-
// and arptables-restore.

namespace nsmap::syntax {

// "-s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j ACCEPT"; nothing: iptables has no words for it.
std::optional<std::string> iptables_rule(const model::firewall::Table& table,
                                         const model::firewall::Rule& rule);

struct IptablesOptions {
  model::firewall::Family family = model::firewall::Family::ip;
  model::firewall::Backend backend = model::firewall::Backend::x_tables;
  bool counters = false;
};

struct IptablesSave {
  std::string text;
  std::size_t unwritten = 0;  // rules that iptables has no words for: a comment each
};

// The tables of that family and back end that are iptables' own (dialect_of).
IptablesSave iptables_save(const model::firewall::Firewall& firewall,
                           const IptablesOptions& options);

}  // namespace nsmap::syntax
