#include "base/octets.h"

#include <gtest/gtest.h>

#include "base/box.h"

namespace nsmap {
namespace {

TEST(Octets, AreTheirHexadecimalText) {
  for (const std::string& text :
       {std::string(), std::string("00ff"), std::string(32, 'a'), std::string(128, '7')}) {
    const auto octets = Octets::parse(text);
    ASSERT_TRUE(octets) << text;
    EXPECT_EQ(octets->text(), text);
    EXPECT_EQ(octets->size(), text.size() / 2);
  }
  EXPECT_FALSE(Octets::parse("0"));
  EXPECT_FALSE(Octets::parse("0g"));
  EXPECT_FALSE(Octets::parse("+1"));
}

TEST(Octets, AreValuesWhereverTheyLie) {
  for (const std::size_t size : {3u, 16u, 17u, 64u}) {
    Octets octets(size);
    EXPECT_TRUE(octets.is_zero());
    Octets copy = octets;
    copy[size - 1] = std::byte{1};
    EXPECT_NE(copy, octets);
    EXPECT_LT(octets, copy);
    Octets moved = std::move(copy);
    EXPECT_EQ(moved.number(), 1u);
    octets = moved;
    EXPECT_EQ(octets, moved);
    octets = Octets();
    EXPECT_TRUE(octets.empty());
  }
}

TEST(Octets, HoldNumbersInNetworkOrder) {
  EXPECT_EQ(Octets::number(0x1234, 4).text(), "00001234");
  EXPECT_EQ(Octets::number(0x1234, 1).text(), "34");
  EXPECT_EQ(Octets::parse("0a000001")->number(), 0x0a000001u);
  EXPECT_EQ(Octets::number(7, 20).number(), 7u);
}

TEST(Box, IsAValue) {
  Box<int> box(3);
  Box<int> other = box;
  *other = 4;
  EXPECT_EQ(*box, 3);
  EXPECT_NE(box, other);
  box = other;
  EXPECT_EQ(box, other);
}

TEST(Shared, IsCopiedWhenEdited) {
  Shared<std::string> a;
  EXPECT_TRUE(a->empty());
  a.edit() = "x";
  const std::string* const place = &*a;
  Shared<std::string> b = a;
  EXPECT_EQ(&*b, place);
  b.edit() += "y";
  EXPECT_EQ(*a, "x");
  EXPECT_EQ(*b, "xy");
  EXPECT_NE(a, b);
  a.edit() += "y";
  EXPECT_EQ(&*a, place);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace nsmap
