#include "lab/observe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lab/file.h"
#include "lab/link_kinds.h"
#include "lab/observe_parts.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxNesting = 64;  // of links on links
constexpr std::size_t kMaxName = 200;    // of a namespace

std::optional<LinkName> name_of(const Observing& observing, const model::LinkRef& ref) {
  const auto ns = observing.names.find(ref.ns);
  const model::Link* const link = observing.index.find(ref);
  if (ns == observing.names.end() || !link) return std::nullopt;
  return LinkName{ns->second, link->name};
}

// Why a link cannot be made; empty: it can.
std::string unmakeable(const Observing& observing, const model::Link& link, std::size_t depth = 0) {
  if (is_physical(link)) return {};
  const KindInfo* const kind = find_kind(link.kind);
  if (!kind) return fmt::format("a lab makes no links of kind {}", link.kind);
  const bool has_parent = link.parent && link.parent->index != IfIndex(0);
  if (!has_parent) return kind->needs_parent ? "its parent is not known" : "";
  const model::Link* const parent = observing.index.find(*link.parent);
  if (!parent || !observing.names.contains(link.parent->ns)) return "its parent is not known";
  if (depth == kMaxNesting || !unmakeable(observing, *parent, depth + 1).empty())
    return "its parent cannot be made";
  return {};
}

void choose_links(Observing& observing) {
  for (const auto& [id, name] : observing.names) {
    const model::Namespace& ns = *observing.index.find(id);
    for (const model::Link& link : ns.links) {
      if (is_always_there(link)) continue;
      const std::string why = observing.exporting ? unmakeable(observing, link) : "";
      if (why.empty())
        observing.made.insert({id, link.index});
      else
        observing.remark(ns, fmt::format("{} is left out: {}", link.name, why));
    }
  }
}

// What a new link of its kind has (ETH_DATA_LEN; what stands on another has the other's).
bool is_usual_mtu(const Observing& observing, const model::Link& link) {
  constexpr std::string_view kOnParents[] = {"vlan", "macvlan", "ipvlan", "macvtap", "ipvtap"};
  constexpr std::string_view kEthernet[] = {"", "veth", "bridge", "dummy", "bond"};
  const auto is_in = [&](const auto& kinds) {
    return std::find(std::begin(kinds), std::end(kinds), link.kind) != std::end(kinds);
  };
  if (is_in(kEthernet)) return link.mtu == 1500;
  const model::Link* const parent = link.parent ? observing.index.find(*link.parent) : nullptr;
  return is_in(kOnParents) && parent && parent->mtu == link.mtu;
}

void observe_addresses(const Observing& observing, const model::Namespace& from,
                       const model::Link& link, Link& to) {
  for (const model::Address* address : observing.index.addresses_of({from.id, link.index})) {
    if (is_made_by_kernel(link, *address)) continue;
    Address& made = to.addresses.emplace_back();
    made.address = address->address;
    made.prefix = address->prefix;
    if (address->peer != address->address) made.peer = address->peer;
  }
}

Link observe_link(const Observing& observing, const model::Namespace& from,
                  const model::Link& link) {
  Link made;
  made.name = link.name;
  made.kind = observing.exporting && is_physical(link) ? "veth" : link.kind;
  made.up = link.up;
  if (!observing.exporting || !is_usual_mtu(observing, link)) made.mtu = link.mtu;
  if (!observing.exporting && !link.mac.empty()) made.mac = link.mac;
  if (link.master && observing.has(from, *link.master))
    made.master = observing.index.find(model::LinkRef{from.id, *link.master})->name;
  if (link.peer) made.peer = name_of(observing, *link.peer);
  if (link.parent) made.parent = name_of(observing, *link.parent);
  made.settings = settings_of(link);
  observe_addresses(observing, from, link, made);
  return made;
}

