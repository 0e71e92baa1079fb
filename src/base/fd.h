#pragma once

#include <unistd.h>

#include <utility>

namespace nsmap {

// A borrowed file descriptor: valid as long as its owner, a UniqueFd, lives.
class Fd {
 public:
  constexpr Fd() = default;
  constexpr explicit Fd(int value) : value_(value) {}
  constexpr int get() const { return value_; }
  constexpr bool valid() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

// An owned file descriptor: closed when this goes.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int value) : value_(value) {}
  UniqueFd(UniqueFd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = std::exchange(other.value_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  void reset() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }
  // Hands it over: whoever takes the number closes it.
  int release() { return std::exchange(value_, -1); }
  Fd borrow() const { return Fd(value_); }
  operator Fd() const { return Fd(value_); }  // NOLINT: passing an owner where a borrower is meant
  bool valid() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

}  // namespace nsmap
