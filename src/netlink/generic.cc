#include "netlink/generic.h"

#include <linux/genetlink.h>

namespace nsmap::netlink {

std::optional<std::uint16_t> generic_family(Transport& transport, std::string_view name) {
  Request request(GENL_ID_CTRL, 0, genlmsghdr{CTRL_CMD_GETFAMILY, 1, 0});
  request.attributes(AttributeList().text(CTRL_ATTR_FAMILY_NAME, name));
  std::optional<std::uint16_t> number;
  const auto failure = get(transport, std::move(request), [&](const Message& message) {
    const auto told = message.attributes(sizeof(genlmsghdr)).find(CTRL_ATTR_FAMILY_ID);
    if (told) number = told->u16();
  });
  return failure ? std::nullopt : number;
}

}  // namespace nsmap::netlink
