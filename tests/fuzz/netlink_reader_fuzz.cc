// Whatever a kernel might answer: the input is a recording (its form: netlink/transport.h), whose
// nth exchange answers the nth request that the collectors make, whatever that asked.

#include <linux/netlink.h>

#include <cstdint>
#include <span>
#include <vector>

#include "collect/reading.h"
#include "netlink/message.h"
#include "netlink/transport.h"
#include "os/fake_kernel.h"

namespace {

using namespace nsmap;

std::vector<std::byte> done_message() {
  const struct {
    nlmsghdr header;
    std::int32_t result;
  } done{{sizeof done, NLMSG_DONE, NLM_F_MULTI, 0, 0}, 0};
  const auto bytes = std::as_bytes(std::span(&done, 1));
  return {bytes.begin(), bytes.end()};
}

// Answers from the recording, and ends every answer, so that nobody waits for more.
class InputTransport final : public netlink::Transport {
 public:
  explicit InputTransport(const std::vector<netlink::Exchange>& log) : log_(log) {}

  SysResult<void> send(Bytes request) override {
    sequence_ = read_at<nlmsghdr>(request)->nlmsg_seq;
    next_datagram_ = 0;
    current_ = next_exchange_ < log_.size() ? &log_[next_exchange_++] : nullptr;
    return {};
  }

  SysResult<Bytes> receive() override {
    const bool more = current_ != nullptr && next_datagram_ < current_->datagrams.size();
    datagram_ = more ? current_->datagrams[next_datagram_++] : done_message();
    netlink::set_sequence(datagram_, sequence_);
    return Bytes(datagram_);
  }

 private:
  const std::vector<netlink::Exchange>& log_;
  const netlink::Exchange* current_ = nullptr;
  std::size_t next_exchange_ = 0;
  std::size_t next_datagram_ = 0;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> datagram_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto log = netlink::parse_recording(std::as_bytes(std::span(data, size)));
  if (!log) return 0;
  os::FakeKernel kernel;
  InputTransport transport(*log);
  model::Namespace ns;
  collect::Report report;
  collect::Reading reading{kernel, transport, transport, transport, transport, ns, report};
  for (const collect::Collector& collector : collect::namespace_collectors())
    collector.collect(reading);
  return 0;
}
