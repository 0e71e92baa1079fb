#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nsmap::collect {

// A container that a control group is named after.
struct CgroupContainer {
  std::string runtime;  // a guess from the name's form; empty: the form is common to several
  std::string id;       // as the runtime spells it: hexadecimal, or a name
  friend bool operator==(const CgroupContainer&, const CgroupContainer&) = default;
};

// What the path of a control group says about the processes in it.
struct CgroupFacts {
  std::vector<CgroupContainer> containers;  // outermost first: a nested path names several
  std::string pod_uid;                      // Kubernetes, with dashes
  std::string podman_pod;                   // the id of podman's pod
  std::string unit;  // the innermost systemd service that is no container's own
  friend bool operator==(const CgroupFacts&, const CgroupFacts&) = default;
};

// Takes a path of /proc/PID/cgroup, in any hierarchy and of either driver (cgroupfs or systemd).
CgroupFacts parse_cgroup(std::string_view path);

// 64 lower-case hexadecimal digits: an id as Docker, podman and the CRI runtimes draw it.
bool is_long_id(std::string_view text);

// What may become part of a path: [A-Za-z0-9_.-], at most 255, neither "." nor "..".
bool is_safe_id(std::string_view text);

}  // namespace nsmap::collect
