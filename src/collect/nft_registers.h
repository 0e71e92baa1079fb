#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "collect/nft_types.h"
#include "model/statement.h"

// What the registers of nf_tables' machine hold at a point of a rule: not bytes, but what the bytes
// are of. Sixteen words of four bytes (NFT_REG32_00 …), of which an older numbering takes four at a
// time (NFT_REG_1 …). A value begins at a word and fills as many as it needs.

namespace nsmap::collect {

// (value & mask) ^ flip, as it lies in the registers.
struct Loaded {
  model::firewall::Value value = {};
  std::uint32_t size = 0;   // bytes; zero: nobody knows what is there
  bool host_order = false;  // a number in this machine's order
  bool constant = false;    // bytes as the rule has them; their order is the order of who uses them
  // In network order, `size` bytes each; empty: all ones, all zeros.
  Octets mask = {};
  Octets flip = {};
  // Of a Payload: the header it is of, where that is known.
  std::optional<model::FieldSource> header = {};
  int depth = 0;  // how deep values are nested in it
};

class Registers {
 public:
  static constexpr std::size_t kWords = 16;

  // The word that a register's number means; nothing: no such register, or the verdict's.
  static std::optional<std::size_t> word(std::uint32_t number);

  // What begins at that word; null: nothing known.
  const Loaded* at(std::size_t word) const;

  // Puts a value there, and whatever it overwrites is no longer known. False: it does not fit.
  bool put(std::size_t word, Loaded loaded);
  void forget();

 private:
  std::array<std::optional<Loaded>, kWords> words_;  // where a value begins
};

constexpr int kMostDepth = 8;

}  // namespace nsmap::collect
