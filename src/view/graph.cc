#include "view/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "view/forest.h"
#include "view/ports.h"
#include "view/published.h"
#include "view/words.h"

// A wire is drawn once, from the end in the namespace that comes first in the snapshot: the host's
// before any other, so that pictures laid out from left to right begin with it. A leaf is a
// namespace with one interface, the end of a wire to a port of a bar; a bar with many leaves gets
// them as a grid.

namespace nsmap::view {
namespace {

constexpr std::size_t kMostNoteNames = 40;
constexpr std::size_t kMostPublished = 3;  // lines of a box
constexpr std::size_t kMostTargets = 16;   // of a port

// Stands in a LinkRef for the bar of wires that end in a namespace, but in no bar of it.
constexpr IfIndex kNoBar{0};

bool is_bar(const Words& words, model::LinkRef ref, const model::Link& link) {
  return link.kind == "bridge" || !words.index.ports_of(ref).empty();
}

class Drawing {
 public:
  Drawing(const Words& words, const GraphOptions& options) : words_(words), options_(options) {
    sort_translations(translations_of(words));
  }

  Graph draw();

 private:
  std::string box_id(model::NetnsId id);
  static std::string port_id(IfIndex index) { return fmt::format("p{}", index.value); }
  GraphPort port_of(const model::Namespace& ns, const model::Link& link) const;
  GraphBox box_of(const model::Namespace& ns);
  bool gridded_port(const model::Link& link) const;
  GraphBar bar_of(const model::Namespace& ns, const model::Link& link) const;
  void add_hidden_ports(const model::Namespace& ns, GraphBox& box) const;
  void add_facts(const model::Namespace& ns, GraphBox& box) const;
  void sort_translations(const Translations& all);
  void add_translations(const Translations& all);
  bool is_leaf(const model::Namespace& ns) const;
  void add_lines(const model::Namespace& ns, GraphBox& box) const;
  void find_grids();
  void add_grids();
  void add_wires(const model::Namespace& ns);
  void add_servers(const model::Namespace& ns, const model::Link& link);
  void add_first();
  void add_note(const std::vector<const model::Namespace*>& bare);

