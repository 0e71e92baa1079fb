#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "netlink/request.h"
#include "netlink/transport.h"

// The way out of a lab: what comes from a prefix of its own leaves the host under the host's
// address. As nft(8) would write it,
//
//     table inet nsmap {
//       chain postrouting {
//         type nat hook postrouting priority srcnat; policy accept;
//         ip saddr 10.213.0.0/30 masquerade comment "shop 10.213.0.0/30"
//         ip saddr 10.213.0.4/30 oifname "eth0" masquerade comment "bar 10.213.0.4/30 via eth0"
//       }
//     }
//
// The table, its chain and each rule are made when they are first needed, and go with the last.
// All of it over a transport of NETLINK_NETFILTER in the namespace concerned.

namespace nsmap::lab {

struct Masquerade {
  std::string owner;  // the lab or namespace it is for; at most 64 bytes
  Prefix source;
  std::string via = {};  // only what leaves by this interface; empty: by any
  friend auto operator<=>(const Masquerade&, const Masquerade&) = default;
};

// Nothing happens where it is there already.
std::optional<netlink::Failure> add_masquerade(netlink::Transport& netfilter,
                                               const Masquerade& wanted);

// Nothing happens where it is not there.
std::optional<netlink::Failure> remove_masquerade(netlink::Transport& netfilter,
                                                  const Masquerade& unwanted);

// Those that are there. Rules that somebody else added to the chain are left out.
std::optional<netlink::Failure> list_masquerades(netlink::Transport& netfilter,
                                                 std::vector<Masquerade>& found);

}  // namespace nsmap::lab
