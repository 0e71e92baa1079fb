#include "lab/masquerade.h"

#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>

#include "netlink/batch.h"

// Each change is thought out from a dump and holds only for the generation of the ruleset that the
// dump was of, so that two that run at once cannot take away the table under each other's rules.

namespace nsmap::lab {
namespace {

using netlink::AttributeList;
using netlink::Failure;
using netlink::Message;
using netlink::Request;
using netlink::Transport;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

constexpr std::string_view kTable = "nsmap";
constexpr std::string_view kChain = "postrouting";
constexpr int kAttempts = 30;

// Before the next attempt: the longer, the more there were, so that of many who change the ruleset
// at once one after the other comes through.
void pause(int attempt) { std::this_thread::sleep_for(std::chrono::milliseconds(attempt)); }

Request request(uint16_t message, uint16_t flags, const AttributeList& list = {}) {
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_INET;
  header.version = NFNETLINK_V0;
  return Request(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message), flags, header)
      .attributes(list);
}

// --- the rule's comment
// ---------------------------------------------------------------------------

// What nft keeps a comment under in a rule's user data: type, length, text with its NUL (libnftnl
// udata.h NFTNL_UDATA_RULE_COMMENT).
constexpr uint8_t kUdataComment = 0;

constexpr std::string_view kVia = " via ";  // an interface's name has no blanks

std::string comment_of(const Masquerade& rule) {
  std::string comment = rule.owner + " " + rule.source.text();
  if (!rule.via.empty()) comment.append(kVia).append(rule.via);
  return comment;
}

std::vector<std::byte> user_data(const std::string& comment) {
  std::vector<std::byte> data{std::byte{kUdataComment}, static_cast<std::byte>(comment.size() + 1)};
  for (const char character : comment) data.push_back(static_cast<std::byte>(character));
  data.push_back(std::byte{0});
  return data;
}

std::string comment_in(Bytes data) {
  while (data.size() >= 2) {
    const auto type = std::to_integer<uint8_t>(data[0]);
    const std::size_t size = std::to_integer<std::size_t>(data[1]);
    if (size > data.size() - 2) return {};
    const Bytes value = data.subspan(2, size);
    if (type == kUdataComment) return std::string(netlink::Attribute(0, value).text());
    data = data.subspan(2 + size);
  }
  return {};
}

std::optional<Masquerade> told_by(std::string_view comment) {
  std::string via;
  auto space = comment.rfind(' ');
  if (const auto at = comment.rfind(kVia); at != comment.npos && at + kVia.size() == space + 1) {
    via = comment.substr(space + 1);
    comment = comment.substr(0, at);
    space = comment.rfind(' ');
  }
  if (space == comment.npos) return std::nullopt;
  const auto source = Prefix::parse(comment.substr(space + 1));
  if (!source) return std::nullopt;
  return Masquerade{std::string(comment.substr(0, space)), *source, std::move(via)};
}

// --- the rule's expressions
// -----------------------------------------------------------------------

AttributeList expression(std::string_view name, const AttributeList& data) {
  return AttributeList().text(NFTA_EXPR_NAME, name).nest(NFTA_EXPR_DATA, data);
}

AttributeList value(Bytes bytes) { return AttributeList().add(NFTA_DATA_VALUE, bytes); }

AttributeList load_meta(nft_meta_keys key) {
  return expression(
      "meta",
      AttributeList().be(NFTA_META_KEY, uint32_t{key}).be(NFTA_META_DREG, uint32_t{NFT_REG_1}));
}

AttributeList equals(Bytes bytes) {
  return expression("cmp", AttributeList()
                               .be(NFTA_CMP_SREG, uint32_t{NFT_REG_1})
                               .be(NFTA_CMP_OP, uint32_t{NFT_CMP_EQ})
                               .nest(NFTA_CMP_DATA, value(bytes)));
}

// Where the source stands in a header: struct iphdr, struct ipv6hdr.
AttributeList load_source(const IpAddress& address) {
  return expression("payload",
                    AttributeList()
                        .be(NFTA_PAYLOAD_DREG, uint32_t{NFT_REG_1})
                        .be(NFTA_PAYLOAD_BASE, uint32_t{NFT_PAYLOAD_NETWORK_HEADER})
                        .be(NFTA_PAYLOAD_OFFSET, uint32_t{address.is_v6() ? 8u : 12u})
                        .be(NFTA_PAYLOAD_LEN, static_cast<uint32_t>(address.bytes().size())));
}

using Buffer = std::vector<std::byte>;

Buffer mask_of(const Prefix& prefix) {
  Buffer mask(prefix.address.bytes().size());
  for (int bit = 0; bit < prefix.length; ++bit)
    mask[static_cast<std::size_t>(bit / 8)] |= static_cast<std::byte>(0x80 >> bit % 8);
  return mask;
}

AttributeList keep_bits(const Buffer& mask) {
  const Buffer zero(mask.size());
  return expression("bitwise", AttributeList()
                                   .be(NFTA_BITWISE_SREG, uint32_t{NFT_REG_1})
                                   .be(NFTA_BITWISE_DREG, uint32_t{NFT_REG_1})
                                   .be(NFTA_BITWISE_LEN, static_cast<uint32_t>(mask.size()))
                                   .nest(NFTA_BITWISE_MASK, value(mask))
                                   .nest(NFTA_BITWISE_XOR, value(zero)));
}

// As the register has it: filled up with NULs (net/netfilter/nft_meta.c nft_meta_store_ifname).
Buffer interface_name(const std::string& name) {
  const Bytes bytes = std::as_bytes(std::span(name));
  Buffer padded(bytes.begin(), bytes.end());
  padded.resize(IFNAMSIZ);
  return padded;
}

AttributeList expressions(const Masquerade& rule) {
  const Prefix& source = rule.source;
  const Buffer mask = mask_of(source);
  Buffer wanted(source.address.bytes().begin(), source.address.bytes().end());
  std::transform(wanted.begin(), wanted.end(), mask.begin(), wanted.begin(),
                 [](std::byte a, std::byte b) { return a & b; });
  const auto protocol = std::byte{source.address.is_v6() ? NFPROTO_IPV6 : NFPROTO_IPV4};
  AttributeList list;
  list.nest(NFTA_LIST_ELEM, load_meta(NFT_META_NFPROTO));
  list.nest(NFTA_LIST_ELEM, equals(Bytes(&protocol, 1)));
  list.nest(NFTA_LIST_ELEM, load_source(source.address));
  list.nest(NFTA_LIST_ELEM, keep_bits(mask));
  list.nest(NFTA_LIST_ELEM, equals(wanted));
  if (!rule.via.empty()) {
    list.nest(NFTA_LIST_ELEM, load_meta(NFT_META_OIFNAME));
    list.nest(NFTA_LIST_ELEM, equals(interface_name(rule.via)));
  }
  return list.nest(NFTA_LIST_ELEM, expression("masq", {}));
}

// --- what is changed
// ------------------------------------------------------------------------------

Request new_table() {
  return request(NFT_MSG_NEWTABLE, NLM_F_CREATE, AttributeList().text(NFTA_TABLE_NAME, kTable));
}

Request new_chain() {
  AttributeList hook;
  hook.be(NFTA_HOOK_HOOKNUM, uint32_t{NF_INET_POST_ROUTING});
  hook.be(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(NF_IP_PRI_NAT_SRC));
  return request(NFT_MSG_NEWCHAIN, NLM_F_CREATE,
                 AttributeList()
                     .text(NFTA_CHAIN_TABLE, kTable)
                     .text(NFTA_CHAIN_NAME, kChain)
                     .text(NFTA_CHAIN_TYPE, "nat")
                     .nest(NFTA_CHAIN_HOOK, hook));
}

AttributeList in_chain() {
  return AttributeList().text(NFTA_RULE_TABLE, kTable).text(NFTA_RULE_CHAIN, kChain);
}

Request new_rule(const Masquerade& rule) {
  AttributeList list = in_chain();
  list.nest(NFTA_RULE_EXPRESSIONS, expressions(rule));
  list.add(NFTA_RULE_USERDATA, Bytes(user_data(comment_of(rule))));
  return request(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, list);
}

Request delete_rule(uint64_t handle) {
  return request(NFT_MSG_DELRULE, 0, in_chain().be(NFTA_RULE_HANDLE, handle));
}

Request delete_table() {
  return request(NFT_MSG_DELTABLE, 0, AttributeList().text(NFTA_TABLE_NAME, kTable));
}

// --- what is there
// --------------------------------------------------------------------------------

struct Rule {
  uint64_t handle = 0;
  std::string comment;
};

struct Ruleset {
  uint32_t generation = 0;
  std::vector<Rule> rules;  // of our chain
  bool others = false;      // the table has further chains with rules, which are somebody else's
};

std::optional<Failure> read_generation(Transport& netfilter, Ruleset& ruleset) {
  nfgenmsg header{};
  Request asked(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN), 0, header);
  return netlink::get(netfilter, asked, [&](const Message& message) {
    const auto id = message.attributes(sizeof(nfgenmsg)).find(NFTA_GEN_ID);
    ruleset.generation = id ? id->be32().value_or(0) : 0;
  });
}

