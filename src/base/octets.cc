#include "base/octets.h"

#include <charconv>

namespace nsmap {

Octets Octets::number(std::uint64_t value, std::size_t size) {
  Octets octets(size);
  for (std::size_t at = size; at-- > 0; value >>= 8)
    octets.data()[at] = static_cast<std::byte>(value & 0xff);
  return octets;
}

std::optional<Octets> Octets::parse(std::string_view hexadecimal) {
  if (hexadecimal.size() % 2 != 0) return std::nullopt;
  Octets octets(hexadecimal.size() / 2);
  for (std::size_t at = 0; at < octets.size(); ++at) {
    std::uint8_t byte = 0;
    const char* const first = hexadecimal.data() + 2 * at;
    const auto [end, error] = std::from_chars(first, first + 2, byte, 16);
    if (error != std::errc{} || end != first + 2) return std::nullopt;
    octets.data()[at] = static_cast<std::byte>(byte);
  }
  return octets;
}

std::uint64_t Octets::number() const {
  std::uint64_t value = 0;
  for (const std::byte byte : *this) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

std::string Octets::text() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size());
  for (const std::byte byte : *this) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace nsmap
