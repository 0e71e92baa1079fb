#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/chain_order.h"
#include "model/firewall.h"

// Who wrote a rule: told by the names of tables and chains, comments, marks and interfaces that
// programs use, from one table of them (rule_writers.cc).

namespace nsmap::analyze {

struct Writer {
  std::string name;   // "docker"; "by hand" where nothing tells
  bool sure = false;  // by more than a name in a table that many write to
  std::string of;     // whose it is in the writer's terms: a service, a zone, a container's id
  friend bool operator==(const Writer&, const Writer&) = default;
};
BOOST_DESCRIBE_STRUCT(Writer, (), (name, sure, of))

inline constexpr const char* kByHand = "by hand";

// All those that are known, each once, sorted.
std::vector<std::string_view> known_writers();

// How much of the name of a table or chain is what a known program calls its own, from the
// beginning: all of "DOCKER", of "KUBE-SVC-ERIFXISQEP7F7OF4" the first five characters; 0: none.
std::size_t known_beginning(std::string_view name);
// Whether a known program writes comments like this.
bool is_known_comment(std::string_view comment);

// Of one firewall, to which it refers.
class RuleWriters {
 public:
  explicit RuleWriters(const model::firewall::Firewall& firewall);

  // A table that one program has for itself; else by hand.
  Writer of(const model::firewall::Table& table) const;
  Writer of(const ChainRef& chain) const;
  Writer of(const ChainRef& chain, const model::firewall::Rule& rule) const;

 private:
  Writer by_target(const ChainRef& chain, const model::firewall::Rule& rule) const;

  // How many chains by names of a writer there are, in tables that many write to.
  std::map<std::string, std::size_t, std::less<>> chains_;
  std::unordered_map<const model::firewall::Table*, TableJumps> jumps_;
};

}  // namespace nsmap::analyze
