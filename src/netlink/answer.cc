#include "netlink/answer.h"

#include <atomic>

namespace nsmap::netlink {
namespace {

constexpr std::int32_t kMaxErrno = 4095;  // MAX_ERRNO, include/linux/err.h

// The extended ack's text of an error or done message; `skip` bytes precede its attributes.
std::string extended_ack(const Message& message, std::size_t skip) {
  if ((message.header().nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto text = message.attributes(skip).find(NLMSGERR_ATTR_MSG);
  return text ? std::string(text->text()) : std::string();
}

}  // namespace

std::uint32_t next_sequence() {
  static std::atomic<std::uint32_t> sequence{1};
  return sequence.fetch_add(1, std::memory_order_relaxed);
}

std::optional<Failure> error_of(const Message& message) {
  const auto code = read_at<std::int32_t>(message.payload());
  if (!code || *code > 0 || *code < -kMaxErrno) return Failure{Failure::What::malformed, 0, {}};
  if (*code == 0) return std::nullopt;
  const auto original = read_at<nlmsghdr>(message.payload(), sizeof(std::int32_t));
  const bool capped = (message.header().nlmsg_flags & NLM_F_CAPPED) != 0;
  const std::size_t skip =
      sizeof(std::int32_t) +
      (capped || !original ? sizeof(nlmsghdr) : std::size_t{original->nlmsg_len});
  return Failure{Failure::What::refused, -*code, extended_ack(message, skip)};
}

std::optional<Failure> error_of_done(const Message& message) {
  const auto code = read_at<std::int32_t>(message.payload());
  if (!code || *code >= 0) return std::nullopt;
  if (*code < -kMaxErrno) return Failure{Failure::What::malformed, 0, {}};
  return Failure{Failure::What::refused, -*code, extended_ack(message, sizeof(std::int32_t))};
}

}  // namespace nsmap::netlink
