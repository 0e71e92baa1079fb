#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyze/chain_order.h"
#include "model/firewall.h"

// Which rules of long chains packets may meet, found without a look at each.

namespace nsmap::analyze {

// Whether two fields hold the same where both are known: of ports, each protocol has its own name.
bool same_slice(model::PacketField a, model::PacketField b);

// A table by its names, and its rules by the destination or port that they ask for. Borrows it.
class RuleIndex : public TableIndex {
 public:
  // What is known of a field; null: nothing.
  using Find = std::function<const Octets*(model::PacketField)>;

  explicit RuleIndex(const model::firewall::Table& table);

  // Those of a chain that do not ask for another value of a field than it is known to have, in
  // their order.
  std::vector<const model::firewall::Rule*> rules(const model::firewall::Chain& chain,
                                                  const Find& known) const;

 private:
  struct Key {
    std::size_t field;  // of kFields
    Octets value;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  using Places = std::vector<std::uint32_t>;  // in the chain, ascending
  struct Asking {
    std::unordered_map<Key, Places, KeyHash> by_key;
    Places others;
    std::vector<Places> of_field;  // as kFields
  };

  static std::optional<Key> key_of(const model::firewall::Rule& rule);
  void add(const model::firewall::Chain& chain);

  std::unordered_map<const model::firewall::Chain*, Asking> chains_;
};

}  // namespace nsmap::analyze
