#include "analyze/ports.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "analyze/forwards.h"
#include "base/number.h"
#include "walk/routing.h"

namespace nsmap::analyze {
namespace {

using model::Namespace;
using model::Socket;

constexpr std::size_t kMostHops = 8;  // namespaces that send a packet on, one to the next
constexpr std::uint8_t kTcp = 6, kUdp = 17;

// Programs that answer on a port for somebody else.
constexpr std::string_view kProxies[] = {
    "docker-proxy", "rootlessport", "rootlesskit", "slirp4netns",
    "pasta",        "pasta.avx2",   "passt",       "systemd-socket-proxyd"};

bool is_proxy(std::string_view comm) {
  // A comm is cut to 15 bytes.
  return std::ranges::any_of(kProxies, [&](std::string_view proxy) {
    return comm == proxy.substr(0, 15) || comm.starts_with("rootlessport");
  });
}

// The word after an option of a command line.
std::string_view option(std::string_view command, std::string_view name) {
  const auto at = command.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = command.substr(at + name.size());
  return rest.substr(0, rest.find(' '));
}

class Search {
 public:
  Search(const model::Index& index, const Titles& titles, const Ends& ends, const Namespace& ns)
      : index_(index), titles_(titles), ends_(ends), ns_(ns), names_(titles) {}

  std::vector<OpenPort> run() {
    for (const Socket& socket : ns_.sockets)
      if (is_waiting(socket)) add(socket);
    for (const Forward& forward : rules_of(ns_).forwards()) add(forward);
    for (const model::firewall::VirtualService& service : ns_.firewall->services) add(service);
    std::vector<OpenPort> ports;
    for (auto& [key, port] : ports_) {
      port.port.reach = both(port.ipv4, port.ipv6);
      ports.push_back(std::move(port.port));
    }
    return ports;
  }

 private:
  using Key = std::tuple<std::string, std::uint16_t, std::uint16_t, std::optional<IpAddress>>;

  // A port, and from where it is reached by each family; absent: nothing answers by it.
  struct Found {
    OpenPort port;
    std::optional<PortReach> ipv4, ipv6;

    void reached(bool v6, const PortReach& reach) {
      auto& known = v6 ? ipv6 : ipv4;
      if (known)
        widen(*known, reach);
      else
        known = reach;
    }
  };

  Found& port(std::uint8_t protocol, std::uint16_t first, std::uint16_t last,
              const std::optional<IpAddress>& address) {
    Found& place = ports_[{protocol_name(protocol), first, last, address}];
    OpenPort& found = place.port;
    if (!found.answers.empty()) return place;
    found.ns = ns_.id;
    found.title = titles_.of(ns_.id);
    found.protocol = protocol_name(protocol);
    found.address = address;
    found.port = first;
    found.last_port = last;
    return place;
  }

  // The interface by which a namespace sends on what is for an address; empty: it does not, or it
  // depends on more of the packet.
  std::string way_out(const Namespace& ns, const IpAddress& to) {
    const walk::Routing& routing = routings_.try_emplace(&ns, ns).first->second;
    if (routing.has_own_rules(to.is_v6())) return {};
    const auto ways = routing.output({.dst = to});
    if (ways.size() != 1 || ways.front().kind != walk::Routed::Kind::unicast) return {};
    const auto link = std::ranges::find(ns.links, *ways.front().oif, &model::Link::index);
    return link == ns.links.end() ? "" : link->name;
  }

  NamespaceRules& rules_of(const Namespace& ns) {
    return rules_.try_emplace(&ns, ns).first->second;
  }

  // --- sockets ---------------------------------------------------------------------------------

