#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/check.h"
#include "lab/observe_parts.h"

// What a snapshot does not know, a lab needs the other end of: a physical link's cable, and a veth
// into a namespace nobody saw. There it puts a namespace with the gateways that are reached that
// way, which answers and routes back.

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxLinkName = 15;

// The link that has the addresses of what a link is a port of.
const model::Link& top_of(const model::Index& index, const model::Namespace& ns,
                          const model::Link& link) {
  const bool is_port = link.master && (link.master_kind == "bridge" || link.master_kind == "bond");
  const model::Link* const master =
      is_port ? index.find(model::LinkRef{ns.id, *link.master}) : nullptr;
  return master ? *master : link;
}

class Outside {
 public:
  Outside(Observing& observing, const std::string& name) : observing_(observing) {
    ns_.name = name;
  }

  void add(const model::Namespace& from, const model::Link& link, Link& end) {
    Link& other = ns_.links.emplace_back();
    other.name = names_.add(end.name);
    other.kind = end.kind;
    other.mtu = end.mtu;
    other.peer = LinkName{observing_.names.at(from.id), end.name};
    end.peer = LinkName{ns_.name, other.name};
    const model::Link& top = top_of(observing_.index, from, link);
    for (const IpAddress& gateway : gateways(from, top)) add_gateway(from, top, gateway, other);
  }

  void finish(Lab& lab) {
    if (!ns_.links.empty()) lab.namespaces.push_back(std::move(ns_));
  }

 private:
  static std::set<IpAddress> gateways(const model::Namespace& from, const model::Link& link) {
    std::set<IpAddress> found;
    for (const model::Route& route : from.routes)
      for (const model::RouteHop& hop : route.hops)
        if (hop.gateway && hop.oif == link.index && route.protocol != "ra")
          found.insert(*hop.gateway);
    return found;
  }

  void add_gateway(const model::Namespace& from, const model::Link& link, const IpAddress& gateway,
                   Link& other) {
    const bool of_link = gateway.is_v6() && gateway.is_link_local();
    if (!of_link && !gateways_.insert(gateway).second)
      return observing_.remark(from, fmt::format("the gateway {} behind {} is behind another link "
                                                 "already",
                                                 gateway.text(), link.name));
    Address& address = other.addresses.emplace_back();
    address.address = gateway;
    address.prefix = static_cast<std::uint8_t>(of_link ? 64 : gateway.bits());
    const model::Address* back = nullptr;
    for (const model::Address* own : observing_.index.addresses_of({from.id, link.index})) {
      if (own->address.is_v6() != gateway.is_v6() || is_made_by_kernel(link, *own)) continue;
      const bool is_near = subnet_of(own->address, own->prefix).contains(gateway);
      if (is_near) address.prefix = own->prefix;
      if (!back || is_near) back = own;
      if (is_near) break;
    }
    if (back) route_back(*back, gateway, other);
  }

  // By the first way there is; a neighbour in no common subnet has a route of its own.
  void route_back(const model::Address& own, const IpAddress& gateway, const Link& other) {
    const bool v6 = own.address.is_v6();
    if (std::exchange(has_default_[v6 ? 1 : 0], true)) return;
    if (!subnet_of(own.address, own.prefix).contains(gateway)) {
      Route& near = ns_.routes.emplace_back();
      near.to = {own.address, static_cast<std::uint8_t>(own.address.bits())};
      near.hops.push_back({std::nullopt, other.name, 1});
    }
    Route& back = ns_.routes.emplace_back();
    back.to = {IpAddress::any(v6), 0};
    back.hops.push_back({own.address, own.address.is_link_local() ? other.name : "", 1});
  }

  Observing& observing_;
  Namespace ns_;
  UniqueNames names_{kMaxLinkName};
  std::set<IpAddress> gateways_;
  bool has_default_[2] = {};
};

}  // namespace

void add_outside(Observing& observing, const std::string& name, Lab& lab) {
  Outside outside(observing, name);
  std::unordered_map<std::string_view, const model::Namespace*> by_name;
  for (const auto& [id, known] : observing.names) by_name.emplace(known, observing.index.find(id));
  for (Namespace& ns : lab.namespaces) {
    const model::Namespace& from = *by_name.at(ns.name);
    std::unordered_map<std::string_view, const model::Link*> links;
    for (const model::Link& link : from.links) links.emplace(link.name, &link);
    for (Link& link : ns.links)
      if ((link.kind == "veth" || link.kind == "netkit") && !link.peer)
        outside.add(from, *links.at(link.name), link);
  }
  outside.finish(lab);
}

}  // namespace nsmap::lab
