#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "lab/lab.h"
#include "model/index.h"

namespace nsmap::lab {

// Names that are all different: one that is taken gets "-2", "-3" …
class UniqueNames {
 public:
  explicit UniqueNames(std::size_t limit) : limit_(limit) {}
  std::string add(const std::string& wanted);

 private:
  std::size_t limit_;  // bytes
  std::unordered_set<std::string> taken_;
};

using NamespaceNames = std::unordered_map<model::NetnsId, std::string>;

// Every namespace by a name that is fit for a file and whose alone it is: its own where it has one.
// The host's is host-HOSTNAME.
NamespaceNames export_names(const model::Snapshot& snapshot, UniqueNames& names);

// The namespaces of a lab: those of these names under /run/netns and, where the lab uses it, the
// host's.
NamespaceNames lab_names(const model::Snapshot& snapshot, const Lab& lab);

}  // namespace nsmap::lab
