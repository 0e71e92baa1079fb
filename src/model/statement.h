#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "base/box.h"
#include "base/ip.h"
#include "base/octets.h"
#include "model/packet_field.h"

// What firewall rules are made of: one decoded form for both back ends, nf_tables and x_tables.
// A rule is a list of statements, carried out in turn until one does not match or gives a verdict.
// The kernel's registers are gone: a statement names what it looks at (a Value), and constants are
// in network order, as long as the field they are held against. JSON writes an alternative of a
// variant under its tag: {"match":{…}}.

namespace nsmap::model::firewall {

// Bytes of a header that no field's name stands for.
struct Payload {
  enum class Base { link, network, transport, inner };
  BOOST_DESCRIBE_NESTED_ENUM(Base, link, network, transport, inner)
  Base base = Base::network;
  std::uint32_t offset = 0;  // bits
  std::uint32_t length = 0;  // bits
  friend bool operator==(const Payload&, const Payload&) = default;
};
BOOST_DESCRIBE_STRUCT(Payload, (), (base, offset, length))

// A slice of an extension header or option.
struct ExtensionHeader {
  enum class Kind { ipv6, tcp_option, ipv4_option, sctp_chunk, dccp_option };
  BOOST_DESCRIBE_NESTED_ENUM(Kind, ipv6, tcp_option, ipv4_option, sctp_chunk, dccp_option)
  Kind kind = Kind::ipv6;
  std::uint8_t type = 0;     // the header's protocol, the option's kind
  std::uint32_t offset = 0;  // bits
  std::uint32_t length = 0;  // bits
  bool present = false;      // 1 if it is there, 0 if not, instead of the slice
  friend bool operator==(const ExtensionHeader&, const ExtensionHeader&) = default;
};
BOOST_DESCRIBE_STRUCT(ExtensionHeader, (), (kind, type, offset, length, present))

// What the routing table says of the packet (net/netfilter/nft_fib.c).
struct Fib {
  enum class Result { oif, oif_name, type };
  BOOST_DESCRIBE_NESTED_ENUM(Result, oif, oif_name, type)
  Result result = Result::type;
  bool saddr = false;  // by source
  bool daddr = false;  // by destination
  bool mark = false;
  bool iif = false;
  bool oif = false;
  bool present = false;  // 1 if there is such a route, 0 if not
  friend bool operator==(const Fib&, const Fib&) = default;
};
BOOST_DESCRIBE_STRUCT(Fib, (), (result, saddr, daddr, mark, iif, oif, present))

// A number made up for the packet: one after the other, or at random, below `modulus`.
struct NumberGenerator {
  bool random = false;
  std::uint32_t modulus = 0;
  std::uint32_t offset = 0;  // added
  friend bool operator==(const NumberGenerator&, const NumberGenerator&) = default;
};
BOOST_DESCRIBE_STRUCT(NumberGenerator, (), (random, modulus, offset))

struct SocketCgroup {
  std::uint32_t level = 0;  // of the ancestor of the socket's cgroup whose id it is
  friend bool operator==(const SocketCgroup&, const SocketCgroup&) = default;
};
BOOST_DESCRIBE_STRUCT(SocketCgroup, (), (level))

// An IPsec state's field (nft_xfrm.c).
struct Ipsec {
  enum class Key { reqid, spi, saddr4, daddr4, saddr6, daddr6 };
  BOOST_DESCRIBE_NESTED_ENUM(Key, reqid, spi, saddr4, daddr4, saddr6, daddr6)
  Key key = Key::reqid;
  bool out = false;
  std::uint32_t number = 0;  // in the path of states
  friend bool operator==(const Ipsec&, const Ipsec&) = default;
};
BOOST_DESCRIBE_STRUCT(Ipsec, (), (key, out, number))

struct OsFingerprint {
  std::uint8_t ttl = 0;
  bool version = false;
  friend bool operator==(const OsFingerprint&, const OsFingerprint&) = default;
};
BOOST_DESCRIBE_STRUCT(OsFingerprint, (), (ttl, version))

struct Concatenation;
struct MapLookup;
struct Bitwise;
struct Combination;
struct Shift;
struct Hash;

// What a rule looks at or puts somewhere.
struct Value : std::variant<std::monostate, PacketField, Octets, Payload, ExtensionHeader, Fib,
                            NumberGenerator, SocketCgroup, Ipsec, OsFingerprint, Box<Concatenation>,
                            Box<MapLookup>, Box<Bitwise>, Box<Combination>, Box<Shift>, Box<Hash>> {
  using variant::variant;
  static constexpr std::array<std::string_view, 16> kTags = {
      "",        "field",       "constant", "payload", "extension_header", "fib",
      "numgen",  "cgroup",      "ipsec",    "osf",     "concatenation",    "map",
      "bitwise", "combination", "shift",    "hash"};
};

// Values one after the other, each padded to four bytes.
struct Concatenation {
  std::vector<Value> parts = {};
  friend bool operator==(const Concatenation&, const Concatenation&) = default;
};
BOOST_DESCRIBE_STRUCT(Concatenation, (), (parts))

// What a map has for a key.
struct MapLookup {
  Value key = {};
  std::string map = {};
  // The one part of the map's data that is meant, from 0; those of Element::data_last count on from
  // those of Element::data. Absent: all of them.
  std::optional<std::uint32_t> part = {};
  friend bool operator==(const MapLookup&, const MapLookup&) = default;
};
BOOST_DESCRIBE_STRUCT(MapLookup, (), (key, map, part))

// (value & mask) ^ flip.
struct Bitwise {
  Value value = {};
  Octets mask = {};
  Octets flip = {};
  friend bool operator==(const Bitwise&, const Bitwise&) = default;
};
BOOST_DESCRIBE_STRUCT(Bitwise, (), (value, mask, flip))

// Two values, bit by bit.
struct Combination {
  enum class Operator { and_, or_, xor_ };
  BOOST_DESCRIBE_NESTED_ENUM(Operator, and_, or_, xor_)
  Operator with = Operator::or_;
  Value left = {};
  Value right = {};
  friend bool operator==(const Combination&, const Combination&) = default;
};
BOOST_DESCRIBE_STRUCT(Combination, (), (with, left, right))

struct Shift {
  Value value = {};
  bool left = false;
  std::uint32_t bits = 0;
  friend bool operator==(const Shift&, const Shift&) = default;
};
BOOST_DESCRIBE_STRUCT(Shift, (), (value, left, bits))

// jhash of a value, or the packet's symmetric hash; below `modulus`.
struct Hash {
  Value value = {};  // none: symmetric
  std::uint32_t modulus = 0;
  std::optional<std::uint32_t> seed = {};  // absent: drawn when the rule was made
  std::uint32_t offset = 0;
  friend bool operator==(const Hash&, const Hash&) = default;
};
BOOST_DESCRIBE_STRUCT(Hash, (), (value, modulus, seed, offset))

// --- what may not match ----------------------------------------------------------------------

enum class Compare { eq, ne, lt, le, gt, ge, in, not_in };
BOOST_DESCRIBE_ENUM(Compare, eq, ne, lt, le, gt, ge, in, not_in)

// (left & mask) is so to `right`: two byte strings compared as the numbers they are in network
// order. A value that is not there (another protocol's header, no connection) does not match
// whatever the comparison.
struct Match {
  Value left = {};
  Compare compare = Compare::eq;
  Octets mask = {};   // empty: all of it
  Octets right = {};  // in, not_in: the first of the range
  Octets last = {};   // in, not_in
  friend bool operator==(const Match&, const Match&) = default;
};
BOOST_DESCRIBE_STRUCT(Match, (), (left, compare, mask, right, last))

// The key is in a set of the table.
struct Lookup {
  Value key = {};
  std::string set = {};
  bool invert = false;
  friend bool operator==(const Lookup&, const Lookup&) = default;
};
BOOST_DESCRIBE_STRUCT(Lookup, (), (key, set, invert))

struct Interval {
  Octets first = {};
  Octets last = {};  // the same for a single one
  friend bool operator==(const Interval&, const Interval&) = default;
};
BOOST_DESCRIBE_STRUCT(Interval, (), (first, last))

// One of the values is in one of the intervals (x_tables' lists; `values` are several where either
// may match, as in multiport's --ports).
struct OneOf {
  std::vector<Value> values = {};
  std::vector<Interval> intervals = {};
  bool invert = false;
  friend bool operator==(const OneOf&, const OneOf&) = default;
};
BOOST_DESCRIBE_STRUCT(OneOf, (), (values, intervals, invert))

// The packet is in an ipset.
struct IpsetMatch {
  std::string set = {};
  std::vector<std::string> directions = {};  // src or dst, a dimension each
  bool invert = false;
  std::string options = {};  // further ones, as iptables writes them
  friend bool operator==(const IpsetMatch&, const IpsetMatch&) = default;
};
BOOST_DESCRIBE_STRUCT(IpsetMatch, (), (set, directions, invert, options))

struct Limit {
  std::uint64_t rate = 0;
  std::uint64_t per_s = 1;  // seconds: 1, 60, 3600 …
  std::uint32_t burst = 0;
  bool bytes = false;   // of bytes, not packets
  bool invert = false;  // matches what is over it
  friend bool operator==(const Limit&, const Limit&) = default;
};
BOOST_DESCRIBE_STRUCT(Limit, (), (rate, per_s, burst, bytes, invert))

struct Quota {
  std::uint64_t bytes = 0;
  std::uint64_t used = 0;
  bool invert = false;  // matches what is over it
  friend bool operator==(const Quota&, const Quota&) = default;
};
BOOST_DESCRIBE_STRUCT(Quota, (), (bytes, used, invert))

// How many connections there are of this key.
struct ConnectionLimit {
  std::uint32_t count = 0;
  bool invert = false;  // matches what is over it
  friend bool operator==(const ConnectionLimit&, const ConnectionLimit&) = default;
};
BOOST_DESCRIBE_STRUCT(ConnectionLimit, (), (count, invert))

// x_tables' statistic: a share of all packets, by chance or by count.
struct Chance {
  std::optional<std::uint32_t> probability = {};  // of 2^31
  std::optional<std::uint32_t> every = {};        // the nth of so many …
  std::uint32_t packet = 0;                       // … n
  bool invert = false;
  friend bool operator==(const Chance&, const Chance&) = default;
};
BOOST_DESCRIBE_STRUCT(Chance, (), (probability, every, packet, invert))

// --- what is done ----------------------------------------------------------------------------

struct Verdict {
  enum class Kind { accept, drop, continue_, return_, jump, goto_, stolen, queue, repeat };
  BOOST_DESCRIBE_NESTED_ENUM(Kind, accept, drop, continue_, return_, jump, goto_, stolen, queue,
                             repeat)
  Kind kind = Kind::accept;
  std::string chain = {};  // jump, goto
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
BOOST_DESCRIBE_STRUCT(Verdict, (), (kind, chain))

// The verdict that a map has for the key; no verdict where it has none.
struct VerdictMap {
  Value key = {};
  std::string map = {};
  friend bool operator==(const VerdictMap&, const VerdictMap&) = default;
};
BOOST_DESCRIBE_STRUCT(VerdictMap, (), (key, map))

struct Counter {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const Counter&, const Counter&) = default;
};
BOOST_DESCRIBE_STRUCT(Counter, (), (packets, bytes))

// When the rule last came this far.
struct Last {
  std::optional<std::uint64_t> ago_ms = {};  // absent: never
  friend bool operator==(const Last&, const Last&) = default;
};
BOOST_DESCRIBE_STRUCT(Last, (), (ago_ms))

struct Log {
  std::string prefix = {};
  std::optional<std::uint32_t> level = {};  // syslog(2)
  std::uint32_t flags = 0;                  // NF_LOG_*
  std::optional<std::uint16_t> group = {};  // to nfnetlink_log, not the kernel's log
  std::optional<std::uint32_t> snaplen = {};
  std::optional<std::uint16_t> threshold = {};
  friend bool operator==(const Log&, const Log&) = default;
};
BOOST_DESCRIBE_STRUCT(Log, (), (prefix, level, flags, group, snaplen, threshold))

// Drops the packet and answers it.
struct Reject {
  enum class With { icmp, icmpv6, icmpx, tcp_reset };
  BOOST_DESCRIBE_NESTED_ENUM(With, icmp, icmpv6, icmpx, tcp_reset)
  With with = With::icmp;
  std::uint8_t code = 0;  // of destination unreachable; icmpx: NFT_REJECT_ICMPX_*
  friend bool operator==(const Reject&, const Reject&) = default;
};
BOOST_DESCRIBE_STRUCT(Reject, (), (with, code))

struct Nat {
  // by_hook: dnat at prerouting and output, snat at the others (x_tables' NETMAP).
  enum class Kind { snat, dnat, masquerade, redirect, by_hook };
  BOOST_DESCRIBE_NESTED_ENUM(Kind, snat, dnat, masquerade, redirect, by_hook)
  Kind kind = Kind::dnat;
  std::optional<std::uint8_t> family = {};  // NFPROTO_IPV4 or _IPV6 of snat and dnat
  Value address = {};                       // none: it stays
  Value last_address = {};                  // none: the same
  Value port = {};                          // none: it stays
  Value last_port = {};
  bool netmap = false;  // the address's prefix only
  bool random = false;
  bool fully_random = false;
  bool persistent = false;
  std::optional<std::uint16_t> base_port = {};  // of a shifted range of ports (x_tables)
  friend bool operator==(const Nat&, const Nat&) = default;
};
BOOST_DESCRIBE_STRUCT(Nat, (),
                      (kind, family, address, last_address, port, last_port, netmap, random,
                       fully_random, persistent, base_port))

// Hands the packet to a local socket.
struct Tproxy {
  std::optional<std::uint8_t> family = {};
  Value address = {};
  Value port = {};
  std::optional<std::uint32_t> mark = {};  // set by x_tables' TPROXY
  std::optional<std::uint32_t> mark_mask = {};
  friend bool operator==(const Tproxy&, const Tproxy&) = default;
};
BOOST_DESCRIBE_STRUCT(Tproxy, (), (family, address, port, mark, mark_mask))

// Puts a value into a field of the packet, of meta or of ct.
struct Assign {
  Value to = {};  // field, payload or extension header
  Value value = {};
  friend bool operator==(const Assign&, const Assign&) = default;
};
BOOST_DESCRIBE_STRUCT(Assign, (), (to, value))

struct Notrack {
  friend bool operator==(const Notrack&, const Notrack&) = default;
};
BOOST_DESCRIBE_STRUCT(Notrack, (), ())

struct Queue {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  Value number = {};  // where it is not a constant
  bool bypass = false;
  bool fanout = false;
  friend bool operator==(const Queue&, const Queue&) = default;
};
BOOST_DESCRIBE_STRUCT(Queue, (), (first, last, number, bypass, fanout))

struct SetUpdate;

// A stateful object of the table, by name or by a map.
struct ObjectRef {
  std::string kind =
      {};  // counter, quota, ct_helper, limit, ct_timeout, secmark, ct_expectation, …
  std::string name = {};
  Value key = {};  // where `map` chooses the object
  std::string map = {};
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};
BOOST_DESCRIBE_STRUCT(ObjectRef, (), (kind, name, key, map))

struct Synproxy {
  std::uint16_t mss = 0;
  std::uint8_t wscale = 0;
  bool timestamp = false;
  bool sack_perm = false;
  bool ecn = false;
  friend bool operator==(const Synproxy&, const Synproxy&) = default;
};
BOOST_DESCRIBE_STRUCT(Synproxy, (), (mss, wscale, timestamp, sack_perm, ecn))

// Sends a copy elsewhere.
struct Duplicate {
  Value address = {};
  Value device = {};  // an interface index
  friend bool operator==(const Duplicate&, const Duplicate&) = default;
};
BOOST_DESCRIBE_STRUCT(Duplicate, (), (address, device))

// Sends the packet out of a device, from ingress.
struct Forward {
  Value device = {};  // an interface index
  Value address = {};
  std::optional<std::uint8_t> family = {};
  friend bool operator==(const Forward&, const Forward&) = default;
};
BOOST_DESCRIBE_STRUCT(Forward, (), (device, address, family))

struct FlowOffload {
  std::string flowtable = {};
  friend bool operator==(const FlowOffload&, const FlowOffload&) = default;
};
BOOST_DESCRIBE_STRUCT(FlowOffload, (), (flowtable))

// Removes a TCP option.
struct StripOption {
  std::uint8_t kind = 0;
  friend bool operator==(const StripOption&, const StripOption&) = default;
};
BOOST_DESCRIBE_STRUCT(StripOption, (), (kind))

// A match or target of x_tables that is understood and has no form of its own here: its options as
// iptables-save writes them, "! --seconds 60 --name ssh".
struct Extension {
  std::string name = {};
  bool target = false;
  std::string options = {};
  friend bool operator==(const Extension&, const Extension&) = default;
};
BOOST_DESCRIBE_STRUCT(Extension, (), (name, target, options))

// What is not understood: whoever judges a packet that comes here must say so.
struct Opaque {
  std::string name = {};  // the expression's, match's or target's
  bool match = false;     // of x_tables
  bool target = false;    // of x_tables
  std::uint32_t revision = 0;
  Octets bytes = {};  // as the kernel gave them, up to 1 KiB
  friend bool operator==(const Opaque&, const Opaque&) = default;
};
BOOST_DESCRIBE_STRUCT(Opaque, (), (name, match, target, revision, bytes))

struct Action
    : std::variant<std::monostate, Match, Lookup, Verdict, Counter, Box<VerdictMap>, Box<OneOf>,
                   Box<IpsetMatch>, Box<Limit>, Box<Quota>, ConnectionLimit, Box<Chance>, Last,
                   Box<Log>, Reject, Box<Nat>, Box<Tproxy>, Box<Assign>, Notrack, Box<Queue>,
                   Box<SetUpdate>, Box<ObjectRef>, Synproxy, Box<Duplicate>, Box<Forward>,
                   FlowOffload, StripOption, Box<Extension>, Box<Opaque>> {
  using variant::variant;
  static constexpr std::array<std::string_view, 29> kTags = {
      "",           "match",       "lookup",           "verdict",
      "counter",    "verdict_map", "one_of",           "ipset",
      "limit",      "quota",       "connection_limit", "chance",
      "last",       "log",         "reject",           "nat",
      "tproxy",     "assign",      "notrack",          "queue",
      "set_update", "object",      "synproxy",         "duplicate",
      "forward",    "offload",     "strip_option",     "extension",
      "opaque"};
};

struct Statement {
  // The match or target of x_tables that it is (part of): "conntrack", "DNAT"; empty: the entry's
  // own part, or none of x_tables'. Neighbours of one name were one match.
  std::string via = {};
  Action action = {};
  friend bool operator==(const Statement&, const Statement&) = default;
};
BOOST_DESCRIBE_STRUCT(Statement, (), (via, action))

// Adds to, updates or deletes from a set.
struct SetUpdate {
  enum class Operation { add, update, delete_ };
  BOOST_DESCRIBE_NESTED_ENUM(Operation, add, update, delete_)
  Operation operation = Operation::add;
  std::string set = {};
  Value key = {};
  Value data = {};  // of a map
  std::optional<std::uint64_t> timeout_ms = {};
  bool invert = false;                     // goes on where the element was there already
  std::vector<Statement> statements = {};  // of the element
  friend bool operator==(const SetUpdate&, const SetUpdate&) = default;
};
BOOST_DESCRIBE_STRUCT(SetUpdate, (), (operation, set, key, data, timeout_ms, invert, statements))

}  // namespace nsmap::model::firewall
