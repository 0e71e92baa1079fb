#include "anonymise/addresses.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace nsmap::anonymise {
namespace {

constexpr Key kKey{1, 2, 3};

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
Mac mac(std::string_view text) { return *Mac::parse(text); }

int common_bits(const IpAddress& a, const IpAddress& b) {
  for (int i = 0; i < a.bits(); ++i)
    if (!Prefix{a, static_cast<std::uint8_t>(i + 1)}.contains(b)) return i;
  return a.bits();
}

// Near one another, so that there is something in common.
std::vector<IpAddress> random_addresses(bool v6) {
  std::mt19937_64 random(v6);
  std::vector<IpAddress> list;
  std::array<std::uint64_t, 2> bits{};
  for (int i = 0; i < 200; ++i) {
    bits[random() % 2] ^= random() & random() & random() & random();
    list.push_back(*IpAddress::from_bytes(std::as_bytes(std::span(bits)).first(v6 ? 16 : 4)));
  }
  return list;
}

TEST(AnonymiseAddresses, ShareAsManyLeadingBitsAsBefore) {
  Addresses addresses(kKey);
  for (const bool v6 : {false, true}) {
    const auto list = random_addresses(v6);
    for (const IpAddress& a : list)
      for (const IpAddress& b : list)
        ASSERT_EQ(common_bits(addresses.of(a), addresses.of(b)), common_bits(a, b))
            << a.text() << " " << b.text();
  }
}

TEST(AnonymiseAddresses, OfSpecialRangesStayThere) {
  Addresses addresses(kKey);
  for (const char* text :
       {"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "fc00::/8", "fd00::/8",
        "fe80::/64", "fe80::/10", "ff02::/16", "ff0e::/16", "2001:db8::/32", "2000::/3",
        "ff02::1:ff00:0/104", "::ffff:10.0.0.0/104"}) {
    const Prefix range = *Prefix::parse(text);
    std::mt19937_64 random;
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t bits[2] = {random(), random()};
      const IpAddress other = *IpAddress::from_bytes(
          std::as_bytes(std::span(bits)).first(range.address.is_v6() ? 16 : 4));
      EXPECT_EQ(range.contains(addresses.of(other)), range.contains(other)) << other.text();
    }
    EXPECT_TRUE(range.contains(addresses.of(range.address)));
    EXPECT_EQ(addresses.of(range), range);
  }
}

