#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_bridge.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/nft_tables.h"

// What the kernel calls at a hook, in its order, over NFNL_SUBSYS_HOOK. It settles which of two
// chains of one priority comes first, so it is asked just about hooks where there are such. Chains
// of nat stand in no such list: one function of nf_nat is called for all of them.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::string_view kSource = "hooks";
constexpr std::uint16_t kType = NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET;

// A list of the kernel's.
struct Place {
  Family family = Family::ip;
  Hook hook = Hook::prerouting;
  std::string device = {};
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Number {
  Family family;
  Hook hook;
  std::uint32_t number;
};
constexpr Number kNumbers[] = {
    {Family::ip, Hook::prerouting, NF_INET_PRE_ROUTING},
    {Family::ip, Hook::input, NF_INET_LOCAL_IN},
    {Family::ip, Hook::forward, NF_INET_FORWARD},
    {Family::ip, Hook::output, NF_INET_LOCAL_OUT},
    {Family::ip, Hook::postrouting, NF_INET_POST_ROUTING},
    {Family::ip6, Hook::prerouting, NF_INET_PRE_ROUTING},
    {Family::ip6, Hook::input, NF_INET_LOCAL_IN},
    {Family::ip6, Hook::forward, NF_INET_FORWARD},
    {Family::ip6, Hook::output, NF_INET_LOCAL_OUT},
    {Family::ip6, Hook::postrouting, NF_INET_POST_ROUTING},
    {Family::arp, Hook::input, NF_ARP_IN},
    {Family::arp, Hook::output, NF_ARP_OUT},
    {Family::bridge, Hook::prerouting, NF_BR_PRE_ROUTING},
    {Family::bridge, Hook::input, NF_BR_LOCAL_IN},
    {Family::bridge, Hook::forward, NF_BR_FORWARD},
    {Family::bridge, Hook::output, NF_BR_LOCAL_OUT},
    {Family::bridge, Hook::postrouting, NF_BR_POST_ROUTING},
    {Family::netdev, Hook::ingress, NF_NETDEV_INGRESS},
    {Family::netdev, Hook::egress, NF_NETDEV_EGRESS},
};

std::optional<std::uint32_t> number_of(const Place& place) {
  for (const Number& known : kNumbers)
    if (known.family == place.family && known.hook == place.hook) return known.number;
  return std::nullopt;
}

// Where the kernel has put a chain: one of inet at two places, one of devices at each.
std::vector<Place> places_of(const Table& table, const Chain& chain) {
  if (*chain.hook == Hook::ingress || *chain.hook == Hook::egress) {
    std::vector<Place> places;
    for (const std::string& device : chain.devices)
      places.push_back({Family::netdev, *chain.hook, device});
    return places;
  }
  if (table.family == Family::inet) return {{Family::ip, *chain.hook}, {Family::ip6, *chain.hook}};
  return {{table.family, *chain.hook}};
}

// The lists in which chains have one priority.
std::set<Place> places_in_question(const Firewall& firewall) {
  std::set<std::pair<Place, std::int32_t>> taken;
  std::set<Place> found;
  for (const Table& table : firewall.tables)
    for (const Chain& chain : table.chains) {
      if (!chain.hook || table.dormant || chain.type == "nat") continue;
      for (const Place& place : places_of(table, chain))
        if (!taken.emplace(place, chain.priority.value_or(0)).second) found.insert(place);
    }
  return found;
}

bool priority(HookEntry& entry, const netlink::Attribute& attribute) {
  const auto found = attribute.be32();
  if (found) entry.priority = static_cast<std::int32_t>(*found);
  return found.has_value();
}

bool table_family(HookEntry& entry, const netlink::Attribute& attribute) {
  const auto found = attribute.u8();
  if (found) entry.table_family = nft_family(*found);
  return found.has_value();
}

bool description(HookEntry& entry, const netlink::Attribute& attribute) {
  static constexpr Fields<HookEntry, NFNLA_CHAIN_MAX> kChain({
      {NFNLA_CHAIN_TABLE, text<&HookEntry::table>},
      {NFNLA_CHAIN_FAMILY, table_family},
      {NFNLA_CHAIN_NAME, text<&HookEntry::chain>},
  });
  return kChain.read(attribute.nested(), entry);
}

// Programs of BPF and flowtables are described too, otherwise.
bool chain_info(HookEntry& entry, const netlink::Attribute& attribute) {
  const auto type = attribute.nested().find(NFNLA_HOOK_INFO_TYPE);
  if (!type || type->be32() != NFNL_HOOK_TYPE_NFTABLES) return true;
  static constexpr Fields<HookEntry, NFNLA_HOOK_INFO_MAX> kInfo({
      {NFNLA_HOOK_INFO_DESC, description},
  });
  return kInfo.read(attribute.nested(), entry);
}

constexpr Fields<HookEntry, NFNLA_HOOK_MAX> kFields({
    {NFNLA_HOOK_PRIORITY, priority},
    {NFNLA_HOOK_FUNCTION_NAME, text<&HookEntry::function>},
    {NFNLA_HOOK_MODULE_NAME, text<&HookEntry::module>},
    {NFNLA_HOOK_CHAIN_INFO, chain_info},
});

// False: nothing was told.
bool read_place(Reading& reading, const Place& place, std::vector<HookEntry>& entries) {
  const auto number = number_of(place);
  if (!number) return true;
  netlink::Request request(kType, 0, nfgenmsg{nft_family_number(place.family), NFNETLINK_V0, 0});
  netlink::AttributeList what;
  what.be(NFNLA_HOOK_HOOKNUM, *number);
  if (!place.device.empty()) what.text(NFNLA_HOOK_DEV, place.device);
  request.attributes(what);
  // Older kernels and some builds have no such thing; a device may be gone.
  const std::size_t found = dump_into(
      reading, reading.netfilter, kSource, std::move(request), entries,
      [&](const netlink::Message& message) -> std::optional<HookEntry> {
        if (message.type() != kType) return std::nullopt;
        HookEntry entry{.family = place.family, .hook = place.hook, .device = place.device};
        if (!kFields.read(message.attributes(sizeof(nfgenmsg)), entry))
          return malformed(reading, kSource);
        return entry;
      },
      {EOPNOTSUPP, EINVAL, EPROTONOSUPPORT, ENODEV});
  return found != 0;
}

}  // namespace

std::size_t collect_hooks(Reading& reading) {
  if (!reading.abilities.hooks || reading.ns.firewall->tables.empty()) return 0;
  std::vector<HookEntry> entries;
  for (const Place& place : places_in_question(*reading.ns.firewall))
    if (!read_place(reading, place, entries)) break;
  const std::size_t found = entries.size();
  if (found != 0) reading.ns.firewall.edit().hooks = std::move(entries);
  return found;
}

}  // namespace nsmap::collect
