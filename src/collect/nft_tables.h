#pragma once

#include <cstdint>
#include <optional>

#include "collect/nft_attributes.h"
#include "model/firewall.h"

// Tables, chains, objects and flowtables of nf_tables, as its messages describe them.

namespace nsmap::collect {

// The family of that NFPROTO_*; nothing: none that tables have.
std::optional<model::firewall::Family> nft_family(std::uint8_t number);
std::uint8_t nft_family_number(model::firewall::Family family);

model::firewall::Table read_table(const NftAttributes& attributes, model::firewall::Family family);
model::firewall::Chain read_chain(const NftAttributes& attributes, model::firewall::Family family);
model::firewall::Object read_object(const NftAttributes& attributes,
                                    model::firewall::Family family);
model::firewall::Flowtable read_flowtable(const NftAttributes& attributes);

}  // namespace nsmap::collect
