#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/store.h"

// Times as people write them, in local time unless they say another zone. All are nanoseconds since
// 1970 (UTC).

namespace nsmap::history {

// Which snapshot is meant: the one with that id or, without one, the newest not after `until_ns`.
struct When {
  std::optional<std::int64_t> id = {};
  std::int64_t until_ns = 0;
  friend bool operator==(const When&, const When&) = default;
};

// What "#12", "2026-11-22", "14:30", "yesterday 14:30:05", "2026-11-22T14:30:00Z", "-2h",
// "90 minutes ago", "@1763821800" or "now" means. A day, minute or second is meant to its end, so
// that "14:30" covers what was saved at 14:30:59. Nothing: it is no time.
std::optional<When> parse_when(std::string_view text, std::int64_t now_ns);

// "30d", "1h30m", "2 weeks", in nanoseconds; nothing: it is none, or longer than 200 years.
std::optional<std::int64_t> parse_age(std::string_view text);

// The snapshot that is meant, of a list by time. An error is of kind usage and names those nearest.
Result<Entry> pick(const std::vector<Entry>& entries, const When& when);

// "2026-11-22 14:30:05", in local time.
std::string time_text(std::int64_t ns);

// "#12, 2026-11-22 14:30:05".
std::string entry_text(const Entry& entry);

}  // namespace nsmap::history
