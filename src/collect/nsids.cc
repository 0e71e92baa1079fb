#include "collect/nsids.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"

namespace nsmap::collect {
namespace {

struct RawNsid {
  std::optional<Nsid> nsid;
};

constexpr Fields<RawNsid, NETNSA_MAX> kFields({{NETNSA_NSID, number<&RawNsid::nsid>}});

std::optional<model::NsidEntry> parse(Reading& reading, const netlink::Message& message) {
  if (message.type() != RTM_NEWNSID) return std::nullopt;
  RawNsid fact;
  if (!kFields.read(message.attributes(sizeof(rtgenmsg)), fact) || !fact.nsid)
    return malformed(reading, "nsids");
  return model::NsidEntry{*fact.nsid, std::nullopt};
}

}  // namespace

std::size_t collect_nsids(Reading& reading) {
  return dump_into(reading, reading.route, "nsids", netlink::Request(RTM_GETNSID, 0, rtgenmsg{}),
                   reading.ns.nsids,
                   [&](const netlink::Message& message) { return parse(reading, message); });
}

std::optional<Nsid> nsid_of(netlink::Transport& route, Fd ns, std::optional<Nsid> target) {
  netlink::Request request(RTM_GETNSID, 0, rtgenmsg{AF_UNSPEC});
  request.attribute(NETNSA_FD, static_cast<std::uint32_t>(ns.get()));
  if (target) request.attribute(NETNSA_TARGET_NSID, target->value);
  std::optional<Nsid> nsid;
  netlink::get(route, std::move(request), [&](const netlink::Message& message) {
    const auto value = message.attributes(sizeof(rtgenmsg)).find(NETNSA_NSID);
    const auto number = value ? value->s32() : std::nullopt;
    if (number && *number >= 0) nsid = Nsid(*number);
  });
  return nsid;
}

}  // namespace nsmap::collect
