#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/octets.h"
#include "model/firewall.h"

namespace nsmap::collect {

// How one part of a set's key or of a map's data lies in the kernel's registers and elements,
// against the model's form: network order, a bit field to the right.
struct PartCoding {
  std::uint32_t size = 0;   // bytes in the register; parts begin at multiples of four
  bool host_order = false;  // the bytes are a number in this machine's order
  std::uint32_t shift = 0;  // bits to the right of it that are zero
  std::uint32_t bytes = 0;  // of the model's form
  friend bool operator==(const PartCoding&, const PartCoding&) = default;
};
using Coding = std::vector<PartCoding>;

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

// The bytes of a register, their order turned if need be.
Octets in_network_order(Bytes bytes, bool host_order);

// One part in the model's form; nothing where the bytes do not fit it.
std::optional<Octets> decode_part(Bytes bytes, const PartCoding& coding);

// Parts one after the other, padded to four bytes each where there are several.
std::optional<Octets> decode_parts(Bytes bytes, const Coding& coding);

// A number in network order, shifted.
Octets shift_right(const Octets& number, std::uint32_t bits);

// What nft(8) says a set is made of (NFTA_SET_KEY_TYPE, NFTA_SET_DATA_TYPE): a data type's number
// in nft's own list, six bits a part of a concatenation.
struct DeclaredParts {
  std::vector<model::firewall::KeyPart> parts;
  Coding coding;
};
// `lengths`: the parts' lengths where the kernel was told (NFTA_SET_DESC_CONCAT). Parts of unknown
// type become integers; where the parts do not add up to `length` there is one, of all the bytes.
DeclaredParts declared_parts(std::uint32_t type, std::uint32_t length,
                             const std::vector<std::uint32_t>& lengths);

// Whether the kernel's registers have such a value in this machine's order.
bool is_host_order(model::DataType type);

}  // namespace nsmap::collect
