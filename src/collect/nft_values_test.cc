#include "collect/nft_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collect/test_statements.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using enum model::PacketField;
using model::FieldSource;
using testing::ElementsAre;

Loaded slice(FieldSource header, std::uint32_t offset, std::uint32_t bytes) {
  return {
      .value = Payload{Payload::Base::network, offset, 8 * bytes}, .size = bytes, .header = header};
}

std::vector<Statement> matches(const Loaded& loaded, std::string_view right,
                               Compare compare = Compare::eq) {
  std::vector<Statement> statements;
  EXPECT_TRUE(append_matches(loaded, compare, hex(right), {}, statements));
  return statements;
}

TEST(NftValues, NeighboursLoadedAtOnce) {
  EXPECT_THAT(matches(slice(FieldSource::ip, 96, 8), "0102030405060708"),
              ElementsAre(match(ip_saddr, "01020304"), match(ip_daddr, "05060708")));
}

// "Not both" is no two matches.
TEST(NftValues, NeighboursThatDifferStayTogether) {
  EXPECT_THAT(matches(slice(FieldSource::ip, 96, 8), "0102030405060708", Compare::ne),
              ElementsAre(match(Payload{Payload::Base::network, 96, 64}, "0102030405060708", "",
                                Compare::ne)));
}

TEST(NftValues, BitFieldByItsMask) {
  Loaded loaded = slice(FieldSource::ip6, 0, 2);
  loaded.mask = hex("0fc0");
  EXPECT_THAT(matches(loaded, "0200"), ElementsAre(match(ip6_dscp, "08")));
  const auto value = plain(loaded);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->value, Value(ip6_dscp));
  EXPECT_EQ(value->coding, (PartCoding{2, false, 6, 1}));
}

TEST(NftValues, ValueBesideItsMaskNeverMatchesAndIsKept) {
  Loaded loaded = slice(FieldSource::ip, 8, 1);
  loaded.mask = hex("fc");
  EXPECT_THAT(matches(loaded, "21"),
              ElementsAre(match(Payload{Payload::Base::network, 8, 8}, "21", "fc")));
}

TEST(NftValues, MaskWithGaps) {
  Loaded loaded = slice(FieldSource::ip, 96, 4);
  loaded.mask = hex("ff00ff00");
  EXPECT_THAT(matches(loaded, "0a000b00"), ElementsAre(match(ip_saddr, "0a000b00", "ff00ff00")));
  const auto value = plain(loaded);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->value, Value(Box(Bitwise{ip_saddr, hex("ff00ff00"), hex("00000000")})));
}

TEST(NftValues, OnlyNumbersOfTheHostAreShifted) {
  EXPECT_FALSE(shifted(slice(FieldSource::ip, 96, 4), false, 8));
  Loaded mark{.value = meta_mark, .size = 4, .host_order = true};
  EXPECT_TRUE(shifted(mark, false, 8));
  EXPECT_FALSE(shifted(mark, false, 32));
}

TEST(NftValues, HeadersAreLearnt) {
  Headers headers = Headers::of_family(Family::bridge);
  EXPECT_FALSE(headers.network);
  headers.learn(Match{ether_type, Compare::eq, {}, hex("8100"), {}});
  EXPECT_TRUE(headers.vlan);
  headers.learn(Match{vlan_type, Compare::eq, {}, hex("86dd"), {}});
  EXPECT_EQ(headers.network, FieldSource::ip6);
  headers.learn(Match{meta_l4proto, Compare::ne, {}, hex("06"), {}});
  EXPECT_FALSE(headers.transport);
  headers.learn(Match{ip6_nexthdr, Compare::eq, {}, hex("06"), {}});
  EXPECT_EQ(headers.transport, FieldSource::tcp);
}

}  // namespace
}  // namespace nsmap::collect
