#include "history/listed.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

namespace nsmap::history {

ListedSnapshot list_entry(const Entry& entry) {
  using namespace std::chrono;
  const sys_time<milliseconds> time(floor<milliseconds>(nanoseconds(entry.time_ns)));
  ListedSnapshot listed;
  listed.id = static_cast<std::uint64_t>(entry.id);
  listed.time = fmt::format("{:%FT%T}Z", time);
  listed.time_ns = entry.time_ns;
  listed.hostname = entry.hostname;
  listed.namespaces = entry.namespaces;
  listed.added = entry.added;
  if (entry.since) listed.since = static_cast<std::uint64_t>(*entry.since);
  listed.changes = entry.changes;
  return listed;
}

}  // namespace nsmap::history
