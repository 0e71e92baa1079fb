#include "lab/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/number.h"
#include "lab/file.h"
#include "lab/lock.h"
#include "lab/records.h"
#include "lab/words.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMostBytes = 64 << 20;  // of a journal or a lab

std::string run_file(int run) { return fmt::format("run-{}.yaml", run); }

void take_record(std::string_view line, Made& made) {
  const std::string_view kind = next_field(line);
  if (kind == "namespace") {
    const std::string name(next_field(line));
    const auto dev = parse_number<std::uint64_t>(next_field(line)).value_or(0);
    made.namespaces[name] = {dev, parse_number<std::uint64_t>(next_field(line)).value_or(0)};
  } else if (kind == "link") {
    const std::string name(next_field(line));
    made.host_links[name] = IfIndex(parse_number<std::int32_t>(next_field(line)).value_or(0));
  } else if (kind == "sysctl") {
    const std::string name(next_field(line));
    made.host_sysctls.emplace(name, line);  // the first is what was there before us
  } else if (kind == "kept") {
    made.kept.emplace(line);
  }
}

template <typename T, typename Key>
void unite_lists(std::vector<T>& into, const std::vector<T>& from, Key key) {
  std::set<std::string> known;
  for (const T& one : into) known.insert(key(one));
  for (const T& one : from)
    if (known.insert(key(one)).second) into.push_back(one);
}

void unite_links(Namespace& into, const Namespace& from) {
  std::map<std::string, Link*> known;
  std::vector<Link> added;
  for (Link& link : into.links) known.emplace(link.name, &link);
  for (const Link& link : from.links) {
    const auto found = known.find(link.name);
    if (found == known.end()) {
      added.push_back(link);
      continue;
    }
    Link& ours = *found->second;
    unite_lists(ours.addresses, link.addresses, [](const Address& one) { return text_of(one); });
    if (ours.impair && !(link.impair && same(*ours.impair, *link.impair))) ours.impair.reset();
    std::erase_if(ours.settings, [&](const auto& setting) {
      const auto other = link.settings.find(setting.first);
      return other == link.settings.end() || other->second != setting.second;
    });
  }
  into.links.insert(into.links.end(), added.begin(), added.end());
}

// The parts of the host's namespace, as `kept` records tell them. Calls `visit(part, text)` and
// takes away those for which it is true.
template <typename Visit>
void erase_parts(Namespace& ns, Visit visit) {
  for (Link& link : ns.links)
    std::erase_if(link.addresses, [&](const Address& address) {
      return visit(fmt::format("address {} {}", link.name, text_of(address)));
    });
  std::erase_if(ns.links, [&](const Link& link) { return visit("link " + link.name); });
  std::erase_if(ns.routes, [&](const Route& route) { return visit("route " + route_key(route)); });
  std::erase_if(ns.rules, [&](const Rule& rule) { return visit(text_of(rule)); });
}

void forget_kept(Lab& lab, const std::set<std::string>& kept) {
  for (Namespace& ns : lab.namespaces)
    if (ns.host) erase_parts(ns, [&](const std::string& part) { return kept.contains(part); });
}

void unite_namespaces(Namespace& into, const Namespace& from) {
  unite_links(into, from);
  unite_lists(into.routes, from.routes, route_key);
  unite_lists(into.rules, from.rules, [](const Rule& one) { return text_of(one); });
  unite_lists(into.processes, from.processes, [](const Process& one) { return one.name; });
  std::erase_if(into.sysctls, [&](const Sysctl& sysctl) {
    return std::none_of(from.sysctls.begin(), from.sysctls.end(), [&](const Sysctl& other) {
      return other.name == sysctl.name && other.value == sysctl.value;
    });
  });
  if (into.nftables != from.nftables) into.nftables.clear();
}

}  // namespace

Result<UniqueFd> Journal::lock() {
  return lock_directory({kernel_, changes_}, directory_, "changing the lab in " + directory_);
}

