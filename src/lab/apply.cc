#include "lab/apply.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/workers.h"
#include "lab/inside.h"
#include "lab/nftables.h"
#include "lab/observe_names.h"
#include "lab/requests.h"
#include "lab/sysctl.h"
#include "netlink/batch.h"
#include "os/files.h"

// The steps of a plan fall into passes, each of which needs the one before to be through in all
// namespaces, while within a pass every namespace is on its own:
//
//     stop processes; take parts away; unpin namespaces
//     make and pin namespaces
//     make links, those without a parent first, then those that stand on them, and so on
//     settle: masters, states, addresses, settings, routes, rules
//     start processes
//
// A pass visits a namespace once: it enters it, opens a socket, and sends all it has for it in as
// few datagrams as hold it. Links get numbers of our choosing when they are planned, so that no
// answer has to be waited for.

namespace nsmap::lab {
namespace {

constexpr int kPatienceMs = 2000;  // for a process to end by itself
constexpr unsigned kWaiters = 64;  // threads that mostly wait for the kernel (RCU, at unmounting)

std::string located(const Lab& lab, Mark where, const std::string& text) {
  if (where.line == 0) return text;
  return fmt::format("{}:{}:{}: {}", lab.file, where.line, where.column, text);
}

const char* verb(Change change) {
  switch (change) {
    case Change::add:
      return "making";
    case Change::remove:
      return "removing";
    case Change::alter:
      return "changing";
  }
  return "";
}

// A namespace of the lab while the plan is carried out.
struct Place {
  UniqueFd ns;  // invalid: the caller's own, the host's
  std::map<std::string, IfIndex> links;
  // Above the fallback devices that tunnel modules put into each new namespace.
  std::int32_t last_index = 99;
  bool fresh = false;
  std::vector<std::pair<const Step*, const Link*>> new_links;  // made, and yet to be settled
};

// A request, and the step it is part of.
struct Work {
  const Step* step = nullptr;
  netlink::Request request;
};

class Applier {
 public:
  Applier(const World& world, const Plan& plan, const Lab& want,
          const std::map<std::string, There>& there, Journal& journal)
      : world_(world), plan_(plan), want_(want), there_(there), journal_(journal) {
    for (const Namespace& ns : want.namespaces) {
      namespaces_.emplace(ns.name, &ns);
      for (const Link& link : ns.links) links_.emplace(LinkName{ns.name, link.name}, &link);
    }
  }

  Result<void> run() {
    for (const auto pass : {&Applier::open_places, &Applier::stop_processes, &Applier::take_away,
                            &Applier::remove_namespaces, &Applier::make_namespaces,
                            &Applier::make_links, &Applier::settle, &Applier::start_processes})
      if (auto done = (this->*pass)(); !done) return done;
    return {};
  }

 private:
  // --- the caller's view of failures ----------------------------------------------------------

  tl::unexpected<Error> fail(const Step& step, const std::string& why) const {
    return change_error(
        located(want_, step.where, fmt::format("{} {}: {}", verb(step.change), step.text, why)));
  }
  tl::unexpected<Error> fail(const Step& step, Errno error) const {
    return fail(step, os::text(error));
  }

  // --- places ---------------------------------------------------------------------------------

  Result<void> open_places() {
    auto own = world_.kernel.open(os::kNoDir, "/proc/self/ns/net", O_RDONLY);
    if (!own) return change_error("opening /proc/self/ns/net: " + os::text(own.error()));
    host_ = std::move(*own);
    std::unordered_set<std::string_view> going;  // which nothing is done in any more
    for (const Step* step : steps_of<NamespacePart>(Change::remove)) going.insert(step->ns);
    for (const auto& [name, there] : there_) {
      if (going.contains(name)) continue;
      Place& place = places_[name];
      place.links = there.links;
      for (const auto& [link, index] : there.links)
        place.last_index = std::max(place.last_index, index.value);
      if (there.host) continue;
      auto fd = world_.kernel.open(os::kNoDir, name_path(name).c_str(), O_RDONLY);
      if (!fd)
        return change_error(fmt::format("opening {}: {}", name_path(name), os::text(fd.error())));
      place.ns = std::move(*fd);
    }
    return {};
  }

