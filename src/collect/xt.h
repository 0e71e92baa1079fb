#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/firewall.h"

namespace nsmap::collect {

// A match or target of x_tables as the kernel holds it, in a legacy table or within nf_tables.
struct XtExtension {
  std::string_view name;  // "conntrack", "DNAT"
  bool target = false;
  std::uint8_t revision = 0;
  Bytes info;  // its structure of linux/netfilter/xt_*.h
  model::firewall::Family family = model::firewall::Family::ip;
};

// Appends the statements that it means: one Opaque where it is none we know, or not as long as it
// should be. What is only said (match "comment") goes to `rule.comment`.
void decode_xt(const XtExtension& extension, model::firewall::Rule& rule);

}  // namespace nsmap::collect
