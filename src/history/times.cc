#include "history/times.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iterator>

#include "base/number.h"

namespace nsmap::history {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 24 * 60 * 60;          // seconds
constexpr std::int64_t kLongest = 200 * 365 * kDay;  // seconds
constexpr std::int64_t kYears[] = {1970, 2200};      // nanoseconds fit in between

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};

constexpr Unit kUnits[] = {
    {"s", 1},           {"sec", 1},          {"second", 1},   {"seconds", 1}, {"m", 60},
    {"min", 60},        {"minute", 60},      {"minutes", 60}, {"h", 3600},    {"hour", 3600},
    {"hours", 3600},    {"d", kDay},         {"day", kDay},   {"days", kDay}, {"w", 7 * kDay},
    {"week", 7 * kDay}, {"weeks", 7 * kDay},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what stands at the beginning of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // As long as `belongs`.
  template <typename Belongs>
  std::string_view while_it(const Belongs& belongs) {
    const auto end = std::ranges::find_if_not(text_, belongs);
    const std::string_view taken(text_.begin(), end);
    text_.remove_prefix(taken.size());
    return taken;
  }
  // A number of so many digits; 0: any.
  std::optional<std::int64_t> number(std::size_t digits = 0) {
    const std::string_view taken = while_it(is_digit);
    if (digits != 0 && taken.size() != digits) return {};
    return parse_number<std::int64_t>(taken);
  }

 private:
  std::string_view text_;
};

// A day of the calendar, at midnight.
struct Day {
  int year = 0, month = 0, day = 0;
};

// What is named, in whole seconds after midnight, and how long that lasts.
struct Clock {
  std::int64_t seconds = 0;
  std::int64_t lasts_ns = kDay * kSecond;
  std::int64_t fraction_ns = 0;
};

