#include "netlink/batch.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "netlink/answer.h"

namespace nsmap::netlink {
namespace {

// What is sent at once. The acknowledgements wait in the receive buffer until all of a datagram has
// been carried out, and one that finds it full is lost. Each takes less than 1 KiB there, and the
// refused request's size again, at most doubled; the buffer has 208 KiB (net.core.rmem_default).
constexpr std::size_t kMaxBytes = 32 << 10;
constexpr std::size_t kMaxRequests = 64;

// How many of the requests go in the next datagram: one at least.
std::size_t how_many_fit(std::span<const Request> requests) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < std::min(requests.size(), kMaxRequests)) {
    bytes += requests[count].bytes().size();
    if (count > 0 && bytes > kMaxBytes) break;
    ++count;
  }
  return count;
}

// The acknowledgements awaited of a run of requests numbered in order.
class Acks {
 public:
  explicit Acks(std::size_t count) : sequences_(count), missing_(count), acked_(count) {
    std::generate(sequences_.begin(), sequences_.end(), next_sequence);
  }

  std::uint32_t sequence(std::size_t at) const { return sequences_[at]; }
  bool complete() const { return missing_ == 0; }

  void take(const Message& message) {
    if (message.type() != NLMSG_ERROR) return;
    const auto found = std::find(sequences_.begin(), sequences_.end(), message.header().nlmsg_seq);
    if (found == sequences_.end()) return;  // left over from an abandoned batch
    const auto at = static_cast<std::size_t>(found - sequences_.begin());
    if (acked_[at]) return;
    acked_[at] = true;
    --missing_;
    if (auto failure = error_of(message)) note({at, std::move(*failure)});
  }
  // A failure that concerns the first request not acknowledged, and all after it.
  void abandon(Failure failure) {
    const auto first = std::find(acked_.begin(), acked_.end(), false);
    note({static_cast<std::size_t>(first - acked_.begin()), std::move(failure)});
    missing_ = 0;
  }
  const std::optional<BatchFailure>& failure() const { return failure_; }

 private:
  void note(BatchFailure failure) {
    if (!failure_ || failure.at < failure_->at) failure_ = std::move(failure);
  }

  std::vector<std::uint32_t> sequences_;
  std::size_t missing_;
  std::vector<bool> acked_;
  std::optional<BatchFailure> failure_;
};

void append(std::vector<std::byte>& datagram, Bytes bytes) {
  datagram.insert(datagram.end(), bytes.begin(), bytes.end());
}

// Sends a datagram and calls `take` with each message that comes back until it returns true.
template <typename Take>
std::optional<Failure> exchange(Transport& transport, Bytes datagram, Take take) {
  if (const auto sent = transport.send(datagram); !sent)
    return Failure{Failure::What::transport, sent.error().value, {}};
  for (bool complete = false; !complete;) {
    const auto received = transport.receive();
    if (!received) return Failure{Failure::What::transport, received.error().value, {}};
    const bool whole = for_each_message(*received, [&](const Message& message) {
      complete = take(message);
      return !complete;
    });
    if (!whole) return Failure{Failure::What::malformed, 0, {}};
  }
  return std::nullopt;
}

std::vector<std::byte> number(std::span<Request> requests, const Acks& acks) {
  std::vector<std::byte> datagram;
  for (std::size_t at = 0; at < requests.size(); ++at) {
    requests[at].add_flags(NLM_F_ACK);
    requests[at].set_sequence(acks.sequence(at));
    append(datagram, requests[at].bytes());
  }
  return datagram;
}

std::optional<BatchFailure> change_together(Transport& transport, std::span<Request> requests) {
  Acks acks(requests.size());
  const auto datagram = number(requests, acks);
  auto failed = exchange(transport, datagram, [&](const Message& message) {
    acks.take(message);
    return acks.complete();
  });
  if (failed) acks.abandon(std::move(*failed));
  return acks.failure();
}

// net/netfilter/nfnetlink.c nfnetlink_rcv_batch: what stands between the two is one transaction.
Request bracket(std::uint16_t type) {
  nfgenmsg header{};
  header.nfgen_family = AF_UNSPEC;
  header.version = NFNETLINK_V0;
  header.res_id = from_be(std::uint16_t{NFNL_SUBSYS_NFTABLES});
  Request made(type, 0, header);
  made.set_sequence(next_sequence());
  return made;
}

}  // namespace

std::optional<BatchFailure> change(Transport& transport, std::span<Request> requests) {
  for (std::size_t done = 0; done < requests.size();) {
    const std::size_t count = how_many_fit(requests.subspan(done));
    if (auto failed = change_together(transport, requests.subspan(done, count))) {
      failed->at += done;
      return failed;
    }
    done += count;
  }
  return std::nullopt;
}

std::optional<BatchFailure> change_ruleset(Transport& transport, std::span<Request> requests,
                                           std::uint32_t generation) {
  if (requests.empty()) return std::nullopt;
  Request begin = bracket(NFNL_MSG_BATCH_BEGIN);
  begin.attribute(NFNL_BATCH_GENID, from_be(generation));
  Acks acks(requests.size());
  std::vector<std::byte> datagram;
  append(datagram, begin.bytes());
  append(datagram, number(requests, acks));
  append(datagram, bracket(NFNL_MSG_BATCH_END).bytes());

  // What the whole transaction fails by is told of its beginning, and of nothing else then.
  const std::uint32_t whole = read_at<nlmsghdr>(begin.bytes())->nlmsg_seq;
  std::optional<Failure> refused;
  auto failed = exchange(transport, datagram, [&](const Message& message) {
    if (message.type() == NLMSG_ERROR && message.header().nlmsg_seq == whole)
      refused = error_of(message);
    acks.take(message);
    return refused || acks.complete();
  });
  if (refused) return BatchFailure{0, std::move(*refused)};
  if (failed) acks.abandon(std::move(*failed));
  return acks.failure();
}

}  // namespace nsmap::netlink
