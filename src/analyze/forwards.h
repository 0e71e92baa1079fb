#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyze/rule_ways.h"
#include "model/snapshot.h"

// What the firewall of one namespace does with the ports of it: which it sends on, and from where
// it lets packets come to one.

namespace nsmap::analyze {

using Ports = std::vector<std::pair<std::uint16_t, std::uint16_t>>;  // first and last of ranges

// Packets that rules send on to another address.
struct Forward {
  std::optional<std::uint8_t> protocol = {};
  Ports ports = {};               // empty: all
  std::optional<Prefix> to = {};  // absent: whatever their destination …
  bool to_local = false;          // … that is one of the namespace's addresses
  std::vector<std::string> only_from = {};
  bool conditional = false;
  bool v6 = false;
  bool output = false;                    // what processes of the namespace send, not what comes in
  std::optional<IpAddress> address = {};  // absent: their own, or one of a map
  std::optional<std::uint16_t> port = {};  // absent: their own
  std::string map = {};                    // that has the addresses
  RulePlace place = {};
};

// A packet as far as it is known, on its way to a port.
struct Arrival {
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  std::optional<IpAddress> address = {};  // absent: any
  bool v6 = false;
  bool forwarded = false;   // to another namespace: it meets forward, not input
  std::string out = {};     // forwarded: by that interface; empty: not known
  bool translated = false;  // its destination was another before
};

struct Admission {
  enum class Kind { all, some, none, unknown };
  Kind kind = Kind::all;
  std::vector<std::string> sources = {};  // all: those that are not, "not 10.0.0.0/8"
  bool conditional = false;
  RulePlace place = {};  // what stops the others
};

// What the firewall of a namespace says, which it borrows; what is asked for often is kept.
class NamespaceRules {
 public:
  explicit NamespaceRules(const model::Namespace& ns);

  // All that are sent on, in the order of the hooks.
  const std::vector<Forward>& forwards();
  Admission admission(const Arrival& arrival);

 private:
  const RuleIndex& index(const model::firewall::Table& table);
  void add_forwards(bool v6, model::firewall::Hook hook);

  const model::Namespace& ns_;
  std::vector<HookChains> order_;
  std::unordered_map<const model::firewall::Table*, RuleIndex> tables_;
  std::optional<std::vector<Forward>> forwards_;
};

}  // namespace nsmap::analyze