  void add(const Socket& socket) {
    const std::uint8_t protocol = *protocol_number(socket);
    std::optional<IpAddress> address;
    if (socket.local && !socket.local->is_unspecified()) address = plain_address(*socket.local);
    PortAnswer answer;
    answer.by = ends_.endpoint(socket.local ? plain_address(*socket.local) : IpAddress(),
                               socket.local_port, &ns_, &socket);
    if (is_proxy(answer.by.command)) {
      answer.how = PortHow::proxy;
      answer.to = behind(answer.by, protocol);
    } else if (answer.by.pid == Pid(1) || answer.by.command == "systemd") {
      answer.how = PortHow::activation;
    }
    Found& place = port(protocol, socket.local_port, socket.local_port, address);
    OpenPort& found = place.port;
    if (std::ranges::find(found.answers, answer) != found.answers.end()) return;
    const bool v6 = address ? address->is_v6() : socket.family == model::SocketFamily::inet6;
    if (address && address->is_loopback()) {
      place.reached(v6, {.from = PortFrom::this_host});
    } else {
      const bool both = v6 && !address && !socket.v6_only;
      for (const bool family : {false, true})
        if (both || family == v6)
          place.reached(family, reach({.protocol = protocol,
                                       .port = socket.local_port,
                                       .address = address,
                                       .v6 = family},
                                      ns_));
    }
    found.answers.push_back(std::move(answer));
  }

  // Where a proxy hands on what it gets: docker-proxy says so itself, of others the container's
  // runtime does.
  std::optional<Endpoint> behind(const Endpoint& proxy, std::uint8_t protocol) const {
    const model::Process* const process = proxy.pid ? index_.find(*proxy.pid) : nullptr;
    if (process) {
      const auto address = IpAddress::parse(option(process->command, "-container-ip "));
      const auto port = parse_number<std::uint16_t>(option(process->command, "-container-port "));
      if (address && port) return target(ns_, protocol, *address, *port);
    }
    for (const model::Container& container : index_.snapshot().containers)
      for (const model::PublishedPort& published : container.ports)
        if (published.host_port == proxy.port && published.protocol == protocol_name(protocol) &&
            (!process || process->container.empty() || process->container == container.id))
          return inside(container, protocol, published.container_port);
    return std::nullopt;
  }

  std::optional<Endpoint> inside(const model::Container& container, std::uint8_t protocol,
                                 std::uint16_t port) const {
    const Namespace* const ns = container.net ? index_.find(*container.net) : nullptr;
    if (!ns) return std::nullopt;
    const IpAddress address = own_address(*ns);
    return ends_.endpoint(address, port, ns, ends_.bound_to(*ns, protocol, address, port));
  }

  Endpoint target(const Namespace& near, std::uint8_t protocol, const IpAddress& address,
                  std::uint16_t port) const {
    const Namespace* const ns = ends_.owner(near, address);
    return ends_.endpoint(address, port, ns,
                          ns ? ends_.bound_to(*ns, protocol, address, port) : nullptr);
  }

  // --- rules -----------------------------------------------------------------------------------

  void add(const Forward& forward) {
    if (forward.ports.empty() && !forward.protocol) return;  // of all there is: no port
    if (forward.ports.empty()) add(forward, *forward.protocol, 0, 65535);
    for (const auto& [first, last] : forward.ports)
      for (const std::uint8_t protocol : {kTcp, kUdp})
        if (!forward.protocol || *forward.protocol == protocol) add(forward, protocol, first, last);
  }

  // The address that packets are sent to; nothing: any of the namespace's.
  static std::optional<IpAddress> asked_address(const Forward& forward) {
    if (!forward.to || forward.to->length != forward.to->address.bits()) return std::nullopt;
    return forward.to->address;
  }

  void add(const Forward& forward, std::uint8_t protocol, std::uint16_t first, std::uint16_t last) {
    Found& place = port(protocol, first, last, asked_address(forward));
    OpenPort& found = place.port;
    // What its own processes send is told where what comes in is not.
    if (forward.output && !found.answers.empty()) return;
    PortAnswer answer{.how = PortHow::dnat};
    answer.only_from = forward.only_from;
    answer.conditional = forward.conditional;
    // From elsewhere, loopback addresses are martians (net/ipv4/route.c ip_route_input_slow).
    const bool local = forward.output || (found.address && found.address->is_loopback());
    PortReach through{.from = local ? PortFrom::this_host : PortFrom::anywhere};
    follow(forward, ns_, protocol, first, answer, through);
    if (std::ranges::find(found.answers, answer) != found.answers.end()) return;
    if (through.from == PortFrom::anywhere && !forward.only_from.empty()) {
      through.from = PortFrom::some;
      through.sources = forward.only_from;
    }
    through.conditional = through.conditional || forward.conditional;
    place.reached(forward.v6, through);
    found.answers.push_back(std::move(answer));
  }