Result<Made> Journal::read() const {
  Made made;
  const auto text = kernel_.read_file(os::kNoDir, path("journal").c_str(), kMostBytes);
  if (!text && text.error().value == ENOENT) return made;
  if (!text) return failure("reading " + path("journal"), text.error());
  int begun = 0;
  int ended = 0;
  for_each_record(*text, [&](std::string_view record) {
    std::string_view fields = record;
    const std::string_view kind = next_field(fields);
    if (kind == "begin")
      begun = parse_number<int>(fields).value_or(0);
    else if (kind == "end")
      ended = parse_number<int>(fields).value_or(0);
    else
      take_record(record, made);
  });
  made.runs = begun;
  made.interrupted = begun != ended;
  for (const int run : {ended, begun}) {
    if (run == 0 || (run == ended && run == begun && !made.lab.namespaces.empty())) continue;
    const auto yaml = kernel_.read_file(os::kNoDir, path(run_file(run)).c_str(), kMostBytes);
    if (!yaml) return failure("reading " + path(run_file(run)), yaml.error());
    auto lab = parse(*yaml, path(run_file(run)));
    if (!lab) return tl::unexpected(lab.error());
    if (run == ended) made.last = *lab;
    made.lab = made.lab.namespaces.empty() ? std::move(*lab) : unite(made.lab, *lab);
  }
  forget_kept(made.lab, made.kept);
  return made;
}

Result<void> Journal::begin(int run, const Lab& lab) {
  // The lab first: a run that has begun can always be read.
  if (const auto removed = changes_.remove_file(path(run_file(run)));
      !removed && removed.error().value != ENOENT)
    return failure("removing " + path(run_file(run)), removed.error());
  const std::string text = lab.text.empty() ? print(lab, {}) : lab.text;
  if (const auto done = changes_.append_file(path(run_file(run)), text); !done)
    return failure("writing " + path(run_file(run)), done.error());
  return note({fmt::format("begin {}", run)});
}

Result<void> Journal::note(const std::vector<std::string>& records) {
  if (records.empty()) return {};
  if (const auto done =
          changes_.append_file(path("journal"), fmt::format("{}\n", fmt::join(records, "\n")));
      !done)
    return failure("writing " + path("journal"), done.error());
  return {};
}

Result<void> Journal::end(int run) {
  if (auto noted = note({fmt::format("end {}", run)}); !noted) return noted;
  // What came before is of no use any more; that it could not be removed does no harm.
  if (run > 1) static_cast<void>(changes_.remove_file(path(run_file(run - 1))));
  return {};
}

Result<void> Journal::remove() {
  const auto files = kernel_.list(os::kNoDir, directory_.c_str());
  if (!files) return failure("listing " + directory_, files.error());
  // The journal goes first: without it there is no lab.
  std::vector<std::string> names = *files;
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == "journal"; });
  for (const std::string& name : names)
    if (const auto removed = changes_.remove_file(path(name)); !removed)
      return failure("removing " + path(name), removed.error());
  if (const auto removed = changes_.remove_directory(directory_); !removed)
    return failure("removing " + directory_, removed.error());
  return {};
}

std::string namespace_record(const std::string& name, model::NetnsId id) {
  return fmt::format("namespace {} {} {}", name, id.dev, id.ino);
}
std::string link_record(const std::string& name, IfIndex index) {
  return fmt::format("link {} {}", name, index.value);
}
std::string kept_record(const std::string& what) { return "kept " + what; }
std::string sysctl_record(const std::string& name, const std::string& value) {
  return fmt::format("sysctl {} {}", name, value);
}

std::vector<std::string> already_there(const Namespace& want, const Namespace& host) {
  std::set<std::string> there;
  Namespace copy = host;
  erase_parts(copy, [&](const std::string& part) { return there.insert(part), false; });
  std::vector<std::string> kept;
  copy = want;
  erase_parts(copy, [&](const std::string& part) {
    if (there.contains(part)) kept.push_back(part);
    return false;
  });
  return kept;
}

Lab unite(const Lab& a, const Lab& b) {
  Lab all = a;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < all.namespaces.size(); ++i) known.emplace(all.namespaces[i].name, i);
  for (const Namespace& ns : b.namespaces) {
    const auto found = known.find(ns.name);
    if (found == known.end())
      all.namespaces.push_back(ns);
    else
      unite_namespaces(all.namespaces[found->second], ns);
  }
  return all;
}

}  // namespace nsmap::lab
