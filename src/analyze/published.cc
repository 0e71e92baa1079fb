#include "analyze/published.h"

#include <algorithm>

namespace nsmap::analyze {
namespace {

bool translates(const model::Namespace& ns) {
  return std::ranges::any_of(ns.firewall->tables, [](const model::firewall::Table& table) {
    return std::ranges::any_of(table.chains, [](const model::firewall::Chain& chain) {
      return chain.hook && chain.type == "nat";
    });
  });
}

void add_sent_on(const OpenPort& port, std::vector<Published>& found) {
  for (const PortAnswer& answer : port.answers)
    if (answer.how == PortHow::dnat && answer.to && answer.to->ns && *answer.to->ns != port.ns)
      found.push_back({.ns = port.ns,
                       .title = port.title,
                       .protocol = port.protocol,
                       .address = port.address,
                       .port = port.port,
                       .to = *answer.to,
                       .rules = answer.rules});
}

void add_said(const model::Index& index, const Titles& titles, const model::Container& container,
              std::vector<Published>& found) {
  if (!container.net || !index.host()) return;
  for (const model::PublishedPort& port : container.ports) {
    const bool known = std::ranges::any_of(found, [&](const Published& published) {
      return published.port == port.host_port && published.protocol == port.protocol &&
             published.to.ns == container.net;
    });
    if (known) continue;
    Published published{.ns = index.host()->id,
                        .title = titles.of(index.host()->id),
                        .protocol = port.protocol,
                        .port = port.host_port};
    const auto address = IpAddress::parse(port.host_address);
    if (address && !address->is_unspecified()) published.address = address;
    published.to = {.port = port.container_port,
                    .ns = container.net,
                    .title = titles.of(*container.net),
                    .container = container_name(container)};
    found.push_back(std::move(published));
  }
}

}  // namespace

std::vector<Published> published_ports(const model::Index& index, const Titles& titles) {
  std::vector<Published> found;
  const auto& namespaces = index.snapshot().namespaces;
  if (std::ranges::any_of(namespaces, translates)) {
    const Ends ends(index, titles);
    for (const model::Namespace& ns : namespaces)
      if (translates(ns))
        for (const OpenPort& port : open_ports(index, titles, ends, ns)) add_sent_on(port, found);
  }
  for (const model::Container& container : index.snapshot().containers)
    add_said(index, titles, container, found);
  return found;
}

}  // namespace nsmap::analyze
