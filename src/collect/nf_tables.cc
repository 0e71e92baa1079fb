#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/ipset_names.h"
#include "collect/nft_rule.h"
#include "collect/nft_sets.h"
#include "collect/nft_tables.h"
#include "collect/nft_userdata.h"
#include "netlink/request.h"

// The ruleset of nf_tables is read by kinds: tables, chains, sets, rules, the elements of each set.
// One dump of all rules begins again at the first for every 32 KiB of answer, and so is quadratic
// (nf_tables_api.c __nf_tables_dump_rules): where there are many they are read chain by chain.
// Every message says in `res_id` which generation of the ruleset it is of; when they differ the
// ruleset has changed in between, and all is read again.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::string_view kSource = "nf_tables";
constexpr int kAttempts = 5;
constexpr std::size_t kMostRulesAtOnce = 1000;

constexpr std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

nfgenmsg header_of(std::uint8_t family) { return {family, NFNETLINK_V0, 0}; }

// What a dump gave, with what is needed to ask further; names are as the kernel has them.
struct FoundTable {
  std::string raw_name = {};
  std::uint32_t uses = 0;  // how many chains, sets, objects and flowtables it has
  Table table = {};
  std::vector<std::string> raw_sets = {};  // as table.sets
};
struct FoundChain {
  std::size_t table = 0;
  std::string raw_name = {};
  std::uint32_t uses = 0;  // by rules in it, or that jump to it
  Chain chain = {};
};
struct FoundSet {
  std::size_t table = 0;
  NftSet about = {};
  Set set = {};
};
template <typename Fact>
struct FoundIn {
  std::size_t place = 0;  // of the table, of a rule its chain
  Fact fact = {};
};

// What tells one fact of a dump from the others: what it is in, and its handle.
using Identity = std::pair<std::size_t, std::optional<std::uint64_t>>;
Identity identity(const FoundTable& found) { return {0, found.table.handle}; }
Identity identity(const FoundChain& found) { return {found.table, found.chain.handle}; }
Identity identity(const FoundSet& found) { return {found.table, found.set.handle}; }
template <typename Fact>
Identity identity(const FoundIn<Fact>& found) {
  return {found.place, found.fact.handle};
}

// Whether something was told twice. For each datagram of a dump the kernel begins again and counts
// off what it has told; where a change that is under way has put something before that, it tells
// the last of it again (nf_tables_api.c __nf_tables_dump_rules). The ruleset is of the same
// generation still, so nothing else shows it.
template <typename Fact>
bool repeats(const std::vector<Fact>& facts) {
  std::vector<Identity> told;
  told.reserve(facts.size());
  for (const Fact& fact : facts)
    if (const Identity its = identity(fact); its.second) told.push_back(its);
  if (!std::ranges::is_sorted(told)) std::ranges::sort(told);
  return std::ranges::adjacent_find(told) != told.end();
}
bool repeats(const std::vector<RawElement>&) { return false; }  // see read_elements

// One attempt at reading the whole ruleset.
class Ruleset {
 public:
  // The last attempt goes on where another would give up, and takes what there is.
  Ruleset(Reading& reading, bool is_last)
      : transport_(reading.netfilter), ipsets_(ipset_names(reading.kernel)), is_last_(is_last) {}

  // False: there is no ruleset to be had, or another by now.
  bool read() {
    if (!read_tables()) return false;
    if (tables_.empty()) return true;
    return read_chains() && read_sets() && read_rules() && read_elements() && read_rest() &&
           read_generation();
  }

  bool changed() const { return changed_; }
  const std::optional<netlink::Failure>& failure() const { return failure_; }
  bool malformed() const { return malformed_; }

  std::vector<Table> take() {
    std::vector<Table> tables;
    for (FoundTable& found : tables_) tables.push_back(std::move(found.table));
    return tables;
  }

 private:
  // Asks for all of one kind; `parse(attributes, family, facts)` appends what a message says.
  // False: refused, or of another ruleset than the rest.
  template <typename Fact, typename Parse>
  bool dump(int get, std::uint8_t family, const netlink::AttributeList& what,
            std::vector<Fact>& facts, Parse parse) {
    netlink::Request request(type_of(get), 0, header_of(family));
    request.attributes(what);
    failure_ = netlink::dump(
        transport_, std::move(request),
        [&](const netlink::Message& message) { read_message(message, facts, parse); },
        [&] {
          changed_ = true;
          facts.clear();
        });
    if (failure_ && failure_->what == netlink::Failure::What::interrupted) failure_.reset();
    changed_ = changed_ || repeats(facts);
    return !failure_ && (!changed_ || is_last_);
  }

