#pragma once

#include <array>
#include <span>
#include <string_view>

#include "collect/nft_attributes.h"
#include "collect/nft_registers.h"
#include "collect/nft_rule.h"
#include "collect/nft_values.h"

// The tables of expressions (nft_loads.cc, nft_matches.cc, nft_actions.cc), a row each, and what
// their decoders work on.

namespace nsmap::collect {

struct Decoder {
  model::firewall::Family family;
  NftSets& sets;
  model::firewall::Rule& rule;
  IpsetNames* ipsets = nullptr;
  Registers registers = {};
  Headers headers = {};

  void push(model::firewall::Action action) { rule.statements.push_back({{}, std::move(action)}); }

  // What is in the register of that attribute, alone and in the model's form. Nothing where that is
  // not known, or does not lie there as its user takes it. `length` in bytes; zero: all of it.
  std::optional<model::firewall::Value> value(const NftAttributes& attributes, std::size_t type,
                                              std::uint32_t length, bool host_order) const;
  // The same, no value where there is no such attribute. False: there is, and it is not known.
  bool read(const NftAttributes& attributes, std::size_t type, model::firewall::Value& value,
            bool host_order = false) const;
  // Puts something into the register of that attribute.
  bool load(const NftAttributes& attributes, std::size_t type, Loaded loaded);
};

// What is looked up: the registers' values from one on, each a part of the key.
struct Key {
  model::firewall::Value value = {};
  Coding coding = {};
  int depth = 0;
};
std::optional<Key> read_key(const Registers& registers, std::uint32_t number, std::uint32_t length);

// Appends statements or loads registers; false: the expression says what cannot be told.
using DecodeExpression = bool (*)(Decoder&, const NftAttributes&);

struct Expression {
  std::string_view name;
  DecodeExpression decode;
  bool loads = false;  // puts something into registers
};

std::span<const Expression> load_expressions();
std::span<const Expression> match_expressions();
std::span<const Expression> action_expressions();

}  // namespace nsmap::collect
