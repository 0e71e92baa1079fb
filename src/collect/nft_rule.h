#pragma once

#include <string_view>
#include <vector>

#include "collect/nft_attributes.h"
#include "collect/nft_sets.h"
#include "collect/xt.h"
#include "model/firewall.h"

// The expressions of nf_tables, decoded into statements.

namespace nsmap::collect {

// Sets what a rule's expressions (NFTA_RULE_EXPRESSIONS) mean. What is looked up in the table's
// sets is noted there. `ipsets` is for x_tables' matches in it.
void decode_rule(netlink::Attributes expressions, model::firewall::Family family, NftSets& sets,
                 model::firewall::Rule& rule, IpsetNames* ipsets = nullptr);

// What a list of expressions means that need nothing of a packet: counters, limits and the like, of
// sets and elements.
std::vector<model::firewall::Statement> decode_stateful(netlink::Attributes expressions,
                                                        model::firewall::Family family);
// The same of one expression (NFTA_EXPR_*).
std::vector<model::firewall::Statement> decode_stateful_one(netlink::Attributes expression,
                                                            model::firewall::Family family);
// What the data of a stateful object means (NFTA_OBJ_DATA), by the expression of that name; nothing
// where it has none.
std::vector<model::firewall::Statement> decode_object(std::string_view name,
                                                      netlink::Attributes data,
                                                      model::firewall::Family family);

// A verdict with its chain (NFTA_VERDICT_*); nothing for none that is known.
std::optional<model::firewall::Verdict> read_verdict(netlink::Attributes attributes);

// What NFT_OBJECT_* is called, as of ObjectRef.
std::string object_kind(std::uint32_t type);

}  // namespace nsmap::collect
