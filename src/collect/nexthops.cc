#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

// struct nexthop_grp as of Linux 6.12, which took the high byte of the weight from the padding;
// older kernels leave it zero.
struct GroupEntry {
  std::uint32_t id;
  std::uint8_t weight;  // less one
  std::uint8_t weight_high;
  std::uint16_t reserved;
};

bool read_group(model::Nexthop& fact, const netlink::Attribute& attribute) {
  if (attribute.payload().size() % sizeof(GroupEntry) != 0) return false;
  for (std::size_t at = 0; at < attribute.payload().size(); at += sizeof(GroupEntry)) {
    const auto entry = *read_at<GroupEntry>(attribute.payload(), at);
    fact.group.push_back({entry.id, (entry.weight_high << 8 | entry.weight) + 1u});
  }
  return true;
}

template <auto Member, std::string (*Name)(std::uint16_t)>
bool named(model::Nexthop& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.u16();
  if (found) fact.*Member = Name(*found);
  return found.has_value();
}

constexpr Fields<model::Nexthop, NHA_MAX> kFields({
    {NHA_ID, number<&model::Nexthop::id>},
    {NHA_OIF, number<&model::Nexthop::oif>},
    {NHA_GATEWAY, address<&model::Nexthop::gateway>},
    {NHA_BLACKHOLE, flag<&model::Nexthop::blackhole>},
    {NHA_FDB, flag<&model::Nexthop::fdb>},
    {NHA_GROUP, read_group},
    {NHA_GROUP_TYPE, named<&model::Nexthop::group_type, nexthop_group_name>},
    {NHA_ENCAP_TYPE, named<&model::Nexthop::encap, encap_name>},
});

std::optional<model::Nexthop> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<nhmsg>();
  if (!header) return malformed(reading, "nexthops");
  if (message.type() != RTM_NEWNEXTHOP) return std::nullopt;
  model::Nexthop fact;
  fact.family = ip_family(header->nh_family);
  fact.protocol = route_protocol_name(header->nh_protocol);
  fact.scope = route_scope_name(header->nh_scope);
  fact.flags = header->nh_flags;
  if (!kFields.read(message.attributes(sizeof(nhmsg)), fact)) return malformed(reading, "nexthops");
  return fact;
}

}  // namespace

std::size_t collect_nexthops(Reading& reading) {
  return dump_into(reading, reading.route, "nexthops", netlink::Request(RTM_GETNEXTHOP, 0, nhmsg{}),
                   reading.ns.nexthops,
                   [&](const netlink::Message& message) { return parse(reading, message); },
                   {EOPNOTSUPP, EAFNOSUPPORT});
}

}  // namespace nsmap::collect
