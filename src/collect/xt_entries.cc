#include "collect/xt_entries.h"

#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "collect/xt_decoding.h"
#include "collect/xt_own_part.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;

struct BuiltinHook {
  const char* chain;
  Hook hook;
};
constexpr BuiltinHook kInetHooks[] = {{"PREROUTING", Hook::prerouting},
                                      {"INPUT", Hook::input},
                                      {"FORWARD", Hook::forward},
                                      {"OUTPUT", Hook::output},
                                      {"POSTROUTING", Hook::postrouting}};
constexpr BuiltinHook kArpHooks[] = {
    {"INPUT", Hook::input}, {"OUTPUT", Hook::output}, {"FORWARD", Hook::forward}};

std::span<const BuiltinHook> builtin_hooks(Family family) {
  if (family == Family::arp) return kArpHooks;
  return kInetHooks;
}

// enum nf_ip_hook_priorities.
std::optional<std::int32_t> priority_of(std::string_view table, Hook hook) {
  if (table == "nat") return hook == Hook::prerouting || hook == Hook::output ? -100 : 100;
  static constexpr std::pair<std::string_view, std::int32_t> kPriorities[] = {
      {"raw", -300}, {"mangle", -150}, {"filter", 0}, {"security", 50}};
  for (const auto& [name, priority] : kPriorities)
    if (name == table) return priority;
  return std::nullopt;
}

std::string type_of(std::string_view table, Hook hook) {
  if (table == "nat") return "nat";
  return table == "mangle" && hook == Hook::output ? "route" : "filter";
}

// Where a chain begins.
struct Head {
  std::uint32_t offset = 0;
  std::string_view name;
  const BuiltinHook* hook = nullptr;  // of a built-in one
  std::uint32_t underflow = 0;        // the same: where its policy is
};

// What stands before a match's or a target's own structure (xt_entry_match, xt_entry_target).
struct Header {
  std::uint16_t size = 0;  // with the header
  char name[XT_EXTENSION_MAXNAMELEN]{};
  std::uint8_t revision = 0;

  std::string_view text() const { return {name, strnlen(name, sizeof name)}; }
};
static_assert(sizeof(Header) == sizeof(xt_entry_match) &&
              sizeof(Header) == sizeof(xt_entry_target));

// What all families' entries have.
struct Entry {
  std::uint32_t offset = 0;
  std::uint32_t next = 0;  // offset
  Bytes matches;           // each a Header and its structure
  Header target;
  Bytes target_info;
  xt_counters counters{};

  // Of the standard target (xt_standard_target).
  std::optional<std::int32_t> standard_verdict() const {
    if (target.name[0] != '\0') return std::nullopt;
    return read_at<std::int32_t>(target_info);
  }
};

// A family's entry and what it begins with.
template <typename OwnPart>
struct EntryOf;
template <>
struct EntryOf<ipt_ip> {
  using Type = ipt_entry;
};
template <>
struct EntryOf<ip6t_ip6> {
  using Type = ip6t_entry;
};
template <>
struct EntryOf<arpt_arp> {
  using Type = arpt_entry;
};

// Walks over the entries of a family.
template <typename OwnPart>
class Entries {
 public:
  Entries(const XtBlob& blob, IpsetNames* ipsets, Table& table)
      : blob_(blob), ipsets_(ipsets), table_(table) {}

  bool decode() {
    add_builtin_heads();
    const bool good = add_user_heads();
    std::ranges::stable_sort(heads_, {}, &Head::offset);
    add_chains();
    decode_rules();
    return good;
  }

 private:
  static constexpr std::string_view kError = XT_ERROR_TARGET;
  using Own = typename EntryOf<OwnPart>::Type;

  std::optional<Entry> entry_at(std::uint32_t offset) const {
    if (offset >= blob_.entries.size()) return std::nullopt;
    const Bytes rest = blob_.entries.subspan(offset);
    if (rest.size() < sizeof(Own)) return std::nullopt;
    const std::size_t target = *read_at<std::uint16_t>(rest, offsetof(Own, target_offset));
    const std::size_t next = *read_at<std::uint16_t>(rest, offsetof(Own, next_offset));
    if (target < sizeof(Own) || next < target + sizeof(Header) || next > rest.size())
      return std::nullopt;
    Entry entry{offset,
                offset + static_cast<std::uint32_t>(next),
                rest.subspan(sizeof(Own), target - sizeof(Own)),
                *read_at<Header>(rest, target),
                {},
                *read_at<xt_counters>(rest, offsetof(Own, counters))};
    if (entry.target.size < sizeof(Header) || entry.target.size > next - target)
      return std::nullopt;
    entry.target_info = rest.subspan(target, entry.target.size).subspan(sizeof(Header));
    return entry;
  }

  void add_builtin_heads() {
    const auto hooks = builtin_hooks(blob_.family);
    for (std::size_t i = 0; i < hooks.size() && i < blob_.entry.size(); ++i) {
      if (!(blob_.valid_hooks >> i & 1)) continue;
      heads_.push_back({blob_.entry[i], hooks[i].chain, &hooks[i], blob_.underflow[i]});
    }
  }

