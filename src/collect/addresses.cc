#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

constexpr std::uint32_t kForever = 0xffffffff;  // INFINITY_LIFE_TIME, include/net/addrconf.h

// An address with the two attributes whose meaning depends on each other: IFA_LOCAL is our end and
// IFA_ADDRESS the other; where both ends are the same IPv6 gives IFA_ADDRESS alone
// (include/uapi/linux/if_addr.h).
struct RawAddress : model::Address {
  std::optional<IpAddress> ifa_local;
  std::optional<IpAddress> ifa_address;
};

// In seconds, though most cache infos count in clock ticks (net/ipv4/devinet.c put_cacheinfo).
bool read_lifetimes(RawAddress& fact, const netlink::Attribute& attribute) {
  const auto info = attribute.as<ifa_cacheinfo>();
  if (!info) return false;
  if (info->ifa_valid != kForever) fact.valid_s = info->ifa_valid;
  if (info->ifa_prefered != kForever) fact.preferred_s = info->ifa_prefered;
  return true;
}

constexpr Fields<RawAddress, IFA_MAX> kFields({
    {IFA_LOCAL, address<&RawAddress::ifa_local>},
    {IFA_ADDRESS, address<&RawAddress::ifa_address>},
    {IFA_BROADCAST, address<&RawAddress::broadcast>},
    {IFA_LABEL, text<&RawAddress::label>},
    {IFA_FLAGS, number<&RawAddress::flags>},
    {IFA_RT_PRIORITY, number<&RawAddress::route_metric>},
    {IFA_CACHEINFO, read_lifetimes},
});

void set_flags(model::Address& fact) {
  const auto has = [&](std::uint32_t flag) { return (fact.flags & flag) != 0; };
  fact.secondary = has(IFA_F_SECONDARY);
  fact.permanent = has(IFA_F_PERMANENT);
  fact.tentative = has(IFA_F_TENTATIVE);
  fact.dad_failed = has(IFA_F_DADFAILED);
  fact.deprecated = has(IFA_F_DEPRECATED);
  fact.no_prefix_route = has(IFA_F_NOPREFIXROUTE);
}

std::optional<model::Address> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<ifaddrmsg>();
  if (!header) return malformed(reading, "addresses");
  if (message.type() != RTM_NEWADDR || !ip_family(header->ifa_family)) return std::nullopt;
  RawAddress fact;
  fact.index = IfIndex(static_cast<std::int32_t>(header->ifa_index));
  fact.prefix = header->ifa_prefixlen;
  fact.scope = route_scope_name(header->ifa_scope);
  fact.flags = header->ifa_flags;  // the low eight; IFA_FLAGS has them all
  const bool whole = kFields.read(message.attributes(sizeof(ifaddrmsg)), fact);
  const auto own = fact.ifa_local ? fact.ifa_local : fact.ifa_address;
  if (!whole || !own) return malformed(reading, "addresses");
  fact.address = *own;
  if (fact.ifa_address && fact.ifa_address != own) fact.peer = fact.ifa_address;
  set_flags(fact);
  return std::move(static_cast<model::Address&>(fact));
}

}  // namespace

std::size_t collect_addresses(Reading& reading) {
  return dump_families<ifaddrmsg>(
      reading, "addresses", RTM_GETADDR, reading.ns.addresses,
      [&](const netlink::Message& message) { return parse(reading, message); });
}

}  // namespace nsmap::collect
