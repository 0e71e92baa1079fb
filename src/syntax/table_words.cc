#include "syntax/table_words.h"

#include <variant>

#include "syntax/iptables.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;

// Without the counters; quotas as if new.
Rule lasting(const Rule& rule) {
  Rule bare = rule;
  bare.comment.clear();
  std::erase_if(bare.statements, [](const Statement& statement) {
    return std::holds_alternative<Counter>(statement.action) ||
           std::holds_alternative<Last>(statement.action);
  });
  for (Statement& statement : bare.statements)
    if (auto* quota = std::get_if<Box<Quota>>(&statement.action)) (*quota)->used = 0;
  return bare;
}

}  // namespace

TableWords::TableWords(const Table& table, const InterfaceNames& interfaces)
    : dialect_(dialect_of(table)), nft_(table, interfaces) {}

std::string TableWords::rule(const Rule& rule) const {
  const Rule bare = lasting(rule);
  if (dialect_ == Dialect::iptables)
    if (const auto text = iptables_rule(nft_.table, bare)) return *text;
  return nft_rule(nft_, bare).text;
}

}  // namespace nsmap::syntax
