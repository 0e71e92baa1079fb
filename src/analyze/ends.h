#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/islands.h"
#include "analyze/names.h"
#include "model/index.h"

namespace nsmap::analyze {

// Who is behind an address and a port.
struct Endpoint {
  IpAddress address = {};
  std::uint16_t port = 0;
  std::optional<model::NetnsId> ns = {};  // absent: elsewhere
  std::string title = {};                 // of that namespace
  std::optional<Pid> pid = {};
  std::string command = {};    // its comm
  std::string container = {};  // the name of the one it is in
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
BOOST_DESCRIBE_STRUCT(Endpoint, (), (address, port, ns, title, pid, command, container))

// "tcp", "udp", "icmp" …, or the number.
std::string protocol_name(std::uint8_t number);
// Of a socket whose protocol has ports.
std::optional<std::uint8_t> protocol_number(const model::Socket& socket);

// An IPv4 address as a socket for both families writes it, ::ffff:192.0.2.1 (RFC 4291 2.5.5.2), as
// it is elsewhere; others as they are.
IpAddress plain_address(const IpAddress& address);

// Whether it waits for whoever comes: it listens, or is a datagram socket bound and not connected.
// What is bound and does neither, a TCP socket before listen(2), answers nobody.
bool is_waiting(const model::Socket& socket);

// The first address of a namespace that others may reach it by; 0.0.0.0: none.
IpAddress own_address(const model::Namespace& ns);

// Finds namespaces by addresses and sockets by ports. Borrows the snapshot and the titles.
class Ends {
 public:
  Ends(const model::Index& index, const Titles& titles);

  const Islands& islands() const { return islands_; }
  // The namespace that has the address, as seen from `near`; null where none of its island has, or
  // several.
  const model::Namespace* owner(const model::Namespace& near, const IpAddress& address) const;
  // The waiting socket that takes what comes to an address and port; null: none.
  const model::Socket* bound_to(const model::Namespace& ns, std::uint8_t protocol,
                                const IpAddress& address, std::uint16_t port) const;
  // An endpoint in a namespace, with the process of the socket; either may be null.
  Endpoint endpoint(const IpAddress& address, std::uint16_t port, const model::Namespace* ns,
                    const model::Socket* socket) const;

 private:
  void name(Endpoint& end, Pid pid) const;

  const model::Index& index_;
  const Titles& titles_;
  Islands islands_;
  std::multimap<std::pair<std::size_t, IpAddress>, const model::Namespace*> owners_;
  std::map<std::tuple<model::NetnsId, std::uint8_t, std::uint16_t>,
           std::vector<const model::Socket*>>
      bound_;
};

}  // namespace nsmap::analyze
