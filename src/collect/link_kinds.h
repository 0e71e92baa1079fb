#pragma once

#include <string_view>

#include "model/link.h"
#include "netlink/message.h"

namespace nsmap::collect {

// Sets `link.data` from IFLA_INFO_DATA of a link of that kind (IFLA_INFO_KIND); a kind of which
// nothing more is known leaves it as it is. False: part of it was malformed and is left out.
bool read_kind(std::string_view kind, const netlink::Attributes& data, model::Link& link);

// Sets `link.bridge_port` or `link.bond_port` from IFLA_INFO_SLAVE_DATA of a link enslaved to a
// master of that kind (IFLA_INFO_SLAVE_KIND). False as above.
bool read_port(std::string_view master_kind, const netlink::Attributes& data, model::Link& link);

}  // namespace nsmap::collect
