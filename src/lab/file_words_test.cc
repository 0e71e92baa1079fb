#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <sstream>

#include "lab/file.h"
#include "lab/words.h"

namespace nsmap::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::string route(const std::string& words) {
  const auto route = parse_route("doing", split(words));
  return route ? text_of(*route) : route.error().text;
}

std::string wrong_impairment(const std::string& words) {
  const auto impairment = parse_impairment("doing", split(words));
  return impairment ? "nothing" : impairment.error().text;
}

TEST(LabWords, ARouteIsSaidAsInAFile) {
  EXPECT_EQ(route("to 10.0.0.0/8 via 10.1.0.1 dev eth0 table 7 metric 5"),
            "route 10.0.0.0/8 via 10.1.0.1 dev eth0 table 7 metric 5");
  EXPECT_EQ(route("to default via fd00::1"), "route default via fd00::1");
  EXPECT_EQ(route("type blackhole to 10.0.0.0/8"), "route blackhole 10.0.0.0/8");
}

TEST(LabWords, WhatIsWrongIsSaidWithoutAPlaceInAFile) {
  EXPECT_EQ(route("to 10.0.0.0/8 viaa 10.1.0.1"),
            "doing: a route has no 'viaa'; did you mean 'via'?");
  EXPECT_EQ(route("to 10.0.0.0/8 via"), "doing: 'via' of what?");
  EXPECT_EQ(route("to 10.0.0.0/8 dev a dev b"), "doing: 'dev' twice");
  EXPECT_EQ(route("via 10.1.0.1"), "doing: a route has no 'to'");
  EXPECT_THAT(route("to ${ via 10.1.0.1"), StartsWith("doing: "));
  EXPECT_THAT(route("hops 10.1.0.1 to 10.0.0.0/8"), StartsWith("doing: "));
}

TEST(LabWords, AnImpairmentIsChecked) {
  const auto told = parse_impairment("doing", split("rate 10mbit delay 20ms jitter 2ms loss 0.5%"));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->rate_bps, 10'000'000u);
  EXPECT_EQ(told->delay_us, 20'000u);
  EXPECT_EQ(told->jitter_us, 2'000u);
  EXPECT_EQ(told->loss_percent, 0.5);
  EXPECT_THAT(wrong_impairment("jitter 2ms"), HasSubstr("give a delay"));
  EXPECT_THAT(wrong_impairment("loss 101%"), HasSubstr("'101%' is no share"));
  EXPECT_THAT(wrong_impairment("rate fast"), HasSubstr("'fast' is no rate"));
}

}  // namespace
}  // namespace nsmap::lab
