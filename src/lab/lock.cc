#include "lab/lock.h"

#include <fmt/format.h>

#include <cerrno>

#include "os/files.h"

namespace nsmap::lab {
namespace {

tl::unexpected<Error> failure(const std::string& doing, Errno error) {
  return read_error(fmt::format("{}: {}", doing, os::text(error)),
                    error.value == EACCES || error.value == EPERM ? "root" : "");
}

}  // namespace

Result<UniqueFd> lock_directory(const System& system, const std::string& directory,
                                const std::string& doing) {
  if (const auto made = system.changes.make_directory(directory); !made)
    return failure("making " + directory, made.error());
  const std::string path = directory + "/lock";
  auto lock = system.changes.lock_file(path);
  if (lock) return std::move(*lock);
  if (lock.error().value != EWOULDBLOCK) return failure("locking " + path, lock.error());
  const auto holder = system.kernel.read_file(os::kNoDir, path.c_str(), 32);
  return usage_error(fmt::format("{}: process {} is changing it", doing,
                                 holder ? holder->substr(0, holder->find('\n')) : "?"),
                     "again when that is done");
}

}  // namespace nsmap::lab