  // Calls `work` with each of the names on threads that it may move, and returns the first failure.
  Result<void> for_each(const std::vector<std::string>& names,
                        const std::function<Result<void>(const std::string&)>& work,
                        unsigned threads = 0) {
    std::mutex mutex;
    Result<void> first;
    std::thread([&] {
      share_work(threads != 0 ? threads : world_.threads, names.size(),
                 [&](unsigned, std::size_t i) {
                   {
                     const std::lock_guard lock(mutex);
                     if (!first) return;
                   }
                   if (auto done = work(names[i]); !done) {
                     const std::lock_guard lock(mutex);
                     if (first) first = std::move(done);
                   }
                 });
    }).join();
    return first;
  }

  using WorkByPlace = std::map<std::string, std::vector<Work>>;

  // Sends what each namespace has to be sent. What is to be taken away may be gone already, with
  // something else that was.
  Result<void> send(WorkByPlace& work) {
    std::vector<std::string> names;
    for (const auto& [name, requests] : work) names.push_back(name);
    return for_each(names, [&](const std::string& name) { return send(name, work.at(name)); });
  }

  Result<void> send(const std::string& name, std::vector<Work>& work) {
    const auto transport = enter(name);
    if (!transport) return tl::unexpected(transport.error());
    return send(**transport, name, work);
  }

  Result<void> send(netlink::Transport& transport, const std::string& name,
                    std::vector<Work>& work) {
    std::vector<netlink::Request> requests;
    for (Work& one : work) requests.push_back(std::move(one.request));
    for (std::size_t at = 0; at < requests.size(); ++at) {
      const auto failed = netlink::change(transport, std::span(requests).subspan(at));
      if (!failed) return {};
      at += failed->at;
      const std::string why = netlink::describe(failed->failure);
      const Step* step = work[at].step;
      if (!step) return change_error(fmt::format("setting up lo of {}: {}", name, why));
      if (!is_gone(*step, failed->failure)) return fail(*step, why);
    }
    return {};
  }

  static bool is_gone(const Step& step, const netlink::Failure& failure) {
    constexpr int kGone[] = {ENODEV, ESRCH, ENOENT, EADDRNOTAVAIL};
    return step.change == Change::remove &&
           std::find(std::begin(kGone), std::end(kGone), failure.error) != std::end(kGone);
  }

  // Moves the calling thread into a place of the lab, and opens a socket there.
  Result<std::unique_ptr<netlink::Transport>> enter(const std::string& name) {
    const Place& place = places_.at(name);
    const Fd ns = place.ns.valid() ? place.ns : host_;
    auto transport = open_inside(world_, ns);
    if (!transport)
      return change_error(
          fmt::format("entering namespace {}: {}", name, os::text(transport.error())), "root");
    return std::move(*transport);
  }

  std::optional<IfIndex> index_of(const std::string& ns, const std::string& link) const {
    if (link == "lo") return kLoopback;
    const auto place = places_.find(ns);
    if (place == places_.end()) return std::nullopt;
    const auto found = place->second.links.find(link);
    return found == place->second.links.end() ? std::nullopt : std::optional(found->second);
  }

  IndexOf numbers_in(const std::string& ns) const {
    return [this, ns](const std::string& link) { return index_of(ns, link); };
  }

  template <typename P>
  std::vector<const Step*> steps_of(Change change) const {
    std::vector<const Step*> steps;
    for (const Step& step : plan_.steps)
      if (step.change == change && std::holds_alternative<P>(step.part)) steps.push_back(&step);
    return steps;
  }

  // --- taking away ----------------------------------------------------------------------------

  Result<void> stop_processes() {
    for (const Step* step : steps_of<Process>(Change::remove)) {
      for (const Running& process : std::get<Process>(step->part).running)
        if (const auto stopped = world_.changes.stop(process.pid, process.start_ticks, kPatienceMs);
            !stopped && stopped.error().value != ESRCH)
          return fail(*step, stopped.error());
    }
    return {};
  }

  Result<void> take_away() {
    WorkByPlace work;
    for (const Step& step : plan_.steps) {
      if (step.change != Change::remove) continue;
      auto request = removal(step);
      if (!request) return fail(step, request.error().text);
      if (*request) work[step.ns].push_back({&step, std::move(**request)});
    }
    auto done = send(work);
    // What was taken away frees its name.
    for (const Step* step : steps_of<LinkPart>(Change::remove))
      places_[step->ns].links.erase(std::get<LinkPart>(step->part).link.name);
    return done;
  }

