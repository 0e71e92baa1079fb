#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "collect/nft_registers.h"
#include "model/firewall.h"

// From slices of headers, masks and shifts to the fields that people know: `load 1 byte at 1 of the
// network header, & fc, compare with 20` is `ip dscp` compared with 8.

namespace nsmap::collect {

// Which headers a packet has that came this far in a rule.
struct Headers {
  std::optional<model::FieldSource> network = {};
  std::optional<model::FieldSource> transport = {};
  bool vlan = false;

  static Headers of_family(model::firewall::Family family);
  // What follows from a match of the rule.
  void learn(const model::firewall::Match& match);
  // The header that a slice of that place is of.
  std::optional<model::FieldSource> of(const model::firewall::Payload& payload) const;
};

// A value on its own, in the model's form, and how it lies in the registers.
struct Plain {
  model::firewall::Value value = {};
  PartCoding coding = {};
  int depth = 0;
};
std::optional<Plain> plain(const Loaded& loaded);

// The first `size` bytes of what is loaded, where that is a slice of a header.
std::optional<Loaded> truncated(const Loaded& loaded, std::uint32_t size);

// What is loaded, shifted. Nothing where the kernel's shift of the register's bytes is none of the
// value.
std::optional<Loaded> shifted(const Loaded& loaded, bool left, std::uint32_t bits);

// Appends the matches that a comparison of the first bytes of what is loaded means. False: none
// that could be said.
bool append_matches(const Loaded& loaded, model::firewall::Compare compare, Bytes right, Bytes last,
                    std::vector<model::firewall::Statement>& statements);

// Byte by byte; of the same size, or empty for all ones (and) or all zeros (xor).
Octets and_octets(const Octets& a, const Octets& b);
Octets xor_octets(const Octets& a, const Octets& b);

}  // namespace nsmap::collect
