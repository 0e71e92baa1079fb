#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

// What commands give with --json, beside the snapshot's own types and those of view/results.h.
// docs/snapshot.md documents every member.

namespace nsmap::cli {

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

// What `nsmap history prune` removed.
struct PrunedHistory {
  std::uint64_t removed = 0;
  std::uint64_t left = 0;
  std::uint64_t parts = 0;
  std::uint64_t bytes = 0;
  bool dry_run = false;
};
BOOST_DESCRIBE_STRUCT(PrunedHistory, (), (removed, left, parts, bytes, dry_run))

}  // namespace nsmap::cli
