#include "collect/nft_tables.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "collect/nft_rule.h"
#include "collect/nft_userdata.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;

struct FamilyNumber {
  std::uint8_t number;
  Family family;
};
constexpr FamilyNumber kFamilies[] = {
    {NFPROTO_IPV4, Family::ip}, {NFPROTO_IPV6, Family::ip6},      {NFPROTO_INET, Family::inet},
    {NFPROTO_ARP, Family::arp}, {NFPROTO_BRIDGE, Family::bridge}, {NFPROTO_NETDEV, Family::netdev},
};

// Hooks are counted for each family by itself (linux/netfilter.h, netfilter_arp.h).
std::optional<Hook> hook_of(Family family, std::uint32_t number) {
  static constexpr Hook kInet[] = {Hook::prerouting, Hook::input,       Hook::forward,
                                   Hook::output,     Hook::postrouting, Hook::ingress};
  static constexpr Hook kArp[] = {Hook::input, Hook::output, Hook::forward};
  static constexpr Hook kNetdev[] = {Hook::ingress, Hook::egress};
  const auto at = [number](std::span<const Hook> hooks) {
    return number < hooks.size() ? std::optional(hooks[number]) : std::nullopt;
  };
  switch (family) {
    case Family::ip:
    case Family::ip6:
    case Family::inet:
    case Family::bridge:
      return at(kInet);
    case Family::arp:
      return at(kArp);
    case Family::netdev:
      return at(kNetdev);
  }
  return std::nullopt;
}

std::vector<std::string> devices_of(const NftAttributes& hook, std::size_t one,
                                    std::size_t several) {
  std::vector<std::string> devices;
  for (const netlink::Attribute device : hook.nested(several))
    devices.push_back(clean_text(device.text()));
  if (devices.empty() && hook.has(one)) devices.push_back(hook.text(one));
  return devices;
}

std::optional<Counter> counter_of(const NftAttributes& attributes) {
  const auto packets = attributes.u64(NFTA_COUNTER_PACKETS);
  const auto bytes = attributes.u64(NFTA_COUNTER_BYTES);
  if (!packets || !bytes) return std::nullopt;
  return Counter{*packets, *bytes};
}

void read_hook(const NftAttributes& hook, Chain& chain, Family family) {
  chain.hook = hook_of(family, hook.u32(NFTA_HOOK_HOOKNUM).value_or(UINT32_MAX));
  chain.priority = static_cast<std::int32_t>(hook.u32(NFTA_HOOK_PRIORITY).value_or(0));
  chain.devices = devices_of(hook, NFTA_HOOK_DEV, NFTA_HOOK_DEVS);
}

std::string l3_name(std::uint16_t number) {
  const auto found = std::ranges::find(kFamilies, number, &FamilyNumber::number);
  if (found == std::end(kFamilies)) return std::to_string(number);
  return boost::describe::enum_to_string(found->family, "");
}

}  // namespace

std::optional<Family> nft_family(std::uint8_t number) {
  const auto found = std::ranges::find(kFamilies, number, &FamilyNumber::number);
  return found != std::end(kFamilies) ? std::optional(found->family) : std::nullopt;
}

std::uint8_t nft_family_number(Family family) {
  return std::ranges::find(kFamilies, family, &FamilyNumber::family)->number;
}

Table read_table(const NftAttributes& attributes, Family family) {
  constexpr std::uint32_t kPersist = 4;  // NFT_TABLE_F_PERSIST, Linux 6.9 on
  const std::uint32_t flags = attributes.u32(NFTA_TABLE_FLAGS).value_or(0);
  Table table;
  table.family = family;
  table.name = attributes.text(NFTA_TABLE_NAME);
  table.handle = attributes.u64(NFTA_TABLE_HANDLE);
  table.dormant = (flags & NFT_TABLE_F_DORMANT) != 0;
  table.persist = (flags & kPersist) != 0;
  table.owner = attributes.u32(NFTA_TABLE_OWNER);
  table.comment = note_text(attributes.bytes(NFTA_TABLE_USERDATA), NftNote::comment);
  return table;
}

Chain read_chain(const NftAttributes& attributes, Family family) {
  const std::uint32_t flags = attributes.u32(NFTA_CHAIN_FLAGS).value_or(0);
  Chain chain;
  chain.name = attributes.text(NFTA_CHAIN_NAME);
  chain.handle = attributes.u64(NFTA_CHAIN_HANDLE);
  chain.binding = (flags & NFT_CHAIN_BINDING) != 0;
  chain.hardware_offload = (flags & NFT_CHAIN_HW_OFFLOAD) != 0;
  chain.comment = note_text(attributes.bytes(NFTA_CHAIN_USERDATA), NftNote::comment);
  if (!attributes.has(NFTA_CHAIN_HOOK)) return chain;
  read_hook(NftAttributes(attributes.nested(NFTA_CHAIN_HOOK)), chain, family);
  chain.type = attributes.text(NFTA_CHAIN_TYPE);
  chain.policy = Verdict{
      attributes.u32(NFTA_CHAIN_POLICY) == NF_DROP ? Verdict::Kind::drop : Verdict::Kind::accept,
      {}};
  chain.policy_counter = counter_of(NftAttributes(attributes.nested(NFTA_CHAIN_COUNTERS)));
  return chain;
}

