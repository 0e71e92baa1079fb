#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "walk/fib.h"

// Where a namespace routes a packet, by its policy rules and tables.

namespace nsmap::walk {

struct Routed {
  enum class Kind {
    unicast,
    local,
    broadcast,
    multicast,
    anycast,
    blackhole,    // dropped without a word
    unreachable,  // the sender is told so
    prohibited,
    no_route,
    martian_source,       // its source cannot come in by that interface …
    martian_destination,  // … or its destination not from outside
    not_forwarding,       // the interface it comes in by does not forward
    bad_source,           // that is no address of the namespace
    bad_device,           // what it shall leave by is not there, or down
    unknown,              // it is to a group, and who joined which is not read
  };
  Kind kind = Kind::no_route;
  // What decided; null: nothing of that kind.
  const model::Rule* rule = nullptr;
  const model::Route* route = nullptr;
  const model::RouteHop* hop = nullptr;
  std::optional<IfIndex> oif = {};        // local: the loopback
  std::optional<IpAddress> gateway = {};  // absent: the destination is on the link
  std::optional<IpAddress> source = {};   // of what is sent
  friend bool operator==(const Routed&, const Routed&) = default;
};

// Borrows the namespace.
class Routing {
 public:
  explicit Routing(const model::Namespace& ns);

  // Where a packet goes: one answer or, where the kernel chooses by a hash or by what it knows of
  // neighbours, each that it may choose.
  // What a process sends: net/ipv4/route.c ip_route_output_key_hash_rcu, net/ipv6/route.c
  // ip6_route_output_flags.
  std::vector<Routed> output(const Flow& flow) const;
  // What comes in by `flow.iif`: ip_route_input_slow, ip6_route_input. What IPv6 refuses before it
  // routes (ip6_input.c ip6_rcv_core) is not asked here.
  std::vector<Routed> input(const Flow& flow) const;

  // Whether there are other policy rules than a namespace begins with: where packets go may then
  // depend on more than their destination.
  bool has_own_rules(bool v6) const { return v6 ? own_rules6_ : own_rules4_; }

 private:
  struct Found;

  Found look_up(const Flow& flow, const FibOptions& options) const;
  std::vector<Routed> output_v4(const Flow& flow) const;
  std::vector<Routed> output_v6(const Flow& flow) const;
  std::vector<Routed> input_v4(const Flow& flow) const;
  std::vector<Routed> input_v6(const Flow& flow) const;
  std::vector<Routed> input_v4(const Flow& flow, const model::Link& in) const;
  std::vector<Routed> receive_broadcast(Flow flow, const Routed& routed) const;
  std::vector<Routed> leave_v6(const Flow& flow, const Found& found) const;
  std::vector<Routed> send_to_all(Flow flow) const;
  Routed send_on_link(const Flow& flow, Routed::Kind kind) const;
  Routed checked_v4(const Flow& flow, Routed routed) const;
  Routed send_v4(const Flow& flow, const Found& found, const RouteChoice& choice) const;
  bool is_valid_source(const Flow& flow, std::optional<IfIndex> oif) const;
  bool meets(const model::Rule& rule, const Flow& flow) const;
  bool selects(const model::Rule& rule, const Flow& flow) const;
  std::optional<TableId> table_of(const model::Rule& rule, const Flow& flow) const;
  const model::Link* vrf_of(std::optional<IfIndex> device) const;
  const model::Link* link(std::optional<IfIndex> device) const;
  bool has_name(std::optional<IfIndex> device, std::string_view name) const;
  std::optional<IpAddress> gateway_of(const RouteChoice& choice) const;
  bool has_address(const IpAddress& address) const;
  // That has the address, or what is local by a route; absent: none.
  std::optional<IfIndex> device_of(const IpAddress& address) const;
  const Fib& fib(const IpAddress& address) const { return address.is_v6() ? fib6_ : fib4_; }

  const model::Namespace& ns_;
  Fib fib4_, fib6_;
  std::vector<const model::Rule*> rules4_, rules6_;
  bool own_rules4_ = false, own_rules6_ = false;
  bool own_local_routes_ = false;  // of IPv4, that no address has brought
  int rp_filter_all_ = 0;
  bool accept_local_all_ = false, route_localnet_all_ = false, src_valid_mark_all_ = false;
  std::unordered_map<IfIndex, const model::Link*> links_;
};

}  // namespace nsmap::walk
