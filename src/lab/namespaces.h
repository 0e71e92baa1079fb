#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "os/change.h"
#include "os/kernel.h"

// One network namespace at a time, made, named and unnamed as ip-netns(8) does it: a name is a file
// in /run/netns on which the namespace is mounted.

namespace nsmap::lab {

inline constexpr std::string_view kNamesDirectory = "/run/netns";

struct System {
  os::Kernel& kernel;
  os::Changes& changes;
};

// Whether a name can be a file's, and be shown on a line of its own.
bool is_valid_name(std::string_view name);
// Whether a name is stale: an empty file that no namespace is mounted on.
bool is_stale_name(os::Kernel& kernel, const std::string& path);
// The file of a name, "/run/netns/NAME"; an absolute path is one already.
std::string name_path(std::string_view name);

struct NewNamespace {
  std::string name;
  std::string path;  // where it is mounted
};

// The new namespaces of those names. An error of kind usage: a name is none, or given twice.
Result<std::vector<NewNamespace>> plan_names(const std::vector<std::string>& names);

// Makes namespaces, their loopback up where that is asked for: all of them, or none when one fails.
// An error of kind usage: there is a file of that name.
Result<void> add_namespaces(const System& system, const std::vector<NewNamespace>& planned,
                            bool loopback_up);

// Sets the loopback of a namespace up; `name` is for people.
Result<void> raise_loopback(const System& system, const std::string& name, Fd ns);

// Takes names away, given as such or as paths; the namespaces go when nothing else holds them. All
// are looked at before the first goes. Gives those that were stale: empty files with no namespace
// on them. An error of kind usage: what is there is no network namespace's name.
Result<std::vector<std::string>> remove_names(const System& system,
                                              const std::vector<std::string>& names);

// Gives a namespace one more name.
Result<void> adopt_namespace(const System& system, const std::string& name, Fd ns);

// The namespace at a path, whatever else may be there.
std::optional<UniqueFd> open_namespace_file(os::Kernel& kernel, const std::string& path);

}  // namespace nsmap::lab
