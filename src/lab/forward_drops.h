#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/request.h"
#include "netlink/transport.h"

namespace nsmap::lab {

// The chains of nf_tables, iptables-nft's among them, that drop what is forwarded unless a rule
// accepts it: "ip filter FORWARD". Over a transport of NETLINK_NETFILTER in the namespace
// concerned. What iptables-legacy has is not among them.
std::optional<netlink::Failure> list_forward_drops(netlink::Transport& netfilter,
                                                   std::vector<std::string>& found);

}  // namespace nsmap::lab
