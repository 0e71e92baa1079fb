#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "history/store.h"

namespace nsmap::history {

// A snapshot of the history: a line of `nsmap history ls`, and what `nsmap history save` tells.
struct ListedSnapshot {
  std::uint64_t id = 0;
  std::string time;  // RFC 3339, UTC
  std::int64_t time_ns = 0;
  std::string hostname;
  std::uint64_t namespaces = 0;
  std::uint64_t added = 0;
  std::optional<std::uint64_t> since;
  std::string changes;
};
BOOST_DESCRIBE_STRUCT(ListedSnapshot, (),
                      (id, time, time_ns, hostname, namespaces, added, since, changes))

ListedSnapshot list_entry(const Entry& entry);

}  // namespace nsmap::history
