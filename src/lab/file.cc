#include "lab/file.h"

#include <utility>

#include "lab/file_read.h"

namespace nsmap::lab {
namespace {

using yaml::Node;

void read_sysctls(Reading& reading, const Node& node, Namespace& ns) {
  for (const auto& [key, value] : entries(reading, node, "sysctls"))
    ns.sysctls.push_back({key->where, reading.text(*key), reading.text(*value)});
}

void read_nftables(Reading& reading, const Node& node, Namespace& ns) {
  ns.nftables = reading.text(node);
  ns.nftables_at = node.where;
}

void read_processes(Reading& reading, const Node& node, Namespace& ns) {
  for (const auto& [key, command] : entries(reading, node, "run")) {
    Process& process = ns.processes.emplace_back();
    process.where = key->where;
    process.name = reading.text(*key);
    for (const Node* word : items(reading, *command, "a command"))
      process.command.push_back(reading.text(*word));
  }
}

constexpr Key<Namespace> kNamespace[] = {
    {"count", [](Reading&, const Node&, Namespace&) {}},  // count_of()
    {"links", read_links},
    {"routes", read_routes},
    {"rules", read_rules},
    {"sysctls", read_sysctls},
    {"nftables", read_nftables},
    {"run", read_processes},
};

void read_namespace(Reading& reading, const Node& name, const Node& body, Lab& lab) {
  reading.count_part(name.where);
  Namespace& ns = lab.namespaces.emplace_back();
  ns.where = name.where;
  ns.name = reading.text(name);
  ns.host = ns.name == "host";
  reading.ns = ns.name;
  read_map(reading, body, "a namespace", kNamespace, ns);
}

void read_namespaces(Reading& reading, const Node& node, Lab& lab) {
  for (const auto& [name, body] : entries(reading, node, "namespaces")) {
    const auto count = count_of(reading, *body);
    for (std::int64_t i = 1; i <= count.value_or(1) && !reading.failed(); ++i) {
      if (count) reading.counters = {i, i};
      read_namespace(reading, *name, *body, lab);
    }
    reading.counters = {};
  }
}

constexpr Key<Lab> kLab[] = {
    {"lab", text_of<&Lab::name, Lab>},
    {"namespaces", read_namespaces},
};

}  // namespace

Result<Lab> parse(std::string_view text, const std::string& file) {
  const auto document = yaml::read(text, file);
  if (!document) return tl::unexpected(document.error());
  Lab lab;
  lab.file = file;
  lab.text = text;
  Reading reading{file, {}};
  read_map(reading, *document->root, "a lab", kLab, lab);
  if (!reading.failed() && lab.name.empty())
    reading.fail(document->root->where, "the lab has no name; write lab: NAME");
  join_peers(reading, lab);
  if (reading.failed()) return tl::unexpected(*reading.error);
  if (const auto checked = check(lab); !checked) return tl::unexpected(checked.error());
  return lab;
}

}  // namespace nsmap::lab
