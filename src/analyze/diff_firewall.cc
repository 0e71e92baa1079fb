#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyze/diff_facts.h"
#include "analyze/firewall_words.h"
#include "syntax/table_words.h"

// Firewalls, compared by names: what a rule says is its name. Interfaces go by the names that they
// have in the later snapshot.

namespace nsmap::analyze {
namespace {

using namespace model::firewall;

// The rules of each chain, in their order.
using Order = std::map<std::string, std::vector<std::string>>;

// One side's firewall, as facts.
class Lister {
 public:
  explicit Lister(const Scene& scene) : scene_(scene) {
    for (const model::Link& link : scene.ns.links)
      interfaces_.emplace(static_cast<std::uint32_t>(link.index.value), scene.link(link.index));
  }

  void add(const Table& table);
  void add(const Ipset& ipset);
  void add(const VirtualService& service);
  const Facts& facts() const { return facts_; }
  const Order& order() const { return order_; }

 private:
  void put(std::string what, std::vector<FieldText> values = {}) {
    facts_.push_back({what, what, {}, std::move(values)});
  }
  void add_chains(const Table& table, const std::string& name);
  void add_sets(const Table& table, const std::string& name, const syntax::NftTable& words);

  const Scene& scene_;
  syntax::InterfaceNames interfaces_;
  Facts facts_;
  Order order_;
};

std::string yes_or_no(bool value) { return value ? "yes" : "no"; }

// Of an element that neither rules nor time put there or take away.
bool lasts(const Set& set) { return !set.anonymous && !set.dynamic && !set.timeout; }

void Lister::add_chains(const Table& table, const std::string& name) {
  const syntax::TableWords words(table, interfaces_);
  for (const Chain& chain : table.chains) {
    if (chain.binding) continue;
    const std::string place = fmt::format("chain {} {}", name, chain.name);
    std::string devices;
    for (const std::string& device : chain.devices)
      devices.append(devices.empty() ? "" : ", ").append(device);
    put(place, {{"hook", value_text(scene_, chain.hook)},
                {"priority", value_text(scene_, chain.priority)},
                {"policy", chain.policy ? value_text(scene_, chain.policy->kind) : ""},
                {"devices", devices}});
    for (const Rule& rule : chain.rules) {
      const std::string text = words.rule(rule);
      put(fmt::format("rule {} {}: {}", name, chain.name, text), {{"comment", rule.comment}});
      order_[place].push_back(text);
    }
  }
  add_sets(table, name, words.nft());
}

void Lister::add_sets(const Table& table, const std::string& name, const syntax::NftTable& words) {
  for (const Set& set : table.sets) {
    if (set.anonymous) continue;
    put(fmt::format("{} {} {}", set.map ? "map" : "set", name, set.name),
        {{"interval", yes_or_no(set.interval)}, {"dynamic", yes_or_no(set.dynamic)}});
    if (!lasts(set)) continue;
    for (Element element : set.elements) {
      element.statements.clear();  // what they count
      put(fmt::format("element {} {}: {}", name, set.name,
                      syntax::nft_element(words, set, element)));
    }
  }
  for (const Object& object : table.objects)
    put(fmt::format("{} {} {}", object.kind, name, object.name));
  for (const Flowtable& flowtable : table.flowtables)
    put(fmt::format("flowtable {} {}", name, flowtable.name));
}

void Lister::add(const Table& table) {
  const std::string text = table_text(table);
  put(text, {{"dormant", yes_or_no(table.dormant)}});
  add_chains(table, text.substr(text.find("table ") + std::string_view("table ").size()));
}

void Lister::add(const Ipset& ipset) {
  put("ipset " + ipset.name, {{"type", ipset.type}});
  const bool passing = ipset.options.find("timeout") != std::string::npos;
  if (passing) return;
  for (const IpsetMember& member : ipset.members)
    put(fmt::format("member {}: {}{}", ipset.name, member.text, member.nomatch ? " nomatch" : ""));
}

void Lister::add(const VirtualService& service) {
  const std::string name = service_text(service);
  put("service " + name, {{"scheduler", service.scheduler},
                          {"persistent_s", value_text(scene_, service.persistent_s)}});
  for (const VirtualDestination& destination : service.destinations)
    put(fmt::format("destination {}: {}", name, destination_text(destination)),
        {{"method", destination.method}, {"weight", value_text(scene_, destination.weight)}});
}

bool same_rules(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

// The same rules one after the other otherwise.
void compare_order(Comparison& comparison, const Order& before, const Order& after) {
  for (const auto& [place, rules] : after) {
    const auto old = before.find(place);
    if (old == before.end() || old->second == rules) continue;
    if (!same_rules(old->second, rules)) continue;
    const auto at = std::ranges::mismatch(old->second, rules);
    report(comparison, {DiffChange::changed,
                        DiffSubject::firewall,
                        place,
                        {},
                        {{"order", "first " + *at.in1, "first " + *at.in2}}});
  }
}

template <typename T>
void compare_parts(Comparison& comparison, std::vector<T> Firewall::*list, auto is_one) {
  const Firewall& before = *comparison.pair.before->firewall;
  const Firewall& after = *comparison.pair.after->firewall;
  if (comparison.pair.same_names && before.*list == after.*list) return;
  Lister was(comparison.before), is(comparison.after);
  for (const T& one : before.*list)
    if (is_one(one)) was.add(one);
  for (const T& one : after.*list)
    if (is_one(one)) is.add(one);
  compare_facts(comparison, DiffSubject::firewall, was.facts(), is.facts());
  compare_order(comparison, was.order(), is.order());
}

void compare_tables(Comparison& comparison, Backend backend) {
  compare_parts(comparison, &Firewall::tables,
                [&](const Table& table) { return table.backend == backend; });
}

}  // namespace

void compare_nf_tables(Comparison& comparison) { compare_tables(comparison, Backend::nf_tables); }

void compare_x_tables(Comparison& comparison) { compare_tables(comparison, Backend::x_tables); }

void compare_ipsets(Comparison& comparison) {
  compare_parts(comparison, &Firewall::ipsets, [](const Ipset&) { return true; });
}

void compare_ipvs(Comparison& comparison) {
  compare_parts(comparison, &Firewall::services, [](const VirtualService&) { return true; });
}

}  // namespace nsmap::analyze
