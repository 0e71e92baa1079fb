#include "history/times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace nsmap::history {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
// 2026-11-22 15:00:00 in Berlin, 14:00:00 UTC.
constexpr std::int64_t kNow = 1'795'356'000 * kSecond;
constexpr std::int64_t kMidnight = kNow - 15 * kHour;  // in Berlin

// In Berlin, an hour east of Greenwich, in summer two.
class Times : public testing::Test {
 protected:
  Times() { zone("CET-1CEST,M3.5.0,M10.5.0/3"); }
  ~Times() override { zone("UTC"); }
  static void zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  static std::optional<std::int64_t> until(std::string_view text) {
    const auto when = parse_when(text, kNow);
    EXPECT_FALSE(when && when->id) << text;
    return when ? std::optional(when->until_ns) : std::nullopt;
  }
};

TEST_F(Times, AreMeantToTheirEnd) {
  EXPECT_EQ(until("2026-11-22"), kMidnight + kDay - 1);
  EXPECT_EQ(until("today"), kMidnight + kDay - 1);
  EXPECT_EQ(until("yesterday"), kMidnight - 1);
  EXPECT_EQ(until("14:30"), kMidnight + 14 * kHour + 31 * kMinute - 1);
  EXPECT_EQ(until("14:30:05"), kMidnight + 14 * kHour + 30 * kMinute + 6 * kSecond - 1);
  EXPECT_EQ(until("14:30:05.25"), kMidnight + 14 * kHour + 30 * kMinute + 5'250'000'000);
  EXPECT_EQ(until("yesterday 14:30"), kMidnight - kDay + 14 * kHour + 31 * kMinute - 1);
  EXPECT_EQ(until("today 14:30"), until("14:30"));
  EXPECT_EQ(until("@1795356000"), kNow + kSecond - 1);
  EXPECT_EQ(until("now"), kNow);
}

TEST_F(Times, MayNameTheirZone) {
  EXPECT_EQ(until("2026-11-22T14:00:00Z"), kNow + kSecond - 1);
  EXPECT_EQ(until("2026-11-22T14:00:00.000000001Z"), kNow + 1);
  EXPECT_EQ(until("2026-11-22T15:00:00+01:00"), kNow + kSecond - 1);
  EXPECT_EQ(until("2026-11-22T04:30:00-09:30"), kNow + kSecond - 1);
  EXPECT_EQ(until("2026-11-22 15:00:00"), kNow + kSecond - 1);
}

TEST_F(Times, MayBeAges) {
  for (const char* text : {"-2h", "2h ago", "120m ago", "-1h60m", "2 hours ago", "-7200s"})
    EXPECT_EQ(until(text), kNow - 2 * kHour) << text;
  EXPECT_EQ(until("1w ago"), kNow - 7 * kDay);
  EXPECT_EQ(parse_age("30d"), 30 * kDay);
  EXPECT_EQ(parse_age("1 week 2 days"), 9 * kDay);
  EXPECT_EQ(parse_age("0s"), 0);
}

TEST_F(Times, OfTheDaysThatClocksAreSet) {
  const auto begin = *until("2026-10-24");
  EXPECT_EQ(*until("2026-10-25") - begin, 25 * kHour);
  EXPECT_EQ(*until("2026-03-29") - *until("2026-03-28"), 23 * kHour);
  EXPECT_EQ(*until("2026-10-25 12:00") - begin, 13 * kHour + kMinute);
}

TEST_F(Times, NothingElseIsOne) {
  for (const char* text : {"",
                           " ",
                           "x",
                           "14",
                           "1430",
                           "14:3",
                           "24:00",
                           "14:60",
                           "14:30:60",
                           "14:30:05.",
                           "14:30Z",
                           "14:30 ",
                           "2026-11",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-11-31",
                           "2026-11-22T",
                           "2026-11-22 ",
                           "2026-11-22T14:00:00+1",
                           "2026-11-22T14:00:00ZZ",
                           "1960-01-01",
                           "9999-01-01",
                           "-2",
                           "-h",
                           "2h",
                           "2h agos",
                           "-2h ago",
                           "-2y",
                           "ago",
                           " ago",
                           "#",
                           "#-1",
                           "#1x",
                           "@",
                           "@-1",
                           "@1.5",
                           "@99999999999999999999",
                           "-99999999999999999999s",
                           "-9223372036854775807w",
                           "tomorrow",
                           "a.json",
                           "-",
                           "now "})
    EXPECT_FALSE(parse_when(text, kNow)) << text;
  for (const char* text : {"", "30", "d", "-3d", "30x", "1h3"})
    EXPECT_FALSE(parse_age(text)) << text;
}

TEST_F(Times, AreWrittenInLocalTime) {
  EXPECT_EQ(time_text(kNow), "2026-11-22 15:00:00");
  EXPECT_EQ(time_text(kNow - 1), "2026-11-22 14:59:59");
  EXPECT_EQ(time_text(-1), "1970-01-01 00:59:59");
  Entry entry;
  entry.id = 12;
  entry.time_ns = kNow;
  EXPECT_EQ(entry_text(entry), "#12, 2026-11-22 15:00:00");
}

std::vector<Entry> entries() {
  std::vector<Entry> list(3);
  for (int i = 0; i < 3; ++i) {
    list[i].id = i * 10 + 10;
    list[i].time_ns = kNow + i * kMinute;
  }
  return list;
}

TEST_F(Times, PickTheNewestNotAfter) {
  const auto id = [&](std::int64_t ns) { return pick(entries(), {{}, ns})->id; };
  EXPECT_EQ(id(kNow), 10);
  EXPECT_EQ(id(kNow + kMinute - 1), 10);
  EXPECT_EQ(id(kNow + kMinute), 20);
  EXPECT_EQ(id(kNow + kDay), 30);
  EXPECT_EQ(pick(entries(), *parse_when("#20", kNow))->id, 20);
}

TEST_F(Times, NameTheNearestWhereThereIsNone) {
  EXPECT_THAT(
      pick(entries(), {{}, kNow - 1}).error().text,
      HasSubstr("nothing as old as 2026-11-22 14:59:59; the nearest is #10, 2026-11-22 15"));
  EXPECT_THAT(pick(entries(), {21, 0}).error().text,
              HasSubstr("no #21; the nearest is #20, 2026-11-22 15:01:00"));
  EXPECT_EQ(pick({}, {{}, kNow}).error().text, "the history is empty");
}

}  // namespace
}  // namespace nsmap::history
