#include "lab/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "lab/link_kinds.h"
#include "lab/words.h"

namespace nsmap::lab {
namespace {

bool same_hop(const Hop& want, const Hop& have) {
  return want.via == have.via && want.weight == have.weight &&
         (want.dev.empty() || want.dev == have.dev);
}

bool same_route(const Route& want, const Route& have) {
  return want.type == have.type && (!want.src || want.src == have.src) &&
         std::equal(want.hops.begin(), want.hops.end(), have.hops.begin(), have.hops.end(),
                    same_hop);
}

bool same_impairment(const std::optional<Impairment>& a, const std::optional<Impairment>& b) {
  return a && b ? same(*a, *b) : a.has_value() == b.has_value();
}

std::string setting_text(const Link& link, const std::string& setting) {
  const auto text = link.settings.find(setting);
  return setting + " " + (text == link.settings.end() ? "as of a new link" : text->second);
}

// Whether a link that is there can become the one that is wanted, or must be made anew.
bool same_build(const Link& want, const Link& have) {
  return want.kind == have.kind && want.peer == have.peer &&
         (!want.parent || want.parent == have.parent);
}

// A lab's parts by what tells them apart.
class Index {
 public:
  explicit Index(const Lab& lab) : lab_(lab) {
    for (const Namespace& ns : lab.namespaces) add(ns);
  }

  const std::vector<Namespace>& namespaces() const { return lab_.namespaces; }
  const Namespace* ns(const std::string& name) const { return get(namespaces_, name); }
  const Link* link(const LinkName& name) const { return get(links_, name); }
  const Route* route(const std::string& ns, const Route& route) const {
    return get(routes_, in(ns, route_key(route)));
  }
  const Sysctl* sysctl(const std::string& ns, const std::string& name) const {
    return get(sysctls_, in(ns, name));
  }
  const Process* process(const std::string& ns, const std::string& name) const {
    return get(processes_, in(ns, name));
  }
  bool has(const std::string& ns, const Rule& rule) const {
    return others_.contains(in(ns, text_of(rule)));
  }
  bool has(const LinkName& link, const Address& address) const {
    return others_.contains(in(link_name(link.ns, link.link), text_of(address)));
  }

 private:
  static std::string in(const std::string& where, const std::string& what) {
    return where + '\n' + what;
  }

  template <typename Map, typename Key>
  static typename Map::mapped_type get(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  }

  void add(const Namespace& ns) {
    namespaces_.emplace(ns.name, &ns);
    for (const Link& link : ns.links) {
      links_.emplace(LinkName{ns.name, link.name}, &link);
      for (const Address& address : link.addresses)
        others_.insert(in(link_name(ns.name, link.name), text_of(address)));
    }
    for (const Route& route : ns.routes) routes_.emplace(in(ns.name, route_key(route)), &route);
    for (const Rule& rule : ns.rules) others_.insert(in(ns.name, text_of(rule)));
    for (const Sysctl& sysctl : ns.sysctls) sysctls_.emplace(in(ns.name, sysctl.name), &sysctl);
    for (const Process& process : ns.processes)
      processes_.emplace(in(ns.name, process.name), &process);
  }

  const Lab& lab_;
  std::unordered_map<std::string, const Namespace*> namespaces_;
  std::map<LinkName, const Link*> links_;
  std::unordered_map<std::string, const Route*> routes_;
  std::unordered_map<std::string, const Sysctl*> sysctls_;
  std::unordered_map<std::string, const Process*> processes_;
  std::unordered_set<std::string> others_;  // rules and addresses, which are the same or not
};

class Planner {
 public:
  Planner(const Lab& want, const Lab& have, const Lab& made)
      : want_(want), have_(have), made_(made) {}

  Plan plan() {
    find_new_links();
    remove_unwanted();
    for (const Namespace& ns : want_.namespaces())
      if (!ns.host && !have_.ns(ns.name))
        add(Change::add, ns, NamespacePart{}, ns.where, "namespace " + ns.name);
    for (const Namespace& ns : want_.namespaces()) add_links(ns);
    for (const Namespace& ns : want_.namespaces()) settle(ns);
    for (const Namespace& ns : want_.namespaces()) start_processes(ns);
    for (const Namespace& ns : have_.namespaces()) tell_extra(ns);
    return std::move(plan_);
  }

 private:
  void add(Change change, const Namespace& ns, Part part, Mark where, std::string text) {
    plan_.steps.push_back({change, ns.name, std::move(part), where, std::move(text)});
  }

