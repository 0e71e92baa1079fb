#include "analyze/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace nsmap::analyze {
namespace {

using model::Container;
using model::Index;
using model::Namespace;
using model::Process;

// Runtimes whose name for a namespace comes after one that a person gave it: what they start is not
// known by a container's name.
bool is_service_runtime(const Container& container) {
  return container.runtime == "systemd" || container.runtime == "mininet";
}

// Joined the namespace of another container, which names it better.
bool joined(const Container& container) { return container.network_mode.starts_with("container:"); }

// The container that stands for a namespace: one whose namespace it is rather than one that joined.
template <typename Accept>
const Container* first_container(const Index& index, const Namespace& ns, Accept accept) {
  const Container* guest = nullptr;
  for (const Container* container : index.containers_in(ns.id)) {
    if (!accept(*container)) continue;
    if (!joined(*container)) return container;
    if (!guest) guest = container;
  }
  return guest;
}

const Process* first_process(const Index& index, const Namespace& ns) {
  const auto& processes = index.processes_in(ns.id);
  const auto alive = std::ranges::find(processes, false, &Process::zombie);
  return alive == processes.end() ? nullptr : *alive;
}

std::string pod_name(const model::Pod& pod) {
  return pod.ns.empty() ? pod.name : fmt::format("{}/{}", pod.ns, pod.name);
}

// --- one function for each kind of title, best first; an empty one: the namespace has none -------

std::string by_host(const Index&, const Namespace& ns) { return ns.host ? "host" : ""; }

std::string by_pod(const Index& index, const Namespace& ns) {
  const Container* container =
      first_container(index, ns, [](const Container& c) { return c.pod && !c.pod->name.empty(); });
  return container ? pod_name(*container->pod) : "";
}

std::string by_container(const Index& index, const Namespace& ns) {
  const Container* container =
      first_container(index, ns, [](const Container& c) { return !is_service_runtime(c); });
  return container ? container_name(*container) : "";
}

std::string by_name(const Index&, const Namespace& ns) {
  return ns.names.empty() ? "" : ns.names.front().name;
}

std::string by_service(const Index& index, const Namespace& ns) {
  const Container* container = first_container(index, ns, is_service_runtime);
  return container ? container_name(*container) : "";
}

std::string by_process(const Index& index, const Namespace& ns) {
  const Process* process = first_process(index, ns);
  return process ? process_name(*process) : "";
}

constexpr std::string (*kTitles[])(const Index&, const Namespace&) = {
    by_host, by_pod, by_container, by_name, by_service, by_process};

// What tells a namespace from another of the same title.
std::string mark(const Index& index, const Namespace& ns) {
  if (const auto* container = first_container(index, ns, [](const Container&) { return true; }))
    return container->id.substr(0, 12);
  if (const Process* process = first_process(index, ns))
    return fmt::format("pid {}", process->pid.value);
  return std::to_string(ns.id.ino);
}

}  // namespace

std::string plain_name(model::NetnsId id) {
  return id.hidden() ? fmt::format("hidden #{}", id.ino) : fmt::format("net:[{}]", id.ino);
}

std::string container_name(const Container& container) {
  return container.name.empty() ? container.id.substr(0, 12) : container.name;
}

std::string process_name(const Process& process) {
  return fmt::format("{} ({})", process.comm, process.pid.value);
}

std::string title(const Index& index, const Namespace& ns) {
  for (const auto by : kTitles)
    if (std::string text = by(index, ns); !text.empty()) return text;
  return plain_name(ns.id);
}

Titles::Titles(const Index& index) {
  std::unordered_map<std::string, std::size_t> uses;
  std::vector<const Namespace*> distinct;
  for (const Namespace& ns : index.snapshot().namespaces) {
    const auto [entry, fresh] = titles_.emplace(ns.id, title(index, ns));
    if (!fresh) continue;
    ++uses[entry->second];
    distinct.push_back(&ns);
  }
  std::unordered_set<std::string> taken;
  for (const Namespace* ns : distinct) {
    std::string& text = titles_[ns->id];
    if (uses.at(text) > 1 && ns != index.host())
      text = fmt::format("{} ({})", text, mark(index, *ns));
    while (!taken.insert(text).second)
      text = fmt::format("{} [{}:{}]", text, ns->id.dev, ns->id.ino);
  }
}

std::string Titles::of(model::NetnsId id) const {
  const auto found = titles_.find(id);
  return found == titles_.end() ? plain_name(id) : found->second;
}

}  // namespace nsmap::analyze
