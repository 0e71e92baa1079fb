#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "collect/collectors.h"
#include "collect/fields.h"

namespace nsmap::collect {
namespace {

// The VLANs of one port under construction: a range comes as two attributes, its begin and its end.
struct Port {
  std::vector<model::VlanRange>& ranges;
  IfIndex index;
  std::optional<std::uint16_t> begun;
};

bool read_vlan(Port& port, const netlink::Attribute& attribute) {
  const auto info = attribute.as<bridge_vlan_info>();
  if (!info) return false;
  if ((info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) != 0) {
    port.begun = info->vid;
    return true;
  }
  const bool ends = (info->flags & BRIDGE_VLAN_INFO_RANGE_END) != 0;
  if (ends && !port.begun) return false;
  port.ranges.push_back({port.index, ends ? *port.begun : info->vid, info->vid,
                         (info->flags & BRIDGE_VLAN_INFO_PVID) != 0,
                         (info->flags & BRIDGE_VLAN_INFO_UNTAGGED) != 0});
  port.begun.reset();
  return true;
}

constexpr Fields<Port, IFLA_BRIDGE_MAX> kVlans({{IFLA_BRIDGE_VLAN_INFO, read_vlan}});
constexpr Fields<Port, IFLA_MAX> kFields({
    {IFLA_AF_SPEC,
     [](Port& port, const netlink::Attribute& x) { return kVlans.read(x.nested(), port); }},
});

void parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<ifinfomsg>();
  if (!header) {
    malformed(reading, "vlans");
    return;
  }
  if (message.type() != RTM_NEWLINK || header->ifi_family != AF_BRIDGE) return;
  auto& vlans = reading.ns.vlans;
  const std::size_t before = vlans.size();
  Port port{vlans, IfIndex(header->ifi_index), {}};
  if (kFields.read(message.attributes(sizeof(ifinfomsg)), port)) return;
  vlans.resize(before);
  malformed(reading, "vlans");
}

// Bridges have a VLAN table even where they do not look at tags; it then says nothing.
bool filters_vlans(const model::Link& link) {
  const auto* bridge = std::get_if<model::BridgeData>(&link.data);
  return bridge && bridge->vlan_filtering;
}

}  // namespace

std::size_t collect_vlans(Reading& reading) {
  const auto& links = reading.ns.links;
  if (std::none_of(links.begin(), links.end(), filters_vlans)) return 0;
  ifinfomsg family{};
  family.ifi_family = AF_BRIDGE;
  netlink::Request request(RTM_GETLINK, 0, family);
  request.attribute(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_BRVLAN_COMPRESSED});
  const auto failure = netlink::dump(
      reading.route, std::move(request),
      [&](const netlink::Message& message) { parse(reading, message); },
      [&] { reading.ns.vlans.clear(); });
  if (failure)
    reading.report.add("vlans", "reading vlans: " + describe(*failure), failure->error,
                       reading.ns.id);
  return reading.ns.vlans.size();
}

}  // namespace nsmap::collect
