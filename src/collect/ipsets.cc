#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "collect/collectors.h"
#include "collect/fields.h"

// ipsets, all types, over NFNL_SUBSYS_IPSET. A dump gives each set in one or several messages, of
// which only the first has its header (net/netfilter/ipset/ip_set_core.c ip_set_dump_do). What an
// element is made of is said by the set's type, "hash:ip,port,net": its attributes are the same
// for all types.

namespace nsmap::collect {
namespace {

using model::firewall::Ipset;
using model::firewall::IpsetMember;
using netlink::Attribute;
using netlink::Attributes;

constexpr std::uint8_t kProtocol = 6;  // what kernels since 2.6.39 speak; 7 since 4.20

constexpr std::uint16_t type_of(ipset_cmd command) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_IPSET << 8 | command);
}

// What create and element attributes are named by ipset(8), where they are a number to print.
struct Number {
  std::uint16_t type;
  const char* name;
};
constexpr Number kCreateNumbers[] = {
    {IPSET_ATTR_HASHSIZE, "hashsize"},
    {IPSET_ATTR_MAXELEM, "maxelem"},
    {IPSET_ATTR_SIZE, "size"},
    {IPSET_ATTR_TIMEOUT, "timeout"},
};
constexpr Number kElementNumbers[] = {
    {IPSET_ATTR_TIMEOUT, "timeout"},
    {IPSET_ATTR_PACKETS, "packets"},
    {IPSET_ATTR_BYTES, "bytes"},
};

// A number of one, two, four or eight bytes in network order.
std::optional<std::uint64_t> number_of(Attributes attributes, int type) {
  const auto found = attributes.find(static_cast<std::uint16_t>(type));
  if (!found) return std::nullopt;
  switch (found->payload().size()) {
    case 1:
      return found->u8();
    case 2:
      return found->be16();
    case 4:
      return found->be32();
    case 8:
      return from_be(*found->u64());
    default:
      return std::nullopt;
  }
}

std::string numbers_text(Attributes attributes, std::span<const Number> numbers) {
  std::string text;
  for (const Number& known : numbers)
    if (const auto value = number_of(attributes, known.type))
      text += fmt::format(" {} {}", known.name, *value);
  return text;
}

std::optional<IpAddress> address_of(Attributes attributes, int type) {
  const auto nested = attributes.find(static_cast<std::uint16_t>(type));
  if (!nested) return std::nullopt;
  for (const Attribute inner : nested->nested()) return IpAddress::from_bytes(inner.payload());
  return std::nullopt;
}

struct Names {
  std::uint8_t protocol;
  std::string_view name;
};
constexpr Names kProtocols[] = {{1, "icmp"},    {6, "tcp"},    {17, "udp"},
                                {58, "icmpv6"}, {132, "sctp"}, {136, "udplite"}};

std::string protocol_text(std::uint64_t protocol) {
  const auto known = std::ranges::find(kProtocols, protocol, &Names::protocol);
  return known == std::end(kProtocols) ? std::to_string(protocol) : std::string(known->name);
}

// The attributes of an address in an element: its start, end and prefix length. Those of the
// second address have numbers of their own.
struct AddressTypes {
  int from, to, length;
};
constexpr AddressTypes kFirst{IPSET_ATTR_IP, IPSET_ATTR_IP_TO, IPSET_ATTR_CIDR};
constexpr AddressTypes kSecond{IPSET_ATTR_IP2, IPSET_ATTR_IP2_TO, IPSET_ATTR_CIDR2};

std::string address_text(Attributes element, const AddressTypes& types) {
  const auto from = address_of(element, types.from);
  if (!from) return "?";
  const auto to = address_of(element, types.to);
  if (to && *to != *from) return from->text() + "-" + to->text();
  const auto length = number_of(element, types.length);
  if (length && *length != static_cast<std::uint64_t>(from->bits()))
    return fmt::format("{}/{}", from->text(), *length);
  return from->text();
}

std::string port_text(Attributes element) {
  const auto port = number_of(element, IPSET_ATTR_PORT);
  const auto last = number_of(element, IPSET_ATTR_PORT_TO);
  const auto protocol = number_of(element, IPSET_ATTR_PROTO);
  if (!port) return "?";
  // Of ICMP it is the type and the code.
  const bool icmp = protocol == 1 || protocol == 58;
  std::string text = icmp ? fmt::format("{}/{}", *port >> 8, *port & 0xff) : std::to_string(*port);
  if (last && *last != *port) text += fmt::format("-{}", *last);
  return protocol ? protocol_text(*protocol) + ":" + text : text;
}

std::string mac_text(Attributes element) {
  const auto found = element.find(IPSET_ATTR_ETHER);
  const auto mac = found ? Mac::from_bytes(found->payload()) : std::nullopt;
  return mac ? mac->text() : "?";
}

std::string name_text(Attributes element, std::uint16_t type) {
  const auto found = element.find(type);
  return found ? clean_text(found->text()) : "?";
}

// One part of an element, by what the set's type calls it; `addresses` counts those before.
std::string part_text(std::string_view part, Attributes element, int& addresses) {
  if (part == "ip" || part == "net")
    return address_text(element, addresses++ == 0 ? kFirst : kSecond);
  if (part == "port") return port_text(element);
  if (part == "mac") return mac_text(element);
  if (part == "iface") return name_text(element, IPSET_ATTR_IFACE);
  if (part == "set") return name_text(element, IPSET_ATTR_NAME);
  if (part == "mark") {
    const auto mark = number_of(element, IPSET_ATTR_MARK);
    return mark ? fmt::format("{:#010x}", *mark) : "?";
  }
  return "?";
}

