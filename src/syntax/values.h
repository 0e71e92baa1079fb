#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/octets.h"
#include "model/packet_field.h"

// Constants of firewall rules as nft(8) writes them, to be read by people and by nft.

namespace nsmap::syntax {

// A value of that type, in network order: "10.0.0.1", "established,related", "echo-request".
std::string value_text(model::DataType type, const Octets& value);

// What the value is called, where nft has a word for it.
std::optional<std::string_view> value_name(model::DataType type, std::uint64_t value);

// Whether each bit of the value means something by itself, so that nft writes them as a list.
bool is_bit_set(model::DataType type);

// The bits of such a value, lowest first, put together with `separator`; "0x0" of none.
std::string bits_text(model::DataType type, const Octets& value, std::string_view separator);

// nft's name of the type, as in `type ipv4_addr . inet_service`; empty: it has none, a set of such
// keys is declared by `typeof`.
std::string_view type_name(model::DataType type);

// Of how many bits, where the type says so; 0: it does not.
std::uint32_t type_bits(model::DataType type);

// How many ones a mask begins with, where nothing but zeros follows.
std::optional<unsigned> prefix_length(const Octets& mask);
// The length of the prefix that a range is, of bounds as long as each other; nothing: it is none.
std::optional<unsigned> prefix_length(const Octets& first, const Octets& last);

// Milliseconds as nft writes a time: "1h30m", "250ms".
std::string duration_text(std::uint64_t milliseconds);

// An interface's name from 16 bytes, in quotes; of `prefix` bytes alone with a star.
std::string interface_text(const Octets& name, std::optional<std::size_t> prefix = {});

// In quotes. nft knows no way to write a quote or a line's end within: those become \xNN, and
// `is_writable` says beforehand that the text would not come back as it was.
std::string quoted(std::string_view text);
bool is_writable(std::string_view text);

}  // namespace nsmap::syntax
