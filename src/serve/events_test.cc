#include "serve/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/test_state.h"

namespace nsmap::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text(const Events& events, std::uint64_t known) {
  const auto next = events.next(known);
  return next ? *next->text : "";
}

TEST(Events, TellsAChangeToWhoKnowsTheStateBefore) {
  Events events("RUN");
  events.add(*test_state(1));
  EXPECT_FALSE(events.next(1));
  const auto state = test_state(2);
  state->differences.push_back({.what = "eth0\n", .title = "web"});
  state->touched = {analyze::kWeb};
  state->gone = {analyze::kBlue};
  events.add(*state);
  EXPECT_EQ(text(events, 1),
            "event: change\nid: 2-RUN\ndata: {\"number\":2,\"time_ns\":1000000002,"
            "\"differences\":[{\"change\":\"changed\",\"subject\":\"namespace\","
            "\"what\":\"eth0\\u000a\",\"fields\":[],\"title\":\"web\"}],"
            "\"touched\":[{\"dev\":4,\"ino\":201}],\"gone\":[{\"dev\":4,\"ino\":203}]}\n\n");
  EXPECT_EQ(events.next(1)->number, 2u);
  EXPECT_FALSE(events.next(2));
}

TEST(Events, SharesTheTextAmongAll) {
  Events events("RUN");
  events.add(*test_state(1));
  events.add(*test_state(2));
  EXPECT_EQ(events.next(1)->text, events.next(1)->text);
}

TEST(Events, TellsToBeginAnewWhereAChangeIsMissing) {
  Events events("RUN", {.count = 3});
  for (std::uint64_t number = 1; number <= 6; ++number) events.add(*test_state(number));
  for (const std::uint64_t known : {0u, 1u, 2u, 7u, 100u}) {
    const auto next = events.next(known);
    EXPECT_EQ(*next->text, "event: reset\nid: 6-RUN\ndata: {\"number\":6}\n\n") << known;
    EXPECT_EQ(next->number, 6u);
    EXPECT_TRUE(next->reset);
  }
  EXPECT_EQ(events.next(3)->number, 4u);
  EXPECT_FALSE(events.next(3)->reset);
}

TEST(Events, KeepsNoMoreBytesThanItMay) {
  Events events("RUN", {.bytes = 300});
  for (std::uint64_t number = 1; number <= 9; ++number) events.add(*test_state(number));
  EXPECT_FALSE(events.next(8)->reset);
  EXPECT_TRUE(events.next(4)->reset);
}

TEST(Events, ResetsInPlaceOfAChangeThatIsTooLong) {
  Events events("RUN", {.largest = 150});
  events.add(*test_state(1));
  const auto state = test_state(2);
  state->differences.resize(10);
  events.add(*state);
  events.add(*test_state(3));
  EXPECT_TRUE(events.next(1)->reset);
  EXPECT_EQ(events.next(1)->number, 3u);
  EXPECT_THAT(text(events, 2), StartsWith("event: change\nid: 3-RUN"));
}

TEST(Events, ResetsAfterAGapInTheNumbers) {
  Events events("RUN");
  for (const std::uint64_t number : {1u, 2u, 5u}) events.add(*test_state(number));
  EXPECT_TRUE(events.next(1)->reset);
  EXPECT_TRUE(events.next(4)->reset);
}

TEST(Events, ResumesFromIdsOfThisRun) {
  Events events("RUN");
  for (std::uint64_t number = 1; number <= 3; ++number) events.add(*test_state(number));
  EXPECT_EQ(events.resume(""), 3u);
  EXPECT_EQ(events.resume("2-RUN"), 2u);
  EXPECT_EQ(events.resume("2"), 2u);
  for (const char* bad : {"2-run", "x", "-RUN", "2-RUNX", "-1", "99999999999999999999"})
    EXPECT_EQ(events.resume(bad), 0u) << bad;
  EXPECT_EQ(events.greeting(2), "id: 2-RUN\n\n");
  EXPECT_EQ(events.greeting(0), kKeepAlive);
}

}  // namespace
}  // namespace nsmap::serve
