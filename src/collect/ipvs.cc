#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "collect/collectors.h"
#include "collect/fields.h"

// IPVS: the services of a namespace, then the destinations of each, over generic netlink
// (net/netfilter/ipvs/ip_vs_ctl.c). An address is a union of both families, 16 bytes, whose first
// four are an IPv4 one.

namespace nsmap::collect {
namespace {

using model::firewall::Family;
using model::firewall::VirtualDestination;
using model::firewall::VirtualService;
using netlink::Attribute;
using netlink::Attributes;

constexpr std::string_view kSource = "ipvs";

// As the kernel tells them, until the family is known that the address is of.
struct RawAddress {
  Bytes bytes = {};
  std::optional<std::uint16_t> family = {};

  std::optional<IpAddress> address(std::uint16_t otherwise) const {
    const std::size_t size = family.value_or(otherwise) == AF_INET6 ? 16 : 4;
    return bytes.size() < size ? std::nullopt : IpAddress::from_bytes(bytes.first(size));
  }
};

struct RawService : VirtualService {
  std::uint16_t number = 0;  // of the protocol
  std::uint32_t timeout_s = 0;
  bool is_persistent = false;
  RawAddress raw = {};
};
struct RawDestination : VirtualDestination {
  RawAddress raw = {};
};

template <typename Fact>
bool raw_address(Fact& fact, const Attribute& attribute) {
  fact.raw.bytes = attribute.payload();
  return true;
}
template <typename Fact>
bool raw_family(Fact& fact, const Attribute& attribute) {
  fact.raw.family = attribute.u16();
  return fact.raw.family.has_value();
}

bool flags(RawService& fact, const Attribute& attribute) {
  const auto found = attribute.as<ip_vs_flags>();
  if (found) fact.is_persistent = (found->flags & IP_VS_SVC_F_PERSISTENT) != 0;
  return found.has_value();
}

bool method(RawDestination& fact, const Attribute& attribute) {
  constexpr auto kMethods =
      std::to_array<const char*>({"masquerade", "local", "tunnel", "route", "bypass"});
  const auto found = attribute.u32();
  if (!found) return false;
  const std::uint32_t number = *found & IP_VS_CONN_F_FWD_MASK;
  fact.method = number < kMethods.size() ? kMethods[number] : std::to_string(number);
  return true;
}

constexpr Fields<RawService, IPVS_SVC_ATTR_MAX> kService({
    {IPVS_SVC_ATTR_AF, raw_family},
    {IPVS_SVC_ATTR_PROTOCOL, number<&RawService::number>},
    {IPVS_SVC_ATTR_ADDR, raw_address},
    {IPVS_SVC_ATTR_PORT, be_number<&RawService::port>},
    {IPVS_SVC_ATTR_FWMARK, number<&RawService::mark>},
    {IPVS_SVC_ATTR_SCHED_NAME, text<&RawService::scheduler>},
    {IPVS_SVC_ATTR_FLAGS, flags},
    {IPVS_SVC_ATTR_TIMEOUT, number<&RawService::timeout_s>},
});

constexpr Fields<RawDestination, IPVS_DEST_ATTR_MAX> kDestination({
    {IPVS_DEST_ATTR_ADDR, raw_address},
    {IPVS_DEST_ATTR_PORT, be_number<&RawDestination::port>},
    {IPVS_DEST_ATTR_FWD_METHOD, method},
    {IPVS_DEST_ATTR_WEIGHT, number<&RawDestination::weight>},
    {IPVS_DEST_ATTR_ACTIVE_CONNS, number<&RawDestination::active>},
    {IPVS_DEST_ATTR_INACT_CONNS, number<&RawDestination::inactive>},
    {IPVS_DEST_ATTR_ADDR_FAMILY, raw_family},
});

// The part of a message that tells of a service or of a destination.
template <typename Raw, std::size_t Max>
std::optional<Raw> read(const netlink::Message& message, std::uint16_t part,
                        const Fields<Raw, Max>& fields) {
  const auto found = message.attributes(sizeof(genlmsghdr)).find(part);
  Raw fact;
  if (!found || !fields.read(found->nested(), fact)) return std::nullopt;
  return fact;
}

std::optional<VirtualService> parse_service(Reading& reading, const netlink::Message& message) {
  auto fact = read(message, IPVS_CMD_ATTR_SERVICE, kService);
  if (!fact || !fact->raw.family) return malformed(reading, kSource);
  fact->family = *fact->raw.family == AF_INET6 ? Family::ip6 : Family::ip;
  if (fact->is_persistent) fact->persistent_s = fact->timeout_s;
  if (fact->mark) return *fact;
  fact->protocol = static_cast<std::uint8_t>(fact->number);
  fact->address = fact->raw.address(AF_INET);
  if (!fact->address) return malformed(reading, kSource);
  return *fact;
}

std::uint16_t socket_family(const VirtualService& service) {
  return service.family == Family::ip6 ? AF_INET6 : AF_INET;
}

std::optional<VirtualDestination> parse_destination(Reading& reading,
                                                    const netlink::Message& message,
                                                    const VirtualService& service) {
  auto fact = read(message, IPVS_CMD_ATTR_DEST, kDestination);
  const auto address = fact ? fact->raw.address(socket_family(service)) : std::nullopt;
  if (!address) return malformed(reading, kSource);
  fact->address = *address;
  return *fact;
}

netlink::Request request_of(Reading& reading, std::uint8_t command) {
  return {*reading.abilities.ipvs, 0, genlmsghdr{command, IPVS_GENL_VERSION, 0}};
}

// Which service it is, as the kernel asks for it (ip_vs_genl_parse_service).
netlink::AttributeList identity(const VirtualService& service) {
  netlink::AttributeList list;
  list.add(IPVS_SVC_ATTR_AF, socket_family(service));
  if (service.mark) return list.add(IPVS_SVC_ATTR_FWMARK, *service.mark);
  std::array<std::byte, 16> address{};
  std::ranges::copy(service.address->bytes(), address.begin());
  return list.add(IPVS_SVC_ATTR_PROTOCOL, static_cast<std::uint16_t>(*service.protocol))
      .add(IPVS_SVC_ATTR_ADDR, address)
      .be(IPVS_SVC_ATTR_PORT, service.port);
}

void read_destinations(Reading& reading, VirtualService& service) {
  netlink::Request request = request_of(reading, IPVS_CMD_GET_DEST);
  request.attributes(netlink::AttributeList().nest(IPVS_CMD_ATTR_SERVICE, identity(service)));
  dump_into(reading, reading.generic, kSource, std::move(request), service.destinations,
            [&](const auto& message) { return parse_destination(reading, message, service); });
}

}  // namespace

std::size_t collect_ipvs(Reading& reading) {
  if (!reading.abilities.ipvs) return 0;
  std::vector<VirtualService> services;
  // The module, and with it the family, may be gone since it was found.
  dump_into(reading, reading.generic, kSource, request_of(reading, IPVS_CMD_GET_SERVICE), services,
            [&](const auto& message) { return parse_service(reading, message); },
            {ENOENT, EOPNOTSUPP});
  if (services.empty()) return 0;
  // The kernel has them in the order of a hash.
  std::ranges::sort(services, {}, [](const VirtualService& service) {
    return std::tuple(service.mark, service.address, service.port, service.protocol,
                      service.family);
  });
  std::size_t found = services.size();
  for (VirtualService& service : services) {
    read_destinations(reading, service);
    found += service.destinations.size();
  }
  reading.ns.firewall.edit().services = std::move(services);
  return found;
}

}  // namespace nsmap::collect
