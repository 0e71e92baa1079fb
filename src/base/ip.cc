#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
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
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer, sizeof buffer);
  return buffer;
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
