#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ids.h"
#include "lab/lab.h"
#include "netlink/request.h"

// What rtnetlink(7) is asked to make, change or take away a part of a lab: requests, for whoever
// sends them in the right namespace. Pure: numbers of links are given, never looked up.

namespace nsmap::lab {

// A link by number, and the namespace it is in where that is not the one that is asked.
struct End {
  const Link& link;
  IfIndex index;  // that it is to have
  Fd ns;          // invalid: where the request is sent
};

// Makes a link under a number of our choosing, down. Both ends of a pair come of one request:
// `peer` is the other. `parent` is the number of the link it stands on, in the namespace that is
// asked: a link with a parent elsewhere is made there, and goes to `made.ns`. Its MTU and MAC are
// set; its master, its state, its addresses are not.
Result<netlink::Request> create_link(const End& made, const std::optional<End>& peer,
                                     std::optional<IfIndex> parent);
netlink::Request remove_link(IfIndex index);

// Puts a link under a master (0: under none).
netlink::Request enslave(IfIndex index, IfIndex master);
netlink::Request set_up(IfIndex index, bool up);
inline constexpr IfIndex kLoopback{1};  // in every namespace: LOOPBACK_IFINDEX, include/net/flow.h
netlink::Request set_mtu(IfIndex index, std::uint32_t mtu);
netlink::Request set_mac(IfIndex index, const Mac& mac);
// Gives a link that is there the settings of its kind that `wanted` has and `is`, as it is now, has
// not, if they can be changed (can_change()); the kernel's own where `wanted` has none.
Result<netlink::Request> change_settings(IfIndex index, const Link& is, const Link& wanted);

netlink::Request add_address(IfIndex index, const Address& address);
netlink::Request remove_address(IfIndex index, const Address& address);

// The number of a link of the same namespace by its name; nothing: there is none.
using IndexOf = std::function<std::optional<IfIndex>(const std::string& name)>;
Result<netlink::Request> add_route(const Route& route, const IndexOf& index_of);
Result<netlink::Request> remove_route(const Route& route, const IndexOf& index_of);

netlink::Request add_rule(const Rule& rule);
netlink::Request remove_rule(const Rule& rule);

// tbf for the rate, netem for the rest, netem first where both are. Refused (EEXIST) where the link
// has an impairment, unless `replaced` is the major number of that one's handle: then it goes when
// the new one comes.
std::vector<netlink::Request> impair(IfIndex index, const Impairment& impairment,
                                     std::optional<std::uint16_t> replaced = {});
netlink::Request clear_impairment(IfIndex index);

}  // namespace nsmap::lab
