#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace nsmap {

// A short string of bytes that is a value: up to 16 lie in it, which is as long as an address or
// an interface's name. Its text is hexadecimal, two digits a byte.
class Octets {
 public:
  Octets() = default;
  explicit Octets(Bytes bytes) : Octets(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data());
  }
  // Zeros.
  explicit Octets(std::size_t size) : size_(static_cast<std::uint32_t>(size)) {
    if (size > kInside) place_ = new std::byte[size]{};
  }
  Octets(const Octets& other) : Octets(Bytes(other)) {}
  Octets(Octets&& other) noexcept : Octets() { swap(other); }
  Octets& operator=(Octets other) noexcept {
    swap(other);
    return *this;
  }
  ~Octets() {
    if (size_ > kInside) delete[] place_;
  }
  void swap(Octets& other) noexcept {
    std::swap(inside_, other.inside_);
    std::swap(size_, other.size_);
  }

  // The number in network order, in that many bytes.
  static Octets number(std::uint64_t value, std::size_t size);
  static std::optional<Octets> parse(std::string_view hexadecimal);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::byte* data() const { return size_ > kInside ? place_ : inside_.data(); }
  std::byte* data() { return size_ > kInside ? place_ : inside_.data(); }
  const std::byte* begin() const { return data(); }
  const std::byte* end() const { return data() + size_; }
  std::byte operator[](std::size_t at) const { return data()[at]; }
  std::byte& operator[](std::size_t at) { return data()[at]; }
  operator Bytes() const { return {data(), size_}; }

  // The number that the last eight of them are in network order.
  std::uint64_t number() const;
  bool is_zero() const {
    return std::all_of(begin(), end(), [](std::byte byte) { return byte == std::byte{0}; });
  }
  std::string text() const;

  friend bool operator==(const Octets& a, const Octets& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
  friend std::strong_ordering operator<=>(const Octets& a, const Octets& b) {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  static constexpr std::size_t kInside = 16;
  using Inside = std::array<std::byte, kInside>;

  union {
    Inside inside_{};
    std::byte* place_;  // owned; when there are more than fit inside
  };
  std::uint32_t size_ = 0;
};

}  // namespace nsmap
