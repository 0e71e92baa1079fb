#include "collect/nft_userdata.h"

#include <gtest/gtest.h>

#include "collect/test_statements.h"

namespace nsmap::collect {
namespace {

TEST(NftUserdata, FindsItsType) {
  const Octets notes = hex("000401000000020401000000");
  EXPECT_EQ(note_number(notes, NftNote::set_key_order), 1u);
  EXPECT_EQ(note_number(notes, NftNote::set_auto_merge), 1u);
  EXPECT_EQ(note_number(notes, NftNote::set_data_ranges), 0u);
}

TEST(NftUserdata, TextIsCleanAndEndsAtANul) {
  EXPECT_EQ(note_text(hex("000461ff0062"), NftNote::comment), "a\\xff");
}

TEST(NftUserdata, WhatIsCutShortIsNone) {
  EXPECT_TRUE(note(hex("0005616263"), NftNote::comment).empty());
  EXPECT_TRUE(note(hex("00"), NftNote::comment).empty());
  EXPECT_TRUE(note(Bytes(), NftNote::comment).empty());
}

}  // namespace
}  // namespace nsmap::collect
