#include "serve/target.h"

#include <gtest/gtest.h>

namespace nsmap::serve {
namespace {

TEST(Target, IsDecoded) {
  const auto target = parse_target("/a%2Fb+c?q=%3A80&w=a+b%2B&q=2&flag&=x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b+c");
  EXPECT_EQ(target->parameter("q"), ":80");
  EXPECT_EQ(target->parameter("w"), "a b+");
  EXPECT_EQ(target->parameter("flag"), "");
  EXPECT_EQ(target->parameter("none"), std::nullopt);
}

TEST(Target, IsMadeValidText) { EXPECT_EQ(parse_target("/%c3%bc%ff")->path, "/ü\\xff"); }

TEST(Target, IsRefusedWhereItIsMalformed) {
  for (const char* text :
       {"", "*", "x", "http://a/", "/%", "/%4", "/%g0", "/%00", "/?a=%", "/?%zz"})
    EXPECT_FALSE(parse_target(text)) << text;
}

}  // namespace
}  // namespace nsmap::serve
