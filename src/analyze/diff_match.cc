#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "analyze/diff_scene.h"

// Which namespace, and which interface, is which in the other snapshot.

namespace nsmap::analyze {
namespace {

using model::Link;
using model::Namespace;

using Namespaces = std::vector<const Namespace*>;

std::string identity_key(const Namespace& ns) { return fmt::format("{}:{}", ns.id.dev, ns.id.ino); }

template <typename T>
bool agree(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}

bool is_same(const Namespace& a, const Namespace& b) {
  return !a.id.hidden() && agree(a.ns_id, b.ns_id) && agree(a.cookie, b.cookie);
}

constexpr auto kAlways = [](const auto&, const auto&) { return true; };

// What a namespace is called by people, which another boot does not change: without the pid of the
// process that names it.
std::string lasting_name(const DiffSide& side, const Namespace& ns, bool booted) {
  std::string text = title(side.index, ns);
  const auto& processes = side.index.processes_in(ns.id);
  if (booted)
    for (const model::Process* process : processes)
      if (text == process_name(*process)) return process->comm;
  return text;
}

// Takes the host's own of both.
void pair_hosts(const DiffSide& before, const DiffSide& after, bool booted, Namespaces& gone,
                Namespaces& fresh, std::vector<NamespacePair>& pairs) {
  const Namespace* a = before.index.host();
  const Namespace* b = after.index.host();
  if (!a || !b) return;
  pairs.push_back({a, b, !booted && a->id == b->id && is_same(*a, *b), false, {}, {}, {}});
  std::erase(gone, a);
  std::erase(fresh, b);
}

// Takes those that are the same by identity.
void pair_identical(const DiffSide& after, Namespaces& gone, Namespaces& fresh,
                    std::vector<Pair<Namespace>>& pairs) {
  std::unordered_set<const Namespace*> left(fresh.begin(), fresh.end());
  std::erase_if(gone, [&](const Namespace* ns) {
    const Namespace* other = after.index.find(ns->id);
    if (!other || !is_same(*ns, *other) || left.erase(other) == 0) return false;
    pairs.emplace_back(ns, other);
    return true;
  });
  std::erase_if(fresh, [&](const Namespace* ns) { return !left.contains(ns); });
  // Where a snapshot has an identity twice.
  pair_up(gone, fresh, identity_key, identity_key, is_same, pairs);
}

void add_pairs(const std::vector<Pair<Namespace>>& found, bool identical,
               std::vector<NamespacePair>& pairs) {
  for (const auto& [a, b] : found) pairs.push_back({a, b, identical, false, {}, {}, {}});
}

bool has_same_names(const std::vector<Link>& a, const std::vector<Link>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Link& x, const Link& y) {
    return x.index == y.index && x.name == y.name;
  });
}

std::string number_key(const Link& link) { return std::to_string(link.index.value); }
std::string kind_key(const Link& link) { return fmt::format("{} {}", link.index.value, link.kind); }
std::string name_key(const Link& link) { return link.name; }

}  // namespace

bool same_boot(const DiffSide& before, const DiffSide& after) {
  return before.index.snapshot().host.boot_id == after.index.snapshot().host.boot_id;
}

NamespaceMatch match_namespaces(const DiffSide& before, const DiffSide& after) {
  const bool booted = !same_boot(before, after);
  NamespaceMatch match;
  match.gone = pointers(before.index.snapshot().namespaces);
  match.fresh = pointers(after.index.snapshot().namespaces);
  pair_hosts(before, after, booted, match.gone, match.fresh, match.pairs);
  std::vector<Pair<Namespace>> found;
  if (!booted) pair_identical(after, match.gone, match.fresh, found);
  add_pairs(found, true, match.pairs);
  found.clear();
  pair_up(
      match.gone, match.fresh,
      [&](const Namespace& ns) { return lasting_name(before, ns, booted); },
      [&](const Namespace& ns) { return lasting_name(after, ns, booted); }, kAlways, found);
  add_pairs(found, false, match.pairs);
  return match;
}

void match_links(NamespacePair& pair, Side& before) {
  const auto& a = pair.before->links;
  const auto& b = pair.after->links;
  pair.same_names = has_same_names(a, b);
  if (pair.same_names) {
    pair.links.reserve(a.size());
    for (std::size_t i = 0; i != a.size(); ++i) pair.links.emplace_back(&a[i], &b[i]);
    return;
  }
  pair.links_gone = pointers(a);
  pair.links_new = pointers(b);
  const auto same_name = [](const Link& x, const Link& y) { return x.name == y.name; };
  if (pair.identical) {
    pair_up(pair.links_gone, pair.links_new, number_key, number_key, same_name, pair.links);
    pair_up(pair.links_gone, pair.links_new, kind_key, kind_key, kAlways, pair.links);
  }
  pair_up(pair.links_gone, pair.links_new, name_key, name_key, kAlways, pair.links);
  for (const auto& [x, y] : pair.links)
    if (x->name != y->name) before.renamed[{pair.before->id, x->index}] = y->name;
}

std::string Side::title(model::NetnsId id) const {
  const auto found = titles.find(id);
  return found == titles.end() ? snapshot.titles.of(id) : found->second;
}

std::string Side::link(model::LinkRef ref) const {
  if (const auto found = renamed.find(ref); found != renamed.end()) return found->second;
  const Link* link = snapshot.index.find(ref);
  return link ? link->name : fmt::format("if{}", ref.index.value);
}

std::string Scene::place(model::LinkRef ref) const {
  if (ref.ns == ns.id) return side.link(ref);
  const std::string where = "@" + side.title(ref.ns);
  return ref.index.value == 0 ? where : side.link(ref) + " " + where;
}

}  // namespace nsmap::analyze
