#include <unordered_map>

#include "collect/containers_runtimes.h"

// Mininet runs a shell in each node, whose last argument is "mininet:NAME" and nothing more than a
// mark (mininet node.py, startShell). Nodes without a namespace of their own are the host's. A node
// is its namespace and nothing more, so what was started in it from elsewhere (mnexec) is the
// node's as well.

namespace nsmap::collect {
namespace {

constexpr std::string_view kMark = "mininet:";

std::string_view last_word(const model::Process& process) {
  std::string_view command = process.command;
  while (command.ends_with(' ')) command.remove_suffix(1);
  return command.substr(command.rfind(' ') + 1);
}

}  // namespace

bool is_mininet(const model::Process& process) {
  return last_word(process).starts_with(kMark) && process.comm != "mnexec";
}

namespace {

using Nodes = std::unordered_map<model::NetnsId, FoundContainer*>;

void claim_strays(ContainerSearch& search, const Nodes& nodes) {
  if (nodes.empty()) return;
  for (const model::Process& process : search.processes) {
    const auto node = process.net ? nodes.find(*process.net) : nodes.end();
    if (node != nodes.end()) search.claims.emplace(process.pid, node->second);
  }
}

}  // namespace

void find_mininet_nodes(ContainerSearch& search, Processes nodes) {
  Nodes found_nodes;
  for (const model::Process* node : nodes) {
    const std::string_view mark = last_word(*node);
    if (!node->net || node->net == search.host_net || mark.size() == kMark.size()) continue;
    const auto parent = search.by_pid.find(node->parent);
    if (parent != search.by_pid.end() && parent->second->net == node->net) continue;
    FoundContainer& found = add_container(search, "mininet", mark, node);
    found.container.name = mark.substr(kMark.size());
    claim(search, *node, found);
    found_nodes.emplace(*node->net, &found);
  }
  claim_strays(search, found_nodes);
}

}  // namespace nsmap::collect
