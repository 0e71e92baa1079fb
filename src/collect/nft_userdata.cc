#include "collect/nft_userdata.h"

#include "base/text.h"
#include "netlink/message.h"

namespace nsmap::collect {

Bytes note(Bytes userdata, NftNote type) {
  constexpr std::size_t kHeader = 2;
  while (userdata.size() >= kHeader) {
    const auto found = std::to_integer<std::uint8_t>(userdata[0]);
    const auto size = std::to_integer<std::size_t>(userdata[1]);
    if (size > userdata.size() - kHeader) return {};
    if (found == static_cast<std::uint8_t>(type)) return userdata.subspan(kHeader, size);
    userdata = userdata.subspan(kHeader + size);
  }
  return {};
}

std::string note_text(Bytes userdata, NftNote type) {
  return clean_text(netlink::Attribute(0, note(userdata, type)).text());
}

std::uint32_t note_number(Bytes userdata, NftNote type) {
  return read_at<std::uint32_t>(note(userdata, type)).value_or(0);
}

}  // namespace nsmap::collect
