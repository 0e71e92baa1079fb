#include "lab/records.h"

#include <algorithm>
#include <cerrno>

#include "os/files.h"

namespace nsmap::lab {

std::string_view next_field(std::string_view& record) {
  const std::size_t size = std::min(record.find(' '), record.size());
  const std::string_view field = record.substr(0, size);
  record.remove_prefix(std::min(size + 1, record.size()));
  return field;
}

tl::unexpected<Error> failure(const std::string& doing, Errno error) {
  return change_error(doing + ": " + os::text(error),
                      error.value == EACCES || error.value == EPERM ? "root" : "");
}

// EACCES is no matter of privilege there: IPv6 may be disabled.
tl::unexpected<Error> failure(const std::string& doing, const netlink::Failure& refused) {
  return change_error(doing + ": " + netlink::describe(refused),
                      refused.error == EPERM ? "root" : "");
}

}  // namespace nsmap::lab