  const Words& words_;
  const GraphOptions options_;
  Graph graph_;
  std::unordered_map<model::NetnsId, std::size_t> numbers_;
  std::map<model::LinkRef, std::vector<const model::Namespace*>> grids_;  // by bar
  std::unordered_set<model::NetnsId> gridded_;
  std::unordered_map<model::NetnsId, std::vector<std::string>> published_;
  std::unordered_set<model::NetnsId> stood_on_;  // whose interfaces carry others' elsewhere
};

std::string Drawing::box_id(model::NetnsId id) {
  return fmt::format("n{}", numbers_.try_emplace(id, numbers_.size()).first->second);
}

GraphPort Drawing::port_of(const model::Namespace& ns, const model::Link& link) const {
  const model::LinkRef ref{ns.id, link.index};
  std::string detail = kind_text(link);
  const bool quiet = link.master.has_value();  // a port's own addresses are link-local ones
  const std::string addresses = quiet ? "" : addresses_text(words_, ref, 2).plain();
  if (!detail.empty() && !addresses.empty()) detail += " ";
  detail += addresses;
  if ((link.peer && link.peer->ns == ns.id) || (link.parent && link.parent->ns == ns.id))
    detail += (detail.empty() ? "" : " ") + wire_text(words_, ns, link).plain();
  const bool up = link.up && (link.carrier || link.state == model::OperState::unknown);
  return {port_id(link.index), link.name, detail, up ? PortState::up : PortState::down, link.index};
}

void Drawing::add_lines(const model::Namespace& ns, GraphBox& box) const {
  const std::string containers = ns.host ? "" : containers_text(words_, ns).plain();
  const std::string processes = processes_text(words_, ns).plain();
  if (!containers.empty()) box.lines.push_back(containers);
  if (!processes.empty() && !ns.host) box.lines.push_back(processes);
  if (processes.empty()) box.lines.push_back(kept_text(words_, ns).plain());
}

BoxStyle style_of(const Words& words, const model::Namespace& ns) {
  if (ns.host) return BoxStyle::host;
  if (ns.id.hidden()) return BoxStyle::hidden;
  return words.index.containers_in(ns.id).empty() ? BoxStyle::plain : BoxStyle::container;
}

// Whether the port belongs to a wire that a grid stands for.
bool Drawing::gridded_port(const model::Link& link) const {
  return link.peer && gridded_.contains(link.peer->ns);
}

GraphBar Drawing::bar_of(const model::Namespace& ns, const model::Link& link) const {
  GraphBar bar{port_of(ns, link), {}};
  for (const model::Link* port : words_.index.ports_of({ns.id, link.index}))
    if (!gridded_port(*port) && !is_bar(words_, {ns.id, port->index}, *port))
      bar.ports.push_back(port_of(ns, *port));
  return bar;
}

// The far ends of the links that prove a hidden namespace.
void Drawing::add_hidden_ports(const model::Namespace& ns, GraphBox& box) const {
  for (const model::Holder& holder : ns.holders) {
    const model::Link* proof = holder.link ? words_.index.find(*holder.link) : nullptr;
    const auto& end = proof && proof->peer ? proof->peer : std::nullopt;
    if (end && end->ns == ns.id)
      box.ports.push_back(
          {port_id(end->index), link_name(words_, *end), "", PortState::up, end->index});
  }
}

void Drawing::add_facts(const model::Namespace& ns, GraphBox& box) const {
  const std::size_t processes = words_.index.processes_in(ns.id).size();
  if (ns.host && processes) box.lines.push_back(counted(processes, "process", "processes"));
  const std::string way_out = default_route_text(words_, ns, true).plain();
  if (!way_out.empty()) box.lines.push_back("default " + way_out);
  for (const Listener& listener : listeners(words_, ns))
    box.listens.push_back(listener_text(listener).plain());
  for (const model::Holder& holder : ns.holders)
    box.holders.push_back({holder_text(words_, holder).plain(), how_to_free(words_, holder)});
}

// Which lines stand in which box: of a port those in the boxes that it leads into, of one that
// leads out of the host how many there are, in its own.
void Drawing::sort_translations(const Translations& all) {
  std::map<model::NetnsId, std::size_t> outside;
  for (const analyze::OpenPort& port : all.ports) {
    std::set<model::NetnsId> into;
    for (const analyze::PortAnswer& answer : port.answers)
      if (const auto ns = analyze::answers_in(answer)) into.insert(*ns);
    for (const model::NetnsId id : into) published_[id].push_back(leads_into_text(port, id));
    if (into.empty()) ++outside[port.ns];
  }
  for (const auto& [id, count] : outside)
    published_[id].push_back(counted(count, "port leads elsewhere", "ports lead elsewhere"));
  for (const analyze::SourceNat& nat : all.sources)
    if (!nat.hairpin) published_[nat.rule.ns].push_back(source_text(nat));
  for (auto& [id, lines] : published_)
    if (lines.size() > kMostPublished + 1) {
      const std::size_t more = lines.size() - kMostPublished;
      lines.resize(kMostPublished);
      lines.push_back(fmt::format("+{} more", number(more)));
    }
  if (options_.every) add_translations(all);
}

void Drawing::add_translations(const Translations& all) {
  for (const analyze::OpenPort& port : all.ports) {
    GraphPublished made{.port = port.protocol + " " + address_and_port_text(port),
                        .ns = port.ns,
                        .service = analyze::service_of(port),
                        .to = {},
                        .from = reach_text(port).plain(),
                        .how = ways_text(port, kMostTargets).plain()};
    for (const analyze::PortAnswer* const answer : answers_in_order(port)) {
      if (made.to.size() == kMostTargets) break;
      const auto into = analyze::answers_in(*answer);
      std::string what = target_text(*answer).plain();
      if (into) what = (answer->to ? answer->to->title : answer->by.title) + " " + what;
      if (std::ranges::find(made.to, what, &GraphTarget::what) == made.to.end())
        made.to.push_back({std::move(what), into});
    }
    graph_.published.push_back(std::move(made));
  }
  for (const analyze::SourceNat& nat : all.sources)
    graph_.sources.push_back({nat.rule.ns, from_text(nat), nat.to, rule_name_text(nat.rule)});
}

GraphBox Drawing::box_of(const model::Namespace& ns) {
  GraphBox box{box_id(ns.id), words_.titles.of(ns.id), {}, style_of(words_, ns), {}, {}, ns.id};
  add_lines(ns, box);
  if (const auto found = published_.find(ns.id); found != published_.end())
    box.published = found->second;
  if (options_.every) add_facts(ns, box);
  for (const model::Link& link : ns.links) {
    const model::LinkRef ref{ns.id, link.index};
    if (is_furniture(words_, ref, link) || gridded_port(link)) continue;
    if (is_bar(words_, ref, link))
      box.bars.push_back(bar_of(ns, link));
    else if (!link.master || !words_.index.find(model::LinkRef{ns.id, *link.master}))
      box.ports.push_back(port_of(ns, link));
  }
  if (ns.id.hidden()) add_hidden_ports(ns, box);
  return box;
}

bool Drawing::is_leaf(const model::Namespace& ns) const {
  return !ns.host && !stood_on_.contains(ns.id) &&
         1 == std::count_if(ns.links.begin(), ns.links.end(), [&](const auto& link) {
           return !is_furniture(words_, {ns.id, link.index}, link);
         });
}

// Which leaves hang on which bar; bars with few of them get no grid.
void Drawing::find_grids() {
  for (const model::Namespace& ns : words_.index.snapshot().namespaces)
    for (const model::Link& link : ns.links)
      if (link.parent && link.parent->ns != ns.id) stood_on_.insert(link.parent->ns);
  for (const model::Namespace& ns : words_.index.snapshot().namespaces) {
    if (!is_leaf(ns)) continue;
    for (const model::Link& link : ns.links) {
      const model::Link* far = link.peer ? words_.index.find(*link.peer) : nullptr;
      if (far && link.peer->ns != ns.id)
        grids_[{link.peer->ns, far->master.value_or(kNoBar)}].push_back(&ns);
    }
  }
  std::erase_if(grids_, [&](const auto& grid) { return grid.second.size() < options_.grid_from; });
  for (const auto& [bar, leaves] : grids_)
    for (const model::Namespace* ns : leaves) gridded_.insert(ns->id);
}

void Drawing::add_grids() {
  for (auto& [bar, leaves] : grids_) {
    const bool on_bar = bar.index != kNoBar;
    const std::string place = on_bar ? link_name(words_, bar) + " @" : std::string();
    GraphGrid grid{fmt::format("g{}", graph_.grids.size()),
                   fmt::format("{} on {}{}", counted(leaves.size(), "namespace", "namespaces"),
                               place, words_.titles.of(bar.ns)),
                   {}};
    std::stable_sort(leaves.begin(), leaves.end(), [&](const auto* a, const auto* b) {
      return natural_less(words_.titles.of(a->id), words_.titles.of(b->id));
    });
    for (const model::Namespace* ns : leaves) {
      GraphBox& box = grid.boxes.emplace_back(box_of(*ns));
      for (const model::Link& link : ns->links)
        if (link.peer && !box.ports.empty())
          box.ports[0].detail += fmt::format(" ⇄ {}", link_name(words_, *link.peer));
    }
    graph_.wires.push_back({{box_id(bar.ns), on_bar ? port_id(bar.index) : ""},
                            {grid.id, ""},
                            WireStyle::bundle,
                            counted(leaves.size(), "wire", "wires")});
    graph_.grids.push_back(std::move(grid));
  }
}

void Drawing::add_wires(const model::Namespace& ns) {
  for (const model::Link& link : ns.links) {
    add_servers(ns, link);
    const GraphEnd here{box_id(ns.id), port_id(link.index)};
    const model::LinkRef ref{ns.id, link.index};
    if (link.parent && link.parent->ns != ns.id && words_.index.find(*link.parent))
      graph_.wires.push_back({{box_id(link.parent->ns), port_id(link.parent->index)},
                              here,
                              WireStyle::stack,
                              kind_text(link)});
    if (!link.peer || link.peer->ns == ns.id || gridded_.contains(link.peer->ns) ||
        gridded_.contains(ns.id))
      continue;
    const model::Link* far = words_.index.find(*link.peer);
    const bool told = far && far->peer == ref &&
                      std::pair(numbers_.at(link.peer->ns), link.peer->index) <
                          std::pair(numbers_.at(ns.id), link.index);
    if (!told && words_.index.find(link.peer->ns))
      graph_.wires.push_back(
          {here, {box_id(link.peer->ns), port_id(link.peer->index)}, WireStyle::wire, ""});
  }
}

void Drawing::add_servers(const model::Namespace& ns, const model::Link& link) {
  for (const model::TunServer& server : link.served_by) {
    const model::Process* process = words_.index.find(server.pid);
    if (!process || !process->net || !words_.index.find(*process->net)) continue;
    if (*process->net == ns.id || gridded_.contains(*process->net)) continue;
    graph_.wires.push_back({{box_id(*process->net), ""},
                            {box_id(ns.id), port_id(link.index)},
                            WireStyle::served,
                            process_text(words_, server.pid).plain()});
  }
}

void Drawing::add_first() {
  std::unordered_set<std::string_view> drawn;
  for (const GraphBox& box : graph_.boxes) drawn.insert(box.id);
  const Forest forest(words_.index);
  for (const model::Namespace* root : forest.roots())
    if (const std::string id = box_id(root->id); drawn.contains(id)) graph_.first.push_back(id);
  if (drawn.contains("note")) graph_.first.push_back("note");
}

void Drawing::add_note(const std::vector<const model::Namespace*>& bare) {
  if (bare.empty()) return;
  const bool all_read =
      std::none_of(bare.begin(), bare.end(), [](auto* ns) { return !is_read(*ns); });
  GraphBox note{"note",
                counted(bare.size(), "namespace", "namespaces") +
                    (all_read ? " with nothing but lo" : " with nothing but lo, or not readable"),
                {},
                BoxStyle::note,
                {},
                {}};
  for (std::size_t i = 0; i < std::min(bare.size(), kMostNoteNames); ++i)
    note.lines.push_back(words_.titles.of(bare[i]->id));
  if (bare.size() > kMostNoteNames)
    note.lines.push_back(fmt::format("+{}", bare.size() - kMostNoteNames));
  graph_.boxes.push_back(std::move(note));
}

Graph Drawing::draw() {
  const model::Snapshot& snapshot = words_.index.snapshot();
  graph_.title = snapshot.host.hostname;
  for (const model::Namespace& ns : snapshot.namespaces) box_id(ns.id);
  find_grids();
  std::vector<const model::Namespace*> bare;
  for (const model::Namespace& ns : snapshot.namespaces) {
    if (gridded_.contains(ns.id)) continue;
    GraphBox box = box_of(ns);
    if (box.ports.empty() && box.bars.empty() && !ns.host && !options_.every)
      bare.push_back(&ns);
    else
      graph_.boxes.push_back(std::move(box));
  }
  for (const model::Namespace& ns : snapshot.namespaces) add_wires(ns);
  add_grids();
  add_note(bare);
  add_first();
  return std::move(graph_);
}

}  // namespace

Graph make_graph(const model::Index& index, const analyze::Titles& titles,
                 const GraphOptions& options) {
  return Drawing(Words{index, titles}, options).draw();
}

}  // namespace nsmap::view
