#include "netlink/message.h"

#include <gtest/gtest.h>

#include <vector>

namespace nsmap::netlink {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

TEST(Attributes, WalksPaddedRuns) {
  // Type 1, one byte, padded; type 2 with NLA_F_NESTED, four bytes.
  const auto run = bytes({5, 0, 1, 0, 7, 0, 0, 0, 8, 0, 2, 0x80, 1, 2, 3, 4});
  std::vector<int> types;
  for (const Attribute attribute : Attributes(run)) types.push_back(attribute.type());
  EXPECT_EQ(types, (std::vector{1, 2}));
  EXPECT_FALSE(Attributes(run).malformed());
  EXPECT_EQ(Attributes(run).find(1)->u8(), 7);
  EXPECT_EQ(Attributes(run).find(1)->u32(), std::nullopt) << "shorter than asked for";
  EXPECT_EQ(Attributes(run).find(2)->be32(), 0x01020304u);
  EXPECT_FALSE(Attributes(run).find(3));
}

TEST(Attributes, StopsAtALengthThatDoesNotFit) {
  for (const auto& run : {bytes({9, 0, 1, 0, 7, 0, 0, 0}), bytes({3, 0, 1, 0}), bytes({8, 0, 1}),
                          bytes({0, 0, 0, 0})}) {
    EXPECT_TRUE(Attributes(run).malformed());
    EXPECT_EQ(Attributes(run).begin(), Attributes(run).end());
  }
  EXPECT_FALSE(Attributes(Bytes()).malformed());
}

TEST(Attribute, TextNeedsNoNul) {
  const auto run = bytes({7, 0, 3, 0, 'e', 't', 'h', 0, 8, 0, 4, 0, 'l', 'o', 0, 'x'});
  EXPECT_EQ(Attributes(run).find(3)->text(), "eth");
  EXPECT_EQ(Attributes(run).find(4)->text(), "lo");
}

TEST(ForEachMessage, RefusesBadLengths) {
  const auto visit_all = [](const Message&) { return true; };
  auto datagram = bytes({16, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_TRUE(for_each_message(datagram, visit_all));
  datagram[0] = std::byte{17};
  EXPECT_FALSE(for_each_message(datagram, visit_all)) << "longer than the datagram";
  datagram[0] = std::byte{15};
  EXPECT_FALSE(for_each_message(datagram, visit_all)) << "shorter than its header";
  datagram.resize(15);
  EXPECT_FALSE(for_each_message(datagram, visit_all));
  EXPECT_TRUE(for_each_message(Bytes(), visit_all));
}

TEST(SetSequence, RenumbersEachMessageThatFits) {
  auto datagram = bytes({16, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                         16, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0});
  std::vector<std::uint32_t> numbers;
  const auto read_numbers = [&] {
    numbers.clear();
    for_each_message(datagram, [&](const Message& message) {
      numbers.push_back(message.header().nlmsg_seq);
      return true;
    });
    return numbers;
  };
  set_sequence(datagram, 9);
  EXPECT_EQ(read_numbers(), (std::vector<std::uint32_t>{9, 9}));

  // A length that NLMSG_ALIGN would round to zero.
  for (std::size_t i = 16; i < 20; ++i) datagram[i] = std::byte{0xff};
  set_sequence(datagram, 8);
  EXPECT_EQ(datagram[8], std::byte{8});
  EXPECT_EQ(datagram[24], std::byte{9});
}

}  // namespace
}  // namespace nsmap::netlink
