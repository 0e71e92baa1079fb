#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace nsmap {
namespace {

std::size_t hash_bytes(Bytes bytes) {
  return std::hash<std::string_view>{}(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::optional<std::uint8_t> parse_number(std::string_view text, int base, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

// The writers need room for INET6_ADDRSTRLEN bytes and return where they ended. A snapshot of a
// thousand namespaces holds fifty thousand addresses, and inet_ntop(3) goes through sprintf.

char* write_number(char* out, unsigned value, int base) {
  return std::to_chars(out, out + 5, value, base).ptr;
}

char* write_v4(char* out, const std::uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    if (i != 0) *out++ = '.';
    out = write_number(out, bytes[i], 10);
  }
  return out;
}

// The longest run of zero groups, the first of equals; at least two (RFC 5952, section 4.2).
struct ZeroRun {
  std::size_t begin = 8;
  std::size_t size = 1;
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
  ZeroRun longest;
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > longest.size) longest = {i, end - i};
    i = std::max(end, i + 1);
  }
  return longest;
}

// As inet_ntop(3) writes it, ::ffff:192.0.2.1 and ::192.0.2.1 included.
char* write_v6(char* out, const std::array<std::uint8_t, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  const ZeroRun zeros = longest_zero_run(groups);
  const bool holds_v4 =
      zeros.begin == 0 && (zeros.size == 6 || (zeros.size == 5 && groups[5] == 0xffff));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros.begin) *out++ = ':';
    if (i >= zeros.begin && i < zeros.begin + zeros.size) continue;
    if (i != 0) *out++ = ':';
    if (i == 6 && holds_v4) return write_v4(out, &bytes[12]);
    out = write_number(out, groups[i], 16);
  }
  if (zeros.begin + zeros.size == groups.size()) *out++ = ':';
  return out;
}

}  // namespace

std::optional<IpAddress> IpAddress::from_bytes(Bytes bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  IpAddress address;
  address.v6_ = bytes.size() == 16;
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  const std::string terminated(text);
  address.v6_ = text.find(':') != std::string_view::npos;
  if (terminated.size() != std::char_traits<char>::length(terminated.c_str())) return std::nullopt;
  if (inet_pton(address.v6_ ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes_.data()) != 1)
    return std::nullopt;
  return address;
}

IpAddress IpAddress::any(bool v6) {
  IpAddress address;
  address.v6_ = v6;
  return address;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](auto byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const {
  if (!v6_) return bytes_[0] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; });
}

bool IpAddress::is_link_local() const {
  if (!v6_) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_multicast() const {
  return v6_ ? bytes_[0] == 0xff : (bytes_[0] & 0xf0) == 0xe0;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  char* end = v6_ ? write_v6(buffer, bytes_) : write_v4(buffer, bytes_.data());
  return std::string(buffer, end);
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length =
      parse_number(text.substr(slash + 1), 10, static_cast<unsigned>(address->bits()));
  if (!length) return std::nullopt;
  return Prefix{*address, *length};
}

bool Prefix::contains(const IpAddress& other) const {
  if (address.is_v6() != other.is_v6()) return false;
  const Bytes ours = address.bytes();
  const Bytes theirs = other.bytes();
  const std::size_t whole = length / 8;
  if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin()))
    return false;
  if (length % 8 == 0) return true;
  const auto mask = static_cast<std::byte>(0xff << (8 - length % 8));
  return (ours[whole] & mask) == (theirs[whole] & mask);
}

std::string Prefix::text() const { return address.text() + "/" + std::to_string(length); }

std::optional<Mac> Mac::from_bytes(Bytes bytes) {
  if (bytes.size() > kMaxSize) return std::nullopt;
  Mac mac;
  mac.size_ = static_cast<std::uint8_t>(bytes.size());
  if (!bytes.empty()) std::memcpy(mac.bytes_.data(), bytes.data(), bytes.size());
  return mac;
}

std::optional<Mac> Mac::parse(std::string_view text) {
  Mac mac;
  while (!text.empty()) {
    const auto colon = text.find(':');
    const auto digits = text.substr(0, colon);
    const auto byte = parse_number(digits, 16, 0xff);
    if (!byte || digits.size() != 2 || mac.size_ == kMaxSize) return std::nullopt;
    mac.bytes_[mac.size_++] = *byte;
    if (colon == std::string_view::npos) return mac;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;
  }
  return mac;
}

std::string Mac::text() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size_; ++i) {
    if (i != 0) text += ':';
    text += kDigits[bytes_[i] >> 4];
    text += kDigits[bytes_[i] & 0xf];
  }
  return text;
}

}  // namespace nsmap

std::size_t std::hash<nsmap::IpAddress>::operator()(
    const nsmap::IpAddress& address) const noexcept {
  return nsmap::hash_bytes(address.bytes());
}

std::size_t std::hash<nsmap::Mac>::operator()(const nsmap::Mac& mac) const noexcept {
  return nsmap::hash_bytes(mac.bytes());
}
