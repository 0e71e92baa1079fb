#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "netlink/request.h"

// What the files that tell of our doing have in common: a record a line, fields separated by
// blanks, appended before what they tell of is done.

namespace nsmap::lab {

// Takes the next field off a record.
std::string_view next_field(std::string_view& record);

// Calls `take` with each record. A line without its end is none: who wrote it was killed, and what
// it tells of was not begun.
template <typename Take>
void for_each_record(std::string_view text, Take take) {
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    take(text.substr(0, end));
}

// "DOING: why not", and who may where that is the reason.
tl::unexpected<Error> failure(const std::string& doing, Errno error);
tl::unexpected<Error> failure(const std::string& doing, const netlink::Failure& refused);

}  // namespace nsmap::lab
