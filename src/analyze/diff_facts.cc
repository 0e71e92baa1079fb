#include "analyze/diff_facts.h"

#include <fmt/format.h>

#include <unordered_map>

namespace nsmap::analyze {
namespace {

constexpr TableId kMainTable{254};  // RT_TABLE_MAIN, include/uapi/linux/rtnetlink.h

template <typename T>
std::vector<FieldText> values_of(const Scene& scene, const T& value) {
  std::vector<FieldText> values;
  add_values(scene, value, "", values);
  return values;
}

// Compares what `add` makes of the elements of a list; not at all where nothing in it differs.
template <typename T, typename Add>
void compare_list(Comparison& comparison, DiffSubject subject,
                  std::vector<T> model::Namespace::*list, Add add) {
  const auto& before = comparison.pair.before->*list;
  const auto& after = comparison.pair.after->*list;
  if (comparison.pair.same_names && before == after) return;
  Facts facts_before, facts_after;
  for (const T& one : before) add(comparison.before, one, facts_before);
  for (const T& one : after) add(comparison.after, one, facts_after);
  compare_facts(comparison, subject, facts_before, facts_after);
}

std::string address_text(const model::Address& address) {
  return fmt::format("{}/{}", address.address.text(), address.prefix);
}

std::string address_place(const Scene& scene, const model::Address& address) {
  return fmt::format("{} on {}", address_text(address), scene.link(address.index));
}

// The kernel's label is the interface's name, which says nothing (net/ipv4/devinet.c
// rtm_to_ifaddr).
std::vector<FieldText> address_values(const Scene& scene, const model::Address& address) {
  model::Address plain = address;
  const model::Link* link = scene.side.snapshot.index.find({scene.ns.id, address.index});
  if (link && plain.label == link->name) plain.label.clear();
  return values_of(scene, plain);
}

// Marks the interfaces that have other addresses, or have one that is no longer on trial (RFC
// 4862), which is when the kernel makes its route.
void mark_readdressed(Comparison& comparison) {
  const NamespacePair& pair = comparison.pair;
  if (pair.same_names && pair.before->addresses == pair.after->addresses) return;
  using Seen = std::unordered_map<std::string, std::string>;  // what, and on which interface
  const auto see = [](const Scene& scene) {
    Seen seen;
    for (const model::Address& address : scene.ns.addresses)
      seen[fmt::format("{} {} {}", address_place(scene, address), address.tentative,
                       address.no_prefix_route)] = scene.link(address.index);
    return seen;
  };
  const Seen before = see(comparison.before), after = see(comparison.after);
  for (const auto& [text, link] : before)
    if (!after.contains(text)) comparison.unsettled.insert(link);
  for (const auto& [text, link] : after)
    if (!before.contains(text)) comparison.unsettled.insert(link);
}

// Made by the kernel, for an interface that changed.
bool follows(const Comparison& comparison, const Scene& scene, const model::Route& route) {
  return route.protocol == "kernel" &&
         std::ranges::any_of(route.hops, [&](const model::RouteHop& hop) {
           return hop.oif && comparison.unsettled.contains(scene.link(*hop.oif));
         });
}

std::string route_text(const model::Route& route) {
  std::string text = route.type == "unicast" ? "" : route.type + " ";
  if (route.dst.length != 0)
    text += route.dst.text();
  else
    text += route.family == model::Family::inet6 ? "IPv6 default" : "default";
  if (route.src) text += " from " + route.src->text();
  if (route.tos != 0) text += fmt::format(" tos {:#x}", route.tos);
  if (route.table != kMainTable) text += fmt::format(" table {}", route.table.value);
  if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
  return text;
}

std::string route_path(const Scene& scene, const model::Route& route) {
  const std::string hops = value_text(scene, route.hops);
  return route.nexthop_id ? fmt::format("nexthop {}", *route.nexthop_id) : hops;
}

template <typename T>
void add_part(std::string& text, const Scene& scene, const char* word, const T& value) {
  if (const std::string shown = value_text(scene, value); !shown.empty())
    text += fmt::format(" {} {}", word, shown);
}

std::string rule_action(const model::Rule& rule) {
  if (rule.action == "table") return fmt::format("lookup {}", rule.table.value);
  if (rule.goto_priority) return fmt::format("goto {}", *rule.goto_priority);
  return rule.action;
}

// All that a rule says.
std::string rule_text(const Scene& scene, const model::Rule& rule) {
  std::string text =
      fmt::format("{}{}:{} from {}", rule.family == model::Family::inet6 ? "IPv6 " : "",
                  rule.priority, rule.invert ? " not" : "", rule.src ? rule.src->text() : "all");
  add_part(text, scene, "to", rule.dst);
  add_part(text, scene, "iif", rule.iif);
  add_part(text, scene, "oif", rule.oif);
  if (rule.tos != 0) text += fmt::format(" tos {:#x}", rule.tos);
  if (rule.fwmark) text += fmt::format(" fwmark {:#x}", *rule.fwmark);
  if (rule.fwmask) text += fmt::format("/{:#x}", *rule.fwmask);
  add_part(text, scene, "uidrange", rule.uids);
  add_part(text, scene, "ipproto", rule.ip_protocol);
  add_part(text, scene, "sport", rule.sports);
  add_part(text, scene, "dport", rule.dports);
  add_part(text, scene, "tun_id", rule.tunnel_id);
  if (rule.l3mdev) text += " l3mdev";
  text += " " + rule_action(rule);
  add_part(text, scene, "suppress_prefixlength", rule.suppress_prefix_length);
  add_part(text, scene, "suppress_ifgroup", rule.suppress_group);
  return text;
}

// Somebody put it there: not learned, nor the device's own address.
bool is_static(const model::FdbEntry& entry) {
  return entry.state == "noarp" ||
         (entry.state == "permanent" && (entry.remote || entry.nexthop_id));
}

// net.ipv4.conf.all.X sets net.ipv4.conf.default.X as well (net/ipv4/devinet.c
// inet_forward_change, net/ipv6/addrconf.c addrconf_fixup_forwarding).
bool follows(const Comparison& comparison, const model::Sysctl& sysctl) {
  constexpr std::string_view kDefault = ".conf.default.";
  const auto at = sysctl.name.find(kDefault);
  if (at == std::string::npos) return false;
  std::string all = sysctl.name;
  all.replace(at, kDefault.size(), ".conf.all.");
  return changed_to(comparison, all, std::to_string(sysctl.value));
}

}  // namespace

void report(Comparison& comparison, Difference difference) {
  difference.title = comparison.after.side.title(comparison.pair.after->id);
  difference.before = comparison.pair.before->id;
  difference.after = comparison.pair.after->id;
  comparison.found.push_back(std::move(difference));
}

void compare_facts(Comparison& comparison, DiffSubject subject, const Facts& before,
                   const Facts& after) {
  auto gone = pointers(before), fresh = pointers(after);
  std::vector<Pair<Fact>> equal, changed;
  const auto whole = [](const Fact& fact) {
    std::string text = fact.key;
    for (const auto& [name, value] : fact.values) text.append(1, '\0').append(value);
    return text;
  };
  const auto key = [](const Fact& fact) { return fact.key; };
  const auto always = [](const Fact&, const Fact&) { return true; };
  pair_up(gone, fresh, whole, whole, always, equal);
  pair_up(gone, fresh, key, key, always, changed);
  for (const Fact* fact : fresh)
    report(comparison, {DiffChange::added, subject, fact->what, fact->detail});
  for (const Fact* fact : gone)
    report(comparison, {DiffChange::removed, subject, fact->what, fact->detail});
  for (const auto& [a, b] : changed)
    report(comparison,
           {DiffChange::changed, subject, b->what, {}, differing(a->values, b->values)});
}

void compare_names(Comparison& comparison) {
  if (!comparison.pair.identical || !comparison.context.same_privileges) return;
  compare_list(comparison, DiffSubject::name, &model::Namespace::names,
               [](const Scene&, const model::Name& name, Facts& facts) {
                 facts.push_back({fmt::format("{} {} {}", name.source, name.path, name.name),
                                  name.path.empty() ? name.name : name.path,
                                  name.path.empty() ? name.source : "",
                                  {}});
               });
}

void compare_addresses(Comparison& comparison) {
  compare_list(comparison, DiffSubject::address, &model::Namespace::addresses,
               [&](const Scene& scene, const model::Address& address, Facts& facts) {
                 const bool by_itself =
                     address.address.is_loopback() ||
                     (address.address.is_v6() && address.address.is_link_local());
                 if (by_itself && comparison.unsettled.contains(scene.link(address.index))) return;
                 const std::string what = address_place(scene, address);
                 facts.push_back({what, what, {}, address_values(scene, address)});
               });
  mark_readdressed(comparison);
}

void compare_routes(Comparison& comparison) {
  compare_list(comparison, DiffSubject::route, &model::Namespace::routes,
               [&](const Scene& scene, const model::Route& route, Facts& facts) {
                 if (follows(comparison, scene, route)) return;
                 const std::string what = route_text(route);
                 facts.push_back({what, what, route_path(scene, route), values_of(scene, route)});
               });
}

void compare_rules(Comparison& comparison) {
  compare_list(comparison, DiffSubject::rule, &model::Namespace::rules,
               [](const Scene& scene, const model::Rule& rule, Facts& facts) {
                 const std::string what = rule_text(scene, rule);
                 facts.push_back({what, what, {}, {{"protocol", rule.protocol}}});
               });
}

void compare_nexthops(Comparison& comparison) {
  compare_list(comparison, DiffSubject::nexthop, &model::Namespace::nexthops,
               [](const Scene& scene, const model::Nexthop& nexthop, Facts& facts) {
                 const std::string what = std::to_string(nexthop.id);
                 std::string detail = value_text(scene, nexthop.group);
                 add_part(detail, scene, "via", nexthop.gateway);
                 add_part(detail, scene, "dev", nexthop.oif);
                 if (detail.starts_with(' ')) detail.erase(0, 1);
                 facts.push_back({what, what, detail, values_of(scene, nexthop)});
               });
}

void compare_neighbours(Comparison& comparison) {
  compare_list(comparison, DiffSubject::neighbour, &model::Namespace::neighbours,
               [](const Scene& scene, const model::Neighbour& neighbour, Facts& facts) {
                 if (neighbour.state != "permanent" && !neighbour.proxy) return;
                 const std::string what =
                     fmt::format("{} on {}", neighbour.address.text(), scene.link(neighbour.index));
                 facts.push_back({what, what, neighbour.proxy ? "proxy" : neighbour.mac.text(),
                                  values_of(scene, neighbour)});
               });
}

void compare_fdb(Comparison& comparison) {
  compare_list(comparison, DiffSubject::fdb, &model::Namespace::fdb,
               [](const Scene& scene, const model::FdbEntry& entry, Facts& facts) {
                 if (!is_static(entry)) return;
                 std::string what =
                     fmt::format("{} on {}", entry.mac.text(), scene.link(entry.index));
                 add_part(what, scene, "vlan", entry.vlan);
                 facts.push_back({what, what, entry.remote ? "to " + entry.remote->text() : "",
                                  values_of(scene, entry)});
               });
}

void compare_vlans(Comparison& comparison) {
  compare_list(comparison, DiffSubject::vlan, &model::Namespace::vlans,
               [&](const Scene& scene, const model::VlanRange& vlan, Facts& facts) {
                 const std::string link = scene.link(vlan.index);
                 if (comparison.unsettled.contains(link)) return;
                 const model::Range range{vlan.first, vlan.last};
                 const std::string what = fmt::format("{} on {}", value_text(scene, range), link);
                 facts.push_back({what, what, vlan.pvid ? "pvid" : "", values_of(scene, vlan)});
               });
}

// Of what changed alone: what was told of just one is not known of the other, as not every setting
// is read everywhere.
void compare_sysctls(Comparison& comparison) {
  if (comparison.settings.empty()) return;
  compare_list(comparison, DiffSubject::sysctl, &model::Namespace::sysctls,
               [&](const Scene& scene, const model::Sysctl& sysctl, Facts& facts) {
                 const auto now = comparison.settings.find(sysctl.name);
                 if (now == comparison.settings.end()) return;
                 if (follows(comparison, {sysctl.name, now->second})) return;
                 facts.push_back({sysctl.name, sysctl.name, {}, values_of(scene, sysctl)});
               });
}

void note_settings(Comparison& comparison) {
  const auto& before = comparison.before.ns.sysctls;
  const auto& after = comparison.after.ns.sysctls;
  if (before == after) return;
  std::unordered_map<std::string_view, std::int64_t> old;
  for (const model::Sysctl& sysctl : before) old[sysctl.name] = sysctl.value;
  auto& settings = comparison.settings;
  for (const model::Sysctl& sysctl : after) settings[sysctl.name] = sysctl.value;
  std::erase_if(settings, [&](const auto& now) {
    const auto found = old.find(now.first);
    return found == old.end() || found->second == now.second;
  });
}

bool changed_to(const Comparison& comparison, std::string_view sysctl, std::string_view value) {
  const auto found = comparison.settings.find(sysctl);
  if (found == comparison.settings.end()) return false;
  return value == (found->second != 0 ? "yes" : "no") || value == std::to_string(found->second);
}

}  // namespace nsmap::analyze
