#include "collect/nft_registers.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

namespace nsmap::collect {
namespace {

Loaded of_size(std::uint32_t size) {
  return {.value = model::PacketField::meta_mark, .size = size};
}

TEST(Registers, BothNumberings) {
  EXPECT_EQ(Registers::word(NFT_REG_1), 0u);
  EXPECT_EQ(Registers::word(NFT_REG_4), 12u);
  EXPECT_EQ(Registers::word(NFT_REG32_15), 15u);
  for (const std::uint32_t none : {0u, 5u, 7u, 24u, 0xffffffffu})
    EXPECT_FALSE(Registers::word(none)) << none;
}

TEST(Registers, OverwrittenIsForgotten) {
  Registers registers;
  EXPECT_TRUE(registers.put(0, of_size(16)));
  EXPECT_TRUE(registers.put(4, of_size(4)));
  EXPECT_TRUE(registers.put(3, of_size(1)));
  EXPECT_EQ(registers.at(0), nullptr);
  EXPECT_NE(registers.at(3), nullptr);
  EXPECT_NE(registers.at(4), nullptr);
  EXPECT_TRUE(registers.put(2, of_size(16)));
  EXPECT_EQ(registers.at(3), nullptr);
  EXPECT_EQ(registers.at(4), nullptr);
}

TEST(Registers, WhatDoesNotFit) {
  Registers registers;
  EXPECT_FALSE(registers.put(13, of_size(16)));
  EXPECT_FALSE(registers.put(0, of_size(0)));
  EXPECT_FALSE(registers.put(0, of_size(65)));
  EXPECT_EQ(registers.at(99), nullptr);
}

}  // namespace
}  // namespace nsmap::collect
