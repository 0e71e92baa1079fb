#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/firewall.h"

namespace nsmap::collect {

// The names of the ipsets of a namespace: rules hold an index. Nothing: there is none, or it could
// not be asked.
class IpsetNames {
 public:
  virtual ~IpsetNames() = default;
  virtual std::optional<std::string> name(std::uint16_t index) = 0;
};

// A match or target of x_tables as the kernel holds it, in a legacy table or within nf_tables.
struct XtExtension {
  std::string_view name;  // "conntrack", "DNAT"
  bool target = false;
  std::uint8_t revision = 0;
  Bytes info;  // its structure of linux/netfilter/xt_*.h
  model::firewall::Family family = model::firewall::Family::ip;
  IpsetNames* ipsets = nullptr;  // without: what names a set is not understood
};

// Appends the statements that it means: one Opaque where it is none we know, or not as long as it
// should be. What is only said (match "comment") goes to `rule.comment`. Looks at what stands in
// the rule already for the protocol that ports are of.
void decode_xt(const XtExtension& extension, model::firewall::Rule& rule);

// What decode_xt knows, sorted by name.
struct XtKnown {
  std::string_view name;
  bool target = false;
  std::vector<std::uint8_t> revisions;
  bool statements = false;  // has a form in the model; else its options as iptables writes them
};
std::vector<XtKnown> xt_known();

}  // namespace nsmap::collect