  // Links to be made: those that are not there, or not of that build; of a pair both ends.
  void find_new_links() {
    for (const Namespace& ns : want_.namespaces())
      for (const Link& link : ns.links) {
        const Link* have = have_.link({ns.name, link.name});
        if (have && same_build(link, *have) && !must_make_anew(link, *have)) continue;
        new_.insert({ns.name, link.name});
        if (link.peer) new_.insert(*link.peer);
      }
    // What stands on a link goes and comes with it.
    for (bool grown = true; grown;) {
      grown = false;
      for (const Namespace& ns : want_.namespaces())
        for (const Link& link : ns.links)
          if (link.parent && new_.contains(*link.parent))
            grown = new_.insert({ns.name, link.name}).second || grown;
    }
  }

  static bool must_make_anew(const Link& link, const Link& have) {
    const auto differing = differing_settings(link, have);
    return std::any_of(differing.begin(), differing.end(),
                       [&](const std::string& setting) { return !can_change(link.kind, setting); });
  }

  bool is_new(const std::string& ns, const std::string& link) const {
    return new_.contains({ns, link});
  }

  // --- taking away: what was made and is not wanted, and what must be made anew ---------------

  void remove_unwanted() {
    for (const Namespace& have : have_.namespaces()) {
      for (const Process& process : have.processes)
        if (!is_wanted(have, process))
          add(Change::remove, have, process, process.where, process_text(have, process));
      const bool goes = !have.host && made_.ns(have.name) && !want_.ns(have.name);
      if (goes)  // and all that is in it
        add(Change::remove, have, NamespacePart{}, have.where, "namespace " + have.name);
      else
        remove_unwanted(have);
    }
  }

  void remove_unwanted(const Namespace& have) {
    for (const Rule& rule : have.rules)
      if (made_.has(have.name, rule) && !want_.has(have.name, rule))
        add(Change::remove, have, rule, rule.where, in_namespace(have, text_of(rule)));
    remove_routes(have);
    remove_addresses(have);
    remove_links(have);
  }

  bool is_wanted(const Namespace& ns, const Process& process) const {
    const Process* wanted = want_.process(ns.name, process.name);
    const Process* ours = made_.process(ns.name, process.name);
    return wanted && (!ours || ours->command == wanted->command);
  }

  static std::string process_text(const Namespace& ns, const Process& process) {
    return fmt::format("process {}:{}", ns.name, process.name);
  }

  void remove_routes(const Namespace& have) {
    for (const Route& route : have.routes) {
      if (is_on_new_link(have, route) || !made_.route(have.name, route)) continue;
      const Route* wanted = want_.route(have.name, route);
      if (wanted && same_route(*wanted, route)) continue;
      add(Change::remove, have, route, route.where, in_namespace(have, text_of(route)));
    }
  }

  bool is_on_new_link(const Namespace& ns, const Route& route) const {
    return std::any_of(route.hops.begin(), route.hops.end(),
                       [&](const Hop& hop) { return is_new(ns.name, hop.dev); });
  }

  void remove_addresses(const Namespace& have) {
    for (const Link& link : have.links) {
      const LinkName name{have.name, link.name};
      if (!want_.link(name) || is_new(have.name, link.name)) continue;
      for (const Address& address : link.addresses)
        if (made_.has(name, address) && !want_.has(name, address))
          add_address_step(Change::remove, have, link, address);
    }
  }

  void add_address_step(Change change, const Namespace& ns, const Link& link,
                        const Address& address) {
    add(change, ns, AddressPart{link.name, address}, address.where,
        fmt::format("address {} on {}", text_of(address), link_name(ns.name, link.name)));
  }

  void remove_links(const Namespace& have) {
    for (const Link& link : have.links) {
      const bool anew = is_new(have.name, link.name);
      const LinkName name{have.name, link.name};
      const bool unwanted = made_.link(name) && !want_.link(name);
      if (!anew && !unwanted) continue;
      // One end of a pair takes the other along, and so does the end of its namespace.
      if (link.peer && removed_.contains(*link.peer)) continue;
      removed_.insert(name);
      add(Change::remove, have, LinkPart{link, {}}, link.where, text_of(link, have.name));
    }
  }

  // --- making ---------------------------------------------------------------------------------

  void add_links(const Namespace& ns) {
    for (const Link& link : ns.links) {
      if (!is_new(ns.name, link.name)) {
        alter_link(ns, link);
        continue;
      }
      // A pair is made by the end that comes first in the file.
      if (link.peer && made_links_.contains(*link.peer)) continue;
      made_links_.insert({ns.name, link.name});
      add(Change::add, ns, LinkPart{link, {}}, link.where, text_of(link, ns.name));
    }
  }

