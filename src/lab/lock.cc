#include "lab/lock.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "lab/records.h"

namespace nsmap::lab {
namespace {

// Who has a lock, as the file tells; empty: nobody knows.
std::string holder_of(const System& system, const std::string& path) {
  constexpr std::size_t kMost = 32;
  const auto text = system.kernel.read_file(os::kNoDir, path.c_str(), kMost);
  return text ? text->substr(0, text->find('\n')) : "";
}

}  // namespace

SysResult<UniqueFd> lock_file(const System& system, const std::string& path) {
  constexpr int kTries = 200;
  constexpr std::chrono::milliseconds kPause(10);
  for (int i = 1;; ++i) {
    auto lock = system.changes.lock_file(path);
    if (lock || lock.error().value != EWOULDBLOCK || i == kTries) return lock;
    const std::string holder = holder_of(system, path);
    if (holder.empty() || system.kernel.stat(os::kNoDir, ("/proc/" + holder).c_str())) return lock;
    std::this_thread::sleep_for(kPause);
  }
}

tl::unexpected<Error> locked(const System& system, const std::string& path,
                             const std::string& doing) {
  const std::string holder = holder_of(system, path);
  return usage_error(
      fmt::format("{}: process {} is changing it", doing, holder.empty() ? "?" : holder),
      "again when that is done");
}

Result<UniqueFd> lock_directory(const System& system, const std::string& directory,
                                const std::string& doing) {
  if (const auto made = system.changes.make_directory(directory); !made)
    return failure("making " + directory, made.error());
  const std::string path = directory + "/lock";
  auto lock = lock_file(system, path);
  if (lock) return std::move(*lock);
  if (lock.error().value == EWOULDBLOCK) return locked(system, path, doing);
  return failure("locking " + path, lock.error());
}

}  // namespace nsmap::lab
