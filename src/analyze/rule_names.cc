#include "analyze/rule_names.h"

#include "syntax/dialect.h"

namespace nsmap::analyze {

const char* RuleNames::dialect(const model::firewall::Table& table) {
  const auto [found, is_new] = dialects_.try_emplace(&table);
  if (is_new) found->second = syntax::dialect_name(syntax::dialect_of(table));
  return found->second;
}

RuleName RuleNames::of(const model::Namespace& ns, const RulePlace& place) {
  RuleName name{.ns = ns.id, .title = titles_.of(ns.id)};
  if (!place.table) return name;
  name.backend = place.table->backend;
  name.family = place.table->family;
  name.table = place.table->name;
  name.chain = place.chain->name;
  name.dialect = dialect(*place.table);
  const RuleWriters& writers = writers_.try_emplace(&ns, *ns.firewall).first->second;
  const ChainRef chain{place.table, place.chain};
  name.writer = place.rule ? writers.of(chain, *place.rule) : writers.of(chain);
  if (!place.rule) return name;
  name.handle = place.rule->handle;
  name.number = place.rule->position + 1;
  return name;
}

}  // namespace nsmap::analyze