  template <typename Fact, typename Parse>
  void read_message(const netlink::Message& message, std::vector<Fact>& facts, Parse parse) {
    const auto header = message.family_header<nfgenmsg>();
    const auto family = header ? nft_family(header->nfgen_family) : std::nullopt;
    const NftAttributes attributes(message.attributes(sizeof(nfgenmsg)));
    if (!header || !attributes.good()) malformed_ = true;
    if (!family || !attributes.good()) return;
    note_generation(from_be(header->res_id));
    parse(attributes, *family, facts);
  }

  void note_generation(std::uint16_t generation) {
    if (generation_ && *generation_ != generation) changed_ = true;
    generation_ = generation;
  }

  std::optional<std::size_t> table_of(const NftAttributes& attributes, Family family,
                                      std::size_t name) const {
    const auto found = places_.find({family, std::string(attributes.raw_text(name))});
    return found != places_.end() ? std::optional(found->second) : std::nullopt;
  }

  bool read_tables() {
    const bool read = dump(NFT_MSG_GETTABLE, NFPROTO_UNSPEC, {}, tables_,
                           [](const NftAttributes& attributes, Family family, auto& found) {
                             found.push_back({std::string(attributes.raw_text(NFTA_TABLE_NAME)),
                                              attributes.u32(NFTA_TABLE_USE).value_or(0),
                                              read_table(attributes, family)});
                           });
    for (std::size_t at = 0; at < tables_.size(); ++at)
      places_.emplace(std::pair(tables_[at].table.family, tables_[at].raw_name), at);
    sets_.resize(tables_.size());
    return read;
  }

  bool read_chains() {
    const bool read =
        dump(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, {}, chains_,
             [this](const NftAttributes& attributes, Family family, auto& found) {
               const auto table = table_of(attributes, family, NFTA_CHAIN_TABLE);
               if (!table) return;
               found.push_back({*table, std::string(attributes.raw_text(NFTA_CHAIN_NAME)),
                                attributes.u32(NFTA_CHAIN_USE).value_or(1),
                                read_chain(attributes, family)});
             });
    return read;
  }

  bool read_sets() {
    std::vector<FoundSet> sets;
    const bool read = dump(NFT_MSG_GETSET, NFPROTO_UNSPEC, {}, sets,
                           [this](const NftAttributes& attributes, Family family, auto& found) {
                             const auto table = table_of(attributes, family, NFTA_SET_TABLE);
                             if (!table) return;
                             Set set;
                             auto about = read_set(attributes, set);
                             malformed_ = malformed_ || !about;
                             if (about)
                               found.push_back({*table, std::move(*about), std::move(set)});
                           });
    for (FoundSet& found : sets) {
      tables_[found.table].table.sets.push_back(std::move(found.set));
      tables_[found.table].raw_sets.push_back(found.about.raw_name);
      sets_[found.table].insert_or_assign(tables_[found.table].raw_sets.back(),
                                          std::move(found.about));
    }
    return read;
  }

  // Jumps count as uses too, so there are at most as many rules as uses.
  bool read_rules() {
    std::size_t uses = 0;
    for (const FoundChain& found : chains_) uses += found.uses;
    bool read = true;
    if (uses != 0 && uses <= kMostRulesAtOnce)
      read = read_rules(NFPROTO_UNSPEC, {});
    else
      for (std::size_t at = 0; at < chains_.size() && read; ++at)
        read = chains_[at].uses == 0 || read_rules_of(chains_[at]);
    for (FoundChain& found : chains_)
      tables_[found.table].table.chains.push_back(std::move(found.chain));
    return read;
  }

  bool read_rules_of(const FoundChain& chain) {
    const FoundTable& table = tables_[chain.table];
    netlink::AttributeList what;
    what.text(NFTA_RULE_TABLE, table.raw_name).text(NFTA_RULE_CHAIN, chain.raw_name);
    return read_rules(nft_family_number(table.table.family), what);
  }

