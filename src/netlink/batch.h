#pragma once

#include <optional>
#include <span>

#include "netlink/request.h"
#include "netlink/transport.h"

namespace nsmap::netlink {

// The request of a batch that failed, by its position, and why.
struct BatchFailure {
  std::size_t at = 0;
  Failure failure;
};

// Sends many requests that change something, as many in one datagram as fit, and reads their
// acknowledgements (NLM_F_ACK is added). They are carried out in order. The first that fails is
// returned; those after it in the same datagram have been tried all the same
// (net/netlink/af_netlink.c netlink_rcv_skb), those of later datagrams have not. Where receiving
// fails it is the first that was not acknowledged: it and those after it may have been carried out,
// and the transport is of no more use.
std::optional<BatchFailure> change(Transport& transport, std::span<Request> requests);

// The same for requests of nf_tables, which take effect all at once or not at all, and only while
// the ruleset is of that generation (NFT_MSG_GETGEN): ERESTART when it has changed. All of them
// go in one datagram. A failure of the whole has position 0.
std::optional<BatchFailure> change_ruleset(Transport& transport, std::span<Request> requests,
                                           std::uint32_t generation);

}  // namespace nsmap::netlink
