#include "netlink/request.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <deque>
#include <limits>

namespace nsmap::netlink {
namespace {

struct Part {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::vector<std::byte> payload;
};

template <typename T>
std::vector<std::byte> payload_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

// Answers each request with the next list of parts, one datagram a part.
class Script final : public Transport {
 public:
  explicit Script(std::deque<std::vector<Part>> answers) : answers_(std::move(answers)) {}

  SysResult<void> send(Bytes request) override {
    sequence_ = read_at<nlmsghdr>(request)->nlmsg_seq;
    flags_ = read_at<nlmsghdr>(request)->nlmsg_flags;
    if (answers_.empty()) return tl::unexpected(Errno{ECONNREFUSED});
    parts_.assign(answers_.front().begin(), answers_.front().end());
    answers_.pop_front();
    return {};
  }

  SysResult<Bytes> receive() override {
    if (parts_.empty()) return tl::unexpected(Errno{ENOBUFS});
    const Part part = parts_.front();
    parts_.pop_front();
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + part.payload.size());
    header.nlmsg_type = part.type;
    header.nlmsg_flags = part.flags;
    header.nlmsg_seq = sequence_;
    datagram_ = payload_of(header);
    datagram_.insert(datagram_.end(), part.payload.begin(), part.payload.end());
    return Bytes(datagram_);
  }

  std::uint16_t flags() const { return flags_; }

 private:
  std::deque<std::vector<Part>> answers_;
  std::deque<Part> parts_;
  std::vector<std::byte> datagram_;
  std::uint32_t sequence_ = 0;
  std::uint16_t flags_ = 0;
};

const Part kLink{RTM_NEWLINK, NLM_F_MULTI, payload_of(ifinfomsg{})};
const Part kTornLink{RTM_NEWLINK, NLM_F_MULTI | NLM_F_DUMP_INTR, payload_of(ifinfomsg{})};
const Part kDone{NLMSG_DONE, NLM_F_MULTI, payload_of(std::int32_t{0})};

struct Outcome {
  int seen = 0;
  std::optional<Failure> failure;
};

Outcome dump_links(Transport& transport) {
  Outcome outcome;
  outcome.failure = dump(
      transport, Request(RTM_GETLINK, 0, ifinfomsg{}), [&](const Message&) { ++outcome.seen; },
      [&] { outcome.seen = 0; });
  return outcome;
}

TEST(Dump, GivesEveryMessage) {
  Script script({{kLink, kLink, kDone}});
  const Outcome outcome = dump_links(script);
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(outcome.seen, 2);
  EXPECT_EQ(script.flags(), NLM_F_REQUEST | NLM_F_DUMP);
}

TEST(Dump, AsksATornDumpAgainAndForgetsTheTornOne) {
  Script script({{kLink, kTornLink, kDone}, {kLink, kDone}});
  const Outcome outcome = dump_links(script);
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(outcome.seen, 1);
}

TEST(Dump, SaysWhenItStaysTorn) {
  const std::vector<Part> torn{kTornLink, kDone};
  Script script({torn, torn, torn, torn});
  ASSERT_TRUE(dump_links(script).failure);
  Script again({torn, torn, torn, torn});
  EXPECT_EQ(dump_links(again).failure->what, Failure::What::interrupted);
}

TEST(Dump, DoneMayCarryAnError) {
  Script script({{kLink, {NLMSG_DONE, NLM_F_MULTI, payload_of(std::int32_t{-ENOMEM})}}});
  const auto failure = dump_links(script).failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->error, ENOMEM);
}

TEST(Dump, AnErrorThatIsNoErrnoIsMalformed) {
  for (const auto type : {std::uint16_t{NLMSG_DONE}, std::uint16_t{NLMSG_ERROR}}) {
    for (const std::int32_t code : {std::numeric_limits<std::int32_t>::min(), -4096}) {
      Script script({{{type, 0, payload_of(code)}}});
      const auto failure = dump_links(script).failure;
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->what, Failure::What::malformed);
    }
  }
}

TEST(Dump, ReadsTheExtendedAck) {
  struct {
    std::int32_t error = -EINVAL;
    nlmsghdr original{sizeof(nlmsghdr), RTM_GETLINK, 0, 0, 0};
    nlattr attribute{NLA_HDRLEN + 4, NLMSGERR_ATTR_MSG};
    char text[4] = {'b', 'a', 'd', '\0'};
  } body;
  Script script({{{NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, payload_of(body)}}});
  const auto failure = dump_links(script).failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(describe(*failure), "Invalid argument (bad)");
}

TEST(Dump, MalformedAndMissingAnswersAreFailures) {
  Script shortened({{{NLMSG_ERROR, 0, {}}}});
  EXPECT_EQ(dump_links(shortened).failure->what, Failure::What::malformed);
  Script silent({{kLink}});
  EXPECT_EQ(dump_links(silent).failure->error, ENOBUFS);
  Script closed({});
  EXPECT_EQ(dump_links(closed).failure->error, ECONNREFUSED);
}

TEST(Request, CarriesItsLengthAndPaddedAttributes) {
  Request request(RTM_GETLINK, 0, ifinfomsg{});
  request.attribute(IFLA_IFNAME, std::as_bytes(std::span("lo", 2)));
  const auto header = read_at<nlmsghdr>(request.bytes());
  EXPECT_EQ(header->nlmsg_len, request.bytes().size());
  EXPECT_EQ(request.bytes().size(), sizeof(nlmsghdr) + sizeof(ifinfomsg) + 8);
}

}  // namespace
}  // namespace nsmap::netlink
