#include "collect/join.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace nsmap::collect {
namespace {

using model::Holder;
using model::Name;
using model::Namespace;

auto order_of(const Holder& holder) {
  return std::tie(holder.kind, holder.pid, holder.tid, holder.fd, holder.mnt_ns, holder.path,
                  holder.link, holder.nsid);
}

// A second pass over the sources notes again what the first did.
void sort_and_unique(std::vector<Holder>& holders) {
  std::sort(holders.begin(), holders.end(),
            [](const Holder& a, const Holder& b) { return order_of(a) < order_of(b); });
  const auto same = [](const Holder& a, const Holder& b) { return order_of(a) == order_of(b); };
  holders.erase(std::unique(holders.begin(), holders.end(), same), holders.end());
}

std::unordered_map<model::NetnsId, Namespace*> by_id(std::vector<Namespace>& namespaces) {
  std::unordered_map<model::NetnsId, Namespace*> index;
  for (Namespace& ns : namespaces) index.emplace(ns.id, &ns);
  return index;
}

using TunLinks = std::unordered_map<std::string, std::vector<std::pair<Namespace*, model::Link*>>>;

// The links that a process may serve, by name.
TunLinks tun_links(std::vector<Namespace>& namespaces) {
  TunLinks links;
  for (Namespace& ns : namespaces)
    for (model::Link& link : ns.links)
      if (link.kind == "tun" || link.kind == "macvtap" || link.kind == "ipvtap")
        links[link.name].emplace_back(&ns, &link);
  return links;
}

std::optional<Name> name_from(const model::Container& container) {
  if (container.pod) return Name{container.pod->ns + "/" + container.pod->name, "pod", {}};
  if (container.name.empty()) return std::nullopt;
  return Name{container.name, "container", {}};
}

}  // namespace

void join_holders(const std::vector<FoundNamespace*>& found, std::vector<Namespace>& namespaces) {
  const auto index = by_id(namespaces);
  for (const FoundNamespace* source : found) {
    const auto ns = index.find(source->id);
    if (ns == index.end()) continue;
    auto& holders = ns->second->holders;
    holders.insert(holders.end(), source->holders.begin(), source->holders.end());
    ns->second->names = source->names;
  }
  for (Namespace& ns : namespaces) sort_and_unique(ns.holders);
}

void join_socket_owners(const Sweep& sweep, std::vector<Namespace>& namespaces) {
  std::unordered_map<Inode, model::Socket*> sockets;
  for (Namespace& ns : namespaces)
    for (model::Socket& socket : ns.sockets)
      if (socket.inode.value != 0) sockets.emplace(socket.inode, &socket);
  for (const Descriptor& descriptor : sweep.descriptors) {
    if (descriptor.kind != Descriptor::Kind::socket) continue;
    const auto socket = sockets.find(descriptor.inode);
    if (socket != sockets.end()) socket->second->owners.push_back({descriptor.pid, descriptor.fd});
  }
}

void join_tun_servers(const std::vector<TunServerSeen>& servers,
                      std::vector<Namespace>& namespaces) {
  const auto links = tun_links(namespaces);
  for (const TunServerSeen& server : servers) {
    const auto found = links.find(server.name);
    if (found == links.end()) continue;
    for (const auto& [ns, link] : found->second) {
      // A macvtap's descriptor does not tell where its device is: only a name that is the only one
      // of its kind does.
      const bool right = server.ns ? ns->id == *server.ns : found->second.size() == 1;
      if (!right) continue;
      link->served_by.push_back({server.pid, server.fd});
      for (Holder& holder : ns->holders)
        if (holder.kind == model::HolderKind::tun && holder.pid == server.pid &&
            holder.fd == server.fd)
          holder.link = model::LinkRef{ns->id, link->index};
    }
  }
}

void join_container_names(const std::vector<model::Container>& containers,
                          std::vector<Namespace>& namespaces) {
  const auto index = by_id(namespaces);
  std::vector<const model::Container*> owners_first;
  for (const model::Container& container : containers) owners_first.push_back(&container);
  std::stable_partition(owners_first.begin(), owners_first.end(),
                        [](const auto* container) { return !container->is_guest(); });
  for (const model::Container* container : owners_first) {
    const auto ns = container->net ? index.find(*container->net) : index.end();
    if (ns == index.end() || ns->second->host) continue;
    const auto name = name_from(*container);
    auto& names = ns->second->names;
    if (!name || std::find(names.begin(), names.end(), *name) != names.end()) continue;
    // Before the names of files, which say least; after other containers' and pods'.
    const auto place = std::find_if(names.begin(), names.end(), [&](const Name& known) {
      return known.source != "pod" && (known.source != "container" || name->source == "pod");
    });
    names.insert(place, *name);
  }
}

}  // namespace nsmap::collect