bool is_text(const netlink::Attributes& attributes, uint16_t type, std::string_view text) {
  const auto found = attributes.find(type);
  return found && found->text() == text;
}

std::optional<Failure> read_rules(Transport& netfilter, Ruleset& ruleset) {
  const auto visit = [&](const Message& message) {
    const auto attributes = message.attributes(sizeof(nfgenmsg));
    if (!is_text(attributes, NFTA_RULE_TABLE, kTable)) return;
    if (!is_text(attributes, NFTA_RULE_CHAIN, kChain)) {
      ruleset.others = true;
      return;
    }
    const auto handle = attributes.find(NFTA_RULE_HANDLE);
    const auto data = attributes.find(NFTA_RULE_USERDATA);
    ruleset.rules.push_back({handle ? from_be(handle->u64().value_or(0)) : 0,
                             data ? comment_in(data->payload()) : std::string()});
  };
  return netlink::dump(netfilter,
                       request(NFT_MSG_GETRULE, 0, AttributeList().text(NFTA_RULE_TABLE, kTable)),
                       visit, [&] {
                         ruleset = {ruleset.generation, {}, false};
                       });
}

// ENOENT: there is no such table. A dump is torn by any change to any table.
std::optional<Failure> read(Transport& netfilter, Ruleset& ruleset) {
  for (int attempt = 1;; ++attempt) {
    ruleset = {};
    if (auto failed = read_generation(netfilter, ruleset)) return failed;
    auto failed = read_rules(netfilter, ruleset);
    if (!failed || failed->error == ENOENT) return std::nullopt;
    if (failed->what != Failure::What::interrupted || attempt == kAttempts) return failed;
    pause(attempt);
  }
}

