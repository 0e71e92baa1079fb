#include "view/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace nsmap::view {
namespace {

using analyze::DiffChange;
using analyze::Difference;
using analyze::DiffField;
using analyze::DiffSubject;

constexpr std::size_t kMostLinks = 4;
constexpr std::size_t kMostAddresses = 2;

Text sign_text(DiffChange change) {
  switch (change) {
    case DiffChange::added:
      return {"+ ", Role::good};
    case DiffChange::removed:
      return {"- ", Role::bad};
    case DiffChange::changed:
    case DiffChange::replaced:
      return {"~ ", Role::warn};
    case DiffChange::unread_before:
    case DiffChange::unread_after:
      return {"? ", Role::muted};
  }
  return {};
}

std::string_view subject_text(DiffSubject subject) {
  switch (subject) {
    case DiffSubject::host:
      return "host";
    case DiffSubject::namespace_:
      return "namespace";
    case DiffSubject::name:
      return "name";
    case DiffSubject::link:
      return "link";
    case DiffSubject::address:
      return "address";
    case DiffSubject::route:
      return "route";
    case DiffSubject::rule:
      return "rule";
    case DiffSubject::nexthop:
      return "nexthop";
    case DiffSubject::neighbour:
      return "neighbour";
    case DiffSubject::fdb:
      return "fdb";
    case DiffSubject::vlan:
      return "vlan";
    case DiffSubject::listener:
      return "listener";
    case DiffSubject::process:
      return "process";
    case DiffSubject::sysctl:
      return "sysctl";
    case DiffSubject::firewall:
      return "firewall";
  }
  return "";
}

Role role_of(DiffSubject subject) {
  switch (subject) {
    case DiffSubject::host:
    case DiffSubject::namespace_:
      return Role::title;
    case DiffSubject::name:
    case DiffSubject::link:
    case DiffSubject::sysctl:
    case DiffSubject::firewall:
    case DiffSubject::vlan:
      return Role::name;
    case DiffSubject::address:
    case DiffSubject::route:
    case DiffSubject::rule:
    case DiffSubject::nexthop:
    case DiffSubject::neighbour:
    case DiffSubject::fdb:
    case DiffSubject::listener:
      return Role::address;
    case DiffSubject::process:
      return Role::owner;
  }
  return Role::plain;
}

// Whether what was added or removed goes on after a colon, as the way a route takes, rather than
// after a comma.
bool takes_colon(DiffSubject subject) { return subject == DiffSubject::route; }

// --- fields that have better words than "field: old → new" ---------------------------------------

std::string shown(const std::string& value) { return value.empty() ? "none" : value; }

std::string arrow(const DiffField& field) {
  return shown(field.before) + " → " + shown(field.after);
}

std::string master_words(const DiffField& field) {
  if (field.before.empty()) return "now a port of " + field.after;
  if (field.after.empty()) return "no longer a port of " + field.before;
  return fmt::format("port of {} → port of {}", field.before, field.after);
}

struct FieldWords {
  DiffSubject subject;
  std::string_view field;
  std::string (*words)(const DiffField& field);
};
constexpr FieldWords kFieldWords[] = {
    {DiffSubject::link, "name", [](const DiffField& f) { return "now called " + f.after; }},
    {DiffSubject::link, "index",
     [](const DiffField& f) { return fmt::format("made anew (index {})", arrow(f)); }},
    {DiffSubject::link, "up",
     [](const DiffField& f) -> std::string { return f.after == "yes" ? "set up" : "set down"; }},
    {DiffSubject::link, "carrier",
     [](const DiffField& f) -> std::string {
       return f.after == "yes" ? "has a carrier" : "lost its carrier";
     }},
    {DiffSubject::link, "master", master_words},
    {DiffSubject::link, "mtu", [](const DiffField& f) { return "mtu " + arrow(f); }},
    {DiffSubject::link, "mac", [](const DiffField& f) { return "mac " + arrow(f); }},
    {DiffSubject::link, "peer", [](const DiffField& f) { return "other end " + arrow(f); }},
    {DiffSubject::route, "hops", arrow},
    {DiffSubject::sysctl, "value", arrow},
    {DiffSubject::listener, "owner", arrow},
};

std::string field_text(DiffSubject subject, const DiffField& field) {
  for (const FieldWords& row : kFieldWords)
    if (row.subject == subject && row.field == field.field) return row.words(field);
  return fmt::format("{}: {}", field.field, arrow(field));
}

Text fields_text(const Difference& difference) {
  Text text;
  for (const DiffField& field : difference.fields)
    text.join(Text(field_text(difference.subject, field)), "; ");
  return text;
}

// --- the host and namespaces as such -------------------------------------------------------------

// Another boot of the same machine goes by that word alone.
Text host_text(const Difference& difference) {
  const auto is = [](std::string_view name) {
    return [name](const DiffField& field) { return field.field == name; };
  };
  const auto& fields = difference.fields;
  const bool other = std::ranges::any_of(fields, is("hostname"));
  Text text;
  for (const DiffField& field : fields) {
    if (field.field != "boot_id")
      text.join(Text(field.field + " " + arrow(field)), "; ");
    else if (!other)
      text.join(Text("booted anew"), "; ");
  }
  return text;
}

// The interfaces that say what a namespace is for.
Text interfaces_text(const Words& words, const model::Namespace& ns) {
  Text text;
  std::size_t count = 0;
  for (const model::Link& link : ns.links) {
    const model::LinkRef ref{ns.id, link.index};
    if (is_furniture(words, ref, link) || ++count > kMostLinks) continue;
    Text one(link.name, Role::name);
    one.join(addresses_text(words, ref, kMostAddresses), " ");
    one.join(wire_text(words, ns, link), " ");
    text.join(one, "; ");
  }
  if (count > kMostLinks) text.add(fmt::format(" +{}", count - kMostLinks), Role::muted);
  return text;
}

// "(postgres:16): eth0 172.18.0.3/16 ⇄ veth9 @host → br0".
Text whole_text(const Words& words, model::NetnsId id) {
  const model::Namespace* ns = words.index.find(id);
  if (!ns) return {};
  Text text;
  Text owner = containers_text(words, *ns);
  if (owner.empty()) owner = processes_text(words, *ns);
  if (!owner.empty() && owner.plain() != words.titles.of(id)) text.add(" (").add(owner).add(")");
  const Text interfaces = interfaces_text(words, *ns);
  return interfaces.empty() ? text : text.add(": ").add(interfaces);
}

Text replaced_text(const Difference& difference, const Words& after) {
  const bool contained = !after.index.containers_in(*difference.after).empty();
  Text text(contained ? ": replaced (a new container of the same name"
                      : ": replaced (another of the same name");
  for (const DiffField& field : difference.fields)
    text.add(fmt::format("; {} {}", field.field, arrow(field)));
  return text.add(")");
}

Text namespace_text(const Difference& difference, const Words& before, const Words& after) {
  switch (difference.change) {
    case DiffChange::added:
      return whole_text(after, *difference.after);
    case DiffChange::removed:
      return whole_text(before, *difference.before);
    case DiffChange::changed:
      return {};
    case DiffChange::replaced:
      return replaced_text(difference, after);
    case DiffChange::unread_before:
      return difference.before ? ": not read in A" : ": not seen in A, which was read without root";
    case DiffChange::unread_after:
      return difference.after ? ": not read in B" : ": not seen in B, which was read without root";
  }
  return {};
}

Line plain_line(Text text) { return {{}, {std::move(text)}}; }

Text head_text(const Difference& difference, const Words& before, const Words& after) {
  Text text = sign_text(difference.change);
  if (difference.subject == DiffSubject::host)
    return text.add("host", Role::title).add(": ").add(host_text(difference));
  text.add("namespace ").add(difference.title, Role::title);
  return text.add(namespace_text(difference, before, after));
}

bool is_head(const Difference& difference) {
  return difference.subject == DiffSubject::host || difference.subject == DiffSubject::namespace_;
}

}  // namespace

