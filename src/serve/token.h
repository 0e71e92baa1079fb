#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

// The secret that a client shows to be answered (RFC 6750).

namespace nsmap::serve {

// 32 random bytes as base64url (RFC 4648, 5), without padding.
std::string make_token();

// What a token's file holds, a line. It must not be readable for others, and of at least 16
// characters that a header may hold. Where there is no file, one is made, with a new token.
Result<std::string> read_token(const std::string& file);

// Whether an Authorization header shows the token. Takes as long whatever is wrong with it.
bool shows_token(std::string_view authorization, std::string_view token);

// SHA-256 of the bytes as base64, as Content-Security-Policy has it.
std::string sha256_base64(std::string_view bytes);

}  // namespace nsmap::serve
