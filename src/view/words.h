#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/names.h"
#include "analyze/published.h"
#include "model/index.h"
#include "view/document.h"

// How things are called, wherever they are shown.

namespace nsmap::view {

// What every view looks things up in.
struct Words {
  const model::Index& index;
  const analyze::Titles& titles;
};

// 1903 → "1,903".
std::string number(std::uint64_t value);
// "1 port", "2 ports".
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);
// "812 B", "1.4 MiB".
std::string bytes_text(std::uint64_t bytes);
// Digits compare by value: web2 before web10.
bool natural_less(std::string_view a, std::string_view b);

// Interfaces.

// "bridge", "vlan 5", "vxlan 4097"; empty for a veth and for hardware, which go without saying.
std::string kind_text(const model::Link& link);
// Whether it says nothing of what the namespace is for: lo, and the devices that tunnel modules
// put unasked into each namespace (net.core.fb_tunnels_only_for_init_net), while they are down.
bool is_furniture(const Words& words, model::LinkRef ref, const model::Link& link);
// The other end of the wire, or what it stands on: "⇄ veth3a1 @host → docker0", "on eth0 @host".
Text wire_text(const Words& words, const model::Namespace& ns, const model::Link& link);
// The addresses a reader looks for: link-local ones only where there are no others.
std::vector<const model::Address*> shown_addresses(const Words& words, model::LinkRef ref);
Text addresses_text(const Words& words, model::LinkRef ref, std::size_t most);
// Down, no carrier; empty where it is up.
Text state_text(const model::Link& link);
// "served by slirp4netns (812), uid 1000".
Text served_text(const Words& words, const model::Link& link);
// The name of an interface, or "if7" for one that is not in the snapshot.
std::string link_name(const Words& words, model::LinkRef ref);

// Owners.

// "nginx (4121)".
Text process_text(const Words& words, Pid pid);
// "nginx (4121) +2": the first of the processes in a namespace and how many more; empty: none.
Text processes_text(const Words& words, const model::Namespace& ns);
// "docker nginx:1.25", "pod: cart (cart:1), envoy"; empty where no container is in it.
Text containers_text(const Words& words, const model::Namespace& ns);
// What keeps a namespace alive that no process is in: "thread 815 of worker (812)"; bounded.
Text kept_text(const Words& words, const model::Namespace& ns);
// One holder, on its own: "descriptor 7 of dockerd (812)".
Text holder_text(const Words& words, const model::Holder& holder);
// What one types to make the holder let go; empty where nothing does.
std::string how_to_free(const Words& words, const model::Holder& holder);

// "1.2.3.4:80", "[::1]:80", "*:80".
std::string endpoint_text(const std::optional<IpAddress>& address, std::uint16_t port);
// "127.0.0.1:18080→80/tcp", "*:8080→80/tcp".
std::string published_text(const model::PublishedPort& port);
std::string published_text(const analyze::Published& port);

// Where packets go that nothing else knows of: "via 172.17.0.1", "via fe80::1 dev eth0"; several
// families or paths separated by commas. Empty: nowhere.
Text default_route_text(const Words& words, const model::Namespace& ns, bool with_device);

// A port that something in a namespace answers on.
struct Listener {
  std::string protocol;
  std::string address;  // "*" for any
  std::uint16_t port = 0;
  std::string owner;  // the first process's comm; empty: not known

  friend auto operator<=>(const Listener&, const Listener&) = default;
};

// In the order tcp, udp, then by port; what answers on any address in both families is one.
std::vector<Listener> listeners(const Words& words, const model::Namespace& ns);
Text listener_text(const Listener& listener);

}  // namespace nsmap::view
