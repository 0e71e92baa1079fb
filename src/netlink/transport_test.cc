#include "netlink/transport.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "netlink/request.h"

namespace nsmap::netlink {
namespace {

std::vector<std::byte> message(std::uint16_t type, std::uint32_t sequence) {
  const nlmsghdr header{sizeof header, type, 0, sequence, 0};
  const auto bytes = std::as_bytes(std::span(&header, 1));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Recording, SurvivesItsFileForm) {
  const std::vector<Exchange> log{{message(RTM_GETLINK, 1), {message(NLMSG_DONE, 1)}},
                                  {message(RTM_GETADDR, 2), {}}};
  const auto file = serialise(log);
  const auto back = parse_recording(file);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ(back->front().datagrams, log.front().datagrams);
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto cut = parse_recording(Bytes(file).first(size));
    EXPECT_TRUE(!cut || cut->size() < 2u) << size;
  }
}

TEST(Replay, AnswersTheSameRequestWhateverItsSequence) {
  const auto transport = replay({{message(RTM_GETLINK, 1), {message(RTM_NEWLINK, 1)}}});
  ASSERT_TRUE(transport->send(message(RTM_GETLINK, 77)));
  EXPECT_EQ(copy(*transport->receive()), message(RTM_NEWLINK, 77));
  EXPECT_EQ(transport->receive().error().value, EAGAIN);
  EXPECT_EQ(transport->send(message(RTM_GETADDR, 78)).error().value, ENOENT);
}

TEST(Record, KeepsWhatWentByAndPassesItOn) {
  const auto inner = replay({{message(RTM_GETLINK, 1), {message(RTM_NEWLINK, 1)}}});
  std::vector<Exchange> log;
  const auto recorder = record(*inner, log);
  ASSERT_TRUE(recorder->send(message(RTM_GETLINK, 5)));
  EXPECT_EQ(copy(*recorder->receive()), message(RTM_NEWLINK, 5));
  ASSERT_EQ(log.size(), 1u);
  ASSERT_EQ(log[0].datagrams.size(), 1u);
  EXPECT_EQ(log[0].datagrams[0], message(RTM_NEWLINK, 5));
}

}  // namespace
}  // namespace nsmap::netlink
