#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

// Zstandard frames (RFC 8878).

namespace nsmap::codec {

// Whether the bytes begin with the magic number of a Zstandard frame.
bool is_compressed(std::string_view bytes);

// One frame, with a checksum. `base` is what it may refer back to: bytes much alike, which whoever
// decompresses it must have too (zstd --patch-from makes such frames).
std::string compress(std::string_view bytes, std::string_view base = {});

// What the frames hold (`base`: the first was made with it). An error is of kind usage and begins
// with `what` (a file's name): damaged, cut short, or more than `limit` bytes, of which no more are
// ever made.
Result<std::string> decompress(std::string_view bytes, std::string_view what, std::size_t limit,
                               std::string_view base = {});

}  // namespace nsmap::codec
