#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "analyze/diff_facts.h"

namespace nsmap::analyze {
namespace {

using model::Link;

// Fields that say no more than others that changed with them. A name that ends in "." stands for
// all fields of that part.
struct Follower {
  std::string_view field;
  std::string_view leader;
};
constexpr Follower kFollowers[] = {
    {"carrier", "up"},         {"state", "up"},
    {"state", "carrier"},      {"qdisc", "up"},
    {"master_kind", "master"}, {"bridge_port.", "master"},
    {"bond_port.", "master"},  {"bridge_id", "mac"},
    {"root_id", "mac"},        {"permanent_mac", "index"},
    {"mac", "index"},          {"qdisc", "index"},
};

// What makes the kernel make or take addresses, routes and VLANs of an interface by itself.
constexpr std::string_view kUnsettling[] = {"index",  "up",  "carrier",
                                            "master", "mac", "ipv6.disable_ipv6"};

bool has_field(const std::vector<DiffField>& fields, std::string_view name) {
  return std::ranges::find(fields, name, &DiffField::field) != fields.end();
}

bool is_of(std::string_view field, std::string_view pattern) {
  return pattern.ends_with('.') ? field.starts_with(pattern) : field == pattern;
}

// "ipv4.forwarding" follows net.ipv4.conf.all.forwarding.
bool follows_sysctl(const Comparison& comparison, const DiffField& field) {
  for (const std::string_view family : {"ipv4", "ipv6"})
    if (field.field.starts_with(family) && field.field.size() > 5)
      return changed_to(comparison,
                        fmt::format("net.{}.conf.all.{}", family, field.field.substr(5)),
                        field.after);
  return false;
}

void drop_followers(const Comparison& comparison, std::vector<DiffField>& fields) {
  const std::vector<DiffField> all = fields;
  std::erase_if(fields, [&](const DiffField& field) {
    return follows_sysctl(comparison, field) ||
           std::ranges::any_of(kFollowers, [&](const Follower& follower) {
             return is_of(field.field, follower.field) && has_field(all, follower.leader);
           });
  });
}

// Software devices of another boot or namespace are other devices: their addresses are made up, and
// their wires were laid, anew.
bool comes_with_another(const Comparison& comparison, const Link& link, const DiffField& field) {
  return !comparison.pair.identical && !link.kind.empty() &&
         (field.field == "mac" || field.field == "peer");
}

// The other end lies where just one of the snapshots could look.
bool is_unknown_end(const Link& before, const Link& after) {
  const auto hidden = [](const Link& link) { return !link.peer || link.peer->ns.hidden(); };
  return hidden(before) || hidden(after);
}

std::vector<DiffField> compare_link(const Comparison& comparison, const Link& a, const Link& b) {
  std::vector<DiffField> fields;
  const bool anew = comparison.pair.identical && a.index != b.index;
  if (a.name != b.name) fields.push_back({"name", a.name, b.name});
  if (anew)
    fields.push_back({"index", std::to_string(a.index.value), std::to_string(b.index.value)});
  if (comparison.pair.same_names && equal_in_what_lasts(a, b)) return fields;
  std::vector<FieldText> before, after;
  add_values(comparison.before, a, "", before);
  add_values(comparison.after, b, "", after);
  for (DiffField& field : differing(before, after)) fields.push_back(std::move(field));
  if (is_unknown_end(a, b)) std::erase_if(fields, [](const auto& f) { return f.field == "peer"; });
  return fields;
}

// "veth to eth0 @web, port of br0".
std::string link_detail(const Scene& scene, const Link& link) {
  std::string text = link.kind;
  if (link.peer) text += " to " + scene.place(*link.peer);
  if (link.parent) text += " on " + scene.place(*link.parent);
  if (link.master) text += ", port of " + scene.link(*link.master);
  // Hardware has no kind.
  text.erase(0, std::min(text.find_first_not_of(", "), text.size()));
  return text;
}

void report_one_sided(Comparison& comparison, DiffChange change, const Scene& scene,
                      const std::vector<const Link*>& links) {
  for (const Link* link : links) {
    comparison.unsettled.insert(link->name);
    report(comparison, {change, DiffSubject::link, link->name, link_detail(scene, *link)});
  }
}

}  // namespace

std::vector<DiffField> differing(const std::vector<FieldText>& before,
                                 const std::vector<FieldText>& after) {
  std::vector<DiffField> fields;
  std::unordered_map<std::string_view, std::string_view> left(after.begin(), after.end());
  for (const auto& [name, text] : before) {
    const auto found = left.find(name);
    const std::string_view now = found == left.end() ? std::string_view() : found->second;
    if (now != text) fields.push_back({name, text, std::string(now)});
    if (found != left.end()) left.erase(found);
  }
  for (const auto& [name, text] : after)
    if (left.contains(name) && !text.empty()) fields.push_back({name, {}, text});
  return fields;
}

void compare_links(Comparison& comparison) {
  const NamespacePair& pair = comparison.pair;
  report_one_sided(comparison, DiffChange::added, comparison.after, pair.links_new);
  report_one_sided(comparison, DiffChange::removed, comparison.before, pair.links_gone);
  for (const auto& [a, b] : pair.links) {
    auto fields = compare_link(comparison, *a, *b);
    if (std::ranges::any_of(kUnsettling, [&](auto name) { return has_field(fields, name); }))
      comparison.unsettled.insert(b->name);
    drop_followers(comparison, fields);
    std::erase_if(fields,
                  [&](const auto& field) { return comes_with_another(comparison, *b, field); });
    if (!fields.empty())
      report(comparison, {DiffChange::changed, DiffSubject::link, a->name, {}, std::move(fields)});
  }
}

}  // namespace nsmap::analyze
