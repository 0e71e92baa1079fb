#include "netlink/batch.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>
#include <map>

#include "os/test_namespace.h"

namespace nsmap::netlink {
namespace {

// Acknowledges what it is sent, one datagram each; the requests whose first attribute's number is
// in `refused` with that error.
class Acknowledging final : public Transport {
 public:
  std::map<std::uint32_t, int> refused;
  std::size_t lost_after = SIZE_MAX;  // acknowledgements until the buffer is full
  std::vector<std::size_t> counts;    // messages of each datagram
  std::size_t longest = 0;

  SysResult<void> send(Bytes datagram) override {
    longest = std::max(longest, datagram.size());
    counts.push_back(0);
    for_each_message(datagram, [&](const Message& message) {
      ++counts.back();
      EXPECT_EQ(message.header().nlmsg_flags & NLM_F_REQUEST, NLM_F_REQUEST);
      if ((message.header().nlmsg_flags & NLM_F_ACK) != 0) acknowledge(message);
      return true;
    });
    return {};
  }
  SysResult<Bytes> receive() override {
    if (lost_after == 0 || acks_.empty()) return tl::unexpected(Errno{ENOBUFS});
    --lost_after;
    datagram_ = acks_.front();
    acks_.pop_front();
    return Bytes(datagram_);
  }

 private:
  void acknowledge(const Message& message) {
    const auto which = message.attributes(sizeof(ifinfomsg)).find(IFLA_MTU)->u32();
    nlmsgerr body{refused.count(*which) ? -refused[*which] : 0, message.header()};
    Request ack(NLMSG_ERROR, 0, body);
    ack.set_sequence(message.header().nlmsg_seq);
    acks_.emplace_back(ack.bytes().begin(), ack.bytes().end());
  }

  std::deque<std::vector<std::byte>> acks_;
  std::vector<std::byte> datagram_;
};

std::vector<Request> numbered(std::uint32_t count, std::size_t padding = 0) {
  std::vector<Request> made;
  for (std::uint32_t i = 0; i < count; ++i) {
    made.emplace_back(RTM_NEWLINK, 0, ifinfomsg{}).attribute(IFLA_MTU, i);
    if (padding) made.back().attribute(IFLA_IFALIAS, Bytes(std::vector<std::byte>(padding)));
  }
  return made;
}

TEST(Change, SendsNothingForNothing) {
  Acknowledging kernel;
  EXPECT_FALSE(change(kernel, {}));
  EXPECT_TRUE(kernel.counts.empty());
}

TEST(Change, SendsManyAtOnceAndReadsEachAcknowledgement) {
  Acknowledging kernel;
  auto requests = numbered(150);
  EXPECT_FALSE(change(kernel, requests));
  EXPECT_EQ(kernel.counts, (std::vector<std::size_t>{64, 64, 22}));
}

TEST(Change, KeepsDatagramsShort) {
  Acknowledging kernel;
  auto requests = numbered(20, 5000);
  EXPECT_FALSE(change(kernel, requests));
  EXPECT_LE(kernel.longest, 32u << 10);
  EXPECT_EQ(kernel.counts.size(), 4u);
  Acknowledging again;
  auto longer = numbered(2, 60000);
  EXPECT_FALSE(change(again, longer));
  EXPECT_EQ(again.counts, (std::vector<std::size_t>{1, 1}));
}

TEST(Change, NamesTheFirstThatFailsAndSendsNoFurtherDatagram) {
  Acknowledging kernel;
  kernel.refused = {{70, EEXIST}, {100, EINVAL}, {140, EPERM}};
  auto requests = numbered(150);
  const auto failed = change(kernel, requests);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->at, 70u);
  EXPECT_EQ(failed->failure.error, EEXIST);
  EXPECT_EQ(kernel.counts.size(), 2u);
}

TEST(Change, LostAcknowledgementsAreAFailureOfTheFirstWithout) {
  Acknowledging kernel;
  kernel.lost_after = 5;
  auto requests = numbered(10);
  const auto failed = change(kernel, requests);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->at, 5u);
  EXPECT_EQ(failed->failure.what, Failure::What::transport);
  EXPECT_EQ(failed->failure.error, ENOBUFS);
}

TEST(Change, ARefusalGoesBeforeLostAcknowledgements) {
  Acknowledging kernel;
  kernel.lost_after = 5;
  kernel.refused = {{2, EBUSY}};
  auto requests = numbered(10);
  EXPECT_EQ(change(kernel, requests)->failure.error, EBUSY);
}

TEST(ChangeRuleset, StandsInBracketsAndAwaitsOnlyWhatIsBetween) {
  Acknowledging kernel;
  auto requests = numbered(3);
  EXPECT_FALSE(change_ruleset(kernel, requests, 7));
  EXPECT_EQ(kernel.counts, (std::vector<std::size_t>{5}));
}

// Answers once, to the first message of what it is sent.
class RefusesTheWhole final : public Transport {
 public:
  SysResult<void> send(Bytes datagram) override {
    Request ack(NLMSG_ERROR, 0, nlmsgerr{-ERESTART, *read_at<nlmsghdr>(datagram)});
    ack.set_sequence(read_at<nlmsghdr>(datagram)->nlmsg_seq);
    answer_.assign(ack.bytes().begin(), ack.bytes().end());
    return {};
  }
  SysResult<Bytes> receive() override { return Bytes(answer_); }

 private:
  std::vector<std::byte> answer_;
};

TEST(ChangeRuleset, FailsAsAWhole) {
  RefusesTheWhole kernel;
  auto requests = numbered(3);
  const auto failed = change_ruleset(kernel, requests, 7);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->at, 0u);
  EXPECT_EQ(failed->failure.error, ERESTART);
}

TEST(ChangeOnTheKernel, ThousandsOfRequestsLoseNoAcknowledgement) {
  IN_FRESH_NAMESPACE([] {
    const auto route = *open_kernel(os::real_kernel(), os::NetlinkProtocol::route);
    std::vector<Request> requests;
    for (int i = 0; i < 3000; ++i) {
      rtmsg header{};
      header.rtm_family = AF_INET;
      header.rtm_dst_len = 32;
      header.rtm_protocol = RTPROT_STATIC;
      header.rtm_type = RTN_BLACKHOLE;
      header.rtm_table = RT_TABLE_MAIN;
      requests.emplace_back(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header)
          .attribute(RTA_DST, from_be(0x0a000000u + static_cast<std::uint32_t>(i)));
    }
    EXPECT_FALSE(change(*route, requests));
    // All are refused now, which answers with the whole of each request.
    const auto again = change(*route, requests);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at, 0u);
    EXPECT_EQ(again->failure.error, EEXIST);
    // Its own acknowledgement is what the next request finds.
    std::span<Request> last = std::span(requests).last(1);
    EXPECT_EQ(change(*route, last)->failure.error, EEXIST);
  });
}

}  // namespace
}  // namespace nsmap::netlink
