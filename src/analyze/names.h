#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "model/index.h"

namespace nsmap::analyze {

// Namespaces by identity.
using NamespaceSet = std::unordered_set<model::NetnsId>;

// What people call the namespace, the best name it has: "host"; its pod, "NAMESPACE/NAME"; its
// container; the name of its file in /run/netns or elsewhere; its unit, machine or simulated host;
// its first process, "COMM (PID)"; "hidden #1"; "net:[INODE]". Raw text: escape it for where it is
// shown. Two namespaces may share it.
std::string title(const model::Index& index, const model::Namespace& ns);

// The titles of all namespaces of a snapshot, made distinct: namespaces that would share one have
// it with a container's short id, a pid or an inode after it. Built in one pass.
class Titles {
 public:
  explicit Titles(const model::Index& index);

  // The title of a namespace of the snapshot; "net:[INODE]" for one that is not in it.
  std::string of(model::NetnsId id) const;

 private:
  std::unordered_map<model::NetnsId, std::string> titles_;
};

// "net:[4026532281]", or "hidden #1" for one that only a link proves.
std::string plain_name(model::NetnsId id);

// What people call a container: its name or, failing that, the first 12 characters of its id.
std::string container_name(const model::Container& container);

// "COMM (PID)".
std::string process_name(const model::Process& process);

}  // namespace nsmap::analyze