// What of a link stays behind.
void remark_link(Observing& observing, const model::Namespace& ns, const model::Link& link) {
  if (is_physical(link))
    observing.remark(
        ns, fmt::format("{} is a physical link; here it is a veth to the outside", link.name));
  for (const model::BpfProgram& program : link.bpf)
    observing.remark(ns, fmt::format("{} loses the BPF program {} on {}", link.name, program.name,
                                     program.hook));
  if (link.master && !observing.has(ns, *link.master))
    observing.remark(ns, fmt::format("{} loses its master, which cannot be made", link.name));
  if (link.kind == "macsec") observing.remark(ns, fmt::format("{} has no keys", link.name));
  if (link.kind == "xfrm")
    observing.remark(ns, fmt::format("{} has no states and policies of IPsec", link.name));
  if (link.parent && link.parent->index == IfIndex(0) && link.parent->ns != ns.id)
    observing.remark(ns, fmt::format("{} sends its packets through its own namespace, no longer "
                                     "through another",
                                     link.name));
}

void remark_namespace(Observing& observing, const model::Namespace& ns) {
  const auto count = [&](const auto& all, auto which, std::string_view what) {
    const auto number = std::count_if(all.begin(), all.end(), which);
    if (number != 0) observing.remark(ns, fmt::format("left out: {}, {}", what, number));
  };
  count(
      ns.neighbours,
      [](const model::Neighbour& one) { return one.state == "permanent" || one.proxy; },
      "permanent neighbours");
  count(
      ns.fdb,
      [](const model::FdbEntry& one) {
        return one.remote && one.state == "permanent" && one.mac != Mac::parse("00:00:00:00:00:00");
      },
      "forwarding entries of tunnels");
  count(
      ns.vlans, [](const model::VlanRange& one) { return one.first != 1 || one.last != 1; },
      "VLANs of bridges and their ports");
  for (const model::Address& address : ns.addresses) {
    const model::Link* const link = observing.index.find(model::LinkRef{ns.id, address.index});
    if (link && link->kind == "loopback" && !address.address.is_loopback())
      observing.remark(ns, fmt::format("the address {} of lo is left out", address.address.text()));
  }
}

Namespace observe_namespace(Observing& observing, const model::Namespace& from) {
  Namespace to;
  to.name = observing.names.at(from.id);
  for (const model::Link& link : from.links)
    if (observing.has(from, link.index)) to.links.push_back(observe_link(observing, from, link));
  observe_routes(observing, from, to);
  observe_rules(observing, from, to);
  return to;
}

// In an export, a host that a lab is made on has nothing of its own to tell.
bool is_bare(const model::Namespace& ns) {
  return std::all_of(ns.links.begin(), ns.links.end(), is_always_there);
}

// The host's own links, routes and rules are nobody's business; the lab's are.
void keep_spoken_of(const Namespace& lab, Namespace& host) {
  std::erase_if(host.links, [&](const Link& link) { return !find(lab, link.name); });
  std::erase_if(host.routes, [&](const Route& route) {
    return std::none_of(lab.routes.begin(), lab.routes.end(), [&](const Route& one) {
      return one.to == route.to && one.table == route.table && one.metric == route.metric;
    });
  });
  std::erase_if(host.rules, [&](const Rule& rule) {
    return std::none_of(lab.rules.begin(), lab.rules.end(), [&](const Rule& one) {
      return one.priority == rule.priority && one.v6 == rule.v6;
    });
  });
}

// An interface identifier made of a MAC and two bytes in its middle: ff fe (RFC 4291, appendix A),
// or the number of one of several links that share the MAC (net/ipv6/addrconf.c
// addrconf_ifid_eui48).
bool holds_mac(const IpAddress& address, const Mac& mac) {
  const Bytes bytes = address.bytes();
  if (bytes[11] == std::byte{0xff} && bytes[12] == std::byte{0xfe}) return true;
  const Bytes own = mac.bytes();
  return own.size() == 6 && std::ranges::equal(own.first(3), bytes.subspan(8, 3)) &&
         std::ranges::equal(own.last(3), bytes.subspan(13, 3));
}

}  // namespace

