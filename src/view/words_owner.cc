#include <fmt/format.h>

#include <algorithm>

#include "view/words.h"

// How processes, containers and holders are called.

namespace nsmap::view {
namespace {

constexpr std::size_t kMostNames = 6;

const model::Process* main_process(const Words& words, const model::Namespace& ns) {
  for (const model::Container* container : words.index.containers_in(ns.id)) {
    if (container->sandbox || !container->pid) continue;
    if (const model::Process* process = words.index.find(*container->pid)) return process;
  }
  const auto& processes = words.index.processes_in(ns.id);
  return processes.empty() ? nullptr : processes.front();
}

Text image_text(const model::Container& container) {
  Text text(container.runtime, Role::muted);
  return text.join({container.image, Role::owner}, " ");
}

// The containers of a pod, and those that share another's namespace: by name, with their image.
Text members_text(const std::vector<const model::Container*>& members) {
  Text text;
  for (std::size_t i = 0; i < std::min(members.size(), kMostNames); ++i) {
    Text one(analyze::container_name(*members[i]), Role::title);
    if (!members[i]->image.empty())
      one.add(" (", Role::muted).add(members[i]->image, Role::owner).add(")", Role::muted);
    text.join(one, ", ");
  }
  if (members.size() > kMostNames)
    text.add(fmt::format(" +{}", members.size() - kMostNames), Role::muted);
  return text;
}

std::string in_mount_namespace(const model::Holder& holder) {
  return holder.mnt_ns ? fmt::format(" in mount namespace {}", holder.mnt_ns->value)
                       : std::string();
}

Text of_process(const Words& words, std::string what, const model::Holder& holder) {
  Text text(std::move(what), Role::muted);
  if (holder.pid) text.add(" of ", Role::muted).add(process_text(words, *holder.pid));
  return text;
}

Text link_proof_text(const Words& words, const model::Holder& holder) {
  Text text("proved by ", Role::muted);
  if (!holder.link) return text.add("a link", Role::muted);
  return text.add(link_name(words, *holder.link), Role::name)
      .add(" @", Role::muted)
      .add(words.titles.of(holder.link->ns), Role::title);
}

bool in_our_mounts(const Words& words, const model::Holder& holder) {
  const model::Process* init = words.index.find(Pid(1));
  return !holder.mnt_ns || (init && init->mnt_ns == holder.mnt_ns);
}

std::string number_of(const std::optional<std::int32_t>& value) {
  return value ? " " + std::to_string(*value) : std::string();
}

// A word for a shell, quoted where it must be.
std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@,=";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

bool keeps(const model::Holder& holder) {
  return holder.kind != model::HolderKind::link && holder.kind != model::HolderKind::listed;
}

}  // namespace

Text process_text(const Words& words, Pid pid) {
  const model::Process* process = words.index.find(pid);
  Text text(process ? process->comm : "process", Role::owner);
  return text.add(fmt::format(" ({})", pid.value), Role::muted);
}

Text processes_text(const Words& words, const model::Namespace& ns) {
  const model::Process* first = main_process(words, ns);
  if (!first) return {};
  Text text = process_text(words, first->pid);
  const std::size_t count = words.index.processes_in(ns.id).size();
  if (count > 1) text.add(fmt::format(" +{}", count - 1), Role::muted);
  return text;
}

Text containers_text(const Words& words, const model::Namespace& ns) {
  const auto& all = words.index.containers_in(ns.id);
  if (all.empty()) return {};
  std::vector<const model::Container*> named;
  std::copy_if(all.begin(), all.end(), std::back_inserter(named),
               [](const model::Container* container) { return !container->sandbox; });
  const bool pod = std::any_of(all.begin(), all.end(),
                               [](const model::Container* one) { return one->pod.has_value(); });
  if (pod) return Text("pod", Role::muted).join(members_text(named), ": ");
  if (ns.host) return members_text(named);
  if (named.empty()) return image_text(*all.front());
  Text text = image_text(*named.front());
  named.erase(named.begin());
  return named.empty() ? text : text.add(" with ", Role::muted).add(members_text(named));
}

Text holder_text(const Words& words, const model::Holder& holder) {
  switch (holder.kind) {
    case model::HolderKind::process:
      return holder.pid ? process_text(words, *holder.pid) : Text("a process");
    case model::HolderKind::thread:
      return of_process(words, holder.tid ? fmt::format("thread {}", holder.tid->value) : "thread",
                        holder);
    case model::HolderKind::fd:
      return of_process(words, "descriptor" + number_of(holder.fd), holder);
    case model::HolderKind::socket:
      return of_process(words, "socket" + number_of(holder.fd), holder);
    case model::HolderKind::tun:
      return of_process(words, "tap descriptor" + number_of(holder.fd), holder);
    case model::HolderKind::bind_mount: {
      Text text(holder.path, Role::plain);
      return in_our_mounts(words, holder) ? text
                                          : text.add(in_mount_namespace(holder), Role::muted);
    }
    case model::HolderKind::link:
      return link_proof_text(words, holder);
    case model::HolderKind::listed:
      return {"the kernel lists it", Role::muted};
  }
  return {};
}

Text kept_text(const Words& words, const model::Namespace& ns) {
  constexpr std::size_t kMost = 3;
  Text text;
  std::size_t count = 0;
  for (const model::Holder& holder : ns.holders)
    if (keeps(holder) && ++count <= kMost) text.join(holder_text(words, holder), ", ");
  if (count > kMost) text.add(fmt::format(" +{}", count - kMost), Role::muted);
  if (count != 0) return Text("kept by ", Role::muted).add(text);
  for (const model::Holder& holder : ns.holders)
    if (holder.kind == model::HolderKind::link)
      return link_proof_text(words, holder).add(" (nobody we can see holds it)", Role::warn);
  return {"nobody we can see holds it", Role::warn};
}

std::string how_to_free(const Words& words, const model::Holder& holder) {
  switch (holder.kind) {
    case model::HolderKind::process:
    case model::HolderKind::thread:
    case model::HolderKind::fd:
    case model::HolderKind::socket:
    case model::HolderKind::tun:
      return holder.pid ? fmt::format("kill {}", holder.pid->value) : std::string();
    case model::HolderKind::bind_mount:
      if (in_our_mounts(words, holder)) return "umount " + shell_word(holder.path);
      return holder.pid ? fmt::format("nsenter -t {} -m umount {}", holder.pid->value,
                                      shell_word(holder.path))
                        : std::string();
    case model::HolderKind::link:
    case model::HolderKind::listed:
      return {};
  }
  return {};
}

}  // namespace nsmap::view
