#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/names.h"
#include "base/result.h"
#include "model/index.h"

namespace nsmap::analyze {

enum class WhoisKind {
  interface_,  // a link, by its name or an alternative name
  address,     // an address of an interface
  neighbour,   // an address or MAC that a neighbour entry knows, and no interface here has
  mac,         // the MAC of an interface
  port,        // a socket bound to the port
  published,   // a port of the host that leads into a container
  process,
  socket,      // by its inode
  namespace_,  // by its inode or name
  container,
};
BOOST_DESCRIBE_ENUM(WhoisKind, interface_, address, neighbour, mac, port, published, process,
                    socket, namespace_, container)

// The other end of a wire.
struct WhoisPeer {
  model::LinkRef ref;
  std::string interface;
  std::string title;  // of its namespace
  friend bool operator==(const WhoisPeer&, const WhoisPeer&) = default;
};
BOOST_DESCRIBE_STRUCT(WhoisPeer, (), (ref, interface, title))

// One thing that answers to what was asked, and whose it is.
struct WhoisAnswer {
  WhoisKind kind = WhoisKind::namespace_;
  std::string what;  // the thing as the snapshot has it: "eth0", "10.0.0.2/24", "tcp 0.0.0.0:80"
  std::optional<model::NetnsId> ns;
  std::string title;             // of that namespace
  std::optional<IfIndex> index;  // the interface it is or is on
  std::string interface;
  std::optional<WhoisPeer> peer;       // of that interface
  std::vector<std::string> addresses;  // of that interface, when it is what was asked for
  std::optional<Pid> pid;              // the process it is or belongs to
  std::string command;
  std::string container;  // the name of the container it is in
  std::string image;
  friend bool operator==(const WhoisAnswer&, const WhoisAnswer&) = default;
};
BOOST_DESCRIBE_STRUCT(WhoisAnswer, (),
                      (kind, what, ns, title, index, interface, peer, addresses, pid, command,
                       container, image))

// Everything in the snapshot that `thing` may mean: an interface (`veth1a2b`, or `NS:eth0` with any
// spelling of a namespace), an address, a MAC, a port (`:8080`, `:53/udp`), a process (`pid:812`,
// or a bare number), the inode of a socket or namespace (`ino:…`, or a bare number), a container's
// name or id, a namespace's name. In the snapshot's order; no answer at all is an empty list. An
// error is of kind usage: `thing` is malformed, or the NS in it names none or several.
Result<std::vector<WhoisAnswer>> whois(const model::Index& index, const Titles& titles,
                                       std::string_view thing);

}  // namespace nsmap::analyze