// Makes the changes that `plan` gives for the ruleset as it is; none: it is as it should be.
template <typename Plan>
std::optional<Failure> change(Transport& netfilter, Plan plan) {
  for (int attempt = 1;; ++attempt) {
    Ruleset ruleset;
    if (auto failed = read(netfilter, ruleset)) return failed;
    std::vector<Request> requests = plan(ruleset);
    auto failed = netlink::change_ruleset(netfilter, requests, ruleset.generation);
    if (!failed) return std::nullopt;
    if (failed->failure.error != ERESTART || attempt == kAttempts) return failed->failure;
    pause(attempt);
  }
}

}  // namespace

std::optional<Failure> add_masquerade(Transport& netfilter, const Masquerade& wanted) {
  return change(netfilter, [&](const Ruleset& ruleset) -> std::vector<Request> {
    const bool there =
        std::any_of(ruleset.rules.begin(), ruleset.rules.end(),
                    [&](const Rule& rule) { return rule.comment == comment_of(wanted); });
    if (there) return {};
    return {new_table(), new_chain(), new_rule(wanted)};
  });
}

std::optional<Failure> remove_masquerade(Transport& netfilter, const Masquerade& unwanted) {
  return change(netfilter, [&](const Ruleset& ruleset) {
    std::vector<Request> requests;
    for (const Rule& rule : ruleset.rules)
      if (rule.comment == comment_of(unwanted)) requests.push_back(delete_rule(rule.handle));
    if (!requests.empty() && requests.size() == ruleset.rules.size() && !ruleset.others)
      requests.push_back(delete_table());
    return requests;
  });
}

std::optional<Failure> list_masquerades(Transport& netfilter, std::vector<Masquerade>& found) {
  Ruleset ruleset;
  if (auto failed = read(netfilter, ruleset)) return failed;
  for (const Rule& rule : ruleset.rules)
    if (auto told = told_by(rule.comment)) found.push_back(std::move(*told));
  return std::nullopt;
}

}  // namespace nsmap::lab