  Result<std::optional<netlink::Request>> removal(const Step& step) {
    const IndexOf numbers = numbers_in(step.ns);
    const auto on_link = [&](const std::string& link,
                             auto make) -> std::optional<netlink::Request> {
      const auto index = numbers(link);
      return index ? std::optional(make(*index)) : std::nullopt;
    };
    if (const auto* part = std::get_if<LinkPart>(&step.part))
      return on_link(part->link.name, [](IfIndex index) { return remove_link(index); });
    if (const auto* part = std::get_if<AddressPart>(&step.part))
      return on_link(part->link,
                     [&](IfIndex index) { return remove_address(index, part->address); });
    if (const auto* part = std::get_if<ImpairmentPart>(&step.part))
      return on_link(part->link, [](IfIndex index) { return clear_impairment(index); });
    if (const auto* route = std::get_if<Route>(&step.part)) {
      auto request = remove_route(*route, numbers);
      if (!request) return tl::unexpected(request.error());
      return std::optional(std::move(*request));
    }
    if (const auto* rule = std::get_if<Rule>(&step.part)) return std::optional(remove_rule(*rule));
    return std::nullopt;
  }

  Result<void> remove_namespaces() {
    std::vector<std::string> names;
    std::unordered_map<std::string, const Step*> steps;
    for (const Step* step : steps_of<NamespacePart>(Change::remove)) {
      names.push_back(step->ns);
      steps.emplace(step->ns, step);
    }
    return for_each(
        names,
        [&](const std::string& name) -> Result<void> {
          const auto removed = world_.changes.unpin_namespace(name_path(name));
          if (!removed && removed.error().value != ENOENT)
            return fail(*steps.at(name), removed.error());
          return {};
        },
        kWaiters);
  }

  // --- making ---------------------------------------------------------------------------------

  Result<void> make_namespaces() {
    const auto steps = steps_of<NamespacePart>(Change::add);
    if (steps.empty()) return {};
    if (const auto shared = world_.changes.share_directory(std::string(kNamesDirectory)); !shared)
      return change_error(fmt::format("making {}: {}", kNamesDirectory, os::text(shared.error())),
                          "root");
    std::vector<std::string> chunks;
    std::unordered_map<std::string, std::span<const Step* const>> parts;
    constexpr std::size_t kChunk = 32;  // made, then noted together, then pinned
    for (std::size_t at = 0; at < steps.size(); at += kChunk) {
      chunks.push_back(std::to_string(at));
      parts.emplace(chunks.back(),
                    std::span(steps).subspan(at, std::min(kChunk, steps.size() - at)));
    }
    return for_each(chunks, [&](const std::string& chunk) { return make_chunk(parts.at(chunk)); });
  }

  Result<void> make_chunk(std::span<const Step* const> steps) {
    std::vector<UniqueFd> made;
    std::vector<std::string> records;
    for (const Step* step : steps) {
      auto ns = world_.changes.make_network_namespace();
      if (!ns) return fail(*step, ns.error());
      const auto stat = world_.kernel.stat(*ns, "");
      if (!stat) return fail(*step, stat.error());
      records.push_back(namespace_record(step->ns, {stat->id.dev, stat->id.ino}));
      made.push_back(std::move(*ns));
    }
    {
      const std::lock_guard lock(mutex_);
      if (auto noted = journal_.note(records); !noted) return noted;
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (const auto pinned = world_.changes.pin_namespace(made[i], name_path(steps[i]->ns));
          !pinned)
        return fail(*steps[i], pinned.error());
      const std::lock_guard lock(mutex_);
      Place& place = places_[steps[i]->ns];
      place.ns = std::move(made[i]);
      place.fresh = true;
    }
    return {};
  }

  const Link* wanted_link(const LinkName& name) const {
    const auto found = links_.find(name);
    return found == links_.end() ? nullptr : found->second;
  }

  // How many links of this plan must be there before this one.
  std::size_t depth(const Link& link) const {
    std::size_t depth = 0;
    for (const Link* at = &link; at && at->parent && new_.contains(*at->parent);
         at = wanted_link(*at->parent))
      ++depth;
    return depth;
  }

  Result<void> make_links() {
    const auto steps = steps_of<LinkPart>(Change::add);
    std::vector<std::string> records;
    for (const Step* step : steps) {
      const Link& link = std::get<LinkPart>(step->part).link;
      take_new(*step, {step->ns, link.name}, link, records);
      if (!link.peer) continue;
      const Link* end = wanted_link(*link.peer);
      if (!end) return fail(*step, "its other end is not in the lab");
      take_new(*step, *link.peer, *end, records);
    }
    if (auto noted = journal_.note(records); !noted) return noted;
    std::map<std::size_t, WorkByPlace> levels;
    for (const Step* step : steps) {
      const LinkPart& part = std::get<LinkPart>(step->part);
      auto request = creation(step->ns, part.link);
      if (!request) return fail(*step, request.error().text);
      const std::string& from = part.link.parent ? part.link.parent->ns : step->ns;
      levels[depth(part.link)][from].push_back({step, std::move(*request)});
    }
    for (auto& [level, work] : levels)
      if (auto done = send(work); !done) return done;
    return {};
  }

