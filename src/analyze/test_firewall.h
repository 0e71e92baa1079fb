#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/firewall.h"

// Firewalls by hand, for tests.

namespace nsmap::analyze {

inline model::firewall::Rule test_rule(std::vector<model::firewall::Action> actions,
                                       std::string comment = {}) {
  model::firewall::Rule rule;
  for (auto& action : actions) rule.statements.push_back({{}, std::move(action)});
  rule.comment = std::move(comment);
  return rule;
}

inline model::firewall::Rule test_jump(const char* chain) {
  using model::firewall::Verdict;
  return test_rule({Verdict{Verdict::Kind::jump, chain}});
}

inline model::firewall::Chain test_chain(const char* name,
                                         std::vector<model::firewall::Rule> rules = {}) {
  model::firewall::Chain chain;
  chain.name = name;
  chain.rules = std::move(rules);
  for (std::uint32_t at = 0; at != chain.rules.size(); ++at) chain.rules[at].position = at;
  return chain;
}

inline model::firewall::Chain test_chain(const char* name, model::firewall::Hook hook,
                                         std::int32_t priority,
                                         std::vector<model::firewall::Rule> rules = {}) {
  model::firewall::Chain chain = test_chain(name, std::move(rules));
  chain.hook = hook;
  chain.priority = priority;
  chain.type = "filter";
  chain.policy = model::firewall::Verdict{};
  return chain;
}

inline model::firewall::Table test_table(model::firewall::Family family, const char* name,
                                         std::vector<model::firewall::Chain> chains) {
  model::firewall::Table table;
  table.family = family;
  table.name = name;
  table.chains = std::move(chains);
  return table;
}

}  // namespace nsmap::analyze
