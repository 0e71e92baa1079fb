#include "lab/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/observe.h"
#include "lab/sysctl.h"
#include "os/files.h"

namespace nsmap::lab {
namespace {

// The system as it concerns one lab.
struct Scene {
  Made made;
  Lab have;
  std::map<std::string, There> there;
};

Journal journal_of(const World& world, const std::string& name) {
  return {world.kernel, world.changes, fmt::format("{}/{}", kLabsDirectory, name)};
}

// The process of a lab that a process is, or descends from: "NAMESPACE/PROCESS", by what its
// environment says. Empty: none.
std::string process_of(os::Kernel& kernel, const std::string& lab, Pid pid) {
  constexpr std::size_t kMost = 128 << 10;  // of an environment
  const auto environment =
      kernel.read_file(os::kNoDir, fmt::format("/proc/{}/environ", pid.value).c_str(), kMost);
  if (!environment) return {};
  const std::string wanted = fmt::format("{}={}/", kProcessVariable, lab);
  for (std::string_view rest = *environment; !rest.empty();) {
    const std::string_view variable = rest.substr(0, rest.find('\0'));
    if (variable.starts_with(wanted)) return std::string(variable.substr(wanted.size()));
    rest.remove_prefix(std::min(variable.size() + 1, rest.size()));
  }
  return {};
}

// The place of a process in a namespace's list, by name; made when absent.
Process& process_named(Namespace& ns, const std::string& name) {
  const auto known = std::find_if(ns.processes.begin(), ns.processes.end(),
                                  [&](const Process& other) { return other.name == name; });
  if (known != ns.processes.end()) return *known;
  ns.processes.push_back({{}, name, {}, {}});
  return ns.processes.back();
}

void add_processes(const World& world, const model::Snapshot& snapshot, const std::string& lab,
                   Scene& scene) {
  std::set<model::NetnsId> inside;
  for (const auto& [name, there] : scene.there)
    if (!there.host) inside.insert(there.id);
  std::map<std::string, Namespace*> by_name;
  for (Namespace& ns : scene.have.namespaces) by_name.emplace(ns.name, &ns);
  for (const model::Process& process : snapshot.processes) {
    if (!process.net || !inside.contains(*process.net)) continue;
    const std::string found = process_of(world.kernel, lab, process.pid);
    const std::size_t slash = found.find('/');
    const auto ns = by_name.find(found.substr(0, slash));
    if (slash == found.npos || ns == by_name.end()) continue;
    process_named(*ns->second, found.substr(slash + 1))
        .running.push_back({process.pid, process.start_ticks});
  }
}

// Whether the namespace that has a name is the one that the lab made under it.
bool is_ours(const Made& made, const Scene& scene, const std::string& name) {
  const auto id = made.namespaces.find(name);
  const auto there = scene.there.find(name);
  return id != made.namespaces.end() && there != scene.there.end() &&
         id->second == there->second.id;
}

// Leaves out what bears a name of the lab's and was not made by it.
void forget_strangers(const Made& made, Scene& scene) {
  std::erase_if(scene.have.namespaces, [&](const Namespace& ns) {
    if (ns.host || is_ours(made, scene, ns.name)) return false;
    scene.there.erase(ns.name);
    return true;
  });
  for (Namespace& ns : scene.have.namespaces) {
    if (!ns.host) continue;
    std::erase_if(ns.links, [&](const Link& link) {
      const auto index = made.host_links.find(link.name);
      return index != made.host_links.end() &&
             index->second != scene.there[ns.name].links[link.name];
    });
  }
}

Result<void> refuse_strangers(const Lab& want, const Made& made, const Scene& scene) {
  for (const Namespace& ns : want.namespaces) {
    if (ns.host || !scene.there.contains(ns.name) || is_ours(made, scene, ns.name)) continue;
    return usage_error(
        fmt::format("{}:{}:{}: a namespace {} is there already, and is not this lab's", want.file,
                    ns.where.line, ns.where.column, ns.name),
        "another name, or nsmap ns rm " + ns.name);
  }
  return {};
}

// The host's namespace is changed from within it.
Result<void> refuse_elsewhere(const World& world, const Scene& scene) {
  const auto own = world.kernel.stat(os::kNoDir, "/proc/self/ns/net");
  for (const auto& [name, there] : scene.there)
    if (there.host && own && there.id != model::NetnsId{own->id.dev, own->id.ino})
      return usage_error("the lab uses the host's own namespace, and this is another one",
                         "nsmap lab there");
  return {};
}

// A name in the /run/netns that others see, as that of a lab in a user namespace, is none of ours.
void forget_names_elsewhere(os::Kernel& kernel, model::Snapshot& snapshot) {
  for (model::Namespace& ns : snapshot.namespaces)
    std::erase_if(ns.names, [&](const model::Name& name) {
      if (name.source != "netns") return false;
      const auto here = kernel.stat(os::kNoDir, name_path(name.name).c_str());
      return !here || here->id != os::FileId{ns.id.dev, ns.id.ino};
    });
}

Result<Scene> look_at(const World& world, const Journal& journal, const Lab& want,
                      const Look& look) {
  Scene scene;
  auto made = journal.read();
  if (!made) return tl::unexpected(made.error());
  scene.made = std::move(*made);
  auto snapshot = look();
  if (!snapshot) return tl::unexpected(snapshot.error());
  forget_names_elsewhere(world.kernel, *snapshot);
  const Lab all = unite(want, scene.made.lab);
  scene.there = find_there(*snapshot, all);
  if (auto refused = refuse_strangers(want, scene.made, scene); !refused)
    return tl::unexpected(refused.error());
  if (auto refused = refuse_elsewhere(world, scene); !refused)
    return tl::unexpected(refused.error());
  scene.have = observe_lab(*snapshot, all);
  forget_strangers(scene.made, scene);
  add_processes(world, *snapshot, want.name, scene);
  return scene;
}

// What the host's namespace has already of what the lab wants of it: not the lab's to take away.
std::vector<std::string> kept_records(const Lab& want, const Scene& scene) {
  std::vector<std::string> records;
  for (const Namespace& ns : want.namespaces) {
    if (!ns.host) continue;
    const Namespace* have = find(scene.have, ns.name);
    const Namespace* made = find(scene.made.lab, ns.name);
    if (!have) continue;
    std::vector<std::string> ours;
    if (made) ours = already_there(*made, *have);
    for (const std::string& part : already_there(ns, *have))
      if (std::find(ours.begin(), ours.end(), part) == ours.end())
        records.push_back(kept_record(part));
  }
  return records;
}

// Settings of the host go back to what they were, where nobody has changed them since.
Result<void> restore_sysctls(const World& world, const Made& made) {
  for (const Namespace& ns : made.lab.namespaces) {
    if (!ns.host) continue;
    for (const Sysctl& sysctl : ns.sysctls) {
      const auto before = made.host_sysctls.find(sysctl.name);
      if (before == made.host_sysctls.end()) continue;
      const auto now = read_sysctl(world, sysctl.name);
      if (!now || *now != sysctl.value) continue;
      if (const auto done = write_sysctl(world, sysctl.name, before->second); !done)
        return change_error(fmt::format("setting {} back to {}: {}", sysctl.name, before->second,
                                        os::text(done.error())));
    }
  }
  return {};
}

// A run may be killed after it made a namespace's file and before it mounted the namespace on it:
// such a file is empty, and in the journal.
Result<void> remove_stale_names(const World& world, const Made& made) {
  for (const auto& [name, id] : made.namespaces) {
    const std::string path = name_path(name);
    if (!is_stale_name(world.kernel, path)) continue;
    if (const auto removed = world.changes.remove_file(path); !removed)
      return change_error(fmt::format("removing {}: {}", path, os::text(removed.error())));
  }
  return {};
}

// Back to what the last run that came to its end had made.
Result<void> undo(const World& world, const Lab& want, const Look& look, Journal& journal) {
  Lab nothing;
  nothing.name = want.name;
  auto scene = look_at(world, journal, nothing, look);
  if (!scene) return tl::unexpected(scene.error());
  Lab back = scene->made.last;
  back.name = want.name;
  const Plan plan = make_plan(back, scene->have, scene->made.lab);
  if (auto done = remove_stale_names(world, scene->made); !done) return done;
  if (auto done = apply(world, plan, back, scene->there, journal); !done) return done;
  if (back.namespaces.empty()) {
    if (auto restored = restore_sysctls(world, scene->made); !restored) return restored;
    return journal.remove();
  }
  const int run = scene->made.runs + 1;
  if (auto begun = journal.begin(run, back); !begun) return begun;
  return journal.end(run);
}

}  // namespace

Result<Outcome> plan_up(const World& world, const Lab& lab, const Look& look) {
  const Journal journal = journal_of(world, lab.name);
  auto scene = look_at(world, journal, lab, look);
  if (!scene) return tl::unexpected(scene.error());
  return Outcome{make_plan(lab, scene->have, scene->made.lab), scene->made.interrupted};
}

Result<Outcome> up(const World& world, const Lab& lab, const Look& look) {
  Journal journal = journal_of(world, lab.name);
  const auto lock = journal.lock();
  if (!lock) return tl::unexpected(lock.error());
  auto scene = look_at(world, journal, lab, look);
  if (!scene) {
    // Of a lab that was never begun there is just its lock.
    if (const auto made = journal.read(); made && made->runs == 0)
      static_cast<void>(journal.remove());
    return tl::unexpected(scene.error());
  }
  Outcome outcome{make_plan(lab, scene->have, scene->made.lab), scene->made.interrupted};
  if (outcome.plan.steps.empty() && !outcome.interrupted && scene->made.runs != 0) return outcome;
  const int run = scene->made.runs + 1;
  if (auto done = remove_stale_names(world, scene->made); !done)
    return tl::unexpected(done.error());
  if (auto begun = journal.begin(run, lab); !begun) return tl::unexpected(begun.error());
  auto done = journal.note(kept_records(lab, *scene));
  if (done) done = apply(world, outcome.plan, lab, scene->there, journal);
  if (done) done = journal.end(run);
  if (done) return outcome;
  Error error = done.error();
  if (const auto undone = undo(world, lab, look, journal); undone)
    error.text += "; what this run had made is taken away again";
  else
    error.text += "; undoing it failed: " + undone.error().text;
  return tl::unexpected(error);
}

Result<Outcome> down(const World& world, const std::string& name, const Look& look) {
  Journal journal = journal_of(world, name);
  Lab nothing;
  nothing.name = name;
  if (!world.kernel.stat(os::kNoDir, journal.directory().c_str()))
    return usage_error(fmt::format("taking down lab {}: there is none of that name", name),
                       "nsmap lab up FILE");
  const auto lock = journal.lock();
  if (!lock) return tl::unexpected(lock.error());
  auto scene = look_at(world, journal, nothing, look);
  if (!scene) return tl::unexpected(scene.error());
  Outcome outcome{make_plan(nothing, scene->have, scene->made.lab), scene->made.interrupted};
  if (auto done = apply(world, outcome.plan, nothing, scene->there, journal); !done)
    return tl::unexpected(done.error());
  if (auto done = remove_stale_names(world, scene->made); !done)
    return tl::unexpected(done.error());
  if (auto done = restore_sysctls(world, scene->made); !done) return tl::unexpected(done.error());
  if (auto done = journal.remove(); !done) return tl::unexpected(done.error());
  return outcome;
}

}  // namespace nsmap::lab
