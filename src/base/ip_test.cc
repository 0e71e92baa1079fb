#include "base/ip.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace nsmap {
namespace {

TEST(IpAddress, TextRoundTrips) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "::", "fe80::1", "2001:db8::a:0:0:1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text : {"", "10.0.0", "10.0.0.256", "1::2::3", "fe80::1%eth0"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, IsWrittenAsInetNtopWritesIt) {
  std::minstd_rand random(1);
  for (int round = 0; round < 20000; ++round) {
    std::array<std::byte, 16> bytes{};
    const auto sparse = random() % 4;  // groups of zeros, also many
    for (std::size_t i = 0; i < 16; i += 2) {
      if (random() % 4 < sparse) continue;
      bytes[i] = std::byte(random() % 3 == 0 ? 0 : random() % 256);
      bytes[i + 1] = std::byte(random() % 3 == 0 ? 255 : random() % 256);
    }
    if (round % 8 == 0) bytes[10] = bytes[11] = std::byte{0xff};
    for (const std::size_t size : {4u, 16u}) {
      char expected[INET6_ADDRSTRLEN];
      inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes.data(), expected, sizeof expected);
      EXPECT_EQ(IpAddress::from_bytes(std::span(bytes).first(size))->text(), expected);
    }
  }
}

TEST(IpAddress, OnlyFourOrSixteenBytes) {
  const std::array<std::byte, 17> bytes{};
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(IpAddress::from_bytes(std::span(bytes).first(size)).has_value(),
              size == 4 || size == 16);
}

TEST(Prefix, Contains) {
  const auto prefix = Prefix::parse("10.1.128.0/17");
  ASSERT_TRUE(prefix);
  EXPECT_TRUE(prefix->contains(*IpAddress::parse("10.1.200.9")));
  EXPECT_FALSE(prefix->contains(*IpAddress::parse("10.1.127.255")));
  EXPECT_FALSE(prefix->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Prefix::parse("::/0")->contains(*IpAddress::parse("fe80::1")));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/33"));
  EXPECT_FALSE(Prefix::parse("10.0.0.0"));
}

TEST(Mac, TextRoundTrips) {
  EXPECT_EQ(Mac::parse("02:42:ac:11:00:02")->text(), "02:42:ac:11:00:02");
  EXPECT_TRUE(Mac::parse("")->empty());
  for (const char* text : {"2:42", "02:", "02:4g", ":"}) EXPECT_FALSE(Mac::parse(text)) << text;
}

}  // namespace
}  // namespace nsmap