std::string member_text(std::string_view type, Attributes element) {
  std::string_view parts = type.substr(type.find(':') + 1);
  std::string text;
  int addresses = 0;
  while (!parts.empty()) {
    const std::string_view part = parts.substr(0, parts.find(','));
    // A bitmap's MAC is optional.
    const bool absent = part == "mac" && !element.find(IPSET_ATTR_ETHER);
    if (!absent) text += (text.empty() ? "" : ",") + part_text(part, element, addresses);
    parts.remove_prefix(std::min(parts.size(), part.size() + 1));
  }
  return text;
}

IpsetMember member(std::string_view type, Attributes element) {
  IpsetMember member{.text = member_text(type, element)};
  const auto flags = number_of(element, IPSET_ATTR_CADT_FLAGS).value_or(0);
  member.nomatch = (flags & IPSET_FLAG_NOMATCH) != 0;
  member.options = numbers_text(element, kElementNumbers);
  if ((flags & IPSET_FLAG_IFACE_WILDCARD) != 0) member.options += " wildcard";
  if (const auto comment = element.find(IPSET_ATTR_COMMENT))
    member.options += fmt::format(" comment \"{}\"", clean_text(comment->text()));
  if (!member.options.empty()) member.options.erase(0, 1);
  return member;
}

// The range of a bitmap: of addresses or of ports.
std::string range_text(std::string_view type, Attributes data) {
  if (!type.starts_with("bitmap:")) return "";
  if (type == "bitmap:port")
    return fmt::format(" range {}-{}", number_of(data, IPSET_ATTR_PORT).value_or(0),
                       number_of(data, IPSET_ATTR_PORT_TO).value_or(0));
  return " range " + address_text(data, kFirst);
}

std::string create_text(std::string_view type, Attributes data) {
  std::string text = range_text(type, data) + numbers_text(data, kCreateNumbers);
  if (const auto length = number_of(data, IPSET_ATTR_NETMASK))
    text += fmt::format(" netmask {}", *length);
  if (const auto mask = number_of(data, IPSET_ATTR_MARKMASK))
    text += fmt::format(" markmask {:#010x}", *mask);
  struct Flag {
    std::uint32_t bit;
    const char* name;
  };
  constexpr Flag kFlags[] = {{IPSET_FLAG_WITH_COUNTERS, "counters"},
                             {IPSET_FLAG_WITH_COMMENT, "comment"},
                             {IPSET_FLAG_WITH_FORCEADD, "forceadd"},
                             {IPSET_FLAG_WITH_SKBINFO, "skbinfo"}};
  const auto flags = number_of(data, IPSET_ATTR_CADT_FLAGS).value_or(0);
  for (const Flag& flag : kFlags)
    if ((flags & flag.bit) != 0) text += std::string(" ") + flag.name;
  return text.empty() ? text : text.substr(1);
}

std::string family_text(std::optional<std::uint64_t> family) {
  if (family == std::uint64_t{NFPROTO_IPV4}) return "inet";
  if (family == std::uint64_t{NFPROTO_IPV6}) return "inet6";
  return "";
}

// The set that a message is of: the last, or a new one.
Ipset& set_of(std::vector<Ipset>& sets, Attributes attributes) {
  const auto name = attributes.find(IPSET_ATTR_SETNAME);
  const std::string called = name ? clean_text(name->text()) : "";
  if (!sets.empty() && sets.back().name == called) return sets.back();
  Ipset& set = sets.emplace_back();
  set.name = called;
  return set;
}

bool read(std::vector<Ipset>& sets, Attributes attributes) {
  if (attributes.malformed()) return false;
  Ipset& set = set_of(sets, attributes);
  if (const auto type = attributes.find(IPSET_ATTR_TYPENAME)) {
    set.type = clean_text(type->text());
    set.family = family_text(number_of(attributes, IPSET_ATTR_FAMILY));
    set.revision =
        static_cast<std::uint8_t>(number_of(attributes, IPSET_ATTR_REVISION).value_or(0));
  }
  if (const auto data = attributes.find(IPSET_ATTR_DATA)) {
    set.options = create_text(set.type, data->nested());
    set.references =
        static_cast<std::uint32_t>(number_of(data->nested(), IPSET_ATTR_REFERENCES).value_or(0));
  }
  const auto members = attributes.find(IPSET_ATTR_ADT);
  if (!members) return true;
  if (members->nested().malformed()) return false;
  for (const Attribute element : members->nested()) {
    if (element.nested().malformed()) return false;
    set.members.push_back(member(set.type, element.nested()));
  }
  return true;
}

}  // namespace

std::size_t collect_ipsets(Reading& reading) {
  if (!reading.abilities.ipset) return 0;
  std::vector<Ipset> sets;
  netlink::Request request(type_of(IPSET_CMD_LIST), 0, nfgenmsg{});
  request.attribute(IPSET_ATTR_PROTOCOL, kProtocol);
  const auto failure = netlink::dump(
      reading.netfilter, std::move(request),
      [&](const netlink::Message& message) {
        if (message.type() == type_of(IPSET_CMD_LIST) &&
            !read(sets, message.attributes(sizeof(nfgenmsg))))
          malformed(reading, "ipsets");
      },
      [&] { sets.clear(); });
  if (failure && failure->error != EOPNOTSUPP && failure->error != EINVAL)
    reading.report.add("ipsets", "reading ipsets: " + describe(*failure), failure->error,
                       reading.ns.id);
  const std::size_t found = sets.size();
  if (found != 0) reading.ns.firewall.edit().ipsets = std::move(sets);
  return found;
}

}  // namespace nsmap::collect