  void alter_link(const Namespace& ns, const Link& link) {
    const LinkName name{ns.name, link.name};
    const Link& have = *have_.link(name);
    LinkPart part{link, have};
    std::string what;
    const auto differ = [&](bool& flag, bool differs, const std::string& text) {
      flag = differs;
      if (differs) what += (what.empty() ? " " : ", ") + text;
    };
    differ(part.mtu, link.mtu && link.mtu != have.mtu, fmt::format("mtu {}", link.mtu.value_or(0)));
    differ(part.mac, link.mac && link.mac != have.mac, "mac " + (link.mac ? link.mac->text() : ""));
    differ(part.master, link.master != have.master,
           link.master.empty() ? "no master" : "master " + link.master);
    differ(part.up, link.up != have.up, link.up ? "up" : "down");
    for (const std::string& setting : differing_settings(link, have))
      differ(part.settings, true, setting_text(link, setting));
    if (!what.empty())
      add(Change::alter, ns, std::move(part), link.where,
          fmt::format("link {}:{}", link_name(ns.name, link.name), what));
  }

  // All but links and processes.
  void settle(const Namespace& ns) {
    add_sysctls(ns);
    for (const Link& link : ns.links) add_to_link(ns, link);
    for (const Route& route : ns.routes) {
      const Route* there = have_.route(ns.name, route);
      if (there && same_route(route, *there) && !is_on_new_link(ns, *there)) continue;
      add(Change::add, ns, route, route.where, in_namespace(ns, text_of(route)));
    }
    for (const Rule& rule : ns.rules)
      if (!have_.has(ns.name, rule))
        add(Change::add, ns, rule, rule.where, in_namespace(ns, text_of(rule)));
    const Namespace* made = have_.ns(ns.name) ? made_.ns(ns.name) : nullptr;
    const std::string before = made ? made->nftables : std::string();
    if (ns.nftables != before)
      add(before.empty() ? Change::add : Change::alter, ns, NftablesPart{ns.nftables},
          ns.nftables_at, in_namespace(ns, "nftables rules"));
  }

  void add_sysctls(const Namespace& ns) {
    for (const Sysctl& sysctl : ns.sysctls) {
      const Sysctl* there = have_.sysctl(ns.name, sysctl.name);
      if (!there && have_.ns(ns.name)) there = made_.sysctl(ns.name, sysctl.name);
      if (there && there->value == sysctl.value) continue;
      add(there ? Change::alter : Change::add, ns, sysctl, sysctl.where,
          in_namespace(ns, fmt::format("sysctl {} = {}", sysctl.name, sysctl.value)));
    }
  }

  void add_to_link(const Namespace& ns, const Link& link) {
    const LinkName name{ns.name, link.name};
    const bool anew = is_new(ns.name, link.name);
    for (const Address& address : link.addresses)
      if (anew || !have_.has(name, address)) add_address_step(Change::add, ns, link, address);
    const Link* ours = anew ? nullptr : made_.link(name);
    const auto before = ours ? ours->impair : std::nullopt;
    if (same_impairment(link.impair, before)) return;
    add(!link.impair ? Change::remove
        : before     ? Change::alter
                     : Change::add,
        ns, ImpairmentPart{link.name, link.impair.value_or(Impairment{})},
        link.impair ? link.impair->where : link.where,
        "impairment of " + link_name(ns.name, link.name));
  }

  void start_processes(const Namespace& ns) {
    for (const Process& process : ns.processes)
      if (!have_.process(ns.name, process.name) || !is_wanted(ns, process))
        add(Change::add, ns, process, process.where, process_text(ns, process));
  }

  static std::string in_namespace(const Namespace& ns, const std::string& text) {
    return fmt::format("{} in {}", text, ns.name);
  }

  // --- what others made inside ----------------------------------------------------------------

  void tell_extra(const Namespace& have) {
    if (have.host) return;  // most of the host is none of the lab's
    const std::string& ns = have.name;
    for (const Link& link : have.links) {
      const LinkName name{ns, link.name};
      if (want_.link(name) || made_.link(name))
        tell_extra_addresses(name, link);
      else
        plan_.extra.push_back(text_of(link, ns));
    }
    for (const Route& route : have.routes)
      if (!want_.route(ns, route) && !made_.route(ns, route))
        plan_.extra.push_back(in_namespace(have, text_of(route)));
    for (const Rule& rule : have.rules)
      if (!want_.has(ns, rule) && !made_.has(ns, rule))
        plan_.extra.push_back(in_namespace(have, text_of(rule)));
  }

  void tell_extra_addresses(const LinkName& name, const Link& link) {
    for (const Address& address : link.addresses)
      if (!want_.has(name, address) && !made_.has(name, address))
        plan_.extra.push_back(
            fmt::format("address {} on {}", text_of(address), link_name(name.ns, name.link)));
  }

  const Index want_;
  const Index have_;
  const Index made_;
  Plan plan_;
  std::set<LinkName> new_;         // links to be made
  std::set<LinkName> made_links_;  // of which a step was planned
  std::set<LinkName> removed_;
};

}  // namespace

Plan make_plan(const Lab& want, const Lab& have, const Lab& made) {
  return Planner(want, have, made).plan();
}

}  // namespace nsmap::lab
