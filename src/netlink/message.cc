#include "netlink/message.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace nsmap::netlink {

std::optional<std::uint16_t> Attribute::be16() const {
  const auto value = u16();
  return value ? std::optional(from_be(*value)) : std::nullopt;
}

std::optional<std::uint32_t> Attribute::be32() const {
  const auto value = u32();
  return value ? std::optional(from_be(*value)) : std::nullopt;
}

std::string_view Attribute::text() const {
  const std::string_view all(reinterpret_cast<const char*>(payload_.data()), payload_.size());
  return all.substr(0, all.find('\0'));
}

Attributes Attribute::nested() const { return Attributes(payload_); }

Attributes::Iterator Attributes::begin() const { return Iterator(bytes_); }
Attributes::Iterator Attributes::end() const { return Iterator(Bytes()); }

bool Attributes::malformed() const {
  Iterator it = begin();
  while (it != end()) ++it;
  return it.malformed();
}

std::optional<Attribute> Attributes::find(std::uint16_t type) const {
  std::optional<Attribute> found;
  for (const Attribute attribute : *this)
    if (attribute.type() == type) found = attribute;
  return found;
}

Attributes::Iterator& Attributes::Iterator::operator++() {
  const std::size_t step = NLA_ALIGN(std::size_t{length_});
  rest_ = rest_.subspan(std::min(step, rest_.size()));
  load();
  return *this;
}

void Attributes::Iterator::load() {
  if (rest_.empty()) return;
  const auto header = read_at<nlattr>(rest_);
  if (!header || header->nla_len < NLA_HDRLEN || header->nla_len > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return;
  }
  type_ = header->nla_type & NLA_TYPE_MASK;
  length_ = header->nla_len;
}

Attributes Message::attributes(std::size_t header_size) const {
  const std::size_t start = NLMSG_ALIGN(header_size);
  return Attributes(start < payload_.size() ? payload_.subspan(start) : Bytes());
}

void set_sequence(std::span<std::byte> datagram, std::uint32_t sequence) {
  while (const auto header = read_at<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size()) return;
    std::memcpy(datagram.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    const std::size_t step = NLMSG_ALIGN(std::size_t{header->nlmsg_len});
    datagram = datagram.subspan(std::min(step, datagram.size()));
  }
}

}  // namespace nsmap::netlink