  // From one namespace to the next, as rules send the packet on.
  void follow(const Forward& first, const Namespace& start, std::uint8_t protocol,
              std::uint16_t port, PortAnswer& answer, PortReach& through) {
    const Forward* forward = &first;
    const Namespace* ns = &start;
    IpAddress address;
    for (std::size_t hop = 0; forward && hop < kMostHops; ++hop) {
      answer.rules.push_back(name_of(*ns, forward->place));
      if (forward->port) port = *forward->port;
      if (!forward->address) {
        answer.conditional = answer.conditional || !forward->map.empty();
        if (forward->map.empty())
          answer.to = ends_.endpoint(address, port, ns, waiting(*ns, protocol, port, forward->v6));
        return;
      }
      address = *forward->address;
      const Namespace* const next = ends_.owner(*ns, address);
      Arrival arrival{.protocol = protocol,
                      .port = port,
                      .address = address,
                      .v6 = forward->v6,
                      .forwarded = next != ns,
                      .out = way_out(*ns, address),
                      .translated = true};
      if (through.from != PortFrom::this_host) narrow(through, reach(arrival, *ns));
      forward = nullptr;
      if (next && next != ns) {
        forward = sent_on(*next, protocol, address, port);
        arrival.forwarded = false;
        arrival.translated = false;
        arrival.out.clear();
        if (!forward && through.from != PortFrom::this_host) narrow(through, reach(arrival, *next));
        ns = next;
      }
    }
    answer.to = target(*ns, protocol, address, port);
  }

  // A socket of a namespace that waits on the port at any address.
  const Socket* waiting(const Namespace& ns, std::uint8_t protocol, std::uint16_t port,
                        bool v6) const {
    return ends_.bound_to(ns, protocol, IpAddress::any(v6), port);
  }

  // The rule of a namespace that sends on what comes to such an address of it.
  const Forward* sent_on(const Namespace& ns, std::uint8_t protocol, const IpAddress& address,
                         std::uint16_t port) {
    for (const Forward& forward : rules_of(ns).forwards()) {
      const bool ports =
          forward.ports.empty() || std::ranges::any_of(forward.ports, [&](const auto& range) {
            return range.first <= port && port <= range.second;
          });
      if (!forward.output && forward.v6 == address.is_v6() && ports &&
          (!forward.protocol || *forward.protocol == protocol) &&
          (!forward.to || forward.to->contains(address)))
        return &forward;
    }
    return nullptr;
  }

  RuleName name_of(const Namespace& ns, const RulePlace& place) { return names_.of(ns, place); }

  // --- IPVS ------------------------------------------------------------------------------------

  // Packets come to it by input, as if for the namespace itself (ip_vs_core.c ip_vs_ops4). What a
  // service by mark takes is known to whoever sets the mark.
  void add(const model::firewall::VirtualService& service) {
    if (service.mark || !service.protocol || !service.address) return;
    const std::uint16_t last = service.port == 0 ? 65535 : service.port;
    Found& place = port(*service.protocol, service.port, last, service.address);
    const bool v6 = service.address->is_v6();
    const bool local = service.address->is_loopback();
    const PortReach to_service = local ? PortReach{.from = PortFrom::this_host}
                                       : reach({.protocol = *service.protocol,
                                                .port = service.port,
                                                .address = service.address,
                                                .v6 = v6},
                                               ns_);
    for (const model::firewall::VirtualDestination& destination : service.destinations) {
      if (destination.weight == 0) continue;
      PortReach through = to_service;
      PortAnswer answer{.how = PortHow::virtual_};
      answer.to = server(service, destination, through);
      place.reached(v6, through);
      place.port.answers.push_back(std::move(answer));
    }
    if (!place.port.answers.empty()) return;
    place.reached(v6, to_service);
    PortAnswer nobody{.how = PortHow::virtual_};
    nobody.by = ends_.endpoint(*service.address, service.port, &ns_, nullptr);
    place.port.answers.push_back(std::move(nobody));
  }

