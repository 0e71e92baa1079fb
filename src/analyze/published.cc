#include "analyze/published.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

namespace nsmap::analyze {
namespace {

bool may_lead_on(const model::Namespace& ns) {
  return ns.host || !ns.firewall->services.empty() ||
         std::ranges::any_of(ns.firewall->tables, [](const model::firewall::Table& table) {
           return std::ranges::any_of(table.chains, [](const model::firewall::Chain& chain) {
             return chain.hook && chain.type == "nat";
           });
         });
}

// Whether that is an answer of somebody else than who waits on the port.
bool leads_on(const PortAnswer& answer) { return answer.how != PortHow::listener; }

bool leads_on(const OpenPort& port) {
  return std::ranges::any_of(port.answers, [&](const PortAnswer& answer) {
    const bool stays =
        port.address && port.address->is_loopback() && answer.to && answer.to->ns == port.ns;
    return leads_on(answer) && !stays;
  });
}

// What container runtimes say.
class Said {
 public:
  Said(const model::Index& index, const Titles& titles, const Ends& ends,
       std::vector<OpenPort>& ports)
      : index_(index), titles_(titles), ends_(ends), ports_(ports) {
    for (const OpenPort& port : ports)
      for (const PortAnswer& answer : port.answers)
        if (answer.to && answer.to->ns)
          for (std::uint32_t number = port.port;
               number <= port.last_port && number - port.port < kMostOfRange; ++number)
            known_.emplace(port.protocol, number, *answer.to->ns);
  }

  void add(const model::Container& container) {
    const model::Namespace* const ns = container.net ? index_.find(*container.net) : nullptr;
    if (!ns || !index_.host()) return;
    for (const model::PublishedPort& port : container.ports)
      if (known_.emplace(port.protocol, port.host_port, ns->id).second) add(container, *ns, port);
  }

 private:
  static constexpr std::uint32_t kMostOfRange = 1024;

  void add(const model::Container& container, const model::Namespace& ns,
           const model::PublishedPort& port) {
    OpenPort& made = ports_.emplace_back();
    made.ns = index_.host()->id;
    made.title = titles_.of(made.ns);
    made.protocol = port.protocol;
    made.port = made.last_port = port.host_port;
    const auto address = IpAddress::parse(port.host_address);
    if (address && !address->is_unspecified()) made.address = address;
    PortAnswer answer{.how = PortHow::proxy};
    answer.to = ends_.endpoint(own_address(ns), port.container_port, &ns, nullptr);
    answer.to->container = container_name(container);
    made.answers = {std::move(answer)};
    made.reach.from = PortFrom::unknown;
  }

  const model::Index& index_;
  const Titles& titles_;
  const Ends& ends_;
  std::vector<OpenPort>& ports_;
  std::set<std::tuple<std::string, std::uint32_t, model::NetnsId>> known_;
};

}  // namespace

std::vector<OpenPort> leading_ports(const model::Index& index, const Titles& titles) {
  const Ends ends(index, titles);
  std::vector<OpenPort> found;
  for (const model::Namespace& ns : index.snapshot().namespaces)
    if (may_lead_on(ns))
      for (OpenPort& port : open_ports(index, titles, ends, ns))
        if (leads_on(port)) {
          std::erase_if(port.answers, [](const PortAnswer& answer) { return !leads_on(answer); });
          found.push_back(std::move(port));
        }
  Said said(index, titles, ends, found);
  for (const model::Container& container : index.snapshot().containers) said.add(container);
  return found;
}

std::optional<model::NetnsId> answers_in(const PortAnswer& answer) {
  return answer.to ? answer.to->ns : answer.by.ns;
}

std::string service_of(const OpenPort& port) {
  for (const PortAnswer& answer : port.answers)
    for (const RuleName& rule : answer.rules)
      if (rule.writer.name == "kube-proxy" && !rule.writer.of.empty()) return rule.writer.of;
  return {};
}

std::vector<Published> published_ports(const model::Index& index, const Titles& titles) {
  std::vector<Published> found;
  for (const OpenPort& port : leading_ports(index, titles)) {
    std::set<std::pair<model::NetnsId, std::uint16_t>> told;
    for (const bool rules : {true, false})  // what they do says more than that a proxy would too
      for (const PortAnswer& answer : port.answers)
        if ((answer.how == PortHow::dnat) == rules && answer.to && answer.to->ns &&
            *answer.to->ns != port.ns && told.emplace(*answer.to->ns, answer.to->port).second)
          found.push_back({.ns = port.ns,
                           .title = port.title,
                           .protocol = port.protocol,
                           .address = port.address,
                           .port = port.port,
                           .to = *answer.to,
                           .rules = answer.rules});
  }
  return found;
}

}  // namespace nsmap::analyze
