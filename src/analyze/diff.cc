#include "analyze/diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "analyze/diff_facts.h"

namespace nsmap::analyze {
namespace {

using model::Namespace;

// What is compared in a namespace, in this order, and where its facts come from: what a diagnostic
// of that name says could not be read.
struct Row {
  DiffSubject subject;
  const char* source;
  void (*compare)(Comparison& comparison);
};
constexpr Row kRows[] = {
    {DiffSubject::name, "", compare_names},
    {DiffSubject::link, "links", compare_links},
    {DiffSubject::address, "addresses", compare_addresses},
    {DiffSubject::route, "routes", compare_routes},
    {DiffSubject::rule, "rules", compare_rules},
    {DiffSubject::nexthop, "nexthops", compare_nexthops},
    {DiffSubject::neighbour, "neighbours", compare_neighbours},
    {DiffSubject::fdb, "fdb", compare_fdb},
    {DiffSubject::vlan, "vlans", compare_vlans},
    {DiffSubject::listener, "sockets", compare_listeners},
    {DiffSubject::process, "", compare_processes},
    {DiffSubject::sysctl, "sysctls", compare_sysctls},
    {DiffSubject::firewall, "nf_tables", compare_nf_tables},
    {DiffSubject::firewall, "x_tables", compare_x_tables},
    {DiffSubject::firewall, "ipsets", compare_ipsets},
    {DiffSubject::firewall, "ipvs", compare_ipvs},
};

struct SubjectName {
  DiffSubject subject;
  std::string_view plural;
};
constexpr SubjectName kPlurals[] = {
    {DiffSubject::host, "host"},
    {DiffSubject::namespace_, "namespaces"},
    {DiffSubject::name, "names"},
    {DiffSubject::link, "links"},
    {DiffSubject::address, "addresses"},
    {DiffSubject::route, "routes"},
    {DiffSubject::rule, "rules"},
    {DiffSubject::nexthop, "nexthops"},
    {DiffSubject::neighbour, "neighbours"},
    {DiffSubject::fdb, "fdb"},
    {DiffSubject::vlan, "vlans"},
    {DiffSubject::listener, "listeners"},
    {DiffSubject::process, "processes"},
    {DiffSubject::sysctl, "sysctls"},
    {DiffSubject::firewall, "firewall"},
};

// The sources that failed in a namespace.
using Unread = std::map<model::NetnsId, std::set<std::string_view>>;

Unread unread_of(const model::Snapshot& snapshot) {
  Unread unread;
  for (const model::Diagnostic& diagnostic : snapshot.diagnostics)
    if (diagnostic.ns) unread[*diagnostic.ns].insert(diagnostic.source);
  return unread;
}

bool is_unread(const Unread& unread, model::NetnsId id, std::string_view source) {
  const auto found = unread.find(id);
  return found != unread.end() && found->second.contains(source);
}

// Older programs read no firewalls, and have no row of coverage for them.
bool is_covered(const model::Snapshot& snapshot, DiffSubject subject, std::string_view source) {
  const auto has_row = [&](std::string_view name) {
    return std::ranges::find(snapshot.coverage, name, &model::Coverage::source) !=
           snapshot.coverage.end();
  };
  return subject != DiffSubject::firewall || !has_row("links") || has_row(source);
}

// The collecting process and those that started it.
void add_observers(const DiffSide& side, DiffContext& context) {
  constexpr int kMostAncestors = 64;
  const auto& reader = side.index.snapshot().host.reader;
  const model::Process* process = reader ? side.index.find(*reader) : nullptr;
  for (int i = 0; process && i != kMostAncestors; ++i) {
    context.observers.insert({process->pid, process->start_ticks});
    process = side.index.find(process->parent);
  }
}

class Differ {
 public:
  Differ(const DiffSide& before, const DiffSide& after, const NamespaceSet* changed);
  std::vector<Difference> run();

 private:
  bool privileged(const Side& side) const { return side.snapshot.index.snapshot().host.privileged; }
  void compare_hosts();
  void add_one_sided(const Namespace& ns, bool gone);
  void compare_pair(const NamespacePair& pair);
  void note_replaced(Comparison& comparison);

  bool is_equal(const NamespacePair& pair) const;

