#include "collect/containers_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace nsmap::collect {
namespace {

std::string key_of(std::string_view runtime, std::string_view id) {
  return is_long_id(id) ? std::string(id) : fmt::format("{}/{}", runtime, id);
}

// Container::id is unique in a snapshot, which runtimes do not see to among one another.
std::string unique_id(ContainerSearch& search, std::string_view runtime, std::string_view id,
                      const model::Process* manager) {
  std::string unique = clean_text(id, 256);
  while (!search.ids.insert(unique).second)
    unique += manager ? fmt::format("@{}", manager->pid.value) : fmt::format("@{}", runtime);
  return unique;
}

FoundContainer& make_container(ContainerSearch& search, std::string_view runtime,
                               std::string_view id, const model::Process* manager) {
  FoundContainer& made = search.found.emplace_back();
  made.container.id = unique_id(search, runtime, id, manager);
  made.own_id = id;
  made.container.runtime = runtime;
  if (!is_long_id(id)) made.container.name = clean_text(id, 256);
  made.manager = manager;
  if (manager && manager->uid.value != 0) made.container.user = manager->uid;
  return made;
}

}  // namespace

Processes children_of(const ContainerSearch& search, const model::Process& manager) {
  const auto found = search.children.find(manager.pid);
  return found == search.children.end() ? Processes() : Processes(found->second);
}

const CgroupFacts& cgroup_of(ContainerSearch& search, const model::Process& process) {
  const auto [entry, fresh] = search.cgroups.try_emplace(process.cgroup);
  if (fresh) entry->second = parse_cgroup(process.cgroup);
  return entry->second;
}

FoundContainer* find_container(ContainerSearch& search, std::string_view runtime,
                               std::string_view id) {
  const auto found = search.by_key.find(key_of(runtime, id));
  return found == search.by_key.end() ? nullptr : found->second;
}

FoundContainer& add_container(ContainerSearch& search, std::string_view runtime,
                              std::string_view id, const model::Process* manager) {
  std::string key = key_of(runtime, id);
  for (;;) {
    FoundContainer*& slot = search.by_key[key];
    if (!slot) return *(slot = &make_container(search, runtime, id, manager));
    if (is_long_id(id) || !manager || slot->manager == manager) return *slot;
    key += fmt::format("@{}", manager->pid.value);
  }
}

bool speaks_for(ContainerSearch& search, const model::Process& manager,
                const FoundContainer& found) {
  if (!found.manager || found.manager == &manager) return true;
  return found.manager->uid == manager.uid &&
         cgroup_of(search, *found.manager).containers == cgroup_of(search, manager).containers;
}

void claim(ContainerSearch& search, const model::Process& process, FoundContainer& container) {
  search.claims.emplace(process.pid, &container);
  const CgroupFacts& facts = cgroup_of(search, process);
  container.pod_id = facts.podman_pod.empty() ? facts.pod_uid : facts.podman_pod;
  const auto parent = search.by_pid.find(process.parent);
  if (parent == search.by_pid.end() || parent->second->cgroup == process.cgroup) return;
  const auto [same, fresh] = search.by_cgroup.try_emplace(process.cgroup, &process);
  if (!fresh && same->second && search.claims.at(same->second->pid) != &container)
    same->second = nullptr;
  if (facts.containers.empty()) return;
  const CgroupContainer& innermost = facts.containers.back();
  const auto& around = cgroup_of(search, *parent->second).containers;
  if (std::find(around.begin(), around.end(), innermost) == around.end())
    search.by_key.try_emplace(key_of(innermost.runtime, innermost.id), &container);
}

std::optional<boost::json::value> read_state(ContainerSearch& search, const std::string& path) {
  ++search.coverage.looked_at;
  auto document = read_json(search.kernel, path);
  if (document) {
    ++search.coverage.found;
    return std::move(*document);
  }
  const JsonFailure& failure = document.error();
  switch (failure.kind) {
    case JsonFailure::Kind::absent:
      break;
    case JsonFailure::Kind::refused:
      ++search.coverage.refused;
      break;
    case JsonFailure::Kind::malformed:
      search.report.add("containers",
                        fmt::format("reading {}: {}", clean_text(path, 512), failure.why),
                        failure.error);
      break;
  }
  return std::nullopt;
}

std::vector<std::string_view> words_of(const model::Process& process) {
  std::vector<std::string_view> words;
  std::string_view rest = process.command;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::string_view option_value(std::span<const std::string_view> words,
                              std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < words.size(); ++i)
    for (const std::string_view name : names) {
      if (words[i] == name) return i + 1 < words.size() ? words[i + 1] : std::string_view();
      if (words[i].starts_with(name) && words[i].substr(name.size()).starts_with('='))
        return words[i].substr(name.size() + 1);
    }
  return {};
}

std::string bundle_of(ContainerSearch& search, const FoundContainer& found) {
  if (!found.manager || !is_safe_id(found.own_id)) return {};
  const std::string link = fmt::format("/proc/{}/cwd", found.manager->pid.value);
  const auto directory = search.kernel.read_link(os::kNoDir, link.c_str());
  if (!directory) {
    if (directory.error().value == EACCES) ++search.coverage.refused;
    return {};
  }
  return fmt::format("{}/{}", parent_directory(*directory), found.own_id);
}

std::string_view conmon_bundle(const FoundContainer& found) {
  if (!found.manager) return {};
  return option_value(words_of(*found.manager), {"-b", "--bundle"});
}

std::string root_of(const model::Process& process) {
  return fmt::format("/proc/{}/root", process.pid.value);
}

std::string_view parent_directory(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace nsmap::collect
