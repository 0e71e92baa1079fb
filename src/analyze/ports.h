#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/ends.h"
#include "analyze/rule_names.h"
#include "model/index.h"

namespace nsmap::analyze {

enum class PortHow {
  listener,    // a socket waits on it
  dnat,        // rules send it on to another address
  proxy,       // a process answers that hands on what it gets: docker-proxy, rootlessport …
  activation,  // an init waits on it for a service that it starts
  virtual_,    // IPVS sends it on
};
BOOST_DESCRIBE_ENUM(PortHow, listener, dnat, proxy, activation, virtual_)

// One way in which a port is answered.
struct PortAnswer {
  PortHow how = PortHow::listener;
  Endpoint by = {};                  // who waits on the port itself: the socket's process
  std::optional<Endpoint> to = {};   // where it is sent on to, and who waits there
  std::vector<RuleName> rules = {};  // of dnat, in the order met, over all namespaces on the way
  std::vector<std::string> only_from = {};  // what the dnat rules ask of where packets come from
  bool conditional = false;                 // they ask more than is told here
  friend bool operator==(const PortAnswer&, const PortAnswer&) = default;
};
BOOST_DESCRIBE_STRUCT(PortAnswer, (), (how, by, to, rules, only_from, conditional))

// From where packets get through, as far as the filters of the namespaces involved say.
enum class PortFrom {
  anywhere,
  some,       // from `sources`
  this_host,  // it is bound to a loopback address, or only what is sent here is translated
  nowhere,    // a rule drops all
  unknown,    // a rule decides that is not understood
};
BOOST_DESCRIBE_ENUM(PortFrom, anywhere, some, this_host, nowhere, unknown)

struct PortReach {
  PortFrom from = PortFrom::anywhere;
  std::vector<std::string> sources = {};  // prefixes, interfaces
  bool conditional = false;               // rules ask more than is told here
  std::optional<RuleName> rule = {};      // that stops what does not get through
  friend bool operator==(const PortReach&, const PortReach&) = default;
};
BOOST_DESCRIBE_STRUCT(PortReach, (), (from, sources, conditional, rule))

struct OpenPort {
  model::NetnsId ns = {};
  std::string title = {};  // of that namespace
  std::string protocol = {};
  std::optional<IpAddress> address = {};  // absent: any of the namespace's
  std::uint16_t port = 0;
  std::uint16_t last_port = 0;  // of a range that is sent on
  std::vector<PortAnswer> answers = {};
  PortReach reach = {};
  friend bool operator==(const OpenPort&, const OpenPort&) = default;
};
BOOST_DESCRIBE_STRUCT(OpenPort, (), (ns, title, protocol, address, port, last_port, answers, reach))

// The ports of a namespace that something answers on: sockets that wait, and ports that rules send
// on to others. By protocol, port and address.
std::vector<OpenPort> open_ports(const model::Index& index, const Titles& titles, const Ends& ends,
                                 const model::Namespace& ns);

}  // namespace nsmap::analyze