void Observing::remark(const model::Namespace& ns, std::string_view what) {
  if (exporting) remarks.push_back(fmt::format("{}: {}", names.at(ns.id), what));
}

bool is_physical(const model::Link& link) { return link.kind.empty(); }

// The tunnels that a module makes in every namespace stand for packets that no other tunnel takes
// (net/ipv4/ip_tunnel.c ip_tunnel_init_net); nobody uses them who has not set them up.
bool is_always_there(const model::Link& link) {
  constexpr std::string_view kFallbacks[] = {"tunl0",   "gre0",    "gretap0", "erspan0", "sit0",
                                             "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"};
  return link.kind == "loopback" ||
         (!link.up && std::find(std::begin(kFallbacks), std::end(kFallbacks), link.name) !=
                          std::end(kFallbacks));
}

// Link-local addresses of IPv6 that hold a MAC, were drawn from a secret (RFC 7217,
// IFA_F_STABLE_PRIVACY), or are of a link without a MAC; and temporary ones (RFC 8981).
bool is_made_by_kernel(const model::Link& link, const model::Address& address) {
  constexpr std::uint32_t kStablePrivacy = 0x800;
  if (!address.address.is_v6()) return false;
  if (!address.address.is_link_local()) return address.secondary;
  return address.prefix == 64 &&
         (holds_mac(address.address, link.mac) || (address.flags & kStablePrivacy) != 0 ||
          link.mac.bytes().size() != 6);
}

Observed observe_all(const model::Snapshot& snapshot, const std::string& name) {
  const model::Index index(snapshot);
  UniqueNames names(kMaxName);
  Observing observing{index, export_names(snapshot, names), {}, true};
  std::erase_if(observing.names, [&](const auto& named) {
    const model::Namespace* const ns = index.find(named.first);
    return ns->host && is_bare(*ns);
  });
  choose_links(observing);
  Observed observed;
  observed.lab.name = name;
  std::map<std::string, const model::Namespace*> by_name;
  for (const auto& [id, known] : observing.names) by_name.emplace(known, index.find(id));
  for (const auto& [known, from] : by_name) {
    Namespace& to = observed.lab.namespaces.emplace_back(observe_namespace(observing, *from));
    export_sysctls(observing, *from, to);
    for (const model::Link& link : from->links)
      if (observing.has(*from, link.index)) remark_link(observing, *from, link);
    remark_namespace(observing, *from);
  }
  add_outside(observing, names.add("outside"), observed.lab);
  std::sort(observed.lab.namespaces.begin(), observed.lab.namespaces.end(),
            [](const Namespace& a, const Namespace& b) { return a.name < b.name; });
  observed.remarks = std::move(observing.remarks);
  std::sort(observed.remarks.begin(), observed.remarks.end());
  if (const auto checked = check(observed.lab); !checked)
    observed.remarks.push_back("to be mended by hand: " + checked.error().text);
  return observed;
}

Lab observe_lab(const model::Snapshot& snapshot, const Lab& lab) {
  const model::Index index(snapshot);
  Observing observing{index, lab_names(snapshot, lab)};
  choose_links(observing);
  std::unordered_map<std::string, const model::Namespace*> by_name;
  for (const auto& [id, name] : observing.names) by_name.emplace(name, index.find(id));
  Lab found;
  found.name = lab.name;
  for (const Namespace& wanted : lab.namespaces) {
    const auto from = by_name.find(wanted.name);
    if (from == by_name.end()) continue;
    Namespace& to = found.namespaces.emplace_back(observe_namespace(observing, *from->second));
    to.host = wanted.host;
    if (wanted.host) keep_spoken_of(wanted, to);
    observe_sysctls(*from->second, wanted, to);
  }
  return found;
}

}  // namespace nsmap::lab
