#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

// Reading netlink messages and their attributes, bounded. A message is
//     nlmsghdr | family header (ifinfomsg, rtmsg, …) | attributes
// and an attribute is nlattr | payload, padded to four bytes (netlink(7), include/net/netlink.h).
// Walking stops at the first length that does not fit, and `malformed()` then says so: such a
// message is an error to its reader, never cut to what happens to fit.

namespace nsmap::netlink {

class Attributes;

// One attribute. Its readers give nothing when the payload is shorter than the type they name;
// a longer one is read from its start, as newer kernels only ever append.
class Attribute {
 public:
  Attribute(std::uint16_t type, Bytes payload) : type_(type), payload_(payload) {}

  std::uint16_t type() const { return type_; }  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  Bytes payload() const { return payload_; }

  template <typename T>
  std::optional<T> as() const {
    return read_at<T>(payload_);
  }
  std::optional<std::uint8_t> u8() const { return as<std::uint8_t>(); }
  std::optional<std::uint16_t> u16() const { return as<std::uint16_t>(); }
  std::optional<std::uint32_t> u32() const { return as<std::uint32_t>(); }
  std::optional<std::int32_t> s32() const { return as<std::int32_t>(); }
  std::optional<std::uint64_t> u64() const { return as<std::uint64_t>(); }
  std::optional<std::uint16_t> be16() const;
  std::optional<std::uint32_t> be32() const;
  // Up to the first NUL, which may be missing.
  std::string_view text() const;
  Attributes nested() const;

 private:
  std::uint16_t type_;
  Bytes payload_;
};

// A run of attributes, as a range.
class Attributes {
 public:
  class Iterator;

  Attributes() = default;
  explicit Attributes(Bytes bytes) : bytes_(bytes) {}

  Iterator begin() const;
  Iterator end() const;
  // Whether the run ends in bytes that are no attribute. Walks it once.
  bool malformed() const;
  // The last attribute of that type, as the kernel's own nla_parse takes it.
  std::optional<Attribute> find(std::uint16_t type) const;

 private:
  Bytes bytes_;
};

class Attributes::Iterator {
 public:
  explicit Iterator(Bytes rest) : rest_(rest) { load(); }

  Attribute operator*() const { return {type_, rest_.subspan(NLA_HDRLEN, length_ - NLA_HDRLEN)}; }
  Iterator& operator++();
  friend bool operator==(const Iterator& a, const Iterator& b) {
    return a.rest_.size() == b.rest_.size();
  }
  bool malformed() const { return malformed_; }

 private:
  void load();  // reads the header at rest_, or empties rest_ when none fits

  Bytes rest_;
  std::uint16_t type_ = 0;
  std::uint16_t length_ = 0;
  bool malformed_ = false;
};

// One message of a datagram.
class Message {
 public:
  Message(const nlmsghdr& header, Bytes payload) : header_(header), payload_(payload) {}

  const nlmsghdr& header() const { return header_; }
  std::uint16_t type() const { return header_.nlmsg_type; }
  Bytes payload() const { return payload_; }

  // The family header, when the payload is long enough to hold it.
  template <typename Header>
  std::optional<Header> family_header() const {
    return read_at<Header>(payload_);
  }
  // What follows a family header of that size (padded as the kernel pads it).
  Attributes attributes(std::size_t header_size) const;

 private:
  nlmsghdr header_;
  Bytes payload_;
};

// Calls `visit(Message)` for each message of a datagram until it returns false. False: the datagram
// is malformed.
template <typename Visit>
bool for_each_message(Bytes datagram, Visit visit) {
  while (!datagram.empty()) {
    const auto header = read_at<nlmsghdr>(datagram);
    if (!header || header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size())
      return false;
    if (!visit(Message(*header, datagram.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN))))
      return true;
    datagram = datagram.subspan(
        std::min<std::size_t>(NLMSG_ALIGN(std::size_t{header->nlmsg_len}), datagram.size()));
  }
  return true;
}

// Gives every message of a datagram that sequence number, up to the first that does not fit: what
// answers from a recording must carry to be taken as the answer.
void set_sequence(std::span<std::byte> datagram, std::uint32_t sequence);

}  // namespace nsmap::netlink