Text difference_text(const Difference& difference) {
  const DiffSubject subject = difference.subject;
  Text text = sign_text(difference.change);
  if (difference.what.empty()) {
    const bool before = difference.change == DiffChange::unread_before;
    return text.add(std::string(analyze::plural(subject)))
        .add(before ? ": not read in A" : ": not read in B");
  }
  text.add(std::string(subject_text(subject)) + " ").add(difference.what, role_of(subject));
  const Text fields = fields_text(difference);
  if (!fields.empty()) text.add(": ").add(fields);
  if (!difference.detail.empty())
    text.add((takes_colon(subject) ? ": " : ", ") + difference.detail);
  return text;
}

Text difference_line(const Difference& difference, const Words& before, const Words& after) {
  if (is_head(difference)) return head_text(difference, before, after);
  return Text(difference.title, Role::title).add(": ").add(difference_text(difference));
}

Tree make_diff(const std::vector<Difference>& differences, const Words& before,
               const Words& after) {
  Tree tree;
  const Difference* last = nullptr;
  for (const Difference& difference : differences) {
    if (is_head(difference)) {
      tree.head.push_back(plain_line(head_text(difference, before, after)));
      continue;
    }
    if (!last || last->after != difference.after || last->before != difference.before)
      tree.roots.push_back({{Text(difference.title, Role::title)}, {}, {}});
    tree.roots.back().details.push_back(plain_line(difference_text(difference)));
    last = &difference;
  }
  return tree;
}

std::string diff_counts(const std::vector<Difference>& differences) {
  std::map<DiffSubject, std::map<char, std::size_t>> counts;
  for (const Difference& one : differences)
    ++counts[one.subject][sign_text(one.change).plain().front()];
  std::string text;
  for (const auto& [subject, signs] : counts) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", analyze::plural(subject));
    for (const char sign : {'+', '-', '~', '?'})
      if (const auto found = signs.find(sign); found != signs.end())
        text += fmt::format(" {}{}", sign, found->second);
  }
  return text;
}

std::string changes_since(const model::Snapshot& before, const analyze::DiffSide& after) {
  const model::Index index(before);
  const analyze::Titles titles(index);
  return diff_counts(analyze::diff({index, titles}, after));
}

}  // namespace nsmap::view
