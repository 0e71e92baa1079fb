#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace nsmap {

// An IPv4 or IPv6 address. Its text is RFC 5952's.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  // Four bytes make an IPv4 address, sixteen an IPv6 one, in network order; anything else nothing.
  static std::optional<IpAddress> from_bytes(Bytes bytes);
  static std::optional<IpAddress> parse(std::string_view text);
  // The unspecified address: 0.0.0.0 or ::.
  static IpAddress any(bool v6);

  bool is_v6() const { return v6_; }
  // 4 or 16 bytes in network order.
  Bytes bytes() const { return std::as_bytes(std::span(bytes_)).first(v6_ ? 16 : 4); }
  int bits() const { return v6_ ? 128 : 32; }
  bool is_unspecified() const;
  bool is_loopback() const;    // 127.0.0.0/8, ::1
  bool is_link_local() const;  // 169.254.0.0/16, fe80::/10
  bool is_multicast() const;   // 224.0.0.0/4, ff00::/8
  std::string text() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
};

// An address and how many of its leading bits count.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;

  static std::optional<Prefix> parse(std::string_view text);  // "10.0.0.0/8"; length mandatory
  bool contains(const IpAddress& other) const;
  std::string text() const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

// A link-layer address of up to 32 bytes (MAX_ADDR_LEN): 6 for Ethernet, 20 for InfiniBand, 4 or 16
// for a tunnel's endpoint. Its text is hexadecimal with colons.
class Mac {
 public:
  static constexpr std::size_t kMaxSize = 32;

  Mac() = default;  // empty
  static std::optional<Mac> from_bytes(Bytes bytes);
  static std::optional<Mac> parse(std::string_view text);

  Bytes bytes() const { return std::as_bytes(std::span(bytes_)).first(size_); }
  bool empty() const { return size_ == 0; }
  std::string text() const;
  friend auto operator<=>(const Mac&, const Mac&) = default;

 private:
  std::uint8_t size_ = 0;
  std::array<std::uint8_t, kMaxSize> bytes_{};
};

}  // namespace nsmap

template <>
struct std::hash<nsmap::IpAddress> {
  std::size_t operator()(const nsmap::IpAddress& address) const noexcept;
};

template <>
struct std::hash<nsmap::Mac> {
  std::size_t operator()(const nsmap::Mac& mac) const noexcept;
};
