#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <string_view>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

constexpr Fields<model::FdbEntry, NDA_MAX> kFields({
    {NDA_LLADDR, mac<&model::FdbEntry::mac>},
    {NDA_VLAN, number<&model::FdbEntry::vlan>},
    {NDA_MASTER, number<&model::FdbEntry::master>},
    {NDA_DST, address<&model::FdbEntry::remote>},
    {NDA_PORT, be_number<&model::FdbEntry::port>},
    {NDA_VNI, number<&model::FdbEntry::vni>},
    {NDA_IFINDEX, number<&model::FdbEntry::via>},
    {NDA_NH_ID, number<&model::FdbEntry::nexthop_id>},
});

// A device's list of multicast addresses to receive comes in the same dump, as entries of its own
// (net/core/rtnetlink.c ndo_dflt_fdb_dump): several an interface, and nothing is forwarded by them.
bool is_receive_filter(const model::FdbEntry& entry) {
  return entry.self && !entry.remote && !entry.nexthop_id && !entry.mac.empty() &&
         (std::to_integer<unsigned>(entry.mac.bytes().front()) & 1u) != 0;
}

std::optional<model::FdbEntry> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<ndmsg>();
  if (!header) return malformed(reading, "fdb");
  if (message.type() != RTM_NEWNEIGH || header->ndm_family != AF_BRIDGE) return std::nullopt;
  model::FdbEntry entry;
  entry.index = IfIndex(header->ndm_ifindex);
  entry.state = neighbour_state_name(header->ndm_state);
  entry.self = (header->ndm_flags & NTF_SELF) != 0;
  entry.extern_learned = (header->ndm_flags & NTF_EXT_LEARNED) != 0;
  entry.sticky = (header->ndm_flags & NTF_STICKY) != 0;
  entry.offloaded = (header->ndm_flags & NTF_OFFLOADED) != 0;
  if (!kFields.read(message.attributes(sizeof(ndmsg)), entry)) return malformed(reading, "fdb");
  if (is_receive_filter(entry)) return std::nullopt;
  return entry;
}

// Where forwarding is by MAC address. Elsewhere the dump holds receive filters only.
bool forwards_by_mac(const model::Link& link) {
  constexpr std::string_view kKinds[] = {"bridge", "vxlan", "macvlan", "macvtap"};
  return std::find(std::begin(kKinds), std::end(kKinds), link.kind) != std::end(kKinds);
}

}  // namespace

std::size_t collect_fdb(Reading& reading) {
  const auto& links = reading.ns.links;
  if (std::none_of(links.begin(), links.end(), forwards_by_mac)) return 0;
  ndmsg request{};
  request.ndm_family = AF_BRIDGE;
  return dump_into(
      reading, reading.route, "fdb", netlink::Request(RTM_GETNEIGH, 0, request), reading.ns.fdb,
      [&](const netlink::Message& message) { return parse(reading, message); }, {EOPNOTSUPP});
}

}  // namespace nsmap::collect