Day local_day(std::time_t time) {
  std::tm tm{};
  localtime_r(&time, &tm);
  return {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

// Midnight of the day and so many seconds by the clock on the wall, which on two days of a year is
// not the same as after it.
std::time_t local_time(const Day& day, std::int64_t seconds) {
  std::tm tm{};
  tm.tm_year = day.year - 1900;
  tm.tm_mon = day.month - 1;
  tm.tm_mday = day.day + static_cast<int>(seconds / kDay);
  tm.tm_hour = static_cast<int>(seconds % kDay / 3600);
  tm.tm_min = static_cast<int>(seconds % 3600 / 60);
  tm.tm_sec = static_cast<int>(seconds % 60);
  tm.tm_isdst = -1;
  return std::mktime(&tm);
}

std::time_t utc_time(const Day& day, std::int64_t seconds) {
  const std::chrono::sys_days days =
      std::chrono::year(day.year) / day.month / std::chrono::day(static_cast<unsigned>(day.day));
  return std::chrono::system_clock::to_time_t(days) + seconds;
}

// "2026-11-22", "today", "yesterday".
std::optional<Day> scan_day(Scanner& scanner, std::time_t now) {
  const Day today = local_day(now);
  if (scanner.take("today")) return today;
  if (scanner.take("yesterday"))
    return local_day(local_time({today.year, today.month, today.day - 1}, 0));
  const auto year = scanner.number(4);
  if (!year || !scanner.take("-")) return {};
  const auto month = scanner.number(2);
  if (!month || !scanner.take("-")) return {};
  const auto day = scanner.number(2);
  if (!day || *year < kYears[0] || *year > kYears[1]) return {};
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return {};
  return Day{static_cast<int>(*year), static_cast<int>(*month), static_cast<int>(*day)};
}

// ".25" of a second, in nanoseconds.
std::optional<std::int64_t> scan_fraction(Scanner& scanner) {
  std::string digits(scanner.while_it(is_digit));
  if (digits.empty()) return {};
  digits.resize(9, '0');
  return parse_number<std::int64_t>(digits);
}

// "14:30", "14:30:05", "14:30:05.25".
std::optional<Clock> scan_clock(Scanner& scanner) {
  const auto hour = scanner.number(2);
  if (!hour || *hour > 23 || !scanner.take(":")) return {};
  const auto minute = scanner.number(2);
  if (!minute || *minute > 59) return {};
  Clock clock{*hour * 3600 + *minute * 60, 60 * kSecond, 0};
  if (!scanner.take(":")) return clock;
  const auto second = scanner.number(2);
  if (!second || *second > 59) return {};
  clock.seconds += *second;
  clock.lasts_ns = kSecond;
  if (!scanner.take(".")) return clock;
  const auto fraction = scan_fraction(scanner);
  if (!fraction) return {};
  clock.fraction_ns = *fraction;
  clock.lasts_ns = 1;
  return clock;
}

// "Z", "+01:00": seconds east of Greenwich.
std::optional<std::int64_t> scan_zone(Scanner& scanner) {
  if (scanner.take("Z") || scanner.take("z")) return 0;
  const bool east = scanner.take("+");
  if (!east && !scanner.take("-")) return {};
  const auto hours = scanner.number(2);
  if (!hours || *hours > 23 || !scanner.take(":")) return {};
  const auto minutes = scanner.number(2);
  if (!minutes || *minutes > 59) return {};
  return (*hours * 3600 + *minutes * 60) * (east ? 1 : -1);
}

// The last nanosecond of a day, or of what the clock shows on it.
std::int64_t end_of(const Day& day, const Clock& clock, std::optional<std::int64_t> zone) {
  const auto time = [&](std::int64_t seconds) -> std::int64_t {
    return zone ? utc_time(day, seconds) - *zone : local_time(day, seconds);
  };
  if (clock.lasts_ns == kDay * kSecond) return time(kDay) * kSecond - 1;
  return time(clock.seconds) * kSecond + clock.fraction_ns + clock.lasts_ns - 1;
}

// "[DAY ]CLOCK[ZONE]", "DAY".
std::optional<When> scan_date(std::string_view text, std::int64_t now_ns) {
  const std::time_t now = now_ns / kSecond;
  Scanner scanner(text);
  auto day = scan_day(scanner, now);
  const bool separated = day && (scanner.take("T") || scanner.take(" "));
  if (day && !separated) {
    if (!scanner.at_end()) return {};
    return When{{}, end_of(*day, {}, {})};
  }
  if (!day) scanner = Scanner(text);
  const auto clock = scan_clock(scanner);
  if (!clock) return {};
  std::optional<std::int64_t> zone;
  if (!scanner.at_end() && !((zone = scan_zone(scanner)) && scanner.at_end() && day)) return {};
  return When{{}, end_of(day ? *day : local_day(now), *clock, zone)};
}

std::optional<When> scan_number(std::string_view text) {
  const auto number = parse_number<std::int64_t>(text.substr(1));
  if (!number || *number < 0) return {};
  if (text.front() == '#') return When{*number, 0};
  if (*number > kLongest) return {};
  return When{{}, *number * kSecond + kSecond - 1};
}

// "-2h", "2h ago".
std::optional<When> scan_ago(std::string_view text, std::int64_t now_ns) {
  const bool minus = text.starts_with('-');
  const bool ago = text.ends_with(" ago");
  if (minus == ago) return {};
  const auto age = parse_age(minus ? text.substr(1) : text.substr(0, text.size() - 4));
  if (!age) return {};
  return When{{}, now_ns - *age};
}

}  // namespace

std::optional<When> parse_when(std::string_view text, std::int64_t now_ns) {
  if (text.empty()) return {};
  if (text == "now") return When{{}, now_ns};
  if (text.front() == '#' || text.front() == '@') return scan_number(text);
  if (const auto when = scan_ago(text, now_ns)) return when;
  return scan_date(text, now_ns);
}

std::optional<std::int64_t> parse_age(std::string_view text) {
  Scanner scanner(text);
  std::int64_t seconds = 0;
  do {
    const auto number = scanner.number();
    while (scanner.take(" "))
      ;
    const auto name = scanner.while_it([](char c) { return c >= 'a' && c <= 'z'; });
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (!number || unit == std::end(kUnits) || *number > kLongest / unit->seconds) return {};
    seconds += *number * unit->seconds;
    if (seconds > kLongest) return {};
    while (scanner.take(" "))
      ;
  } while (!scanner.at_end());
  return seconds * kSecond;
}

Result<Entry> pick(const std::vector<Entry>& entries, const When& when) {
  if (entries.empty()) return usage_error("the history is empty", "nsmap history save");
  if (when.id) {
    const auto found = std::ranges::find(entries, *when.id, &Entry::id);
    if (found != entries.end()) return *found;
    const auto distance = [&](const Entry& entry) { return std::abs(entry.id - *when.id); };
    const auto nearest = std::ranges::min_element(entries, {}, distance);
    return usage_error(
        fmt::format("the history has no #{}; the nearest is {}", *when.id, entry_text(*nearest)),
        "nsmap history ls");
  }
  const auto after = std::ranges::upper_bound(entries, when.until_ns, {}, &Entry::time_ns);
  if (after != entries.begin()) return *std::prev(after);
  return usage_error(fmt::format("the history has nothing as old as {}; the nearest is {}",
                                 time_text(when.until_ns), entry_text(entries.front())),
                     "nsmap history ls");
}

std::string time_text(std::int64_t ns) {
  // Towards the past, also before 1970.
  const std::time_t time = ns / kSecond - (ns % kSecond < 0);
  std::tm tm{};
  localtime_r(&time, &tm);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", tm);
}

std::string entry_text(const Entry& entry) {
  return fmt::format("#{}, {}", entry.id, time_text(entry.time_ns));
}

}  // namespace nsmap::history
