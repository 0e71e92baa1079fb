#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "syntax/nft_parts.h"

// Extension headers and options, and their fields, by nft's names (nft(8) EXTENSION HEADER
// EXPRESSIONS).

namespace nsmap::syntax {
namespace {

using model::DataType;
using model::firewall::ExtensionHeader;
using Kind = ExtensionHeader::Kind;

struct Header {
  Kind kind;
  std::uint8_t type;
  std::string_view name;
};
constexpr Header kHeaders[] = {
    {Kind::ipv6, 0, "hbh"},
    {Kind::ipv6, 43, "rt"},
    {Kind::ipv6, 44, "frag"},
    {Kind::ipv6, 60, "dst"},
    {Kind::ipv6, 135, "mh"},
    {Kind::tcp_option, 0, "eol"},
    {Kind::tcp_option, 1, "nop"},
    {Kind::tcp_option, 2, "maxseg"},
    {Kind::tcp_option, 3, "window"},
    {Kind::tcp_option, 4, "sack-perm"},
    {Kind::tcp_option, 5, "sack"},
    {Kind::tcp_option, 8, "timestamp"},
    {Kind::tcp_option, 19, "md5sig"},
    {Kind::tcp_option, 30, "mptcp"},
    {Kind::tcp_option, 34, "fastopen"},
    {Kind::ipv4_option, 7, "rr"},
    {Kind::ipv4_option, 131, "lsrr"},
    {Kind::ipv4_option, 137, "ssrr"},
    {Kind::ipv4_option, 148, "ra"},
    {Kind::sctp_chunk, 0, "data"},
    {Kind::sctp_chunk, 1, "init"},
    {Kind::sctp_chunk, 2, "init-ack"},
    {Kind::sctp_chunk, 3, "sack"},
    {Kind::sctp_chunk, 4, "heartbeat"},
    {Kind::sctp_chunk, 5, "heartbeat-ack"},
    {Kind::sctp_chunk, 6, "abort"},
    {Kind::sctp_chunk, 7, "shutdown"},
    {Kind::sctp_chunk, 8, "shutdown-ack"},
    {Kind::sctp_chunk, 9, "error"},
    {Kind::sctp_chunk, 10, "cookie-echo"},
    {Kind::sctp_chunk, 11, "cookie-ack"},
    {Kind::sctp_chunk, 12, "ecne"},
    {Kind::sctp_chunk, 13, "cwr"},
    {Kind::sctp_chunk, 14, "shutdown-complete"},
    {Kind::sctp_chunk, 128, "asconf-ack"},
    {Kind::sctp_chunk, 192, "forward-tsn"},
    {Kind::sctp_chunk, 193, "asconf"},
};

constexpr std::string_view kAny = "";

struct Field {
  Kind kind;
  std::string_view header;  // kAny: of all of the kind
  std::uint32_t offset;     // bits
  std::uint32_t length;     // bits
  std::string_view name;
  DataType type = DataType::integer;
};
// Of several that match, the first: what one header has of its own stands before what all have.
constexpr Field kFields[] = {
    {Kind::ipv6, "frag", 8, 8, "reserved"},
    {Kind::ipv6, "frag", 16, 13, "frag-off"},
    {Kind::ipv6, "frag", 29, 2, "reserved2"},
    {Kind::ipv6, "frag", 31, 1, "more-fragments"},
    {Kind::ipv6, "frag", 32, 32, "id"},
    {Kind::ipv6, "rt", 16, 8, "type"},
    {Kind::ipv6, "rt", 24, 8, "seg-left"},
    {Kind::ipv6, "mh", 16, 8, "type"},
    {Kind::ipv6, "mh", 24, 8, "reserved"},
    {Kind::ipv6, "mh", 32, 16, "checksum"},
    {Kind::ipv6, kAny, 0, 8, "nexthdr", DataType::protocol},
    {Kind::ipv6, kAny, 8, 8, "hdrlength"},
    {Kind::tcp_option, "maxseg", 16, 16, "size"},
    {Kind::tcp_option, "window", 16, 8, "count"},
    {Kind::tcp_option, "sack", 16, 32, "left"},
    {Kind::tcp_option, "sack", 48, 32, "right"},
    {Kind::tcp_option, "timestamp", 16, 32, "tsval"},
    {Kind::tcp_option, "timestamp", 48, 32, "tsecr"},
    {Kind::tcp_option, "mptcp", 16, 4, "subtype"},
    {Kind::tcp_option, kAny, 0, 8, "kind"},
    {Kind::tcp_option, kAny, 8, 8, "length"},
    {Kind::ipv4_option, "ra", 16, 16, "value"},
    {Kind::ipv4_option, kAny, 0, 8, "type"},
    {Kind::ipv4_option, kAny, 8, 8, "length"},
    {Kind::ipv4_option, kAny, 16, 8, "ptr"},
    {Kind::ipv4_option, kAny, 24, 32, "addr", DataType::ipv4},
    {Kind::sctp_chunk, "data", 32, 32, "tsn"},
    {Kind::sctp_chunk, "data", 64, 16, "stream"},
    {Kind::sctp_chunk, "data", 80, 16, "ssn"},
    {Kind::sctp_chunk, "data", 96, 32, "ppid"},
    {Kind::sctp_chunk, "init", 32, 32, "init-tag"},
    {Kind::sctp_chunk, "init", 64, 32, "a-rwnd"},
    {Kind::sctp_chunk, "init", 96, 16, "num-outbound-streams"},
    {Kind::sctp_chunk, "init", 112, 16, "num-inbound-streams"},
    {Kind::sctp_chunk, "init", 128, 32, "initial-tsn"},
    {Kind::sctp_chunk, "init-ack", 32, 32, "init-tag"},
    {Kind::sctp_chunk, "init-ack", 64, 32, "a-rwnd"},
    {Kind::sctp_chunk, "init-ack", 96, 16, "num-outbound-streams"},
    {Kind::sctp_chunk, "init-ack", 112, 16, "num-inbound-streams"},
    {Kind::sctp_chunk, "init-ack", 128, 32, "initial-tsn"},
    {Kind::sctp_chunk, "sack", 32, 32, "cum-tsn-ack"},
    {Kind::sctp_chunk, "sack", 64, 32, "a-rwnd"},
    {Kind::sctp_chunk, "sack", 96, 16, "num-gap-ack-blocks"},
    {Kind::sctp_chunk, "sack", 112, 16, "num-dup-tsns"},
    {Kind::sctp_chunk, "shutdown", 32, 32, "cum-tsn-ack"},
    {Kind::sctp_chunk, "ecne", 32, 32, "lowest-tsn"},
    {Kind::sctp_chunk, "cwr", 32, 32, "lowest-tsn"},
    {Kind::sctp_chunk, "asconf", 32, 32, "seqno"},
    {Kind::sctp_chunk, "asconf-ack", 32, 32, "seqno"},
    {Kind::sctp_chunk, "forward-tsn", 32, 32, "new-cum-tsn"},
    {Kind::sctp_chunk, kAny, 0, 8, "type"},
    {Kind::sctp_chunk, kAny, 8, 8, "flags"},
    {Kind::sctp_chunk, kAny, 16, 16, "length"},
};

const Header* header_of(Kind kind, std::uint8_t type) {
  const auto found = std::ranges::find_if(
      kHeaders, [&](const Header& one) { return one.kind == kind && one.type == type; });
  return found == std::end(kHeaders) ? nullptr : &*found;
}

const Field* field_of(const ExtensionHeader& header, std::string_view name) {
  const auto found = std::ranges::find_if(kFields, [&](const Field& one) {
    return one.kind == header.kind && one.offset == header.offset && one.length == header.length &&
           (one.header == kAny || one.header == name);
  });
  return found == std::end(kFields) ? nullptr : &*found;
}

// What stands before the header's name.
std::string_view lead(const ExtensionHeader& header) {
  switch (header.kind) {
    case Kind::ipv6:
      return header.present ? "exthdr " : "";
    case Kind::tcp_option:
      return "tcp option ";
    case Kind::ipv4_option:
      return "ip option ";
    case Kind::sctp_chunk:
      return "sctp chunk ";
    case Kind::dccp_option:
      return "dccp option ";
  }
  return {};
}

// By its number, which nft takes of options alone.
std::string numbered(const ExtensionHeader& header) {
  if (header.kind == Kind::dccp_option && header.present)
    return fmt::format("dccp option {}", header.type);
  if (header.kind != Kind::tcp_option) return {};
  if (header.present) return fmt::format("tcp option {}", header.type);
  return fmt::format("tcp option @{},{},{}", header.type, header.offset, header.length);
}

}  // namespace

HeaderSlice header_slice(const ExtensionHeader& header) {
  const Header* known = header_of(header.kind, header.type);
  if (!known) return {numbered(header)};
  const std::string name = fmt::format("{}{}", lead(header), known->name);
  if (header.present) return {name, DataType::boolean};
  const Field* field = field_of(header, known->name);
  if (!field) return {numbered(header)};
  return {fmt::format("{} {}", name, field->name), field->type};
}

std::string tcp_option_text(std::uint8_t kind) {
  const Header* known = header_of(Kind::tcp_option, kind);
  return known ? std::string(known->name) : std::to_string(kind);
}

}  // namespace nsmap::syntax
