#include "view/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "view/foot.h"
#include "view/forest.h"
#include "view/words.h"

// The map is a tree of namespaces (Forest) in which a bridge, or whatever else several namespaces
// hang on, is a node between its namespace and theirs. A wire between a namespace and the one it
// hangs on is told once, below, where both ends are named; any other wire is told at both ends.

namespace nsmap::view {
namespace {

constexpr std::size_t kMostAddresses = 4;
constexpr std::size_t kMostLinks = 24;      // lines of interfaces of one namespace
constexpr std::size_t kMostListeners = 16;  // of one namespace
constexpr std::size_t kMostFolded = 60;     // names in the line of lo-only namespaces

void cut_items(Line& line, std::size_t most) {
  if (line.items.size() <= most) return;
  const std::size_t more = line.items.size() - most;
  line.items.resize(most);
  line.items.push_back({fmt::format("+{}", more), Role::muted});
}

class Map {
 public:
  Map(const Words& words, bool compact) : words_(words), forest_(words.index), compact_(compact) {
    for (const model::Namespace& ns : words.index.snapshot().namespaces)
      if (is_empty(ns)) folded_.insert(ns.id);
    for (analyze::Published& port : analyze::published_ports(words.index, words.titles))
      published_[*port.to.ns].push_back(std::move(port));
  }

  Tree tree() const;

 private:
  bool is_empty(const model::Namespace& ns) const;
  Line head() const;
  TreeNode namespace_node(const model::Namespace& ns) const;
  TreeNode link_node(const model::Namespace& ns, const model::Link& link,
                     std::vector<Hung> children) const;
  std::vector<TreeNode> nodes_of(std::vector<Hung> children) const;
  void add_children(const model::Namespace& ns, TreeNode& node) const;
  std::vector<Text> full_title(const model::Namespace& ns) const;
  std::vector<Text> compact_title(const model::Namespace& ns) const;
  Text what(const model::Namespace& ns) const;
  std::vector<const model::Link*> told_links(const model::Namespace& ns) const;
  void add_details(const model::Namespace& ns, TreeNode& node) const;
  void add_links(const model::Namespace& ns, TreeNode& node) const;
  void add_published(const model::Namespace& ns, TreeNode& node) const;
  void add_listeners(const model::Namespace& ns, TreeNode& node) const;
  Text link_text(const model::Namespace& ns, const model::Link& link) const;
  std::string plain_home(const model::Namespace& ns) const;
  void add_folded(std::vector<TreeNode>& nodes) const;
  void add_fold(std::vector<const model::Namespace*> empty, std::string_view caption,
                std::vector<TreeNode>& nodes) const;