  // The last ERROR ends the table, and is no chain's.
  bool add_user_heads() {
    std::uint32_t offset = 0;
    while (offset < blob_.entries.size()) {
      const auto entry = entry_at(offset);
      if (!entry) return false;
      offset = entry->next;
      const bool is_last = offset == blob_.entries.size();
      if (entry->target.text() != kError || is_last) continue;
      const auto* const name = reinterpret_cast<const char*>(entry->target_info.data());
      heads_.push_back({offset, {name, strnlen(name, entry->target_info.size())}});
    }
    return true;
  }

  // One for each head, in their order.
  void add_chains() {
    table_.chains.reserve(heads_.size());
    for (const Head& head : heads_) {
      Chain& chain = table_.chains.emplace_back();
      chain.name = clean_text(head.name);
      if (head.hook == nullptr) continue;
      chain.hook = head.hook->hook;
      chain.priority = priority_of(table_.name, head.hook->hook);
      chain.type = type_of(table_.name, head.hook->hook);
    }
  }

  void decode_rules() {
    for (std::size_t at = 0; at < heads_.size(); ++at)
      if (heads_[at].hook != nullptr)
        decode_builtin(heads_[at], table_.chains[at]);
      else
        decode_user(heads_[at], table_.chains[at]);
  }

  // Up to the entry with the policy.
  void decode_builtin(const Head& head, Chain& chain) {
    auto entry = entry_at(head.offset);
    for (; entry && entry->offset < head.underflow; entry = entry_at(entry->next))
      add_rule(*entry, chain);
    if (!entry || entry->offset != head.underflow) return;
    chain.policy_counter = Counter{entry->counters.pcnt, entry->counters.bcnt};
    const auto verdict = entry->standard_verdict();
    if (verdict == -NF_ACCEPT - 1) chain.policy = Verdict{Verdict::Kind::accept, {}};
    if (verdict == -NF_DROP - 1) chain.policy = Verdict{Verdict::Kind::drop, {}};
  }

  // Up to the next one's name or the end; before that stands the RETURN that each has.
  void decode_user(const Head& head, Chain& chain) {
    std::optional<Entry> held;
    for (auto entry = entry_at(head.offset); entry && entry->target.text() != kError;
         entry = entry_at(entry->next)) {
      if (held) add_rule(*held, chain);
      held = entry;
    }
    if (held && held->standard_verdict() != XT_RETURN) add_rule(*held, chain);
  }

  void add_rule(const Entry& entry, Chain& chain) {
    scratch_.statements.clear();
    scratch_.comment.clear();
    const auto own = *read_at<OwnPart>(blob_.entries, entry.offset);
    own_part(own, scratch_.statements);
    add_matches(entry.matches);
    scratch_.statements.push_back({{}, Counter{entry.counters.pcnt, entry.counters.bcnt}});
    add_target(entry, is_goto(own));
    const auto position = static_cast<std::uint32_t>(chain.rules.size());
    Rule& rule = chain.rules.emplace_back();
    rule.position = position;
    rule.comment = scratch_.comment;
    rule.statements.assign(std::make_move_iterator(scratch_.statements.begin()),
                           std::make_move_iterator(scratch_.statements.end()));
  }

  // One that does not fit is Opaque with all that is left.
  void add_matches(Bytes matches) {
    while (!matches.empty()) {
      const auto header = read_at<Header>(matches);
      if (!header || header->size < sizeof(Header) || header->size > matches.size())
        return extension("malformed", false, 0, matches);
      extension(header->text(), false, header->revision,
                matches.first(header->size).subspan(sizeof(Header)));
      matches = matches.subspan(header->size);
    }
  }

  void extension(std::string_view name, bool target, std::uint8_t revision, Bytes info) {
    decode_xt({name, target, revision, info, blob_.family, ipsets_}, scratch_);
  }

  // A jump to the next entry is none: the entry has no target.
  void add_target(const Entry& entry, bool goes) {
    const auto verdict = entry.standard_verdict();
    if (!verdict || *verdict < 0)
      return extension(entry.target.text(), true, entry.target.revision, entry.target_info);
    const auto to = static_cast<std::uint32_t>(*verdict);
    if (to == entry.next && !goes) return;
    const auto head = std::ranges::lower_bound(heads_, to, {}, &Head::offset);
    if (head == heads_.end() || head->offset != to)
      return extension("jump", true, 0, entry.target_info);
    const auto kind = goes ? Verdict::Kind::goto_ : Verdict::Kind::jump;
    const auto at = static_cast<std::size_t>(head - heads_.begin());
    scratch_.statements.push_back({{}, Verdict{kind, table_.chains[at].name}});
  }

  const XtBlob& blob_;
  IpsetNames* ipsets_;
  Table& table_;
  std::vector<Head> heads_;
  Rule scratch_;
};

}  // namespace

bool decode_entries(const XtBlob& blob, IpsetNames* ipsets, Table& table) {
  switch (blob.family) {
    case Family::ip:
      return Entries<ipt_ip>(blob, ipsets, table).decode();
    case Family::ip6:
      return Entries<ip6t_ip6>(blob, ipsets, table).decode();
    case Family::arp:
      return Entries<arpt_arp>(blob, ipsets, table).decode();
    case Family::inet:
    case Family::bridge:
    case Family::netdev:
      break;
  }
  return false;
}

}  // namespace nsmap::collect
