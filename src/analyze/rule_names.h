#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/describe.hpp>

#include "analyze/names.h"
#include "analyze/rule_ways.h"
#include "analyze/rule_writers.h"
#include "model/snapshot.h"

namespace nsmap::analyze {

// A rule of a firewall by what people find it by; of a policy neither handle nor number.
struct RuleName {
  model::NetnsId ns = {};
  std::string title = {};    // of that namespace
  std::string dialect = {};  // in whose words people know it: nft, iptables
  model::firewall::Backend backend = model::firewall::Backend::nf_tables;
  model::firewall::Family family = model::firewall::Family::ip;
  std::string table = {};
  std::string chain = {};
  std::optional<std::uint64_t> handle = {};
  std::optional<std::uint32_t> number = {};  // in its chain, from 1
  Writer writer = {};
  friend bool operator==(const RuleName&, const RuleName&) = default;
};
BOOST_DESCRIBE_STRUCT(RuleName, (),
                      (ns, title, dialect, backend, family, table, chain, handle, number, writer))

// Names rules of any namespace. What takes a look at a whole table or firewall is done once.
class RuleNames {
 public:
  explicit RuleNames(const Titles& titles) : titles_(titles) {}

  RuleName of(const model::Namespace& ns, const RulePlace& place);

 private:
  const char* dialect(const model::firewall::Table& table);

  const Titles& titles_;
  std::unordered_map<const model::Namespace*, RuleWriters> writers_;
  std::unordered_map<const model::firewall::Table*, const char*> dialects_;
};

}  // namespace nsmap::analyze
