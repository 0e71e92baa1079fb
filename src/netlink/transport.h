#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "os/kernel.h"

namespace nsmap::netlink {

// Where requests go and datagrams come from: the kernel, or a recording of it. Used by one thread
// at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual SysResult<void> send(Bytes request) = 0;
  // The next datagram; valid until the next call.
  virtual SysResult<Bytes> receive() = 0;
};

// A netlink socket opened in the calling thread's network namespace; it stays in that namespace
// wherever the thread goes (net/netlink/af_netlink.c: sock_net is fixed at creation).
SysResult<std::unique_ptr<Transport>> open_kernel(os::Kernel& kernel, os::NetlinkProtocol protocol);

// The same, opened by the first request; where that fails so does the request.
std::unique_ptr<Transport> open_on_use(os::Kernel& kernel, os::NetlinkProtocol protocol);

// The same over a socket the caller owns, which must outlive the transport.
std::unique_ptr<Transport> over_socket(os::Kernel& kernel, Fd socket);

// One request and all that came back, as captured: what tests replay.
struct Exchange {
  std::vector<std::byte> request;
  std::vector<std::vector<std::byte>> datagrams;
};

// Passes everything on to `inner` and appends it to `log`, both of which it borrows.
std::unique_ptr<Transport> record(Transport& inner, std::vector<Exchange>& log);

// Answers each request with the recorded answer to the same request (sequence numbers apart);
// ENOENT for a request that was never recorded.
std::unique_ptr<Transport> replay(std::vector<Exchange> log);

// The file form of a recording: "NLCAP1\n", then for each exchange the request and its datagrams,
// each as a little-endian u32 length and the bytes, a zero length ending the exchange.
std::vector<std::byte> serialise(std::span<const Exchange> log);
Result<std::vector<Exchange>> parse_recording(Bytes file);

}  // namespace nsmap::netlink