  // Gives a new link its number, and remembers to settle it where it is.
  void take_new(const Step& step, const LinkName& name, const Link& link,
                std::vector<std::string>& records) {
    Place& place = places_[name.ns];
    // Up to Linux 6.12 a number must be free where the request is sent as well, which is where the
    // parent is (net/core/rtnetlink.c __rtnl_newlink).
    Place& asked = places_[link.parent ? link.parent->ns : name.ns];
    const IfIndex index(std::max(place.last_index, asked.last_index) + 1);
    place.last_index = asked.last_index = index.value;
    place.links[name.link] = index;
    place.new_links.push_back({&step, &link});
    new_.insert(name);
    if (is_host(name.ns)) records.push_back(link_record(name.link, index));
  }

  bool is_host(const std::string& ns) const {
    const auto found = namespaces_.find(ns);
    return found != namespaces_.end() && found->second->host;
  }

  Fd descriptor(const std::string& ns) {
    const Place& place = places_[ns];
    return place.ns.valid() ? place.ns : host_;
  }

  Result<netlink::Request> creation(const std::string& ns, const Link& link) {
    std::optional<IfIndex> parent;
    bool elsewhere = false;
    if (link.parent) {
      parent = index_of(link.parent->ns, link.parent->link);
      elsewhere = link.parent->ns != ns;
    }
    std::optional<End> peer;
    if (link.peer) {
      const Link* end = wanted_link(*link.peer);
      peer.emplace(End{*end, *index_of(link.peer->ns, link.peer->link),
                       link.peer->ns == ns ? Fd() : descriptor(link.peer->ns)});
    }
    return create_link({link, *index_of(ns, link.name), elsewhere ? descriptor(ns) : Fd()}, peer,
                       parent);
  }

  // --- settling -------------------------------------------------------------------------------

  Result<void> settle() {
    std::map<std::string, std::vector<const Step*>> by_place;
    for (const auto& [name, place] : places_)
      if (place.fresh || !place.new_links.empty()) by_place[name];
    for (const Step& step : plan_.steps)
      if (is_settled(step)) by_place[step.ns].push_back(&step);
    std::vector<std::string> names;
    for (const auto& [name, steps] : by_place) names.push_back(name);
    return for_each(names,
                    [&](const std::string& name) { return settle(name, by_place.at(name)); });
  }

  // Whether a step is done when the links are there, in its own namespace.
  static bool is_settled(const Step& step) {
    if (step.change == Change::remove || std::holds_alternative<NamespacePart>(step.part) ||
        std::holds_alternative<Process>(step.part))
      return false;
    return step.change == Change::alter || !std::holds_alternative<LinkPart>(step.part);
  }

  Result<void> settle(const std::string& name, const std::vector<const Step*>& steps) {
    const auto transport = enter(name);
    if (!transport) return tl::unexpected(transport.error());
    std::vector<Work> work;
    if (places_.at(name).fresh) work.push_back({nullptr, set_up(kLoopback, true)});
    for (const auto& [step, link] : places_.at(name).new_links)
      settle_new(name, *step, *link, work);
    for (const Step* step : steps)
      if (auto added = add_requests(name, *step, work); !added) return added;
    if (auto done = send(**transport, name, work); !done) return done;
    for (const Step* step : steps)
      if (const auto* part = std::get_if<NftablesPart>(&step->part))
        if (auto done = apply_nftables(part->text); !done) return fail(*step, done.error().text);
    return {};
  }

