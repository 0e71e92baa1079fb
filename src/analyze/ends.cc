#include "analyze/ends.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace nsmap::analyze {
namespace {

using model::Namespace;
using model::Socket;

struct ProtocolName {
  std::uint8_t number;
  std::string_view name;
  bool ports;
};
constexpr ProtocolName kProtocols[] = {
    {1, "icmp", false},    {2, "igmp", false},  {51, "ah", false},      {6, "tcp", true},
    {17, "udp", true},     {33, "dccp", true},  {47, "gre", false},     {50, "esp", false},
    {58, "icmpv6", false}, {132, "sctp", true}, {136, "udplite", true},
};

}  // namespace

std::string protocol_name(std::uint8_t number) {
  const auto known = std::ranges::find(kProtocols, number, &ProtocolName::number);
  return known == std::end(kProtocols) ? std::to_string(number) : std::string(known->name);
}

std::optional<std::uint8_t> protocol_number(const Socket& socket) {
  if (socket.family != model::SocketFamily::inet && socket.family != model::SocketFamily::inet6)
    return std::nullopt;
  for (const ProtocolName& known : kProtocols)
    if (known.ports && known.name == socket.protocol) return known.number;
  return std::nullopt;
}

IpAddress plain_address(const IpAddress& address) {
  static const Prefix kMapped = *Prefix::parse("::ffff:0.0.0.0/96");
  if (!address.is_v6() || !kMapped.contains(address)) return address;
  return *IpAddress::from_bytes(address.bytes().subspan(12));
}

bool is_waiting(const Socket& socket) {
  const bool unconnected = socket.protocol.starts_with("udp") && socket.state != "established";
  return socket.local_port != 0 && socket.remote_port == 0 && protocol_number(socket) &&
         (socket.state == "listen" || unconnected);
}

IpAddress own_address(const Namespace& ns) {
  for (const model::Address& each : ns.addresses)
    if (!each.address.is_loopback() && !each.address.is_link_local()) return each.address;
  return {};
}

Ends::Ends(const model::Index& index, const Titles& titles)
    : index_(index), titles_(titles), islands_(index.snapshot()) {
  for (const Namespace& ns : index.snapshot().namespaces) {
    for (const model::Address& address : ns.addresses)
      if (!address.address.is_loopback())
        owners_.emplace(std::pair(islands_.of(ns.id), address.address), &ns);
    for (const Socket& socket : ns.sockets)
      if (is_waiting(socket))
        bound_[{ns.id, *protocol_number(socket), socket.local_port}].push_back(&socket);
  }
}

const Namespace* Ends::owner(const Namespace& near, const IpAddress& address) const {
  if (address.is_loopback()) return &near;
  const auto [first, last] = owners_.equal_range(std::pair(islands_.of(near.id), address));
  const Namespace* found = nullptr;
  for (auto it = first; it != last; ++it) {
    if (found && found != it->second) return nullptr;
    found = it->second;
  }
  return found;
}

const Socket* Ends::bound_to(const Namespace& ns, std::uint8_t protocol, const IpAddress& address,
                             std::uint16_t port) const {
  const auto all = bound_.find({ns.id, protocol, port});
  if (all == bound_.end()) return nullptr;
  const Socket* wide = nullptr;
  for (const Socket* const socket : all->second) {
    if (!socket->local || socket->local->is_unspecified()) {
      const bool v6 = socket->family == model::SocketFamily::inet6;
      if (v6 == address.is_v6() || (v6 && !socket->v6_only)) wide = socket;
    } else if (plain_address(*socket->local) == address) {
      return socket;
    }
  }
  return wide;
}

Endpoint Ends::endpoint(const IpAddress& address, std::uint16_t port, const Namespace* ns,
                        const Socket* socket) const {
  Endpoint end{.address = address, .port = port};
  if (!ns) return end;
  end.ns = ns->id;
  end.title = titles_.of(ns->id);
  if (socket && !socket->owners.empty()) name(end, socket->owners.front().pid);
  return end;
}

void Ends::name(Endpoint& end, Pid pid) const {
  end.pid = pid;
  const model::Process* const process = index_.find(pid);
  if (!process) return;
  end.command = process->comm;
  if (const auto* container = index_.container(process->container))
    end.container = container_name(*container);
}

}  // namespace nsmap::analyze
