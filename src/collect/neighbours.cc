#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

// An entry and its address, without which it means nothing.
struct RawNeighbour : model::Neighbour {
  std::optional<IpAddress> of;
};

constexpr Fields<RawNeighbour, NDA_MAX> kFields({
    {NDA_DST, address<&RawNeighbour::of>},
    {NDA_LLADDR, mac<&RawNeighbour::mac>},
});

std::optional<model::Neighbour> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<ndmsg>();
  if (!header) return malformed(reading, "neighbours");
  if (message.type() != RTM_NEWNEIGH || !ip_family(header->ndm_family)) return std::nullopt;
  RawNeighbour fact;
  fact.index = IfIndex(header->ndm_ifindex);
  fact.state = neighbour_state_name(header->ndm_state);
  fact.proxy = (header->ndm_flags & NTF_PROXY) != 0;
  fact.router = (header->ndm_flags & NTF_ROUTER) != 0;
  fact.extern_learned = (header->ndm_flags & NTF_EXT_LEARNED) != 0;
  if (!kFields.read(message.attributes(sizeof(ndmsg)), fact) || !fact.of)
    return malformed(reading, "neighbours");
  fact.address = *fact.of;
  return std::move(static_cast<model::Neighbour&>(fact));
}

std::size_t dump(Reading& reading, std::uint8_t flags) {
  ndmsg request{};
  request.ndm_flags = flags;
  return dump_into(reading, reading.route, "neighbours", netlink::Request(RTM_GETNEIGH, 0, request),
                   reading.ns.neighbours,
                   [&](const netlink::Message& message) { return parse(reading, message); });
}

}  // namespace

// Proxy entries are kept, and dumped, apart (net/core/neighbour.c neigh_dump_info).
std::size_t collect_neighbours(Reading& reading) {
  return dump(reading, 0) + dump(reading, NTF_PROXY);
}

}  // namespace nsmap::collect
