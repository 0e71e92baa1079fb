#include "serve/token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "os/files.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kShortest = 16;
constexpr std::size_t kLongest = 512;

std::string base64(std::span<const unsigned char> bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

// token68 of RFC 9110, 11.2.
bool may_stand_in_token(char c) {
  constexpr std::string_view kMarks = "-._~+/=";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

}  // namespace

std::string make_token() {
  std::array<unsigned char, kTokenBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  std::string token = base64(bytes);
  std::ranges::replace(token, '+', '-');
  std::ranges::replace(token, '/', '_');
  token.erase(std::ranges::find(token, '='), token.end());
  return token;
}

Result<std::string> read_token(const std::string& file) {
  const auto content = os::private_file(file, kLongest, [] { return make_token() + "\n"; });
  if (!content) {
    if (content.error() == Errno{EPERM})
      return usage_error(fmt::format("token file {}: others may read it", file),
                         "chmod 600 " + file);
    return usage_error(fmt::format("token file {}: {}", file, os::text(content.error())));
  }
  std::string_view token = *content;
  while (token.ends_with('\n') || token.ends_with('\r')) token.remove_suffix(1);
  if (token.size() < kShortest || !std::ranges::all_of(token, may_stand_in_token))
    return usage_error(fmt::format("token file {}: not one line of at least {} letters, digits or "
                                   "- . _ ~ + / =",
                                   file, kShortest),
                       "another name: nsmap makes the file");
  return std::string(token);
}

bool shows_token(std::string_view authorization, std::string_view token) {
  const auto [scheme, shown] = split(authorization, ' ');
  if (!same_word(scheme, "Bearer")) return false;
  const std::string_view value = trim(shown);
  return value.size() == token.size() &&
         CRYPTO_memcmp(value.data(), token.data(), token.size()) == 0;
}

std::string sha256_base64(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return base64(digest);
}

}  // namespace nsmap::serve
