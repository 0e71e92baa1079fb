#include <fmt/format.h>

#include "view/show_sections.h"

namespace nsmap::view {
namespace {

void add_line(Section& section, std::string lead, Text text) {
  if (!text.empty()) section.lines.push_back({{std::move(lead), Role::muted}, {std::move(text)}});
}

Text names_text(const model::Namespace& ns) {
  Text text;
  for (const model::Name& name : ns.names) {
    Text one(name.name, Role::title);
    const std::string& where = name.path.empty() ? name.source : name.path;
    if (!where.empty()) one.add(" (" + where + ")", Role::muted);
    text.join(one, ", ");
  }
  return text;
}

Text owner_text(const Words&, const model::Namespace& ns) {
  if (!ns.owner_userns) return {};
  Text text(fmt::format("user namespace {}", ns.owner_userns->ino.value));
  if (ns.owner_userns->uid) text.add(fmt::format(", made by uid {}", ns.owner_userns->uid->value));
  return text;
}

Text number_text(const std::optional<std::uint64_t>& value) {
  return value ? Text(std::to_string(*value)) : Text();
}

std::string kind_word(model::HolderKind kind) {
  switch (kind) {
    case model::HolderKind::process:
      return "process";
    case model::HolderKind::thread:
      return "thread";
    case model::HolderKind::fd:
      return "descriptor";
    case model::HolderKind::socket:
      return "socket";
    case model::HolderKind::tun:
      return "tap";
    case model::HolderKind::bind_mount:
      return "mount";
    case model::HolderKind::link:
      return "proof";
    case model::HolderKind::listed:
      return "listed";
  }
  return {};
}

Text holder_cell(const Words& words, const model::Holder& holder) {
  Text text = holder_text(words, holder);
  if (holder.copies != 0)
    text.add(" and " + counted(holder.copies, "copy", "copies") + " that go with it", Role::muted);
  return text;
}

std::string pod_name(const model::Container& container) {
  return container.pod ? container.pod->ns + "/" + container.pod->name : std::string();
}

Text ports_text(const model::Container& container) {
  Text text;
  for (const model::PublishedPort& port : container.ports)
    text.join({published_text(port), Role::address}, ", ");
  return text;
}

}  // namespace

Section identity_section(const Words& words, const model::Namespace& ns) {
  Section section{"identity", {}, {}};
  if (ns.id.hidden())
    add_line(section, "hidden", {"nothing but a link proves that it is there", Role::warn});
  else
    add_line(section, "inode", fmt::format("net:[{}], device {}", ns.id.ino, ns.id.dev));
  add_line(section, "id", number_text(ns.ns_id));
  add_line(section, "cookie", number_text(ns.cookie));
  add_line(section, "names", names_text(ns));
  add_line(section, "owner", owner_text(words, ns));
  add_line(section, "default", default_route_text(words, ns, true));
  return section;
}

Section holders_section(const Words& words, const model::Namespace& ns) {
  Section section{"what keeps it alive", {}, table_of({"BY", "WHAT", "FREED BY"})};
  if (ns.host)
    section.lines.push_back({{}, {"it is the host's own: it lives as long as the machine"}});
  for (const model::Holder& holder : ns.holders)
    if (!ns.host || holder.kind != model::HolderKind::process)
      section.table.rows.push_back({{kind_word(holder.kind), Role::muted},
                                    holder_cell(words, holder),
                                    {how_to_free(words, holder), Role::owner}});
  return section;
}

Section containers_section(const Words& words, const model::Namespace& ns) {
  Section section{
      "containers",
      {},
      table_of({"NAME", "RUNTIME", "~IMAGE", ">PID", "POD", "~NETWORK", "~PUBLISHED", "ID"})};
  for (const model::Container* container : words.index.containers_in(ns.id))
    section.table.rows.push_back(
        {{analyze::container_name(*container), container->sandbox ? Role::muted : Role::title},
         container->runtime,
         {container->image, Role::owner},
         container->pid ? Text(std::to_string(container->pid->value)) : Text(),
         pod_name(*container),
         container->network_mode,
         ports_text(*container),
         {container->id.substr(0, 12), Role::muted}});
  return section;
}

Section processes_section(const Words& words, const model::Namespace& ns) {
  Section section{"processes", {}, table_of({">PID", ">INSIDE", ">UID", "NAME", "~COMMAND"})};
  for (const model::Process* process : words.index.processes_in(ns.id))
    section.table.rows.push_back(
        {std::to_string(process->pid.value),
         process->ns_pid ? Text(std::to_string(process->ns_pid->value)) : Text(),
         std::to_string(process->uid.value),
         {process->comm, Role::owner},
         process->zombie ? Text("zombie", Role::warn) : Text(process->command)});
  return section;
}

}  // namespace nsmap::view
