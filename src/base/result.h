#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace nsmap {

// Why something could not be done, for one line on stderr: what was being done, to what, why not,
// and what to try.
struct Error {
  enum class Kind {
    usage,       // wrong use or bad input: exit 2
    unreadable,  // what was needed could not be read: exit 3
    undone,      // what was asked for could not be done: exit 3
  };

  Kind kind = Kind::unreadable;
  std::string text;  // "reading snapshot a.json: line 3: no such field", no full stop
  std::string hint;  // what to try; may be empty

  friend bool operator==(const Error&, const Error&) = default;
};

// As it is said on one line.
inline std::string line(const Error& error) {
  return error.hint.empty() ? error.text : error.text + "; try " + error.hint;
}

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> usage_error(std::string text, std::string hint = {}) {
  return tl::unexpected(Error{Error::Kind::usage, std::move(text), std::move(hint)});
}

inline tl::unexpected<Error> read_error(std::string text, std::string hint = {}) {
  return tl::unexpected(Error{Error::Kind::unreadable, std::move(text), std::move(hint)});
}

inline tl::unexpected<Error> change_error(std::string text, std::string hint = {}) {
  return tl::unexpected(Error{Error::Kind::undone, std::move(text), std::move(hint)});
}

// The failure of one system call: its errno and nothing else, cheap enough for the millions of
// calls a sweep of /proc makes. Whoever knows what was being done turns it into an Error or a
// diagnostic.
struct Errno {
  int value = 0;

  friend bool operator==(Errno, Errno) = default;
};

template <typename T>
using SysResult = tl::expected<T, Errno>;

}  // namespace nsmap
