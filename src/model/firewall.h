#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "model/identity.h"
#include "model/statement.h"

// The firewall of one namespace, both back ends in one form: nf_tables, with what iptables-nft
// writes there, and the legacy x_tables; the ipsets that x_tables' rules use; IPVS.

namespace nsmap::model::firewall {

enum class Backend { nf_tables, x_tables };
BOOST_DESCRIBE_ENUM(Backend, nf_tables, x_tables)

enum class Family { ip, ip6, inet, arp, bridge, netdev };
BOOST_DESCRIBE_ENUM(Family, ip, ip6, inet, arp, bridge, netdev)

enum class Hook { prerouting, input, forward, output, postrouting, ingress, egress, brouting };
BOOST_DESCRIBE_ENUM(Hook, prerouting, input, forward, output, postrouting, ingress, egress,
                    brouting)

struct Rule {
  std::optional<std::uint64_t> handle = {};  // nf_tables
  std::uint32_t position = 0;                // in its chain, from 0
  std::string comment = {};
  std::vector<Statement> statements = {};
  friend bool operator==(const Rule&, const Rule&) = default;
};
BOOST_DESCRIBE_STRUCT(Rule, (), (handle, position, comment, statements))

struct Chain {
  std::string name = {};
  std::optional<std::uint64_t> handle = {};
  // Of base chains:
  std::optional<Hook> hook = {};
  std::optional<std::int32_t> priority = {};
  std::string type = {};  // filter, nat, route
  std::optional<Verdict> policy = {};
  std::vector<std::string> devices = {};       // netdev and inet ingress
  std::optional<Counter> policy_counter = {};  // x_tables; nf_tables where it was asked for
  bool binding = false;                        // nameless: within the rule that jumps to it
  bool hardware_offload = false;
  std::string comment = {};
  std::vector<Rule> rules = {};
  friend bool operator==(const Chain&, const Chain&) = default;
};
BOOST_DESCRIBE_STRUCT(Chain, (),
                      (name, handle, hook, priority, type, policy, devices, policy_counter, binding,
                       hardware_offload, comment, rules))

// A part of a set's key, or of the data of a map.
struct KeyPart {
  DataType type = DataType::integer;
  std::uint32_t bits = 0;
  std::string typeof_ = {};  // nft's expression, where the set was made by `typeof` and needs it
  friend bool operator==(const KeyPart&, const KeyPart&) = default;
};
BOOST_DESCRIBE_STRUCT(KeyPart, (), (type, bits, typeof_))

struct Element {
  // In network order, parts padded to four bytes each where there are several. `last` is empty for
  // a single value; of a range it is inclusive, and where there are several parts each has its own.
  Octets first = {};
  Octets last = {};
  bool catchall = false;                // "*"
  Octets data = {};                     // of a map
  Octets data_last = {};                // of a map to ranges
  std::optional<Verdict> verdict = {};  // of a verdict map
  std::string object = {};              // of a map to objects
  std::optional<std::uint64_t> timeout_ms = {};
  std::optional<std::uint64_t> expires_ms = {};
  std::string comment = {};
  std::vector<Statement> statements = {};  // counter, limit … of its own
  friend bool operator==(const Element&, const Element&) = default;
};
BOOST_DESCRIBE_STRUCT(Element, (),
                      (first, last, catchall, data, data_last, verdict, object, timeout_ms,
                       expires_ms, comment, statements))

struct Set {
  std::string name = {};
  std::optional<std::uint64_t> handle = {};
  std::vector<KeyPart> key = {};
  bool map = false;
  std::vector<KeyPart> data = {};  // of a map; empty: to verdicts or objects
  std::string object_kind = {};    // of a map to objects, as of ObjectRef
  bool anonymous = false;
  bool constant = false;
  bool interval = false;
  bool timeout = false;  // elements may have one
  bool dynamic = false;  // rules may add to it
  bool auto_merge = false;
  std::optional<std::uint64_t> timeout_ms = {};
  std::optional<std::uint64_t> gc_interval_ms = {};
  std::optional<std::uint32_t> size = {};  // the most elements it takes
  std::string policy = {};                 // memory; empty: performance
  std::string comment = {};
  std::vector<Statement> statements = {};  // what each new element gets
  std::vector<Element> elements = {};
  friend bool operator==(const Set&, const Set&) = default;
};
BOOST_DESCRIBE_STRUCT(Set, (),
                      (name, handle, key, map, data, object_kind, anonymous, constant, interval,
                       timeout, dynamic, auto_merge, timeout_ms, gc_interval_ms, size, policy,
                       comment, statements, elements))

// A stateful object with a name.
struct Object {
  std::string kind = {};  // as of ObjectRef
  std::string name = {};
  std::optional<std::uint64_t> handle = {};
  std::string comment = {};
  // What it is: counter, quota, limit, connection_limit, synproxy as in a rule; of the others …
  std::vector<Statement> statements = {};
  std::string helper = {};                    // ct helper: its type
  std::optional<std::uint8_t> protocol = {};  // ct helper, timeout, expectation
  std::string l3_protocol = {};               // ip, ip6, inet of the same
  std::string details = {};                   // in nft's syntax, what else there is
  friend bool operator==(const Object&, const Object&) = default;
};
BOOST_DESCRIBE_STRUCT(Object, (),
                      (kind, name, handle, comment, statements, helper, protocol, l3_protocol,
                       details))

struct Flowtable {
  std::string name = {};
  std::optional<std::uint64_t> handle = {};
  std::optional<std::int32_t> priority = {};
  std::vector<std::string> devices = {};
  bool hardware_offload = false;
  bool counter = false;
  friend bool operator==(const Flowtable&, const Flowtable&) = default;
};
BOOST_DESCRIBE_STRUCT(Flowtable, (), (name, handle, priority, devices, hardware_offload, counter))

struct Table {
  Backend backend = Backend::nf_tables;
  Family family = Family::inet;
  std::string name = {};
  std::optional<std::uint64_t> handle = {};
  bool dormant = false;
  bool persist = false;
  std::optional<std::uint32_t> owner = {};  // the netlink port of the program that owns it
  std::string comment = {};
  std::vector<Chain> chains = {};  // in the order they were made
  std::vector<Set> sets = {};
  std::vector<Object> objects = {};
  std::vector<Flowtable> flowtables = {};
  friend bool operator==(const Table&, const Table&) = default;
};
BOOST_DESCRIBE_STRUCT(Table, (),
                      (backend, family, name, handle, dormant, persist, owner, comment, chains,
                       sets, objects, flowtables))

struct IpsetMember {
  std::string text = {};     // as ipset(8) writes it: "10.0.0.0/8,tcp:80"
  std::string options = {};  // "timeout 60 comment …"
  bool nomatch = false;
  friend bool operator==(const IpsetMember&, const IpsetMember&) = default;
};
BOOST_DESCRIBE_STRUCT(IpsetMember, (), (text, options, nomatch))

struct Ipset {
  std::string name = {};
  std::string type = {};  // hash:ip,port …
  std::uint8_t revision = 0;
  std::string family = {};   // inet, inet6; empty: neither
  std::string options = {};  // as ipset save writes them
  std::uint32_t references = 0;
  std::vector<IpsetMember> members = {};
  friend bool operator==(const Ipset&, const Ipset&) = default;
};
BOOST_DESCRIBE_STRUCT(Ipset, (), (name, type, revision, family, options, references, members))

struct VirtualDestination {
  IpAddress address = {};
  std::uint16_t port = 0;    // 0: the one that was asked for
  std::string method = {};   // masquerade, local, tunnel, route, bypass
  std::uint32_t weight = 0;  // 0: gets no new connections
  std::uint32_t active = 0;
  std::uint32_t inactive = 0;
  friend bool operator==(const VirtualDestination&, const VirtualDestination&) = default;
};
BOOST_DESCRIBE_STRUCT(VirtualDestination, (), (address, port, method, weight, active, inactive))

// A service of IPVS: by protocol, address and port, or by mark.
struct VirtualService {
  Family family = Family::ip;  // ip, ip6
  std::optional<std::uint8_t> protocol = {};
  std::optional<IpAddress> address = {};
  std::uint16_t port = 0;  // 0: any
  std::optional<std::uint32_t> mark = {};
  std::string scheduler = {};
  // How long a client stays with its destination; absent: for one connection.
  std::optional<std::uint32_t> persistent_s = {};
  std::vector<VirtualDestination> destinations = {};
  friend bool operator==(const VirtualService&, const VirtualService&) = default;
};
BOOST_DESCRIBE_STRUCT(VirtualService, (),
                      (family, protocol, address, port, mark, scheduler, persistent_s,
                       destinations))

// What is called at a hook: those of one family, hook and device in the order they are.
struct HookEntry {
  Family family = Family::ip;  // of packets: ip, ip6, arp, bridge, netdev
  Hook hook = Hook::prerouting;
  std::int32_t priority = 0;
  std::string device = {};    // of netdev
  std::string function = {};  // of the kernel's
  std::string module = {};    // that it is in
  // Of a base chain of nf_tables:
  std::optional<Family> table_family = {};
  std::string table = {};
  std::string chain = {};
  friend bool operator==(const HookEntry&, const HookEntry&) = default;
};
BOOST_DESCRIBE_STRUCT(HookEntry, (),
                      (family, hook, priority, device, function, module, table_family, table,
                       chain))

struct Firewall {
  std::vector<Table> tables = {};
  std::vector<Ipset> ipsets = {};
  std::vector<VirtualService> services = {};
  std::vector<HookEntry> hooks = {};  // of hooks where chains have one priority
  friend bool operator==(const Firewall&, const Firewall&) = default;
};
BOOST_DESCRIBE_STRUCT(Firewall, (), (tables, ipsets, services, hooks))

}  // namespace nsmap::model::firewall
