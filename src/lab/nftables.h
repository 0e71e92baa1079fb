#pragma once

#include <string>

#include "base/result.h"

namespace nsmap::lab {

// Makes the whole ruleset of the calling thread's network namespace what a text for nft(8) says, as
// one transaction; an empty text takes all rules away. The error is libnftables' own, on one line.
Result<void> apply_nftables(const std::string& text);

}  // namespace nsmap::lab
