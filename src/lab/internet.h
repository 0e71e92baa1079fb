#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/connect.h"
#include "lab/free_addresses.h"
#include "lab/namespaces.h"
#include "model/snapshot.h"

// The way out of a namespace, through the one nsmap runs in, which is called near here: a wire, a
// default route at its far end, forwarding and masquerade at its near end (lab/forwarding.h,
// lab/masquerade.h).
//
// Each has a record, written before any of it is made, so that what is there can be taken away
// whatever moment the program was killed at. It is known by the namespace it is for, not by a name:
// names are given anew, and so are inodes, which is why the kernel's cookie is in its key too.
//
// A record has a line a fact, and its last is there when all is made:
//
//     name TEXT               the namespace's title
//     asked TEXT              what it was called on the command line
//     near NUMBER NAME        the wire's end here
//     far NUMBER NAME         and there
//     wire PREFIX NEAR FAR    its addresses, a line a family
//     via NAME                masqueraded only what leaves by that interface
//     need NAME               a setting that has to be on
//     made
//
// The wire goes with the namespace; so a record whose wire is gone is stale, and what else it tells
// of is to be taken away.

namespace nsmap::lab {

inline constexpr std::string_view kInternetDirectory = "/run/nsmap/internet";

// What a namespace is known by as long as the host is up.
std::string key_of(const model::Namespace& ns);

struct LinkEnd {
  IfIndex index;
  std::string name;
  friend bool operator==(const LinkEnd&, const LinkEnd&) = default;
};

struct Internet {
  std::string key;  // the file's name
  std::string name;
  std::string asked;
  LinkEnd near;
  LinkEnd far;
  std::vector<WireSubnet> wires;
  std::string via;
  std::vector<std::string> needs;
  bool made = false;
};

std::string text_of(const Internet& record);
// What it tells of; what it tells wrongly, or half, is not there.
Internet parse_internet(const std::string& key, std::string_view text);

// Whether its wire is there still, as it was made.
bool has_wire(const model::Namespace& near, const Internet& record);

// The records of one near namespace, and what they tell of.
class InternetBook {
 public:
  // `near_fd` is borrowed.
  InternetBook(const System& system, const model::Namespace& near, Fd near_fd);

  Result<std::vector<Internet>> read() const;
  // Writes the record, then makes it all; nothing stays when a part of it fails. `learners`:
  // switch_on(). Gives which settings have changed, a text each.
  Result<std::vector<std::string>> give(const Internet& record, const WireEnd& near,
                                        const WireEnd& far,
                                        const std::vector<std::string>& learners) const;
  // Makes what others took away from under a wire that is there. Gives what that was.
  Result<std::vector<std::string>> mend(const Internet& record,
                                        const std::vector<std::string>& learners) const;
  // Chains that drop what is forwarded unless a rule accepts it, "ip filter FORWARD".
  std::vector<std::string> obstacles() const;
  // Takes all of it away, and its record. Gives what became of the settings, a text each.
  Result<std::vector<std::string>> take(const Internet& record, bool wire_is_there) const;

 private:
  std::string path(const std::string& file) const { return directory_ + "/" + file; }
  std::string forwarding_journal() const { return path("forwarding"); }
  Result<void> append(const Internet& record, const std::string& text) const;
  // `wired`: whether the wire is there, however it ends.
  Result<void> make(const Internet& record, const WireEnd& near, const WireEnd& far,
                    bool& wired) const;
  Result<std::set<std::string>> needs_of_others(const Internet& record) const;

  System system_;
  Fd near_;
  std::string directory_;  // of the namespace nsmap runs in
};

}  // namespace nsmap::lab
