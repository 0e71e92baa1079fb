#include "collect/nft_types.h"

#include <gtest/gtest.h>

#include "collect/test_statements.h"

namespace nsmap::collect {
namespace {

using model::DataType;

TEST(NftTypes, ShiftsAcrossBytes) {
  EXPECT_EQ(shift_right(hex("0200"), 6), hex("0008"));
  EXPECT_EQ(shift_right(hex("010000"), 16), hex("000001"));
  EXPECT_EQ(shift_right(hex("ff"), 9), hex("00"));
}

TEST(NftTypes, PartsInTheModelsForm) {
  const Coding coding = {{2, false, 6, 1}, {4, true, 0, 4}};
  EXPECT_EQ(decode_parts(hex("0200000005000000"), coding), hex("0800000000000005"));
  EXPECT_FALSE(decode_parts(hex("02000000"), coding));
  EXPECT_FALSE(decode_parts(hex("ffff000005000000"), coding));  // no value of six bits
}

TEST(NftTypes, Concatenation) {
  const auto declared = declared_parts(7 << 12 | 12 << 6 | 19, 12, {});
  ASSERT_EQ(declared.parts.size(), 3u);
  EXPECT_EQ(declared.parts[0].type, DataType::ipv4);
  EXPECT_EQ(declared.parts[1].type, DataType::protocol);
  EXPECT_EQ(declared.parts[2].type, DataType::mark);
  EXPECT_TRUE(declared.coding[2].host_order);
}

TEST(NftTypes, OneUnknownLengthIsWhatTheOthersLeave) {
  const auto declared = declared_parts(4 << 6 | 19, 8, {});
  ASSERT_EQ(declared.parts.size(), 2u);
  EXPECT_EQ(declared.parts[0].bits, 32u);
  EXPECT_EQ(declared_parts(4 << 6 | 4, 8, {2, 4}).coding[0].size, 2u);
}

TEST(NftTypes, WhatDoesNotAddUpIsBytes) {
  for (const std::uint32_t type : {0u, 63u, 7u << 6 | 7u, 0xffffffffu}) {
    const auto declared = declared_parts(type, 6, {});
    ASSERT_EQ(declared.parts.size(), 1u) << type;
    EXPECT_EQ(declared.parts[0].type, DataType::integer);
    EXPECT_EQ(declared.coding[0].size, 6u);
  }
}

}  // namespace
}  // namespace nsmap::collect
