#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

// The members of `nsmap ns`, and how they find the namespaces they are about.

namespace nsmap::cli {

extern const Action kNsAdd;
extern const Action kNsRm;
extern const Action kNsAdopt;
extern const Action kNsConnect;
extern const Action kNsInternet;
extern const Action kNsRoute;
extern const Action kNsImpair;
extern const Action kNsExec;
extern const Action kNsShell;
extern const Command kNsId;

// A namespace that somebody named, opened.
struct OpenPlace {
  UniqueFd net;
  std::string title;
  std::string name;             // in /run/netns; may be empty
  std::optional<Pid> dns_of{};  // where it is asked for, a process with the container's own files
};

// The host is read only when a namespace is named by something else than a name in /run/netns, a
// path, a pid or ".", or when a container's own DNS is wanted; `host` is it where it was read
// already.
Result<std::vector<OpenPlace>> open_places(const ActionRequest& request,
                                           const std::vector<std::string>& wanted, bool dns,
                                           const model::Snapshot* host = nullptr);
// All but the host's own. What cannot be entered is said by request.warn, and `refused` counts it.
Result<std::vector<OpenPlace>> open_all_places(const ActionRequest& request, bool dns,
                                               std::size_t& refused);

}  // namespace nsmap::cli
