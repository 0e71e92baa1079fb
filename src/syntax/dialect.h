#pragma once

#include "model/firewall.h"

namespace nsmap::syntax {

// In whose words people know a table.
enum class Dialect { nft, iptables };

constexpr const char* dialect_name(Dialect dialect) {
  return dialect == Dialect::nft ? "nft" : "iptables";
}

// iptables for the legacy back end, and for tables of nf_tables as iptables-nft makes them: the
// family, the name and every base chain's hook, priority and type are iptables' own
// (iptables/nft.c xtables_ipv4).
Dialect dialect_of(const model::firewall::Table& table);

}  // namespace nsmap::syntax