TEST(AnonymiseAddresses, WithAMeaningStay) {
  Addresses addresses(kKey);
  for (const char* text :
       {"0.0.0.0", "127.0.0.1", "127.0.0.53", "255.255.255.255", "224.0.0.251", "::", "::1",
        "ff02::1", "ff02::2", "ff02::fb", "ff05::2", "::ffff:127.0.0.1", "::ffff:0.0.0.0"})
    EXPECT_EQ(addresses.of(ip(text)), ip(text)) << text;
  for (const char* text : {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"})
    EXPECT_EQ(addresses.of(*Prefix::parse(text)), *Prefix::parse(text)) << text;
}

TEST(AnonymiseAddresses, OthersChange) {
  Addresses addresses(kKey);
  for (const char* text : {"10.0.0.1", "192.168.1.23", "8.8.8.8", "169.254.7.9", "172.17.0.2",
                           "224.1.2.3", "fd00::2", "fe80::1234", "2a00:1450::8", "2001:db8::1",
                           "::ffff:10.1.2.3", "ff02::1:ff12:3456", "64:ff9b::808:808"})
    EXPECT_NE(addresses.of(ip(text)), ip(text)) << text;
}

TEST(AnonymiseAddresses, KeepTheirPlaceInTheirNetwork) {
  Addresses addresses(kKey);
  const auto of = [&](const char* text) { return addresses.of(ip(text)).text(); };
  EXPECT_TRUE(of("172.18.0.1").ends_with(".1"));
  EXPECT_TRUE(of("192.168.7.255").ends_with(".255"));
  EXPECT_TRUE(of("fd00:1:2:3::").ends_with("::"));
  EXPECT_TRUE(of("fd00:1:2:3::1").ends_with("::1"));
  EXPECT_LE(of("fd00:1:2:3::42").size(), of("fd00:1:2:3::").size() + 2);
}

TEST(AnonymiseAddresses, EmbeddedInIpv6AreWhatTheyAreAlone) {
  Addresses addresses(kKey);
  EXPECT_EQ(addresses.of(ip("::ffff:10.1.2.3")).text(),
            "::ffff:" + addresses.of(ip("10.1.2.3")).text());
}

TEST(AnonymiseAddresses, OfANetworkAreInIt) {
  Addresses addresses(kKey);
  const Prefix network = addresses.of(*Prefix::parse("10.7.8.0/21"));
  EXPECT_EQ(network.length, 21);
  EXPECT_TRUE(network.contains(addresses.of(ip("10.7.9.200"))));
  EXPECT_FALSE(network.contains(addresses.of(ip("10.7.16.1"))));
  // One with host bits keeps being the address it is.
  EXPECT_EQ(addresses.of(*Prefix::parse("10.7.9.200/21")).address, addresses.of(ip("10.7.9.200")));
}

TEST(AnonymiseAddresses, MacsKeepTheirKindAndNothingElse) {
  Addresses addresses(kKey);
  std::set<std::string> seen;
  for (const char* text : {"02:42:ac:11:00:02", "02:42:ac:11:00:03", "00:1b:21:3c:4d:5e",
                           "01:00:5e:01:02:03", "33:33:ff:12:34:56", "03:11:22:33:44:55"}) {
    const Mac before = mac(text), after = addresses.of(before);
    EXPECT_NE(after, before) << text;
    EXPECT_EQ(after, addresses.of(before));
    constexpr std::byte kKind{3};
    EXPECT_EQ(after.bytes()[0] & kKind, before.bytes()[0] & kKind) << text;
    seen.insert(after.text());
  }
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_TRUE(addresses.of(mac("33:33:ff:12:34:56")).text().starts_with("33:33:"));
  EXPECT_TRUE(addresses.of(mac("01:00:5e:01:02:03")).text().starts_with("01:00:5e:"));
  for (const char* text : {"", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:0e",
                           "33:33:00:00:00:01", "01:00:5e:00:00:fb"})
    EXPECT_EQ(addresses.of(mac(text)), mac(text)) << text;
}

TEST(AnonymiseAddresses, OfTunnelsAreAddresses) {
  Addresses addresses(kKey);
  const IpAddress v4 = ip("203.0.113.9"), v6 = ip("2001:db8::9");
  EXPECT_EQ(addresses.of(*Mac::from_bytes(v4.bytes())), Mac::from_bytes(addresses.of(v4).bytes()));
  EXPECT_EQ(addresses.of(*Mac::from_bytes(v6.bytes())), Mac::from_bytes(addresses.of(v6).bytes()));
  EXPECT_NE(addresses.of(mac("80:00:02:08:fe:80")), mac("80:00:02:08:fe:80"));
}

TEST(AnonymiseAddresses, DependOnTheKey) {
  Addresses one(kKey), same(kKey), other(Key{9});
  EXPECT_EQ(one.of(ip("10.1.2.3")), same.of(ip("10.1.2.3")));
  EXPECT_NE(one.of(ip("2a00::1234:5678")), other.of(ip("2a00::1234:5678")));
  EXPECT_NE(one.of(mac("02:42:ac:11:00:02")), other.of(mac("02:42:ac:11:00:02")));
}

TEST(AnonymiseKey, IsMadeOfAFilesContent) {
  EXPECT_EQ(key_of("0123456789abcdef", "k"), key_of("0123456789abcdef", "k"));
  EXPECT_NE(key_of("0123456789abcdef", "k"), key_of("0123456789abcdeg", "k"));
  EXPECT_EQ(key_of("short", "key.txt").error().text, "key.txt: a key takes 16 bytes at least");
  EXPECT_NE(random_key(), random_key());
}

}  // namespace
}  // namespace nsmap::anonymise
