#include "codec/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace nsmap::codec {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLimit = 10'000'000;

TEST(Compress, IsUndoneByDecompress) {
  for (const std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919);
    const std::string packed = compress(text);
    EXPECT_TRUE(is_compressed(packed));
    EXPECT_EQ(decompress(packed, "a", kLimit), text);
  }
  EXPECT_FALSE(is_compressed("{\"format\""));
}

TEST(Decompress, ReadsFramesOneAfterTheOther) {
  EXPECT_EQ(decompress(compress("one ") + compress("two"), "a", kLimit), "one two");
}

TEST(Decompress, RefusesWhatIsCutShortOrDamaged) {
  std::string packed = compress(std::string(1000, 'x') + "and an end");
  EXPECT_EQ(decompress(packed.substr(0, packed.size() - 5), "a.zst", kLimit).error().text,
            "a.zst: it is cut short");
  EXPECT_EQ(decompress("", "a.zst", kLimit).error().text, "a.zst: it is cut short");
  packed[packed.size() - 6] ^= 0x55;
  EXPECT_THAT(decompress(packed, "a.zst", kLimit).error().text, HasSubstr("a.zst: damaged: "));
}

TEST(Compress, AgainstABaseTakesWhatIsNew) {
  std::mt19937 random;
  std::string base(1'000'000, '\0');
  for (char& byte : base) byte = static_cast<char>(random());
  const std::string changed = base.substr(0, 400'000) + "a change" + base.substr(400'000);
  const std::string packed = compress(changed, base);
  EXPECT_LT(packed.size(), 1000u);
  EXPECT_EQ(decompress(packed, "a", kLimit, base), changed);
  EXPECT_FALSE(decompress(packed, "a", kLimit));
  EXPECT_FALSE(decompress(packed, "a", kLimit, changed));
}

TEST(Decompress, MakesNoMoreThanTheLimit) {
  const std::string bomb = compress(std::string(50'000'000, '\0'));
  EXPECT_LT(bomb.size(), 10'000u);
  EXPECT_EQ(decompress(bomb, "a.zst", kLimit).error().text,
            "a.zst: holds more than 10000000 bytes");
  EXPECT_TRUE(decompress(compress("12345"), "a", 5));
  EXPECT_FALSE(decompress(compress("12345"), "a", 4));
}

}  // namespace
}  // namespace nsmap::codec
