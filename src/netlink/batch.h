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
// (net/netlink/af_netlink.c netlink_rcv_skb), those of later datagrams have not.
std::optional<BatchFailure> change(Transport& transport, std::span<Request> requests);

}  // namespace nsmap::netlink
