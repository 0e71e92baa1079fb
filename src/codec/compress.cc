#include "codec/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <memory>

namespace nsmap::codec {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Fast, and within a tenth of the size of the slower levels on JSON.
constexpr int kLevel = 3;

// As powers of two: the least there is, and what a decoder takes without being told (zstd.h,
// ZSTD_WINDOWLOG_LIMIT_DEFAULT).
constexpr int kSmallestWindow = 10;
constexpr int kLargestWindow = 27;

// The base of a frame is within reach of its last byte as far as the window goes.
void refer_to(ZSTD_CCtx* context, std::string_view base, std::size_t size) {
  const int window = std::clamp(static_cast<int>(std::bit_width(base.size() + size)),
                                kSmallestWindow, kLargestWindow);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
  ZSTD_CCtx_refPrefix(context, base.data(), base.size());
}

}  // namespace

bool is_compressed(std::string_view bytes) { return bytes.starts_with("\x28\xb5\x2f\xfd"); }

std::string compress(std::string_view bytes, std::string_view base) {
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  if (!base.empty()) refer_to(context.get(), base, bytes.size());
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size)) std::abort();  // the bound is enough: only a bug or no memory
  out.resize(size);
  return out;
}

Result<std::string> decompress(std::string_view bytes, std::string_view what, std::size_t limit,
                               std::string_view base) {
  const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  ZSTD_DCtx_refPrefix(context.get(), base.data(), base.size());
  std::string out;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t wanted = 1;  // bytes the decoder still asks for; 0 at the end of a frame
  bool full = true;        // the decoder may hold more than fitted into the chunk
  while (in.pos < in.size || (wanted != 0 && full)) {
    ZSTD_outBuffer made{chunk.data(), chunk.size(), 0};
    wanted = ZSTD_decompressStream(context.get(), &made, &in);
    if (ZSTD_isError(wanted))
      return usage_error(fmt::format("{}: damaged: {}", what, ZSTD_getErrorName(wanted)));
    full = made.pos == made.size;
    if (made.pos > limit - out.size())
      return usage_error(fmt::format("{}: holds more than {} bytes", what, limit));
    out.append(chunk, 0, made.pos);
  }
  if (wanted != 0) return usage_error(fmt::format("{}: it is cut short", what));
  return out;
}

}  // namespace nsmap::codec
