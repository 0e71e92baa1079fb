#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "netlink/message.h"

namespace nsmap::collect {

// A run of nf_tables' attributes by their types, of which the last of each counts. Its numbers are
// in network order, whatever their width (net/netfilter/nf_tables_api.c).
class NftAttributes {
 public:
  static constexpr std::size_t kMax = 24;  // types from there on are none that are read

  NftAttributes() = default;
  explicit NftAttributes(netlink::Attributes attributes) {
    auto it = attributes.begin();
    for (const auto end = attributes.end(); it != end; ++it) {
      const netlink::Attribute attribute = *it;
      if (attribute.type() >= kMax) continue;
      found_[attribute.type()] = {attribute.payload().data(), attribute.payload().size()};
      has_ |= 1u << attribute.type();
    }
    good_ = !it.malformed();
  }

  bool good() const { return good_; }
  bool has(std::size_t type) const { return (has_ >> type & 1) != 0; }
  // Nothing where there is no such attribute.
  Bytes bytes(std::size_t type) const {
    return has(type) ? Bytes(found_[type].data, found_[type].size) : Bytes();
  }
  netlink::Attributes nested(std::size_t type) const { return netlink::Attributes(bytes(type)); }
  // As the kernel has it, which may be no valid text, for asking the kernel about it.
  std::string_view raw_text(std::size_t type) const {
    return netlink::Attribute(0, bytes(type)).text();
  }
  std::string text(std::size_t type) const { return clean_text(raw_text(type)); }

  // Nothing where the attribute is absent or too short.
  template <typename T>
  std::optional<T> number(std::size_t type) const {
    const auto found = read_at<T>(bytes(type));
    return found ? std::optional(from_be(*found)) : std::nullopt;
  }
  std::optional<std::uint8_t> u8(std::size_t type) const { return number<std::uint8_t>(type); }
  std::optional<std::uint16_t> u16(std::size_t type) const { return number<std::uint16_t>(type); }
  std::optional<std::uint32_t> u32(std::size_t type) const { return number<std::uint32_t>(type); }
  std::optional<std::uint64_t> u64(std::size_t type) const { return number<std::uint64_t>(type); }

 private:
  struct Place {
    const std::byte* data;
    std::size_t size;
  };

  std::array<Place, kMax> found_;  // not set where it is not in `has_`: there are many of these
  std::uint32_t has_ = 0;
  bool good_ = true;
};

}  // namespace nsmap::collect
