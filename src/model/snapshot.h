#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/box.h"
#include "model/conntrack.h"
#include "model/firewall.h"
#include "model/identity.h"
#include "model/link.h"
#include "model/network.h"
#include "model/owner.h"
#include "model/socket.h"

// The network state of a host, as plain values: everything nsmap answers, it answers from here.
// docs/snapshot.md documents the JSON form of every field.

namespace nsmap::model {

// What keeps a namespace alive, or proves that it is there.
enum class HolderKind {
  process,     // a process is in it (/proc/PID/ns/net)
  thread,      // a thread is in it, its process elsewhere
  fd,          // an nsfs descriptor
  socket,      // a socket opened in it, held by a process that is elsewhere
  tun,         // a TUN/TAP descriptor, held by a process that is elsewhere
  bind_mount,  // nsfs mounted on a file
  link,        // a link elsewhere names it as its peer's namespace: proof, it keeps nothing alive
  listed,      // the kernel lists it (listns(2)): proof only
};
BOOST_DESCRIBE_ENUM(HolderKind, process, thread, fd, socket, tun, bind_mount, link, listed)

struct Holder {
  HolderKind kind = HolderKind::process;
  std::optional<Pid> pid;  // process, thread, fd, socket, tun; a bind mount: a process that sees it
  std::optional<Pid> tid;  // thread; fd of a thread with a descriptor table of its own
  std::optional<std::int32_t> fd;
  std::string path;             // bind_mount: where, as seen in the mount namespace
  std::optional<Inode> mnt_ns;  // bind_mount: in which mount namespace
  std::uint32_t copies = 0;     // bind_mount: further mount namespaces with a copy that goes
                                // when this one is unmounted (a peer group or its slaves)
  std::optional<LinkRef> link;  // link: the proof; tun: the interface served
  std::optional<Nsid> nsid;     // link: the peer's number where the proof lives

  friend bool operator==(const Holder&, const Holder&) = default;
};
BOOST_DESCRIBE_STRUCT(Holder, (), (kind, pid, tid, fd, path, mnt_ns, copies, link, nsid))

// A name that somebody gave a namespace.
struct Name {
  std::string name;
  std::string source;  // netns (/run/netns), docker (/run/docker/netns), mount, container, pod …
  std::string path;    // where it is mounted, for names that are files
  friend bool operator==(const Name&, const Name&) = default;
};
BOOST_DESCRIBE_STRUCT(Name, (), (name, source, path))

// The user namespace that owns a network namespace (ioctl_ns(2) NS_GET_USERNS).
struct OwnerUserns {
  Inode ino;
  std::optional<Uid> uid;  // who made it, NS_GET_OWNER_UID
  friend bool operator==(const OwnerUserns&, const OwnerUserns&) = default;
};
BOOST_DESCRIBE_STRUCT(OwnerUserns, (), (ino, uid))

struct Namespace {
  NetnsId id;
  std::optional<std::uint64_t> ns_id;   // unique since boot, NS_GET_ID (Linux 6.18)
  std::optional<std::uint64_t> cookie;  // unique since boot, SO_NETNS_COOKIE (Linux 5.14)
  bool host = false;  // where nsmap's own host lives: that of pid 1 or, failing that, nsmap's own
  std::vector<Name> names;  // best first
  std::optional<OwnerUserns> owner_userns;
  std::vector<Holder> holders;
  std::vector<Link> links;
  std::vector<Address> addresses;
  std::vector<Route> routes;
  std::vector<Rule> rules;
  std::vector<Nexthop> nexthops;
  std::vector<Neighbour> neighbours;
  std::vector<FdbEntry> fdb;
  std::vector<VlanRange> vlans;
  std::vector<NsidEntry> nsids;
  std::vector<Socket> sockets;
  std::vector<Sysctl> sysctls;
  Shared<firewall::Firewall> firewall;
  std::vector<Connection> conntrack;

  friend bool operator==(const Namespace&, const Namespace&) = default;
};
BOOST_DESCRIBE_STRUCT(Namespace, (),
                      (id, ns_id, cookie, host, names, owner_userns, holders, links, addresses,
                       routes, rules, nexthops, neighbours, fdb, vlans, nsids, sockets, sysctls,
                       firewall, conntrack))

struct Host {
  std::string hostname;
  std::string boot_id;
  std::string kernel;              // uname -r
  std::int64_t time_ns = 0;        // CLOCK_REALTIME, nanoseconds since 1970
  std::int64_t monotonic_ns = 0;   // CLOCK_BOOTTIME, nanoseconds since boot
  std::int64_t took_ns = 0;        // how long the whole collection took
  bool privileged = false;         // collected with the capabilities to enter any namespace
  std::optional<Pid> reader = {};  // the process that collected: it is in `processes` too
  friend bool operator==(const Host&, const Host&) = default;
};
BOOST_DESCRIBE_STRUCT(Host, (),
                      (hostname, boot_id, kernel, time_ns, monotonic_ns, took_ns, privileged,
                       reader))

// What one source of facts looked at.
struct Coverage {
  std::string source;  // "proc.fd", "mounts", "links" …
  std::uint64_t looked_at = 0;
  std::uint64_t found = 0;
  std::uint64_t refused = 0;  // not permitted
  std::uint64_t skipped = 0;  // left out by a bound; a diagnostic says which
  std::int64_t took_ns =
      0;  // summed over threads; of "visits", by the clock on the wall, while any went on
  friend bool operator==(const Coverage&, const Coverage&) = default;
};
BOOST_DESCRIBE_STRUCT(Coverage, (), (source, looked_at, found, refused, skipped, took_ns))

// Something that could not be read, or that is not as it should be.
struct Diagnostic {
  std::string source;  // as in Coverage
  std::optional<NetnsId> ns;
  std::string what;                   // one line: what was being done, to what, why not
  std::optional<std::int32_t> error;  // errno
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};
BOOST_DESCRIBE_STRUCT(Diagnostic, (), (source, ns, what, error))

struct Snapshot {
  Host host;
  std::vector<Coverage> coverage;
  std::vector<Diagnostic> diagnostics;
  std::vector<Namespace> namespaces;  // the host's first, then by inode
  std::vector<Process> processes;     // by pid
  std::vector<Container> containers;  // by id

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};
BOOST_DESCRIBE_STRUCT(Snapshot, (),
                      (host, coverage, diagnostics, namespaces, processes, containers))

}  // namespace nsmap::model
