#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/ids.h"
#include "base/sink.h"
#include "os/kernel.h"

// Files that people name on the command line, and the standard streams. (What nsmap reads of the
// system goes through the Kernel.)

namespace nsmap::os {

inline constexpr Fd kStdin{0};
inline constexpr Fd kStdout{1};
inline constexpr Fd kStderr{2};

// All of a file or stream, which may be `limit` bytes long: EFBIG when it is longer.
SysResult<std::string> read_whole(const std::string& path, std::size_t limit);
SysResult<std::string> read_whole(Fd file, std::size_t limit);

// All of the bytes, whatever write(2) takes at a time.
SysResult<void> write_whole(Fd file, std::string_view bytes);

// Makes `path` a file with that content, or leaves it as it was: the bytes go to a file beside it,
// to the disk, and only then by rename(2) to that name. A symbolic link is followed, and what is no
// regular file (a terminal, a pipe, /dev/null) is written to as it is.
//
// A new file has mode 0644 less the umask: a snapshot or picture is made to be handed to others and
// read without root, and who wants it private has a umask that says so. A file that was there keeps
// its mode.
SysResult<void> replace_file(const std::string& path, std::string_view bytes);
SysResult<void> replace_file(const std::string& path, const Giver& content);

// What a file holds that others may not read, at most `limit` bytes. EPERM where its group or
// others may. A file that is not there is made, with mode 0600 and what `make` gives.
SysResult<std::string> private_file(const std::string& path, std::size_t limit,
                                    const std::function<std::string()>& make);

// Writing to a pipe nobody reads fails with EPIPE from now on, rather than killing the program.
void ignore_broken_pipes();

bool is_terminal(Fd file);
// In columns; 0: no terminal, or it does not tell.
std::size_t terminal_width(Fd file);

// The value of an environment variable; empty when it is not set.
std::string environment_variable(const char* name);

// As whom nsmap runs.
Uid effective_user();

// "No such file or directory".
std::string text(Errno error);

}  // namespace nsmap::os
