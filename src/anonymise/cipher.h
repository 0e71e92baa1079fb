#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "anonymise/anonymise.h"
#include "base/bytes.h"

struct evp_cipher_ctx_st;

namespace nsmap::anonymise {

// 32 bytes that nobody without the key can tell from random ones (HMAC-SHA-256), for a text in a
// domain of its own.
std::array<std::uint8_t, 32> scramble(const Key& key, std::string_view domain,
                                      std::string_view text);

// For each string of bits, whether the one that follows it is turned round: what makes a mapping of
// bit strings that keeps common prefixes (Xu et al., "Prefix-Preserving IP Address Anonymization",
// 2002).
class Flips {
 public:
  Flips(const Key& key, std::string_view domain);
  // After the first `length` bits of `bytes`, of at most 127.
  bool after(Bytes bytes, int length) const;

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> aes_;
};

}  // namespace nsmap::anonymise
