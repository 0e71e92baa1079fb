#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/names.h"
#include "model/index.h"

// What changed from one snapshot to another.
//
// Namespaces are the same by identity: the boot, the inode and, as inodes are used again, the
// cookie and id where both snapshots tell them. Those left over are the same by name, and then
// *replaced* if the boot is the same. The host's is the host's.
//
// What passes by itself is not compared: counters, lifetimes, learned neighbours, connections, the
// kernel's own threads, the program that made the snapshot and its ancestors (sudo, a shell). Nor
// is what follows from another change: the routes and the link-local addresses that the kernel
// makes and takes with an interface, its state and its addresses.

namespace nsmap::analyze {

enum class DiffChange {
  added,
  removed,
  changed,
  replaced,       // a namespace: another one of the same name
  unread_before,  // could not be compared, as the snapshot before does not have it
  unread_after,
};
BOOST_DESCRIBE_ENUM(DiffChange, added, removed, changed, replaced, unread_before, unread_after)

enum class DiffSubject {
  host,
  namespace_,
  name,
  link,
  address,
  route,
  rule,
  nexthop,
  neighbour,
  fdb,
  vlan,
  listener,
  process,
  sysctl,
  firewall,
};
BOOST_DESCRIBE_ENUM(DiffSubject, host, namespace_, name, link, address, route, rule, nexthop,
                    neighbour, fdb, vlan, listener, process, sysctl, firewall)

// "routes": all of that subject.
std::string_view plural(DiffSubject subject);

// A part of a thing that differs; empty: there is none.
struct DiffField {
  std::string field;
  std::string before;
  std::string after;
  friend bool operator==(const DiffField&, const DiffField&) = default;
};
BOOST_DESCRIBE_STRUCT(DiffField, (), (field, before, after))

struct Difference {
  DiffChange change = DiffChange::changed;
  DiffSubject subject = DiffSubject::namespace_;
  std::string what = {};               // "eth0", "10.0.0.7/24 on eth0"; empty: all of the subject
  std::string detail = {};             // more of what was added or removed: "veth, port of br0"
  std::vector<DiffField> fields = {};  // of what changed or was replaced
  std::string title = {};              // of its namespace, in the later snapshot that has it
  // That namespace in each snapshot; absent: not there.
  std::optional<model::NetnsId> before = {};
  std::optional<model::NetnsId> after = {};
  friend bool operator==(const Difference&, const Difference&) = default;
};
BOOST_DESCRIBE_STRUCT(Difference, (), (change, subject, what, detail, fields, title, before, after))

// A snapshot, to compare.
struct DiffSide {
  const model::Index& index;
  const Titles& titles;
};

// What is different, without the `ignored` subjects: first the host as a machine, then namespaces
// as such, then what is in each, the host's first, then by title. Linear in the snapshots' size.
//
// `changed`: of the namespaces that are in both by identity those that are not equal, where the
// caller knows; null: it does not.
std::vector<Difference> diff(const DiffSide& before, const DiffSide& after,
                             const std::set<DiffSubject>& ignored = {},
                             const NamespaceSet* changed = nullptr);

}  // namespace nsmap::analyze
