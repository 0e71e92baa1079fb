#include "collect/fields.h"

#include <gtest/gtest.h>

#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

struct Fact {
  std::uint64_t wide = 0;
  bool on = false;
  bool there = false;
  std::optional<IfIndex> index;
  std::optional<IpAddress> ip;
  std::string name;
  std::string word;
};

constexpr std::array<const char*, 3> kWords = {"zero", nullptr, "two"};

constexpr Fields<Fact, 7> kTable({
    {1, number<&Fact::wide, uint16_t>},
    {2, number<&Fact::on, uint32_t>},
    {3, flag<&Fact::there>},
    {4, index_or_none<&Fact::index>},
    {5, address_or_none<&Fact::ip>},
    {6, text<&Fact::name>},
    {7, named<&Fact::word, uint8_t, kWords>},
});

bool read(const Attrs& attrs, Fact& fact) {
  return kTable.read(netlink::Attributes(attrs.bytes()), fact);
}

Fact read(const Attrs& attrs) {
  Fact fact;
  EXPECT_TRUE(read(attrs, fact));
  return fact;
}

TEST(Fields, MovesEachAttributeIntoItsField) {
  const Fact fact = read(Attrs()
                             .add(1, uint16_t{513})
                             .add(2, uint32_t{0x100})
                             .flag(3)
                             .add(4, 12)
                             .add(5, std::array<uint8_t, 4>{10, 0, 0, 1})
                             .text(6, "lo")
                             .add(7, uint8_t{2}));
  EXPECT_EQ(fact.wide, 513u);
  EXPECT_TRUE(fact.on && fact.there);
  EXPECT_EQ(fact.index, IfIndex(12));
  EXPECT_EQ(fact.ip, IpAddress::parse("10.0.0.1"));
  EXPECT_EQ(fact.name, "lo");
  EXPECT_EQ(fact.word, "two");
}

TEST(Fields, PassesOverWhatHasNoRow) {
  EXPECT_EQ(read(Attrs().add(8, 1).add(0, 1).add(16383, 1).add(1, uint16_t{5})).wide, 5u);
}

TEST(Fields, IgnoresTheFlagsOfAType) {
  EXPECT_EQ(read(Attrs().add(1 | NLA_F_NESTED, uint16_t{5})).wide, 5u);
}

TEST(Fields, ZeroMeansNoneWhereItDoes) {
  const Fact fact = read(Attrs().add(4, 0).add(5, std::array<uint8_t, 16>{}).add(3, uint8_t{0}));
  EXPECT_EQ(fact.index, std::nullopt);
  EXPECT_EQ(fact.ip, std::nullopt);
  EXPECT_FALSE(fact.there);
}

TEST(Fields, ANumberWithoutANameIsItsOwn) {
  EXPECT_EQ(read(Attrs().add(7, uint8_t{1})).word, "1");
  EXPECT_EQ(read(Attrs().add(7, uint8_t{255})).word, "255");
}

TEST(Fields, RefusesAShortAttributeAndReadsTheRest) {
  Fact fact;
  EXPECT_FALSE(read(Attrs().add(1, uint8_t{1}).add(4, 3), fact));
  EXPECT_EQ(fact.wide, 0u);
  EXPECT_EQ(fact.index, IfIndex(3));
}

TEST(Fields, RefusesAMalformedEnd) {
  Fact fact;
  EXPECT_FALSE(read(Attrs().add(4, 3).raw(Buffer(2)), fact));
  EXPECT_EQ(fact.index, IfIndex(3));
}

}  // namespace
}  // namespace nsmap::collect
