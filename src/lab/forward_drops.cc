#include "lab/forward_drops.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace nsmap::lab {
namespace {

struct FamilyName {
  std::uint8_t family;
  const char* name;
};

constexpr FamilyName kFamilies[] = {
    {NFPROTO_INET, "inet"}, {NFPROTO_IPV4, "ip"}, {NFPROTO_IPV6, "ip6"}};

const char* family_name(const netlink::Message& message) {
  const auto header = message.family_header<nfgenmsg>();
  for (const FamilyName& known : kFamilies)
    if (header && header->nfgen_family == known.family) return known.name;
  return nullptr;
}

bool drops_forwarded(const netlink::Attributes& chain) {
  const auto hook = chain.find(NFTA_CHAIN_HOOK);
  const auto policy = chain.find(NFTA_CHAIN_POLICY);
  if (!hook || !policy || policy->be32() != NF_DROP) return false;
  const auto number = hook->nested().find(NFTA_HOOK_HOOKNUM);
  return number && number->be32() == NF_INET_FORWARD;
}

}  // namespace

std::optional<netlink::Failure> list_forward_drops(netlink::Transport& netfilter,
                                                   std::vector<std::string>& found) {
  const nfgenmsg header{NFPROTO_UNSPEC, NFNETLINK_V0, 0};
  const netlink::Request asked(
      static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN), 0, header);
  const auto visit = [&](const netlink::Message& message) {
    const char* const family = family_name(message);
    const auto chain = message.attributes(sizeof(nfgenmsg));
    const auto table = chain.find(NFTA_CHAIN_TABLE);
    const auto name = chain.find(NFTA_CHAIN_NAME);
    if (family && table && name && drops_forwarded(chain))
      found.push_back(fmt::format("{} {} {}", family, table->text(), name->text()));
  };
  return netlink::dump(netfilter, asked, visit, [&] { found.clear(); });
}

}  // namespace nsmap::lab
