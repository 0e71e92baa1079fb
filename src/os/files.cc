#include "os/files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace nsmap::os {
namespace {

constexpr std::size_t kReadAtOnce = 1 << 20;
constexpr mode_t kNewFileMode = 0644;
constexpr mode_t kPrivateFileMode = 0600;

tl::unexpected<Errno> last_error() { return tl::unexpected(Errno{errno}); }

// Where symbolic links lead; the path itself when nothing is there yet.
std::string followed(const std::string& path) {
  char* const real = ::realpath(path.c_str(), nullptr);
  if (!real) return path;
  std::string result = real;
  ::free(real);
  return result;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

// A file that goes away again unless it is kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& beside)
      : path_(beside + ".XXXXXX"), file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_.valid() && !kept_) ::unlink(path_.c_str());
  }

  Fd file() const { return file_; }
  bool rename_to(const std::string& path) {
    kept_ = ::rename(path_.c_str(), path.c_str()) == 0;
    return kept_;
  }

 private:
  std::string path_;
  UniqueFd file_;
  bool kept_ = false;
};

mode_t new_file_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return kNewFileMode & ~mask;
}

SysResult<void> write_all(Fd file, const Giver& content) {
  return content([&](std::string_view piece) { return write_whole(file, piece); });
}

SysResult<void> write_in_place(const std::string& path, const Giver& content) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return last_error();
  return write_all(file, content);
}

// A rename lasts only once its directory is on the disk; where that cannot be had (some file
// systems refuse), the file itself is whole all the same.
void sync_directory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.valid()) ::fsync(directory.borrow().get());
}

SysResult<void> write_beside(const std::string& path, const Giver& content, mode_t mode) {
  TemporaryFile temporary(path);
  const int file = temporary.file().get();
  if (file < 0) return last_error();
  if (auto written = write_all(temporary.file(), content); !written) return written;
  if (::fchmod(file, mode) != 0 || ::fsync(file) != 0 || !temporary.rename_to(path))
    return last_error();
  sync_directory(directory_of(path));
  return {};
}

}  // namespace

SysResult<std::string> read_whole(Fd file, std::size_t limit) {
  std::string content;
  std::size_t size = 0;
  for (;;) {
    content.resize(std::min(std::max(size * 2, kReadAtOnce), limit + 1));
    const ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    size += static_cast<std::size_t>(got);
    if (size > limit) return tl::unexpected(Errno{EFBIG});
    if (got == 0) break;
  }
  content.resize(size);
  return content;
}

SysResult<std::string> read_whole(const std::string& path, std::size_t limit) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return last_error();
  return read_whole(file, limit);
}

SysResult<void> write_whole(Fd file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

SysResult<void> replace_file(const std::string& path, std::string_view bytes) {
  return replace_file(path, [&](const Sink& out) { return out(bytes); });
}

SysResult<void> replace_file(const std::string& path, const Giver& content) {
  const std::string target = followed(path);
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) return write_in_place(target, content);
  return write_beside(target, content, exists ? old.st_mode & 0777 : new_file_mode());
}

SysResult<std::string> private_file(const std::string& path, std::size_t limit,
                                    const std::function<std::string()>& make) {
  const UniqueFd made(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivateFileMode));
  if (made.valid()) {
    std::string content = make();
    if (const auto written = write_whole(made, content); !written) {
      ::unlink(path.c_str());
      return tl::unexpected(written.error());
    }
    return content;
  }
  if (errno != EEXIST) return last_error();
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!file.valid() || ::fstat(file.borrow().get(), &status) != 0) return last_error();
  if ((status.st_mode & 077) != 0) return tl::unexpected(Errno{EPERM});
  return read_whole(file, limit);
}

void ignore_broken_pipes() { ::signal(SIGPIPE, SIG_IGN); }

bool is_terminal(Fd file) { return ::isatty(file.get()) == 1; }

std::size_t terminal_width(Fd file) {
  winsize size{};
  return ::ioctl(file.get(), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string environment_variable(const char* name) {
  const char* value = ::getenv(name);
  return value ? value : "";
}

Uid effective_user() { return Uid(::geteuid()); }

std::string text(Errno error) { return std::generic_category().message(error.value); }

}  // namespace nsmap::os