  // A server that a service has, and what the filters on the way to it say. Unless its address
  // replaces it, the server gets the address that the client asked for.
  Endpoint server(const model::firewall::VirtualService& service,
                  const model::firewall::VirtualDestination& destination, PortReach& through) {
    const bool replaced = destination.method == "masquerade";
    const IpAddress& address = replaced ? destination.address : *service.address;
    const std::uint16_t port = replaced && destination.port ? destination.port : service.port;
    const Namespace* const next = ends_.owner(ns_, destination.address);
    if (next && next != &ns_ && through.from != PortFrom::this_host)
      narrow(through, reach({.protocol = *service.protocol,
                             .port = port,
                             .address = address,
                             .v6 = address.is_v6()},
                            *next));
    return ends_.endpoint(destination.address, port, next,
                          next ? ends_.bound_to(*next, *service.protocol, address, port) : nullptr);
  }

  // --- from where ------------------------------------------------------------------------------

  PortReach reach(const Arrival& arrival, const Namespace& ns) {
    const Admission admitted = rules_of(ns).admission(arrival);
    PortReach reach{.sources = admitted.sources, .conditional = admitted.conditional};
    switch (admitted.kind) {
      case Admission::Kind::all:
        return reach;
      case Admission::Kind::some:
        reach.from = PortFrom::some;
        break;
      case Admission::Kind::none:
        reach.from = PortFrom::nowhere;
        break;
      case Admission::Kind::unknown:
        reach.from = PortFrom::unknown;
        break;
    }
    reach.rule = name_of(ns, admitted.place);
    return reach;
  }

  static std::size_t width(PortFrom from) {
    constexpr PortFrom kOrder[] = {PortFrom::nowhere, PortFrom::this_host, PortFrom::unknown,
                                   PortFrom::some, PortFrom::anywhere};
    return static_cast<std::size_t>(std::ranges::find(kOrder, from) - std::begin(kOrder));
  }

  // Of two ways to be answered the wider counts.
  static void widen(PortReach& reach, const PortReach& other) {
    if (width(other.from) > width(reach.from)) reach = other;
  }

  // Of both families: where they differ, what comes by one as a whole is a source by its name.
  static PortReach both(const std::optional<PortReach>& ipv4,
                        const std::optional<PortReach>& ipv6) {
    if (!ipv4 || !ipv6) return ipv4 ? *ipv4 : ipv6.value_or(PortReach());
    if (*ipv4 == *ipv6 || (ipv4->from == ipv6->from && ipv4->sources == ipv6->sources))
      return *ipv4;
    const bool narrow4 = width(ipv4->from) < width(ipv6->from);
    PortReach reach = narrow4 ? *ipv4 : *ipv6;
    if (reach.from == PortFrom::unknown) return reach;
    reach.from = PortFrom::some;
    reach.conditional = ipv4->conditional || ipv6->conditional;
    const PortReach& wider = narrow4 ? *ipv6 : *ipv4;
    if (wider.from == PortFrom::anywhere) reach.sources.push_back(narrow4 ? "IPv6" : "IPv4");
    reach.sources.insert(reach.sources.end(), wider.sources.begin(), wider.sources.end());
    return reach;
  }

  // Of two filters on one way the narrower counts.
  static void narrow(PortReach& reach, PortReach other) {
    const bool conditional = reach.conditional || other.conditional;
    if (width(other.from) < width(reach.from))
      reach = std::move(other);
    else if (other.from == reach.from)
      reach.sources.insert(reach.sources.end(), other.sources.begin(), other.sources.end());
    reach.conditional = conditional;
  }

  const model::Index& index_;
  const Titles& titles_;
  const Ends& ends_;
  const Namespace& ns_;
  std::map<const Namespace*, NamespaceRules> rules_;
  std::map<const Namespace*, walk::Routing> routings_;
  RuleNames names_;
  std::map<Key, Found> ports_;
};

}  // namespace

std::vector<OpenPort> open_ports(const model::Index& index, const Titles& titles, const Ends& ends,
                                 const Namespace& ns) {
  return Search(index, titles, ends, ns).run();
}

}  // namespace nsmap::analyze
