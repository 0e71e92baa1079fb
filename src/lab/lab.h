#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/ip.h"

// A lab: namespaces, their links and what is set in them, as plain values without a single number
// of the kernel's. A lab comes from a file (lab/file.h) or from a snapshot (lab/observe.h); what
// differs between two of them is what `nsmap lab up` does and `nsmap lab status` says.
//
// Loops are expanded and both ends of every wire stand in their own namespaces, so that one place
// tells of one thing. Everything is known by its namespace and its name.

namespace nsmap::lab {

// Where a file says something; line 0: it comes from no file.
struct Mark {
  int line = 0;    // from 1
  int column = 0;  // from 1
};

// Another link, by name.
struct LinkName {
  std::string ns = {};
  std::string link = {};
  friend auto operator<=>(const LinkName&, const LinkName&) = default;
};

struct Address {
  Mark where = {};
  IpAddress address = {};
  std::uint8_t prefix = 0;             // bits
  std::optional<IpAddress> peer = {};  // of a point-to-point link
};

// What a link does to the packets that leave by it: tc-tbf(8), tc-netem(8).
struct Impairment {
  Mark where = {};
  std::optional<std::uint64_t> rate_bps = {};  // bits a second
  std::optional<std::uint32_t> delay_us = {};
  std::optional<std::uint32_t> jitter_us = {};
  std::optional<double> loss_percent = {};
};
bool same(const Impairment& a, const Impairment& b);  // wherever a file says them

struct Link {
  Mark where = {};
  std::string name = {};
  std::string kind = {};  // IFLA_INFO_KIND
  bool up = true;
  std::optional<std::uint32_t> mtu = {};
  std::optional<Mac> mac = {};
  std::string master = {};              // a bridge, bond or VRF of the same namespace
  std::optional<LinkName> peer = {};    // veth, netkit: the other end, which is a Link too
  std::optional<LinkName> parent = {};  // vlan, macvlan, ipvlan, macsec; the underlay of a tunnel
  // The kind's own settings, by the names and in the text that a snapshot's `data` has for them
  // ("vni": "42", "mode": "bridge", "learning": "false"); lab/link_kinds.h knows which there are.
  std::map<std::string, std::string> settings = {};
  std::vector<Address> addresses = {};
  std::optional<Impairment> impair = {};
};

struct Hop {
  std::optional<IpAddress> via = {};
  std::string dev = {};  // a link of the same namespace; may be empty where `via` tells it
  std::uint32_t weight = 1;
};

// The types of route that a lab has, as a snapshot names them (RTN_*).
inline constexpr std::string_view kRouteTypes[] = {"unicast", "blackhole", "unreachable",
                                                   "prohibit", "throw"};

// Of an IPv6 route for which none is said: IP6_RT_PRIO_USER, include/uapi/linux/ipv6_route.h.
inline constexpr std::uint32_t kDefaultMetric6 = 1024;

struct Route {
  Mark where = {};
  Prefix to = {};  // a default route is 0.0.0.0/0 or ::/0
  std::string type =
      "unicast";               // as in a snapshot: unicast, blackhole, unreachable, prohibit, throw
  std::vector<Hop> hops = {};  // of a unicast route: one, or several that share the flows
  TableId table{254};          // RT_TABLE_MAIN
  std::optional<std::uint32_t> metric = {};
  std::optional<IpAddress> src = {};  // RTA_PREFSRC
};

// A policy rule, ip-rule(8).
struct Rule {
  Mark where = {};
  bool v6 = false;
  std::uint32_t priority = 0;
  std::optional<Prefix> from = {};
  std::optional<Prefix> to = {};
  std::string iif = {};
  std::string oif = {};
  std::optional<std::uint32_t> fwmark = {};
  std::optional<std::uint32_t> fwmask = {};
  std::string action = "lookup";  // lookup, blackhole, unreachable, prohibit
  TableId table{254};             // action lookup
};

struct Sysctl {
  Mark where = {};
  std::string name = {};  // "net.ipv4.ip_forward"
  std::string value = {};
};

// A process that runs now: its pid, and its start, by which the pid is known to be still its own.
struct Running {
  Pid pid;
  std::uint64_t start_ticks = 0;  // clock ticks since boot
};

// A program kept running in the namespace for as long as the lab is up.
struct Process {
  Mark where = {};
  std::string name = {};  // unique in its namespace: the log's name too
  std::vector<std::string> command = {};
  std::vector<Running> running = {};  // of a lab as it is now
};

struct Namespace {
  Mark where = {};
  std::string name = {};
  bool host = false;             // the host's own: used, never made or removed
  std::vector<Link> links = {};  // without lo, which is always there and up
  std::vector<Route> routes = {};
  std::vector<Rule> rules = {};  // without the three of each new namespace
  std::vector<Sysctl> sysctls = {};
  std::string nftables = {};  // text for nft(8), applied as one transaction
  Mark nftables_at = {};
  std::vector<Process> processes = {};
};

struct Lab {
  std::string name = {};
  std::string file = {};  // for messages; empty: from a snapshot
  std::vector<Namespace> namespaces = {};
  std::string text = {};  // of the file, where it says all of this; empty: there is none
};

// What is wrong with a name for a new link; empty: nothing.
std::string_view wrong_link_name(std::string_view name);
// What is wrong with an impairment; empty: nothing.
std::string_view wrong_impairment(const Impairment& impairment);

// Null: there is none.
const Namespace* find(const Lab& lab, const std::string& ns);
const Link* find(const Namespace& ns, const std::string& link);
const Link* find(const Lab& lab, const LinkName& name);

}  // namespace nsmap::lab