  bool read_rules(std::uint8_t family, const netlink::AttributeList& what) {
    std::vector<FoundIn<Rule>> rules;
    const bool read = dump(NFT_MSG_GETRULE, family, what, rules,
                           [this](const NftAttributes& attributes, Family of, auto& found) {
                             if (find_chain(attributes, of))
                               found.push_back({chain_, read_rule(attributes, of)});
                           });
    take_rules(rules);
    return read;
  }

  // The chain that a rule is in. Rules come in the order of their chains, so it is looked for from
  // the last one on.
  bool find_chain(const NftAttributes& attributes, Family family) {
    const std::string_view table = attributes.raw_text(NFTA_RULE_TABLE);
    const std::string_view name = attributes.raw_text(NFTA_RULE_CHAIN);
    for (std::size_t tried = 0; tried < chains_.size(); ++tried) {
      const FoundChain& chain = chains_[chain_];
      const FoundTable& its = tables_[chain.table];
      if (chain.raw_name == name && its.raw_name == table && its.table.family == family)
        return true;
      chain_ = (chain_ + 1) % chains_.size();
    }
    return false;
  }

  Rule read_rule(const NftAttributes& attributes, Family family) {
    Rule rule;
    rule.handle = attributes.u64(NFTA_RULE_HANDLE);
    rule.comment = note_text(attributes.bytes(NFTA_RULE_USERDATA), NftNote::comment);
    decode_rule(attributes.nested(NFTA_RULE_EXPRESSIONS), family, sets_[chains_[chain_].table],
                rule, ipsets_.get());
    return rule;
  }

  // Gives a run of rules of one chain to it at once, in just the room they need.
  void take_rules(std::vector<FoundIn<Rule>>& found) {
    for (auto from = found.begin(); from != found.end();) {
      const auto to = std::find_if(from, found.end(), [chain = from->place](const auto& each) {
        return each.place != chain;
      });
      std::vector<Rule>& rules = chains_[from->place].chain.rules;
      rules.reserve(rules.size() + static_cast<std::size_t>(to - from));
      for (; from != to; ++from) {
        from->fact.position = static_cast<std::uint32_t>(rules.size());
        rules.push_back(std::move(from->fact));
      }
    }
  }

  // After the rules, which tell how the keys are to be read.
  bool read_elements() {
    for (std::size_t at = 0; at < tables_.size(); ++at)
      for (std::size_t set = 0; set < tables_[at].table.sets.size(); ++set)
        if (!read_elements(tables_[at], set, sets_[at].at(tables_[at].raw_sets[set]))) return false;
    return true;
  }

  bool read_elements(FoundTable& table, std::size_t set, const NftSet& about) {
    std::vector<RawElement> raw;
    netlink::AttributeList what;
    what.text(NFTA_SET_ELEM_LIST_TABLE, table.raw_name)
        .text(NFTA_SET_ELEM_LIST_SET, about.raw_name);
    const bool read = dump(NFT_MSG_GETSETELEM, nft_family_number(table.table.family), what, raw,
                           [&](const NftAttributes& attributes, Family family, auto& found) {
                             append_elements(attributes, about, family, found);
                           });
    describe_key(about, table.table.sets[set]);
    std::vector<Element>& elements = table.table.sets[set].elements;
    elements = finish_elements(std::move(raw), about);
    const auto same = [](const Element& a, const Element& b) {
      return a.first == b.first && a.catchall == b.catchall;
    };
    changed_ = changed_ || std::ranges::adjacent_find(elements, same) != elements.end();
    return read && (!changed_ || is_last_);
  }

  void append_elements(const NftAttributes& attributes, const NftSet& about, Family family,
                       std::vector<RawElement>& raw) {
    for (const netlink::Attribute element : attributes.nested(NFTA_SET_ELEM_LIST_ELEMENTS)) {
      auto found = read_element(element.nested(), about, family);
      malformed_ = malformed_ || !found;
      if (found) raw.push_back(std::move(*found));
    }
  }

