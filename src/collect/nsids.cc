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

}  // namespace nsmap::collect
