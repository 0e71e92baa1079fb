#pragma once

#include <memory>
#include <utility>

namespace nsmap {

// A T that lies elsewhere: for alternatives of a variant that are large or that hold the variant
// itself. A value as T is: copied with it, compared by it. Never empty, but when moved from.
template <typename T>
class Box {
 public:
  Box() : held_(std::make_unique<T>()) {}
  Box(T value) : held_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : held_(std::make_unique<T>(*other)) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) { return *this = Box(other); }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;

  const T& operator*() const { return *held_; }
  T& operator*() { return *held_; }
  const T* operator->() const { return held_.get(); }
  T* operator->() { return held_.get(); }

  friend bool operator==(const Box& a, const Box& b) { return *a == *b; }

 private:
  std::unique_ptr<T> held_;
};

// A T that copies share until one of them is edited: for what is large and seldom changes. Readers
// in several threads need no lock; whoever edits has the only access to its own copy.
template <typename T>
class Shared {
 public:
  const T& operator*() const { return held_ ? *held_ : nothing(); }
  const T* operator->() const { return &**this; }

  // Its own T from now on.
  T& edit() {
    if (!held_ || held_.use_count() != 1) held_ = std::make_shared<T>(**this);
    return *held_;
  }

  friend bool operator==(const Shared& a, const Shared& b) {
    return a.held_ == b.held_ || *a == *b;
  }

 private:
  static const T& nothing() {
    static const T kNothing{};
    return kNothing;
  }

  std::shared_ptr<T> held_;  // null: nothing yet
};

}  // namespace nsmap