  const NamespaceSet* changed_;  // null: not known
  Side before_, after_;
  NamespaceMatch match_;
  DiffContext context_;
  Unread unread_before_, unread_after_;
  std::vector<Difference> found_;
};

Differ::Differ(const DiffSide& before, const DiffSide& after, const NamespaceSet* changed)
    : changed_(changed),
      before_{before, {}, {}},
      after_{after, {}, {}},
      match_(match_namespaces(before, after)),
      unread_before_(unread_of(before.index.snapshot())),
      unread_after_(unread_of(after.index.snapshot())) {
  context_.booted = !same_boot(before, after);
  context_.same_privileges = privileged(before_) == privileged(after_);
  add_observers(before, context_);
  add_observers(after, context_);
  for (NamespacePair& pair : match_.pairs) {
    before_.titles[pair.before->id] = after.titles.of(pair.after->id);
    match_links(pair, before_);
  }
}

void Differ::compare_hosts() {
  const model::Host& a = before_.snapshot.index.snapshot().host;
  const model::Host& b = after_.snapshot.index.snapshot().host;
  Difference difference;
  difference.subject = DiffSubject::host;
  const std::array<DiffField, 3> fields = {{{"hostname", a.hostname, b.hostname},
                                            {"kernel", a.kernel, b.kernel},
                                            {"boot_id", a.boot_id, b.boot_id}}};
  for (const DiffField& field : fields)
    if (field.before != field.after) difference.fields.push_back(field);
  if (!difference.fields.empty()) found_.push_back(std::move(difference));
}

// What can be told of something that just one snapshot has read.
DiffChange unread(bool read_before) {
  return read_before ? DiffChange::unread_after : DiffChange::unread_before;
}

// A namespace that one snapshot has is not gone from the other if that could not see all.
void Differ::add_one_sided(const Namespace& ns, bool gone) {
  const Side& side = gone ? before_ : after_;
  const bool blind = privileged(side) && !context_.same_privileges;
  Difference difference;
  difference.change = blind ? unread(gone) : gone ? DiffChange::removed : DiffChange::added;
  difference.title = side.title(ns.id);
  (gone ? difference.before : difference.after) = ns.id;
  found_.push_back(std::move(difference));
}

void Differ::note_replaced(Comparison& comparison) {
  const NamespacePair& pair = comparison.pair;
  const bool hidden = pair.before->id.hidden() || pair.after->id.hidden();
  if (pair.identical || context_.booted || pair.after->host || hidden) return;
  Difference difference;
  difference.change = DiffChange::replaced;
  const auto image = [](const Side& side, const Namespace& ns) {
    const auto& containers = side.snapshot.index.containers_in(ns.id);
    return containers.empty() ? std::string() : containers.front()->image;
  };
  difference.fields =
      differing({{"image", image(before_, *pair.before)}}, {{"image", image(after_, *pair.after)}});
  report(comparison, std::move(difference));
}

bool Differ::is_equal(const NamespacePair& pair) const {
  if (!pair.identical) return false;
  return changed_ ? !changed_->contains(pair.after->id) : *pair.before == *pair.after;
}

void Differ::compare_pair(const NamespacePair& pair) {
  Comparison comparison{context_, pair, {before_, *pair.before}, {after_, *pair.after}, found_};
  note_replaced(comparison);
  note_settings(comparison);
  const bool read_before = is_read(*pair.before), read_after = is_read(*pair.after);
  if (read_before != read_after)
    return report(comparison, {unread(read_before), DiffSubject::namespace_});
  // Processes are not in their namespace.
  const bool equal = is_equal(pair);
  std::set<DiffSubject> told;  // not to be compared; a subject may have several sources
  for (const Row& row : kRows) {
    const bool before = !is_unread(unread_before_, pair.before->id, row.source) &&
                        is_covered(before_.snapshot.index.snapshot(), row.subject, row.source);
    const bool after = !is_unread(unread_after_, pair.after->id, row.source) &&
                       is_covered(after_.snapshot.index.snapshot(), row.subject, row.source);
    if (before && after && (!equal || row.compare == compare_processes))
      row.compare(comparison);
    else if (before != after && told.insert(row.subject).second)
      report(comparison, {unread(before), row.subject});
  }
}

std::vector<Difference> Differ::run() {
  compare_hosts();
  for (const Namespace* ns : match_.fresh) add_one_sided(*ns, false);
  for (const Namespace* ns : match_.gone) add_one_sided(*ns, true);
  for (const NamespacePair& pair : match_.pairs) compare_pair(pair);
  const Namespace* host = after_.snapshot.index.host();
  const auto rank = [&](const Difference& difference) {
    const int level = difference.subject == DiffSubject::host         ? 0
                      : difference.subject == DiffSubject::namespace_ ? 1
                                                                      : 2;
    const bool of_host = host && difference.after == host->id;
    return std::tuple(level, level == 1 ? difference.change : DiffChange::added, !of_host,
                      std::string_view(difference.title), difference.after, difference.before);
  };
  std::ranges::stable_sort(found_, {}, rank);
  return std::move(found_);
}

}  // namespace

std::string_view plural(DiffSubject subject) {
  return std::ranges::find(kPlurals, subject, &SubjectName::subject)->plural;
}

std::vector<Difference> diff(const DiffSide& before, const DiffSide& after,
                             const std::set<DiffSubject>& ignored, const NamespaceSet* changed) {
  auto found = Differ(before, after, changed).run();
  std::erase_if(found, [&](const Difference& one) { return ignored.contains(one.subject); });
  return found;
}

}  // namespace nsmap::analyze
