#include "anonymise/cipher.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace nsmap::anonymise {
namespace {

constexpr std::size_t kBlock = 16;     // of AES, bytes
constexpr std::size_t kLeastKey = 16;  // bytes of a file that make a key worth its name

// libcrypto fails where there is no memory, and there only.
void must(bool done) {
  if (!done) std::abort();
}

}  // namespace

Key random_key() {
  Key key;
  must(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  return key;
}

Result<Key> key_of(std::string_view content, std::string_view what) {
  if (content.size() < kLeastKey)
    return usage_error(fmt::format("{}: a key takes {} bytes at least", what, kLeastKey),
                       "head -c 32 /dev/urandom > FILE");
  return scramble({}, "key", content);
}

std::array<std::uint8_t, 32> scramble(const Key& key, std::string_view domain,
                                      std::string_view text) {
  std::string input(domain);
  input += '\0';  // no domain has one
  input += text;
  std::array<std::uint8_t, 32> out;
  unsigned size = out.size();
  must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(input.data()), input.size(), out.data(),
            &size) != nullptr);
  return out;
}

void Flips::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Flips::Flips(const Key& key, std::string_view domain) : aes_(EVP_CIPHER_CTX_new()) {
  const auto secret = scramble(key, "flips", domain);
  must(aes_ &&
       EVP_EncryptInit_ex(aes_.get(), EVP_aes_128_ecb(), nullptr, secret.data(), nullptr) == 1);
  EVP_CIPHER_CTX_set_padding(aes_.get(), 0);
}

bool Flips::after(Bytes bytes, int length) const {
  // The bits, a one, and zeros: no two strings make the same block.
  std::array<std::uint8_t, kBlock> block{};
  const auto whole = static_cast<std::size_t>(length / 8);
  std::memcpy(block.data(), bytes.data(), whole);
  const auto mark = static_cast<unsigned>(0x80 >> length % 8);
  const unsigned rest = whole < bytes.size() ? std::to_integer<unsigned>(bytes[whole]) : 0;
  block[whole] = static_cast<std::uint8_t>((rest & ~(2 * mark - 1)) | mark);
  std::array<std::uint8_t, kBlock> out;
  int size = 0;
  must(EVP_EncryptUpdate(aes_.get(), out.data(), &size, block.data(),
                         static_cast<int>(block.size())) == 1);
  return (out[0] & 1) != 0;
}

}  // namespace nsmap::anonymise