  const Words& words_;
  const Forest forest_;
  const bool compact_;
  std::unordered_set<model::NetnsId> folded_;
  std::unordered_map<model::NetnsId, std::vector<analyze::Published>> published_;
};

// Namespaces that have nothing but lo and its like, the host never.
bool Map::is_empty(const model::Namespace& ns) const {
  return !ns.host && !ns.id.hidden() &&
         std::all_of(ns.links.begin(), ns.links.end(), [&](const model::Link& link) {
           return is_furniture(words_, {ns.id, link.index}, link);
         });
}

Line Map::head() const {
  const model::Snapshot& snapshot = words_.index.snapshot();
  const auto release = snapshot.host.kernel.substr(0, snapshot.host.kernel.find('-'));
  const auto containers =
      std::count_if(snapshot.containers.begin(), snapshot.containers.end(),
                    [](const model::Container& container) { return !container.sandbox; });
  Line line{{snapshot.host.hostname, Role::title}, {}};
  if (!release.empty()) line.items.push_back("Linux " + release);
  line.items.push_back(counted(snapshot.namespaces.size(), "namespace", "namespaces"));
  if (containers != 0)
    line.items.push_back(
        counted(static_cast<std::uint64_t>(containers), "container", "containers"));
  line.items.push_back(counted(snapshot.processes.size(), "process", "processes"));
  return line;
}

// What runs there, or what keeps it when nothing does.
Text Map::what(const model::Namespace& ns) const {
  if (ns.host)
    return {counted(words_.index.processes_in(ns.id).size(), "process", "processes"), Role::muted};
  Text text = containers_text(words_, ns);
  text.join(processes_text(words_, ns));
  if (!words_.index.processes_in(ns.id).empty()) return text;
  // Of one that could not be entered, whoever is in it may have refused to say so.
  const bool deserted = !ns.id.hidden() && is_read(ns);
  if (deserted) text.join({"no process", Role::muted});
  return text.join(kept_text(words_, ns), deserted ? "; " : " · ");
}

std::vector<Text> Map::full_title(const model::Namespace& ns) const {
  Text title(words_.titles.of(ns.id), ns.id.hidden() ? Role::warn : Role::title);
  return {title.join(what(ns), "  ")};
}

std::vector<Text> Map::compact_title(const model::Namespace& ns) const {
  Text addresses;
  Text wires;
  std::size_t more = 0;
  for (const model::Link* link : told_links(ns)) {
    const model::LinkRef ref{ns.id, link->index};
    if (!wires.empty()) {
      ++more;
      continue;
    }
    addresses = addresses_text(words_, ref, 1);
    wires = Text(link->name, Role::name).join(wire_text(words_, ns, *link), " ");
  }
  if (more != 0) wires.add(fmt::format(" +{}", more), Role::muted);
  return {{words_.titles.of(ns.id), ns.id.hidden() ? Role::warn : Role::title},
          addresses,
          wires,
          what(ns)};
}

// The interfaces that no other line of the map tells of.
std::vector<const model::Link*> Map::told_links(const model::Namespace& ns) const {
  std::unordered_set<IfIndex> nodes;
  for (const Hung& child : forest_.children(ns.id))
    if (child.under) nodes.insert(*child.under);
  std::vector<const model::Link*> told;
  for (const model::Link& link : ns.links) {
    const bool below = link.peer && forest_.hangs_on(link.peer->ns, ns.id);
    if (!below && !nodes.contains(link.index) && !is_furniture(words_, {ns.id, link.index}, link))
      told.push_back(&link);
  }
  return told;
}

// "bridge 172.17.0.1/16 ⇄ …", and what else there is to say of an interface but its name.
Text Map::link_text(const model::Namespace& ns, const model::Link& link) const {
  const model::LinkRef ref{ns.id, link.index};
  Text text(kind_text(link), Role::muted);
  const auto shown = shown_addresses(words_, ref);
  const bool only_link_local = !shown.empty() && shown.front()->address.is_link_local();
  if (!link.master || !only_link_local) text.join(addresses_text(words_, ref, kMostAddresses), " ");
  text.join(wire_text(words_, ns, link), " ");
  text.join(state_text(link));
  return text.join(served_text(words_, link));
}

void Map::add_links(const model::Namespace& ns, TreeNode& node) const {
  const auto told = told_links(ns);
  for (std::size_t i = 0; i < std::min(told.size(), kMostLinks); ++i)
    node.details.push_back({{told[i]->name, Role::name}, {link_text(ns, *told[i])}});
  if (told.size() > kMostLinks)
    node.details.push_back(
        {{"…", Role::muted},
         {Text(counted(told.size() - kMostLinks, "interface more", "interfaces more"),
               Role::muted)}});
  const Text route = default_route_text(words_, ns, ns.links.size() > 2);
  if (route.empty()) return;
  if (told.size() == 1 && node.details.size() == 1)
    node.details.front().items.push_back(Text("default ", Role::muted).add(route));
  else
    node.details.push_back({{"default", Role::muted}, {route}});
}

void Map::add_published(const model::Namespace& ns, TreeNode& node) const {
  Line line{{"published", Role::muted}, {}};
  const auto ports = published_.find(ns.id);
  if (ports == published_.end()) return;
  for (const analyze::Published& port : ports->second) {
    line.items.push_back({published_text(port), Role::address});
    if (!words_.index.host() || port.ns != words_.index.host()->id)
      line.items.back().add(" of ", Role::muted).add(port.title, Role::title);
  }
  cut_items(line, kMostListeners);
  if (!line.items.empty()) node.details.push_back(std::move(line));
}

void Map::add_listeners(const model::Namespace& ns, TreeNode& node) const {
  const auto all = listeners(words_, ns);
  if (all.empty()) return;
  Line line{{"listens", Role::muted}, {}};
  for (const Listener& listener : all) line.items.push_back(listener_text(listener));
  cut_items(line, kMostListeners);
  node.details.push_back(std::move(line));
}

void Map::add_details(const model::Namespace& ns, TreeNode& node) const {
  if (ns.host && !words_.index.containers_in(ns.id).empty())
    node.details.push_back({{"also here", Role::muted}, {containers_text(words_, ns)}});
  add_links(ns, node);
  add_listeners(ns, node);
  if (!ns.host) add_published(ns, node);
}

TreeNode Map::namespace_node(const model::Namespace& ns) const {
  TreeNode node;
  if (compact_ && !ns.host) {
    node.cells = compact_title(ns);
  } else {
    node.cells = full_title(ns);
    add_details(ns, node);
  }
  add_children(ns, node);
  return node;
}

TreeNode Map::link_node(const model::Namespace& ns, const model::Link& link,
                        std::vector<Hung> children) const {
  const std::size_t ports = words_.index.ports_of({ns.id, link.index}).size();
  Text title(link.name, Role::name);
  title.join(link_text(ns, link), "  ");
  if (ports != 0) title.join({counted(ports, "port", "ports"), Role::muted});
  TreeNode node;
  node.cells = {title};
  node.children = nodes_of(std::move(children));
  return node;
}

std::vector<TreeNode> Map::nodes_of(std::vector<Hung> children) const {
  std::stable_sort(children.begin(), children.end(), [&](const Hung& a, const Hung& b) {
    return natural_less(words_.titles.of(a.ns->id), words_.titles.of(b.ns->id));
  });
  std::vector<TreeNode> nodes;
  for (const Hung& child : children) nodes.push_back(namespace_node(*child.ns));
  return nodes;
}

void Map::add_children(const model::Namespace& ns, TreeNode& node) const {
  std::unordered_map<IfIndex, std::vector<Hung>> under;
  std::vector<Hung> direct;
  for (const Hung& child : forest_.children(ns.id))
    (child.under ? under[*child.under] : direct).push_back(child);
  for (const model::Link& link : ns.links)
    if (const auto found = under.find(link.index); found != under.end())
      node.children.push_back(link_node(ns, link, std::move(found->second)));
  for (TreeNode& child : nodes_of(std::move(direct))) node.children.push_back(std::move(child));
}

// The directory of the one file that keeps a namespace alive and bears its name: "/run/netns";
// empty where it is not as simple as that.
std::string Map::plain_home(const model::Namespace& ns) const {
  if (ns.holders.size() != 1 || ns.holders[0].kind != model::HolderKind::bind_mount) return {};
  const std::string& path = ns.holders[0].path;
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || path.substr(slash + 1) != words_.titles.of(ns.id)) return {};
  return path.substr(0, slash);
}

void Map::add_folded(std::vector<TreeNode>& nodes) const {
  std::vector<const model::Namespace*> bare;
  std::vector<const model::Namespace*> unread;
  for (const model::Namespace& ns : words_.index.snapshot().namespaces)
    if (folded_.contains(ns.id)) (is_read(ns) ? bare : unread).push_back(&ns);
  add_fold(std::move(bare), " with nothing but lo", nodes);
  add_fold(std::move(unread), " that could not be entered", nodes);
}

// Those kept by a file of their name together, by directory, then one by one with what they are.
void Map::add_fold(std::vector<const model::Namespace*> empty, std::string_view caption,
                   std::vector<TreeNode>& nodes) const {
  if (empty.empty()) return;
  std::stable_sort(empty.begin(), empty.end(), [&](const auto* a, const auto* b) {
    return natural_less(words_.titles.of(a->id), words_.titles.of(b->id));
  });
  std::map<std::string, Line> lines;
  for (const model::Namespace* ns : empty) {
    const std::string home = plain_home(*ns);
    Line& line = lines[home.empty() ? "others" : home];
    Text item(words_.titles.of(ns->id), Role::title);
    if (home.empty()) item.add(" (", Role::muted).add(what(*ns)).add(")", Role::muted);
    line.items.push_back(std::move(item));
  }
  TreeNode node;
  node.cells = {Text(counted(empty.size(), "namespace", "namespaces"), Role::title)
                    .add(std::string(caption), Role::muted)};
  for (auto& [home, line] : lines) {
    if (lines.size() > 1 || home != "others") line.lead = {home, Role::muted};
    line.separator = ", ";
    cut_items(line, kMostFolded);
    node.details.push_back(std::move(line));
  }
  nodes.push_back(std::move(node));
}

Tree Map::tree() const {
  Tree tree;
  tree.head.push_back(head());
  for (const model::Namespace* root : forest_.roots())
    if (!folded_.contains(root->id)) tree.roots.push_back(namespace_node(*root));
  add_folded(tree.roots);
  tree.foot = make_foot(words_);
  return tree;
}

}  // namespace

Tree make_map(const model::Index& index, const analyze::Titles& titles, const MapOptions& options) {
  const Words words{index, titles};
  const bool compact = index.snapshot().namespaces.size() > options.compact_over;
  return Map(words, compact).tree();
}

}  // namespace nsmap::view
