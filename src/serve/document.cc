#include "serve/document.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "codec/compress.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

// One packet less is nothing to anybody.
constexpr std::size_t kLong = 1400;

constexpr int kGzipWindow = 15 + 16;  // zlib.h deflateInit2: 16 more asks for a gzip header
constexpr int kGzipMemory = 8;        // its default

// In the order of preference, among those of the same weight.
constexpr std::pair<std::string_view, Encoding> kEncodings[] = {
    {"zstd", Encoding::zstd},
    {"gzip", Encoding::gzip},
};

// The weight of "gzip;q=0.5" in thousandths; none that can be read is none at all.
int weight_of(std::string_view parameters) {
  const auto [name, value] = split(trim(parameters), '=');
  if (trim(name) != "q") return parameters.empty() ? 1000 : 0;
  const std::string_view number = trim(value);
  if (number.starts_with("1")) return 1000;
  if (!number.starts_with("0")) return 0;
  int weight = 0;
  for (std::size_t i = 2; i < 5; ++i) {
    const char digit = i < number.size() ? number[i] : '0';
    if (digit < '0' || digit > '9') return 0;
    weight = weight * 10 + (digit - '0');
  }
  return weight;
}

}  // namespace

std::string_view name(Encoding encoding) {
  for (const auto& [name, each] : kEncodings)
    if (each == encoding) return name;
  return {};
}

Encoding choose_encoding(std::string_view accepted) {
  std::map<std::string_view, int> weights;
  while (!accepted.empty()) {
    const auto [element, rest] = split(accepted, ',');
    const auto [coding, parameters] = split(element, ';');
    weights[trim(coding)] = weight_of(parameters);
    accepted = rest;
  }
  const auto weight = [&](std::string_view coding) {
    const auto found = weights.find(coding);
    if (found != weights.end()) return found->second;
    const auto any = weights.find("*");
    return any == weights.end() ? 0 : any->second;
  };
  Encoding chosen = Encoding::identity;
  int best = 0;
  for (const auto& [coding, encoding] : kEncodings)
    if (const int each = weight(coding); each > best) {
      best = each;
      chosen = encoding;
    }
  return chosen;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kGzipMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();  // only a bug or no memory
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib takes no more than 4 GB at a time (its uInt), which is more than a snapshot may be.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();  // the bound is enough
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool Document::is_long() const { return bytes_.size() > kLong; }

std::string_view Document::bytes(Encoding encoding) const {
  if (encoding == Encoding::identity) return bytes_;
  const auto [made, is_new] = compressed_.try_emplace(encoding);
  if (is_new) made->second = encoding == Encoding::zstd ? codec::compress(bytes_) : gzip(bytes_);
  return made->second;
}

}  // namespace nsmap::serve
