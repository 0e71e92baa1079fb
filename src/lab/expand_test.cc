#include "lab/expand.h"

#include <gtest/gtest.h>

namespace nsmap::lab {
namespace {

std::string value(std::string_view text) { return expand(text, {3, 2}).value_or("error"); }
std::string error(std::string_view text) {
  const auto expanded = expand(text, {3, std::nullopt});
  return expanded ? "none" : expanded.error();
}

TEST(Expand, Computes) {
  EXPECT_EQ(value("a${i}b${n}"), "a3b2");
  EXPECT_EQ(value("${1+2*3-8/2%3}"), "6");
  EXPECT_EQ(value("${10-2-3}"), "5");
  EXPECT_EQ(value("${ -(i + 1) * 2 }"), "-8");
  EXPECT_EQ(value("${7/2}.${-7%3}"), "3.-1");
}

TEST(Expand, KeepsOtherDollars) {
  EXPECT_EQ(value("$x $$ $${i} $"), "$x $ ${i} $");
  for (const auto* text : {"$", "$$", "${i}", "$${", "a$b", "$$$", "$x${"})
    EXPECT_EQ(value(unexpanded(text)), text);
}

TEST(Expand, SaysWhatIsWrong) {
  EXPECT_EQ(error("${n}"), "${n}: the namespace has no count");
  EXPECT_EQ(error("${i"), "${ without its }; write $${ for a plain ${");
  EXPECT_EQ(error("${}"), "${}: a number or i is missing");
  EXPECT_EQ(error("${i i}"), "${i i}: 'i' is not expected");
  EXPECT_EQ(error("${(i}"), "${(i}: a ')' is missing");
  EXPECT_EQ(error("${x}"), "${x}: 'x' is no number, nor i or n");
  EXPECT_EQ(error("${1/0}"), "${1/0}: it divides by zero");
  EXPECT_EQ(error("${9223372036854775807+1}"), "${9223372036854775807+1}: its value is too large");
  EXPECT_EQ(error("${(-9223372036854775807-1)/-1}"),
            "${(-9223372036854775807-1)/-1}: its value is too large");
  EXPECT_EQ(error("${99999999999999999999}"), "${99999999999999999999}: a number is too large");
  EXPECT_NE(error("${" + std::string(100000, '(') + "}").find("nested too deeply"),
            std::string::npos);
}

}  // namespace
}  // namespace nsmap::lab
