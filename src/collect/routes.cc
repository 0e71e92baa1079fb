#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

constexpr std::int32_t kTicksPerSecond = 100;  // USER_HZ, include/asm-generic/param.h

// Through another family's gateway: rtvia, a family and an address.
bool read_via(model::RouteHop& hop, const netlink::Attribute& attribute) {
  if (attribute.payload().size() < sizeof(rtvia)) return false;
  hop.gateway = IpAddress::from_bytes(attribute.payload().subspan(sizeof(rtvia)));
  return hop.gateway.has_value();
}

bool read_encap(model::RouteHop& hop, const netlink::Attribute& attribute) {
  const auto type = attribute.u16();
  if (type) hop.encap = encap_name(*type);
  return type.has_value();
}

// What RTA_MULTIPATH holds for each of its hops.
constexpr Fields<model::RouteHop, RTA_MAX> kHopFields({
    {RTA_GATEWAY, address<&model::RouteHop::gateway>},
    {RTA_VIA, read_via},
    {RTA_ENCAP_TYPE, read_encap},
});

// A route, the addresses whose lengths are in its header, and the one hop that the attributes of
// the route itself describe.
struct RawRoute : model::Route {
  std::optional<IpAddress> to;
  std::optional<IpAddress> from;
  model::RouteHop hop;
};

bool read_oif(RawRoute& route, const netlink::Attribute& attribute) {
  return number<&model::RouteHop::oif>(route.hop, attribute);
}

template <SetField<model::RouteHop> Set>
bool of_hop(RawRoute& route, const netlink::Attribute& attribute) {
  return Set(route.hop, attribute);
}

// A run of rtnexthop, each with its attributes (rtnetlink(7); include/uapi/linux/rtnetlink.h).
bool read_multipath(RawRoute& route, const netlink::Attribute& attribute) {
  for (Bytes rest = attribute.payload(); !rest.empty();) {
    const auto header = read_at<rtnexthop>(rest);
    if (!header || header->rtnh_len < sizeof(rtnexthop) || header->rtnh_len > rest.size())
      return false;
    model::RouteHop& hop = route.hops.emplace_back();
    hop.oif = IfIndex(header->rtnh_ifindex);
    hop.weight = header->rtnh_hops + 1u;
    hop.flags = header->rtnh_flags;
    const Bytes attributes = rest.first(header->rtnh_len).subspan(sizeof(rtnexthop));
    if (!kHopFields.read(netlink::Attributes(attributes), hop)) return false;
    rest = rest.subspan(std::min<std::size_t>(RTNH_ALIGN(header->rtnh_len), rest.size()));
  }
  return true;
}

constexpr Fields<model::Route, RTAX_MAX> kMetrics({{RTAX_MTU, number<&model::Route::mtu>}});

bool read_metrics(RawRoute& route, const netlink::Attribute& attribute) {
  return kMetrics.read(attribute.nested(), route);
}

// rta_expires counts clock ticks from now, 0 for never (net/core/rtnetlink.c rtnl_put_cacheinfo); a
// route past its time waits, negative, for the garbage collector.
bool read_cache_info(RawRoute& route, const netlink::Attribute& attribute) {
  const auto info = attribute.as<rta_cacheinfo>();
  if (!info) return false;
  if (info->rta_expires != 0)
    route.expires_s = static_cast<std::uint32_t>(std::max(info->rta_expires, 0) / kTicksPerSecond);
  return true;
}

constexpr Fields<RawRoute, RTA_MAX> kFields({
    {RTA_DST, address<&RawRoute::to>},
    {RTA_SRC, address<&RawRoute::from>},
    {RTA_TABLE, number<&RawRoute::table>},
    {RTA_PRIORITY, number<&RawRoute::metric>},
    {RTA_PREFSRC, address<&RawRoute::prefsrc>},
    {RTA_NH_ID, number<&RawRoute::nexthop_id>},
    {RTA_OIF, read_oif},
    {RTA_GATEWAY, of_hop<address<&model::RouteHop::gateway>>},
    {RTA_VIA, of_hop<read_via>},
    {RTA_ENCAP_TYPE, of_hop<read_encap>},
    {RTA_MULTIPATH, read_multipath},
    {RTA_METRICS, read_metrics},
    {RTA_CACHEINFO, read_cache_info},
});

// Whether a route of that type leads anywhere. IPv6 gives the others lo as their interface.
bool has_hops(std::uint8_t type) {
  return type != RTN_BLACKHOLE && type != RTN_UNREACHABLE && type != RTN_PROHIBIT &&
         type != RTN_THROW;
}

void take_header(const rtmsg& header, RawRoute& route) {
  route.table = TableId(header.rtm_table);  // RTA_TABLE where it does not fit the byte
  route.type = route_type_name(header.rtm_type);
  route.protocol = route_protocol_name(header.rtm_protocol);
  route.scope = route_scope_name(header.rtm_scope);
  route.tos = header.rtm_tos;
  // RTNH_F_* of the only hop share the field with RTM_F_*, which begin at 0x100.
  route.flags = header.rtm_flags & ~0xffu;
  route.hop.flags = header.rtm_flags & 0xffu;
}

std::optional<model::Route> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<rtmsg>();
  if (!header) return malformed(reading, "routes");
  const auto family = ip_family(header->rtm_family);
  // MPLS and multicast routing answer too; and a cloned entry is no route but one packet's result.
  if (message.type() != RTM_NEWROUTE || !family || (header->rtm_flags & RTM_F_CLONED) != 0)
    return std::nullopt;
  RawRoute route;
  route.family = *family;
  take_header(*header, route);
  if (!kFields.read(message.attributes(sizeof(rtmsg)), route)) return malformed(reading, "routes");
  const auto any = IpAddress::any(family == model::Family::inet6);
  route.dst = {route.to.value_or(any), header->rtm_dst_len};
  if (header->rtm_src_len != 0) route.src = Prefix{route.from.value_or(any), header->rtm_src_len};
  if (!has_hops(header->rtm_type))
    route.hops.clear();
  else if (route.hops.empty() && (route.hop.oif || route.hop.gateway))
    route.hops.push_back(std::move(route.hop));
  return std::move(static_cast<model::Route&>(route));
}

}  // namespace

std::size_t collect_routes(Reading& reading) {
  return dump_families<rtmsg>(
      reading, "routes", RTM_GETROUTE, reading.ns.routes,
      [&](const netlink::Message& message) { return parse(reading, message); });
}

}  // namespace nsmap::collect
