#include "syntax/values.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <span>
#include <vector>

#include "base/ip.h"
#include "base/text.h"

namespace nsmap::syntax {
namespace {

using model::DataType;

struct Word {
  std::uint64_t value;
  std::string_view name;
};

// Where several words stand for one value, the first is written.
constexpr Word kEtherTypes[] = {
    {0x0800, "ip"}, {0x0806, "arp"}, {0x86dd, "ip6"}, {0x8100, "8021q"}, {0x88a8, "8021ad"}};
// Those that nft knows without /etc/protocols, and those that are in all of them.
constexpr Word kProtocols[] = {{1, "icmp"},    {2, "igmp"},     {6, "tcp"},    {17, "udp"},
                               {33, "dccp"},   {47, "gre"},     {50, "esp"},   {51, "ah"},
                               {58, "icmpv6"}, {89, "ospf"},    {108, "comp"}, {112, "vrrp"},
                               {132, "sctp"},  {136, "udplite"}};
constexpr Word kNfProtocols[] = {{2, "ipv4"}, {10, "ipv6"}};
constexpr Word kCtStates[] = {
    {1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"}};
constexpr Word kCtStatuses[] = {{0x1, "expected"},  {0x2, "seen-reply"}, {0x4, "assured"},
                                {0x8, "confirmed"}, {0x10, "snat"},      {0x20, "dnat"},
                                {0x200, "dying"}};
constexpr Word kCtDirections[] = {{0, "original"}, {1, "reply"}};
// linux/netfilter/nf_conntrack_common.h enum ip_conntrack_events
constexpr Word kCtEvents[] = {{0x1, "new"},       {0x2, "related"},  {0x4, "destroy"},
                              {0x8, "reply"},     {0x10, "assured"}, {0x20, "protoinfo"},
                              {0x40, "helper"},   {0x80, "mark"},    {0x100, "seqadj"},
                              {0x200, "secmark"}, {0x400, "label"}};
constexpr Word kTcpFlags[] = {{0x01, "fin"}, {0x02, "syn"}, {0x04, "rst"}, {0x08, "psh"},
                              {0x10, "ack"}, {0x20, "urg"}, {0x40, "ecn"}, {0x80, "cwr"}};
constexpr Word kIcmpTypes[] = {{0, "echo-reply"},           {3, "destination-unreachable"},
                               {4, "source-quench"},        {5, "redirect"},
                               {8, "echo-request"},         {9, "router-advertisement"},
                               {10, "router-solicitation"}, {11, "time-exceeded"},
                               {12, "parameter-problem"},   {13, "timestamp-request"},
                               {14, "timestamp-reply"},     {15, "info-request"},
                               {16, "info-reply"},          {17, "address-mask-request"},
                               {18, "address-mask-reply"}};
constexpr Word kIcmpv6Types[] = {
    {1, "destination-unreachable"}, {2, "packet-too-big"},        {3, "time-exceeded"},
    {4, "parameter-problem"},       {128, "echo-request"},        {129, "echo-reply"},
    {130, "mld-listener-query"},    {131, "mld-listener-report"}, {132, "mld-listener-done"},
    {133, "nd-router-solicit"},     {134, "nd-router-advert"},    {135, "nd-neighbor-solicit"},
    {136, "nd-neighbor-advert"},    {137, "nd-redirect"},         {138, "router-renumbering"},
    {141, "ind-neighbor-solicit"},  {142, "ind-neighbor-advert"}, {143, "mld2-listener-report"}};
constexpr Word kIcmpCodes[] = {{0, "net-unreachable"},  {1, "host-unreachable"},
                               {2, "prot-unreachable"}, {3, "port-unreachable"},
                               {4, "frag-needed"},      {9, "net-prohibited"},
                               {10, "host-prohibited"}, {13, "admin-prohibited"}};
constexpr Word kIcmpv6Codes[] = {{0, "no-route"},         {1, "admin-prohibited"},
                                 {3, "addr-unreachable"}, {4, "port-unreachable"},
                                 {5, "policy-fail"},      {6, "reject-route"}};
// linux/netfilter/nf_tables.h enum nft_reject_inet_code
constexpr Word kIcmpxCodes[] = {
    {0, "no-route"}, {1, "port-unreachable"}, {2, "host-unreachable"}, {3, "admin-prohibited"}};
constexpr Word kIgmpTypes[] = {{0x11, "membership-query"},
                               {0x12, "membership-report-v1"},
                               {0x16, "membership-report-v2"},
                               {0x17, "leave-group"},
                               {0x22, "membership-report-v3"}};
constexpr Word kArpOperations[] = {{1, "request"},   {2, "reply"},   {3, "rrequest"}, {4, "rreply"},
                                   {8, "inrequest"}, {9, "inreply"}, {10, "nak"}};
constexpr Word kDscps[] = {
    {0x00, "cs0"},  {0x08, "cs1"},  {0x10, "cs2"},   {0x18, "cs3"},  {0x20, "cs4"},  {0x28, "cs5"},
    {0x30, "cs6"},  {0x38, "cs7"},  {0x01, "lephb"}, {0x0a, "af11"}, {0x0c, "af12"}, {0x0e, "af13"},
    {0x12, "af21"}, {0x14, "af22"}, {0x16, "af23"},  {0x1a, "af31"}, {0x1c, "af32"}, {0x1e, "af33"},
    {0x22, "af41"}, {0x24, "af42"}, {0x26, "af43"},  {0x2c, "va"},   {0x2e, "ef"}};
constexpr Word kEcns[] = {{0, "not-ect"}, {1, "ect1"}, {2, "ect0"}, {3, "ce"}};
constexpr Word kPacketTypes[] = {{0, "host"}, {1, "broadcast"}, {2, "multicast"}, {3, "other"}};
constexpr Word kAddressTypes[] = {{0, "unspec"},    {1, "unicast"},     {2, "local"},
                                  {3, "broadcast"}, {4, "anycast"},     {5, "multicast"},
                                  {6, "blackhole"}, {7, "unreachable"}, {8, "prohibit"}};
constexpr Word kInterfaceTypes[] = {{1, "ether"},      {512, "ppp"}, {768, "ipip"}, {769, "ipip6"},
                                    {772, "loopback"}, {776, "sit"}, {778, "ipgre"}};
constexpr Word kDays[] = {{0, "\"Sunday\""},    {1, "\"Monday\""},   {2, "\"Tuesday\""},
                          {3, "\"Wednesday\""}, {4, "\"Thursday\""}, {5, "\"Friday\""},
                          {6, "\"Saturday\""}};
constexpr Word kGroups[] = {{0, "default"}};
constexpr Word kClasses[] = {{0, "none"}, {0xffffffff, "root"}};
constexpr Word kBooleans[] = {{0, "0"}, {1, "1"}};

std::string decimal(const Octets& value) { return std::to_string(value.number()); }

// What has no name in the tables.
std::string in_hexadecimal(const Octets& value) { return "0x" + value.text(); }

std::string mac_text(const Octets& value) {
  const auto mac = Mac::from_bytes(value);
  return mac ? mac->text() : in_hexadecimal(value);
}

std::string address_text(const Octets& value) {
  const auto address = IpAddress::from_bytes(value);
  return address ? address->text() : in_hexadecimal(value);
}

std::string name_text(const Octets& value) { return interface_text(value); }

std::string string_text(const Octets& value) {
  const std::string_view bytes(reinterpret_cast<const char*>(value.data()), value.size());
  return quoted(bytes.substr(0, bytes.find('\0')));
}

// tc-class: major:minor, one of which may be missing.
std::string class_text(const Octets& value) {
  const std::uint64_t id = value.number();
  const auto half = [](std::uint64_t part) { return part ? fmt::format("{:x}", part) : ""; };
  return half(id >> 16) + ":" + half(id & 0xffff);
}

std::string lasting_text(const Octets& value) { return duration_text(value.number()); }

// In UTC, as the kernel holds it; nft reads and writes it in the zone it runs in.
std::string time_text(const Octets& value) {
  const std::chrono::sys_seconds time{std::chrono::seconds{value.number() / 1'000'000'000}};
  return fmt::format("\"{:%Y-%m-%d %H:%M:%S}\"", time);
}

std::string hour_text(const Octets& value) {
  const std::uint64_t second = value.number();
  const std::string minutes = fmt::format("{:02}:{:02}", second / 3600, second / 60 % 60);
  return second % 60 ? fmt::format("\"{}:{:02}\"", minutes, second % 60)
                     : fmt::format("\"{}\"", minutes);
}

// A bit is a label: of several, its number each.
std::string labels_text(const Octets& value) {
  std::string text;
  for (std::size_t bit = 0; bit != value.size() * 8; ++bit) {
    const auto byte = std::to_integer<unsigned>(value[value.size() - 1 - bit / 8]);
    if ((byte >> bit % 8 & 1) != 0) text += fmt::format("{}{}", text.empty() ? "" : ",", bit);
  }
  return text.empty() ? "0x0" : text;
}

struct Type {
  DataType type;
  std::string_view name;  // nft's
  std::uint32_t bits;
  std::span<const Word> words;
  std::string (*other)(const Octets&);  // what has no word
  bool bit_set = false;
};
constexpr Type kTypes[] = {
    {DataType::integer, "", 0, {}, decimal},
    {DataType::mac, "ether_addr", 48, {}, mac_text},
    {DataType::ether_type, "ether_type", 16, kEtherTypes, in_hexadecimal},
    {DataType::ipv4, "ipv4_addr", 32, {}, address_text},
    {DataType::ipv6, "ipv6_addr", 128, {}, address_text},
    {DataType::protocol, "inet_proto", 8, kProtocols, decimal},
    {DataType::port, "inet_service", 16, {}, decimal},
    {DataType::mark, "mark", 32, {}, in_hexadecimal},
    {DataType::interface_index, "iface_index", 32, {}, decimal},
    {DataType::interface_name, "ifname", 128, {}, name_text},
    {DataType::interface_type, "iface_type", 16, kInterfaceTypes, decimal},
    {DataType::nf_protocol, "nf_proto", 8, kNfProtocols, decimal},
    {DataType::ct_state, "ct_state", 32, kCtStates, in_hexadecimal, true},
    {DataType::ct_status, "ct_status", 32, kCtStatuses, in_hexadecimal, true},
    {DataType::ct_direction, "ct_dir", 8, kCtDirections, decimal},
    {DataType::ct_label, "ct_label", 128, {}, labels_text, true},
    {DataType::ct_event, "ct_event", 32, kCtEvents, in_hexadecimal, true},
    {DataType::tcp_flags, "tcp_flag", 8, kTcpFlags, in_hexadecimal, true},
    {DataType::icmp_type, "icmp_type", 8, kIcmpTypes, decimal},
    {DataType::icmpv6_type, "icmpv6_type", 8, kIcmpv6Types, decimal},
    {DataType::icmp_code, "icmp_code", 8, kIcmpCodes, decimal},
    {DataType::icmpv6_code, "icmpv6_code", 8, kIcmpv6Codes, decimal},
    {DataType::icmpx_code, "icmpx_code", 8, kIcmpxCodes, decimal},
    {DataType::igmp_type, "igmp_type", 8, kIgmpTypes, decimal},
    {DataType::arp_operation, "arp_op", 16, kArpOperations, decimal},
    {DataType::dscp, "dscp", 6, kDscps, in_hexadecimal},
    {DataType::ecn, "ecn", 2, kEcns, in_hexadecimal},
    {DataType::packet_type, "pkt_type", 8, kPacketTypes, decimal},
    {DataType::address_type, "fib_addrtype", 32, kAddressTypes, decimal},
    {DataType::uid, "uid", 32, {}, decimal},
    {DataType::gid, "gid", 32, {}, decimal},
    {DataType::class_id, "classid", 32, kClasses, class_text},
    {DataType::realm, "realm", 32, {}, decimal},
    {DataType::device_group, "devgroup", 32, kGroups, decimal},
    {DataType::duration, "time", 32, {}, lasting_text},
    {DataType::time, "", 64, {}, time_text},
    {DataType::day, "day", 8, kDays, decimal},
    {DataType::hour, "hour", 32, {}, hour_text},
    {DataType::boolean, "boolean", 8, kBooleans, decimal},
    {DataType::cgroup, "cgroupsv2", 64, {}, decimal},
    {DataType::text, "", 0, {}, string_text},
    {DataType::verdict, "verdict", 0, {}, in_hexadecimal},
};

const Type& row(DataType type) { return kTypes[static_cast<std::size_t>(type)]; }

static_assert([] {
  for (std::size_t at = 0; at != std::size(kTypes); ++at)
    if (static_cast<std::size_t>(kTypes[at].type) != at) return false;
  return static_cast<std::size_t>(DataType::verdict) + 1 == std::size(kTypes);
}());

struct Unit {
  std::uint64_t milliseconds;
  std::string_view name;
};
constexpr Unit kUnits[] = {
    {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}};

// What ends a text in nft's scanner, or what no terminal should see.
bool is_awkward(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return byte == '"' || byte < ' ' || byte == 0x7f;
}

}  // namespace

std::optional<std::string_view> value_name(DataType type, std::uint64_t value) {
  const auto words = row(type).words;
  const auto found = std::ranges::find(words, value, &Word::value);
  return found == words.end() ? std::nullopt : std::optional(found->name);
}

bool is_bit_set(DataType type) { return row(type).bit_set; }

std::string bits_text(DataType type, const Octets& value, std::string_view separator) {
  if (row(type).words.empty()) return row(type).other(value);
  std::string text;
  for (std::uint64_t rest = value.number(); rest != 0; rest &= rest - 1) {
    const std::uint64_t bit = rest & ~(rest - 1);
    const auto name = value_name(type, bit);
    if (!text.empty()) text += separator;
    text += name ? std::string(*name) : fmt::format("{:#x}", bit);
  }
  return text.empty() ? "0x0" : text;
}

std::string value_text(DataType type, const Octets& value) {
  if (is_bit_set(type)) return bits_text(type, value, ",");
  if (value.size() > sizeof(std::uint64_t) && row(type).other == decimal)
    return in_hexadecimal(value);
  const auto name = value_name(type, value.number());
  return name ? std::string(*name) : row(type).other(value);
}

std::string_view type_name(DataType type) { return row(type).name; }
std::uint32_t type_bits(DataType type) { return row(type).bits; }

std::optional<unsigned> prefix_length(const Octets& mask) {
  unsigned length = 0;
  bool ended = false;
  for (const std::byte byte : mask) {
    const auto bits = std::to_integer<std::uint8_t>(byte);
    const auto ones = static_cast<unsigned>(std::countl_one(bits));
    if (ended ? bits != 0 : static_cast<std::uint8_t>(bits << ones) != 0 && ones != 8)
      return std::nullopt;
    if (!ended) length += ones;
    ended = ended || ones != 8;
  }
  return length;
}

std::optional<unsigned> prefix_length(const Octets& first, const Octets& last) {
  Octets mask(first.size());
  for (std::size_t at = 0; at != mask.size(); ++at) {
    mask[at] = ~(first[at] ^ last[at]);
    if ((first[at] & ~mask[at]) != std::byte{0}) return std::nullopt;
  }
  return prefix_length(mask);
}

std::string duration_text(std::uint64_t milliseconds) {
  std::string text;
  for (const Unit& unit : kUnits) {
    if (milliseconds >= unit.milliseconds)
      text += fmt::format("{}{}", milliseconds / unit.milliseconds, unit.name);
    milliseconds %= unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

std::string interface_text(const Octets& name, std::optional<std::size_t> prefix) {
  const std::string_view bytes(reinterpret_cast<const char*>(name.data()), name.size());
  if (prefix) return quoted(std::string(bytes.substr(0, *prefix)) + "*");
  std::string text(bytes.substr(0, bytes.find('\0')));
  if (text.ends_with('*')) text.insert(text.size() - 1, "\\");
  return quoted(text);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char character : clean_text(text)) {
    if (is_awkward(character))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
    else
      out += character;
  }
  return out + "\"";
}

bool is_writable(std::string_view text) { return std::ranges::none_of(text, is_awkward); }

}  // namespace nsmap::syntax
