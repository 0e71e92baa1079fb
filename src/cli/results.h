#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "history/store.h"
#include "model/index.h"

// What the commands give with --json, beside the snapshot's own types. docs/snapshot.md documents
// every member.

namespace nsmap::cli {

struct ListedContainer {
  std::string id;
  std::string name;
  std::string runtime;
  std::string image;
  std::optional<model::Pod> pod;
};
BOOST_DESCRIBE_STRUCT(ListedContainer, (), (id, name, runtime, image, pod))

// A line of `nsmap ls`.
struct ListedNamespace {
  model::NetnsId id;
  std::string title;
  bool host = false;
  std::vector<std::string> names;
  std::vector<ListedContainer> containers;
  std::vector<std::string> interfaces;
  std::vector<std::string> addresses;  // of interfaces other than the loopback
  std::uint64_t processes = 0;
  std::uint64_t holders = 0;
  std::uint64_t listeners = 0;
};
BOOST_DESCRIBE_STRUCT(ListedNamespace, (),
                      (id, title, host, names, containers, interfaces, addresses, processes,
                       holders, listeners))

// One namespace of `nsmap show`.
struct ShownNamespace {
  std::string title;
  model::Namespace ns;
  std::vector<model::Process> processes;     // those in it
  std::vector<model::Container> containers;  // those in it
};
BOOST_DESCRIBE_STRUCT(ShownNamespace, (), (title, ns, processes, containers))

// A step of a lab's plan.
struct PlannedStep {
  std::string change;
  std::string ns;
  std::string what;
  std::uint64_t line = 0;
};
BOOST_DESCRIBE_STRUCT(PlannedStep, (), (change, ns, what, line))

// What `nsmap lab plan` and `status` tell.
struct LabDifference {
  std::string lab;
  bool interrupted = false;
  std::vector<PlannedStep> steps;
  std::vector<std::string> extra;
};
BOOST_DESCRIBE_STRUCT(LabDifference, (), (lab, interrupted, steps, extra))

// A snapshot of the history: a line of `nsmap history ls`, and what `nsmap history save` tells.
struct ListedSnapshot {
  std::uint64_t id = 0;
  std::string time;  // RFC 3339, UTC
  std::int64_t time_ns = 0;
  std::string hostname;
  std::uint64_t namespaces = 0;
  std::uint64_t added = 0;
  std::optional<std::uint64_t> since;
  std::string changes;
};
BOOST_DESCRIBE_STRUCT(ListedSnapshot, (),
                      (id, time, time_ns, hostname, namespaces, added, since, changes))

// What `nsmap history prune` removed.
struct PrunedHistory {
  std::uint64_t removed = 0;
  std::uint64_t left = 0;
  std::uint64_t parts = 0;
  std::uint64_t bytes = 0;
  bool dry_run = false;
};
BOOST_DESCRIBE_STRUCT(PrunedHistory, (), (removed, left, parts, bytes, dry_run))

ListedSnapshot list_entry(const history::Entry& entry);
ListedNamespace list_namespace(const model::Index& index, std::string title,
                               const model::Namespace& ns);
ShownNamespace show_namespace(const model::Index& index, std::string title,
                              const model::Namespace& ns);

}  // namespace nsmap::cli