  // Objects and flowtables, where the tables have more than chains and sets. A nameless set is of
  // no use to its table, as it goes with its rule (nf_tables_api.c nf_tables_commit).
  bool read_rest() {
    std::size_t uses = 0;
    for (const FoundTable& found : tables_) {
      const auto named = std::ranges::count(found.table.sets, false, &Set::anonymous);
      const std::size_t known = found.table.chains.size() + static_cast<std::size_t>(named);
      uses += found.uses - std::min<std::size_t>(found.uses, known);
    }
    return uses == 0 || (read_objects() && read_flowtables());
  }

  bool read_objects() {
    return read_more<Object>(NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, &Table::objects, read_object);
  }

  bool read_flowtables() {
    return read_more<Flowtable>(
        NFT_MSG_GETFLOWTABLE, NFTA_FLOWTABLE_TABLE, &Table::flowtables,
        [](const NftAttributes& attributes, Family) { return read_flowtable(attributes); });
  }

  template <typename Fact, typename Parse>
  bool read_more(int get, std::size_t table_name, std::vector<Fact> Table::*where, Parse parse) {
    std::vector<FoundIn<Fact>> facts;
    bool read = dump(get, NFPROTO_UNSPEC, {}, facts,
                     [&](const NftAttributes& attributes, Family family, auto& found) {
                       if (const auto table = table_of(attributes, family, table_name))
                         found.push_back({*table, parse(attributes, family)});
                     });
    // Older kernels have no such thing.
    if (failure_ && (failure_->error == EOPNOTSUPP || failure_->error == EINVAL)) {
      failure_.reset();
      read = true;
    }
    for (FoundIn<Fact>& found : facts)
      (tables_[found.place].table.*where).push_back(std::move(found.fact));
    return read;
  }

  // Whether the ruleset is still the one that was read, though nothing has come of another.
  bool read_generation() {
    const netlink::Request request(type_of(NFT_MSG_GETGEN), 0, header_of(NFPROTO_UNSPEC));
    failure_ = netlink::get(transport_, request, [&](const netlink::Message& message) {
      const NftAttributes attributes(message.attributes(sizeof(nfgenmsg)));
      if (const auto id = attributes.u32(NFTA_GEN_ID))
        note_generation(static_cast<std::uint16_t>(*id & 0xffff));
    });
    return !failure_ && !changed_;
  }

  netlink::Transport& transport_;
  std::unique_ptr<IpsetNames> ipsets_;
  bool is_last_;
  std::vector<FoundTable> tables_;
  std::map<std::pair<Family, std::string>, std::size_t> places_;  // of tables, by raw names
  std::vector<FoundChain> chains_;
  std::size_t chain_ = 0;                    // of the last rule
  std::vector<NftSets> sets_;                // of each table
  std::optional<std::uint16_t> generation_;  // the end of its number
  std::optional<netlink::Failure> failure_;
  bool changed_ = false;
  bool malformed_ = false;
};

void report(Reading& reading, const Ruleset& ruleset) {
  const std::string doing = "reading " + std::string(kSource) + ": ";
  if (ruleset.failure())
    reading.report.add(kSource, doing + describe(*ruleset.failure()), ruleset.failure()->error,
                       reading.ns.id);
  if (ruleset.changed() && !ruleset.failure())
    reading.report.add(kSource, doing + "the ruleset kept changing while it was read", 0,
                       reading.ns.id);
  if (ruleset.malformed()) malformed(reading, kSource);
}

std::size_t count(const std::vector<Table>& tables) {
  std::size_t found = 0;
  for (const Table& table : tables) {
    found += 1 + table.chains.size() + table.sets.size();
    for (const Chain& chain : table.chains) found += chain.rules.size();
  }
  return found;
}

}  // namespace

std::size_t collect_nf_tables(Reading& reading) {
  if (!reading.abilities.nf_tables) return 0;
  for (int attempt = 1;; ++attempt) {
    Ruleset ruleset(reading, attempt == kAttempts);
    const bool read = ruleset.read();
    if (!read && ruleset.changed() && !ruleset.failure() && attempt < kAttempts) continue;
    report(reading, ruleset);
    std::vector<Table> tables = ruleset.take();
    if (tables.empty()) return 0;
    const std::size_t found = count(tables);
    std::vector<Table>& all = reading.ns.firewall.edit().tables;
    std::move(tables.begin(), tables.end(), std::back_inserter(all));
    return found;
  }
}

}  // namespace nsmap::collect
