#include "lab/nftables.h"

#include <nftables/libnftables.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace nsmap::lab {

Result<void> apply_nftables(const std::string& text) {
  const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                             nft_ctx_free);
  if (!context) return read_error("out of memory");
  // What would go to standard output and error is kept for us.
  nft_ctx_buffer_output(context.get());
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), ("flush ruleset\n" + text).c_str()) == 0) return {};
  std::string why = clean_text(nft_ctx_get_error_buffer(context.get()), 300);
  std::replace(why.begin(), why.end(), '\n', ' ');
  return usage_error(why.empty() ? "the kernel refuses it" : why);
}

}  // namespace nsmap::lab