  // The requests of one step in one place, settings of /proc/sys done at once.
  Result<void> add_requests(const std::string& ns, const Step& step, std::vector<Work>& work) {
    const IndexOf numbers = numbers_in(ns);
    const auto add = [&](netlink::Request request) { work.push_back({&step, std::move(request)}); };
    if (const auto* part = std::get_if<LinkPart>(&step.part))
      return alter_link(ns, step, *part, work);
    if (const auto* sysctl = std::get_if<Sysctl>(&step.part)) return set(step, *sysctl);
    if (const auto* part = std::get_if<AddressPart>(&step.part)) {
      const auto index = numbers(part->link);
      if (!index) return fail(step, "there is no such link");
      add(add_address(*index, part->address));
    } else if (const auto* impaired = std::get_if<ImpairmentPart>(&step.part)) {
      const auto index = numbers(impaired->link);
      if (!index) return fail(step, "there is no such link");
      if (step.change == Change::alter) add(clear_impairment(*index));
      for (netlink::Request& request : impair(*index, impaired->impairment))
        add(std::move(request));
    } else if (const auto* route = std::get_if<Route>(&step.part)) {
      auto request = add_route(*route, numbers);
      if (!request) return fail(step, request.error().text);
      add(std::move(*request));
    } else if (const auto* rule = std::get_if<Rule>(&step.part)) {
      add(add_rule(*rule));
    }
    return {};
  }

  void settle_new(const std::string& ns, const Step& step, const Link& link,
                  std::vector<Work>& work) {
    const IfIndex index = *index_of(ns, link.name);
    if (const auto master = index_of(ns, link.master); master && !link.master.empty())
      work.push_back({&step, enslave(index, *master)});
    if (link.up) work.push_back({&step, set_up(index, true)});
  }

  // Of a link that is there, what differs.
  Result<void> alter_link(const std::string& ns, const Step& step, const LinkPart& part,
                          std::vector<Work>& work) {
    const Link& link = part.link;
    const auto index = index_of(ns, link.name);
    if (!index) return fail(step, "there is no such link");
    const auto add = [&](netlink::Request request) { work.push_back({&step, std::move(request)}); };
    if (part.mac && link.mac) add(set_mac(*index, *link.mac));
    if (part.mtu && link.mtu) add(set_mtu(*index, *link.mtu));
    if (part.settings) {
      auto request = change_settings(*index, part.was, link);
      if (!request) return fail(step, request.error().text);
      add(std::move(*request));
    }
    if (part.master) {
      const auto master = link.master.empty() ? IfIndex(0) : index_of(ns, link.master);
      if (!master) return fail(step, "there is no such master");
      add(enslave(*index, *master));
    }
    if (part.up) add(set_up(*index, link.up));
    return {};
  }

  Result<void> set(const Step& step, const Sysctl& sysctl) {
    if (is_host(step.ns)) {
      const auto before = read_sysctl(world_, sysctl.name);
      if (!before) return fail(step, before.error());
      const std::lock_guard lock(mutex_);
      if (auto noted = journal_.note({sysctl_record(sysctl.name, *before)}); !noted) return noted;
    }
    if (const auto written = write_sysctl(world_, sysctl.name, sysctl.value); !written)
      return fail(step, written.error());
    return {};
  }

  // --- processes ------------------------------------------------------------------------------

  Result<void> start_processes() {
    for (const Step* step : steps_of<Process>(Change::add)) {
      const Process& process = std::get<Process>(step->part);
      os::Program program;
      program.command = process.command;
      program.net = descriptor(step->ns);
      program.log = fmt::format("{}/{}.{}.log", journal_.directory(), step->ns, process.name);
      program.environment = {
          fmt::format("{}={}/{}/{}", kProcessVariable, want_.name, step->ns, process.name)};
      program.detached = true;
      if (const auto started = world_.changes.start(program); !started)
        return fail(*step, started.error());
    }
    return {};
  }

  const World& world_;
  const Plan& plan_;
  const Lab& want_;
  const std::map<std::string, There>& there_;
  Journal& journal_;
  std::map<std::string, Place> places_;
  std::map<std::string, const Namespace*> namespaces_;  // of the lab wanted
  std::map<LinkName, const Link*> links_;
  std::set<LinkName> new_;  // that this plan makes
  std::mutex mutex_;        // the journal, places_ while namespaces are made
  UniqueFd host_;           // the caller's own namespace
};

}  // namespace

std::map<std::string, There> find_there(const model::Snapshot& snapshot, const Lab& lab) {
  std::map<std::string, There> all;
  const NamespaceNames names = lab_names(snapshot, lab);
  for (const model::Namespace& ns : snapshot.namespaces) {
    const auto name = names.find(ns.id);
    if (name == names.end()) continue;
    There& there = all[name->second];
    there.id = ns.id;
    there.host = ns.host;
    for (const model::Link& link : ns.links) there.links[link.name] = link.index;
  }
  return all;
}

Result<void> apply(const World& world, const Plan& plan, const Lab& want,
                   const std::map<std::string, There>& there, Journal& journal) {
  return Applier(world, plan, want, there, journal).run();
}

}  // namespace nsmap::lab
