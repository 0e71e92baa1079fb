#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "model/snapshot.h"

// A snapshot without what tells whose it is, to be handed to others: addresses, MACs, and names
// that people chose are replaced, each by the same thing wherever it occurs, so that whatever nsmap
// says of the one it says of the other. docs/anonymise.md tells what becomes of what.
//
//   addresses.h  addresses and MACs
//   texts.h      names, paths, command lines
//   fields.h     which field of the model is what

namespace nsmap::anonymise {

// Who has it, or guesses an original, can tell what stands for what.
using Key = std::array<std::uint8_t, 32>;

Key random_key();

// The key that a file's content stands for; an error, of kind usage, begins with `what`.
Result<Key> key_of(std::string_view content, std::string_view what);

model::Snapshot anonymise(model::Snapshot snapshot, const Key& key);

}  // namespace nsmap::anonymise
