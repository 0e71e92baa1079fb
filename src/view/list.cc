#include "view/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "view/words.h"

namespace nsmap::view {
namespace {

constexpr std::size_t kMostNames = 6;  // in one cell

Text title(const Words& words, const model::Namespace& ns) {
  return {words.titles.of(ns.id), ns.id.hidden() ? Role::warn : Role::title};
}

Text inode(const Words&, const model::Namespace& ns) {
  return ns.id.hidden() ? Text("hidden", Role::warn) : Text(std::to_string(ns.id.ino));
}

// The runtime of what lives there, or where its name comes from.
Text kind(const Words& words, const model::Namespace& ns) {
  const auto& containers = words.index.containers_in(ns.id);
  if (ns.host) return {"host", Role::muted};
  if (!containers.empty())
    return {containers.front()->pod ? "pod" : containers.front()->runtime, Role::muted};
  return {ns.id.hidden() ? "hidden" : ns.names.empty() ? "" : ns.names.front().source, Role::muted};
}

Text image(const Words& words, const model::Namespace& ns) {
  Text text;
  if (ns.host) return text;
  for (const model::Container* container : words.index.containers_in(ns.id))
    if (!container->sandbox) text.join({container->image, Role::owner}, ", ");
  return text;
}

Text processes(const Words& words, const model::Namespace& ns) { return processes_text(words, ns); }

Text process_count(const Words& words, const model::Namespace& ns) {
  return {number(words.index.processes_in(ns.id).size())};
}

Text interfaces(const Words& words, const model::Namespace& ns) {
  Text text;
  std::size_t count = 0;
  for (const model::Link& link : ns.links)
    if (!is_furniture(words, {ns.id, link.index}, link) && ++count <= kMostNames)
      text.join({link.name, Role::name}, " ");
  if (count > kMostNames) text.add(fmt::format(" +{}", count - kMostNames), Role::muted);
  return text;
}

Text interface_count(const Words&, const model::Namespace& ns) { return {number(ns.links.size())}; }

// The first global address of each family.
Text addresses(const Words&, const model::Namespace& ns) {
  std::array<const model::Address*, 2> first{};
  for (const model::Address& address : ns.addresses) {
    const model::Address*& slot = first[address.address.is_v6()];
    if (!slot && !address.address.is_loopback() && !address.address.is_link_local())
      slot = &address;
  }
  Text text;
  for (const model::Address* address : first)
    if (address)
      text.join({fmt::format("{}/{}", address->address.text(), address->prefix), Role::address},
                " ");
  return text;
}

Text listens(const Words& words, const model::Namespace& ns) {
  const auto all = listeners(words, ns);
  Text text;
  for (std::size_t i = 0; i < std::min(all.size(), kMostNames); ++i)
    text.join({fmt::format("{}:{}", all[i].protocol, all[i].port), Role::address}, " ");
  if (all.size() > kMostNames) text.add(fmt::format(" +{}", all.size() - kMostNames), Role::muted);
  return text;
}

Text gateway(const Words& words, const model::Namespace& ns) {
  return default_route_text(words, ns, true);
}

Text owner(const Words&, const model::Namespace& ns) {
  if (!ns.owner_userns || !ns.owner_userns->uid) return {};
  return {std::to_string(ns.owner_userns->uid->value)};
}

Text pod(const Words& words, const model::Namespace& ns) {
  for (const model::Container* container : words.index.containers_in(ns.id))
    if (container->pod) return {container->pod->ns + "/" + container->pod->name, Role::title};
  return {};
}

Text pid(const Words& words, const model::Namespace& ns) {
  const auto& all = words.index.processes_in(ns.id);
  return all.empty() ? Text() : Text(std::to_string(all.front()->pid.value));
}

Text names(const Words&, const model::Namespace& ns) {
  Text text;
  for (const model::Name& name : ns.names) text.join({name.name}, " ");
  return text;
}

Text kept(const Words& words, const model::Namespace& ns) {
  const Text text = ns.host ? Text() : kept_text(words, ns);
  return text;
}

Text kernel_id(const Words&, const model::Namespace& ns) {
  return ns.ns_id ? Text(std::to_string(*ns.ns_id)) : Text();
}

Text cookie(const Words&, const model::Namespace& ns) {
  return ns.cookie ? Text(std::to_string(*ns.cookie)) : Text();
}

struct ListColumn {
  std::string_view name;
  bool usual;
  bool right;
  bool flexible;
  Text (*cell)(const Words&, const model::Namespace&);
};

constexpr std::array kColumns = {
    ListColumn{"namespace", true, false, false, title},
    ListColumn{"kind", true, false, false, kind},
    ListColumn{"image", true, false, true, image},
    ListColumn{"processes", true, false, true, processes},
    ListColumn{"interfaces", true, false, true, interfaces},
    ListColumn{"addresses", true, false, false, addresses},
    ListColumn{"listens", true, false, true, listens},
    ListColumn{"inode", true, true, false, inode},
    ListColumn{"default", false, false, true, gateway},
    ListColumn{"pod", false, false, false, pod},
    ListColumn{"pid", false, true, false, pid},
    ListColumn{"nprocs", false, true, false, process_count},
    ListColumn{"nlinks", false, true, false, interface_count},
    ListColumn{"owner", false, true, false, owner},
    ListColumn{"names", false, false, true, names},
    ListColumn{"kept", false, false, true, kept},
    ListColumn{"id", false, true, false, kernel_id},
    ListColumn{"cookie", false, true, false, cookie},
};

std::string known_columns() {
  std::string known;
  for (const ListColumn& column : kColumns)
    known.append(known.empty() ? "" : ", ").append(column.name);
  return known;
}

Result<std::vector<const ListColumn*>> chosen(const ListOptions& options) {
  std::vector<const ListColumn*> columns;
  if (options.columns.empty())
    for (const ListColumn& column : kColumns)
      if (column.usual || options.wide) columns.push_back(&column);
  for (const std::string& name : options.columns) {
    const auto found = std::find_if(kColumns.begin(), kColumns.end(),
                                    [&](const ListColumn& column) { return column.name == name; });
    if (found == kColumns.end())
      return usage_error(fmt::format("no column \"{}\"", name), "columns are " + known_columns());
    columns.push_back(&*found);
  }
  return columns;
}

}  // namespace

Result<Table> make_list(const model::Index& index, const analyze::Titles& titles,
                        const ListOptions& options) {
  const auto columns = chosen(options);
  if (!columns) return tl::unexpected(columns.error());
  const Words words{index, titles};
  Table table;
  for (const ListColumn* column : *columns) {
    std::string name(column->name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    table.columns.push_back({name, column->right, column->flexible});
  }
  for (const model::Namespace& ns : index.snapshot().namespaces) {
    std::vector<Text>& row = table.rows.emplace_back();
    for (const ListColumn* column : *columns) row.push_back(column->cell(words, ns));
  }
  return table;
}

std::vector<std::string_view> list_columns() {
  std::vector<std::string_view> names;
  for (const ListColumn& column : kColumns) names.push_back(column.name);
  return names;
}

}  // namespace nsmap::view
