#include "lab/as_snapshot.h"

#include <map>

#include "lab/namespaces.h"

namespace nsmap::lab {
namespace {

using model::LinkRef;

class Converter {
 public:
  explicit Converter(const Lab& lab) : lab_(lab) {
    std::uint64_t inode = 0;
    for (const Namespace& ns : lab.namespaces) {
      const model::NetnsId id{1, ++inode};
      std::int32_t index = 1;
      places_[{ns.name, "lo"}] = {id, IfIndex(1)};
      for (const Link& link : ns.links) places_[{ns.name, link.name}] = {id, IfIndex(++index)};
    }
  }

  model::Snapshot convert() const {
    model::Snapshot snapshot;
    snapshot.host.hostname = lab_.name;
    snapshot.host.privileged = true;
    for (const Namespace& ns : lab_.namespaces) snapshot.namespaces.push_back(convert(ns));
    return snapshot;
  }

 private:
  std::optional<LinkRef> place(const LinkName& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<IfIndex> index(const Namespace& ns, const std::string& link) const {
    const auto found = place({ns.name, link});
    return found ? std::optional(found->index) : std::nullopt;
  }

  model::Namespace convert(const Namespace& ns) const {
    model::Namespace made;
    made.id = places_.at({ns.name, "lo"}).ns;
    made.host = ns.host;
    made.names = {{ns.name, "netns", ""}};
    model::Holder pin;
    pin.kind = model::HolderKind::bind_mount;
    pin.path = name_path(ns.name);
    if (!ns.host) made.holders.push_back(std::move(pin));
    model::Link lo;
    lo.index = IfIndex(1);
    lo.name = "lo";
    lo.kind = "loopback";
    lo.up = true;
    made.links.push_back(lo);
    for (const Link& link : ns.links) {
      made.links.push_back(convert(ns, link));
      for (const Address& address : link.addresses)
        made.addresses.push_back(convert(made.links.back().index, address));
    }
    for (const Route& route : ns.routes) made.routes.push_back(convert(ns, route));
    return made;
  }

  model::Link convert(const Namespace& ns, const Link& link) const {
    model::Link made;
    made.index = *index(ns, link.name);
    made.name = link.name;
    made.kind = link.kind;
    made.up = made.carrier = link.up;
    made.state = link.up ? model::OperState::up : model::OperState::down;
    made.mtu = link.mtu.value_or(1500);
    if (link.mac) made.mac = *link.mac;
    if (!link.master.empty()) made.master = index(ns, link.master);
    if (const Link* master = find(ns, link.master)) made.master_kind = master->kind;
    if (link.peer) made.peer = place(*link.peer);
    if (link.parent) made.parent = place(*link.parent);
    return made;
  }

  static model::Address convert(IfIndex index, const Address& address) {
    model::Address made;
    made.index = index;
    made.address = address.address;
    made.prefix = address.prefix;
    made.peer = address.peer;
    made.scope = "global";
    made.permanent = true;
    return made;
  }

  model::Route convert(const Namespace& ns, const Route& route) const {
    model::Route made;
    made.family = route.to.address.is_v6() ? model::Family::inet6 : model::Family::inet;
    made.table = route.table;
    made.type = route.type;
    made.dst = route.to;
    made.metric = route.metric.value_or(0);
    for (const Hop& hop : route.hops) {
      model::RouteHop leaving;
      leaving.gateway = hop.via;
      leaving.oif = index(ns, hop.dev);
      leaving.weight = hop.weight;
      made.hops.push_back(std::move(leaving));
    }
    return made;
  }

  const Lab& lab_;
  std::map<LinkName, LinkRef> places_;
};

}  // namespace

model::Snapshot as_snapshot(const Lab& lab) { return Converter(lab).convert(); }

}  // namespace nsmap::lab
