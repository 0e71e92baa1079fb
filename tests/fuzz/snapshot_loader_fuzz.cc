#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/compress.h"
#include "codec/json.h"

// Whatever the bytes are, loading them ends in a snapshot or an error of one line; a snapshot that
// was loaded and written again is the same when loaded again.

namespace {

constexpr std::size_t kLargest = 16 << 20;

void require(bool holds) {
  if (!holds) std::abort();
}

void load(std::string_view text) {
  using namespace nsmap;
  const auto snapshot = codec::snapshot_from_json(text, "input");
  if (!snapshot) {
    require(snapshot.error().kind == Error::Kind::usage);
    require(snapshot.error().text.starts_with("input: "));
    return;
  }
  const auto again = codec::snapshot_from_json(codec::snapshot_to_json(*snapshot), "again");
  require(again && *again == *snapshot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!nsmap::codec::is_compressed(bytes)) {
    load(bytes);
  } else if (const auto text = nsmap::codec::decompress(bytes, "input", kLargest)) {
    load(*text);
  }
  return 0;
}