namespace {

// Stateful objects that are the same as an expression of a rule, and are described like it.
const char* expression_of(std::uint32_t type) {
  switch (type) {
    case NFT_OBJECT_COUNTER:
      return "counter";
    case NFT_OBJECT_QUOTA:
      return "quota";
    case NFT_OBJECT_LIMIT:
      return "limit";
    case NFT_OBJECT_CONNLIMIT:
      return "connlimit";
    case NFT_OBJECT_SYNPROXY:
      return "synproxy";
  }
  return nullptr;
}

void read_helper(const NftAttributes& data, Object& object) {
  object.helper = data.text(NFTA_CT_HELPER_NAME);
  object.protocol = data.u8(NFTA_CT_HELPER_L4PROTO);
  if (const auto l3 = data.u16(NFTA_CT_HELPER_L3PROTO)) object.l3_protocol = l3_name(*l3);
}

void read_expectation(const NftAttributes& data, Object& object) {
  object.protocol = data.u8(NFTA_CT_EXPECT_L4PROTO);
  if (const auto l3 = data.u16(NFTA_CT_EXPECT_L3PROTO)) object.l3_protocol = l3_name(*l3);
  // In the host's order, unlike all else (net/netfilter/nft_ct.c nft_ct_expect_obj_dump).
  const auto timeout = read_at<std::uint32_t>(data.bytes(NFTA_CT_EXPECT_TIMEOUT)).value_or(0);
  object.details =
      fmt::format("dport {}; timeout {}ms; size {};", data.u16(NFTA_CT_EXPECT_DPORT).value_or(0),
                  timeout, data.u8(NFTA_CT_EXPECT_SIZE).value_or(0));
}

// What nft(8) calls the states that have a timeout each, by number from 1
// (linux/netfilter/nfnetlink_cttimeout.h).
std::string timeout_state(std::optional<std::uint8_t> protocol, std::size_t number) {
  static constexpr const char* kTcp[] = {"syn_sent",   "syn_recv", "established", "fin_wait",
                                         "close_wait", "last_ack", "time_wait",   "close",
                                         "syn_sent2",  "retrans",  "unack"};
  static constexpr const char* kUdp[] = {"unreplied", "replied"};
  const std::span<const char* const> names = protocol == IPPROTO_TCP ? std::span(kTcp)
                                             : protocol == IPPROTO_UDP
                                                 ? std::span<const char* const>(kUdp)
                                                 : std::span<const char* const>();
  return number != 0 && number <= names.size() ? names[number - 1] : std::to_string(number);
}

void read_timeouts(const NftAttributes& data, Object& object) {
  object.protocol = data.u8(NFTA_CT_TIMEOUT_L4PROTO);
  if (const auto l3 = data.u16(NFTA_CT_TIMEOUT_L3PROTO)) object.l3_protocol = l3_name(*l3);
  std::string policy;
  for (const netlink::Attribute timeout : data.nested(NFTA_CT_TIMEOUT_DATA))
    if (const auto seconds = timeout.be32())
      policy += fmt::format("{}{} : {}", policy.empty() ? "" : ", ",
                            timeout_state(object.protocol, timeout.type()), *seconds);
  if (!policy.empty()) object.details = fmt::format("policy = {{ {} }}", policy);
}

}  // namespace

Object read_object(const NftAttributes& attributes, Family family) {
  const std::uint32_t type = attributes.u32(NFTA_OBJ_TYPE).value_or(0);
  const netlink::Attributes data = attributes.nested(NFTA_OBJ_DATA);
  Object object;
  object.kind = object_kind(type);
  object.name = attributes.text(NFTA_OBJ_NAME);
  object.handle = attributes.u64(NFTA_OBJ_HANDLE);
  object.comment = note_text(attributes.bytes(NFTA_OBJ_USERDATA), NftNote::comment);
  if (const char* const expression = expression_of(type))
    object.statements = decode_object(expression, data, family);
  if (type == NFT_OBJECT_CT_HELPER) read_helper(NftAttributes(data), object);
  if (type == NFT_OBJECT_CT_EXPECT) read_expectation(NftAttributes(data), object);
  if (type == NFT_OBJECT_CT_TIMEOUT) read_timeouts(NftAttributes(data), object);
  if (type == NFT_OBJECT_SECMARK) object.details = NftAttributes(data).text(NFTA_SECMARK_CTX);
  return object;
}

Flowtable read_flowtable(const NftAttributes& attributes) {
  const NftAttributes hook(attributes.nested(NFTA_FLOWTABLE_HOOK));
  const std::uint32_t flags = attributes.u32(NFTA_FLOWTABLE_FLAGS).value_or(0);
  Flowtable flowtable;
  flowtable.name = attributes.text(NFTA_FLOWTABLE_NAME);
  flowtable.handle = attributes.u64(NFTA_FLOWTABLE_HANDLE);
  if (const auto priority = hook.u32(NFTA_FLOWTABLE_HOOK_PRIORITY))
    flowtable.priority = static_cast<std::int32_t>(*priority);
  flowtable.devices = devices_of(hook, 0, NFTA_FLOWTABLE_HOOK_DEVS);
  flowtable.hardware_offload = (flags & NFT_FLOWTABLE_HW_OFFLOAD) != 0;
  flowtable.counter = (flags & NFT_FLOWTABLE_COUNTER) != 0;
  return flowtable;
}

}  // namespace nsmap::collect
