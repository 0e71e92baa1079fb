#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "lab/lab.h"
#include "lab/observe.h"
#include "lab/observe_names.h"
#include "model/index.h"

// The parts of observe_all() and observe_lab() (lab/observe.h).

namespace nsmap::lab {

// A snapshot on its way to a lab.
struct Observing {
  const model::Index& index;
  NamespaceNames names;  // of the namespaces that become the lab's
  // Links that the lab has. In an export: those that can be made.
  std::unordered_set<model::LinkRef> made = {};
  bool exporting = false;
  std::vector<std::string> remarks = {};

  void remark(const model::Namespace& ns, std::string_view what);
  bool has(const model::Namespace& ns, IfIndex link) const { return made.contains({ns.id, link}); }
};

// Whether a link is hardware or its like, which nobody can make.
bool is_physical(const model::Link& link);
// What is in every namespace without anybody's doing.
bool is_always_there(const model::Link& link);
// Whether the kernel gave a link that address by itself.
bool is_made_by_kernel(const model::Link& link, const model::Address& address);

void observe_routes(Observing& observing, const model::Namespace& from, Namespace& to);
void observe_rules(Observing& observing, const model::Namespace& from, Namespace& to);

// Those that differ from what a new namespace and a new link have.
void export_sysctls(const Observing& observing, const model::Namespace& from, Namespace& to);
// Those of a lab's namespace that the snapshot tells of, by the names that the lab has for them.
void observe_sysctls(const model::Namespace& from, const Namespace& lab, Namespace& to);

// Makes the other ends of the links that lead out of what the snapshot knows, in a namespace of
// that name.
void add_outside(Observing& observing, const std::string& name, Lab& lab);

}  // namespace nsmap::lab
