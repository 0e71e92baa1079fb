#include "view/results.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/ends.h"

namespace nsmap::view {
namespace {

std::vector<std::string> address_texts(const model::Namespace& ns) {
  std::vector<std::string> texts;
  for (const model::Address& address : ns.addresses)
    if (!address.address.is_loopback())
      texts.push_back(fmt::format("{}/{}", address.address.text(), address.prefix));
  return texts;
}

}  // namespace

ListedNamespace list_namespace(const model::Index& index, std::string title,
                               const model::Namespace& ns) {
  ListedNamespace listed;
  listed.id = ns.id;
  listed.title = std::move(title);
  listed.host = ns.host;
  for (const model::Name& name : ns.names) listed.names.push_back(name.name);
  for (const model::Container* c : index.containers_in(ns.id))
    listed.containers.push_back({c->id, c->name, c->runtime, c->image, c->pod});
  for (const model::Link& link : ns.links) listed.interfaces.push_back(link.name);
  listed.addresses = address_texts(ns);
  listed.processes = index.processes_in(ns.id).size();
  listed.holders = ns.holders.size();
  listed.listeners =
      static_cast<std::uint64_t>(std::ranges::count_if(ns.sockets, analyze::is_waiting));
  return listed;
}

ShownNamespace show_namespace(const model::Index& index, std::string title,
                              const model::Namespace& ns) {
  ShownNamespace shown{std::move(title), ns, {}, {}};
  for (const model::Process* process : index.processes_in(ns.id))
    shown.processes.push_back(*process);
  for (const model::Container* container : index.containers_in(ns.id))
    shown.containers.push_back(*container);
  return shown;
}

}  // namespace nsmap::view
