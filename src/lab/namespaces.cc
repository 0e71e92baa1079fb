#include "lab/namespaces.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>

#include "lab/inside.h"
#include "lab/requests.h"
#include "netlink/batch.h"
#include "os/files.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kLongestName = 255;  // NAME_MAX, limits.h

tl::unexpected<Error> failed(std::string_view name, std::string_view doing, Errno error) {
  const bool refused = error.value == EPERM || error.value == EACCES;
  return change_error(fmt::format("namespace {}: {}: {}", name, doing, os::text(error)),
                      refused ? "it as root" : "");
}

bool exists(os::Kernel& kernel, const std::string& path) {
  return kernel.stat(os::kNoDir, path.c_str()).has_value();
}

tl::unexpected<Error> taken(const NewNamespace& planned) {
  return usage_error(fmt::format("namespace {}: {} is there already", planned.name, planned.path),
                     "another name, or nsmap ns rm " + planned.name);
}

// --- making --------------------------------------------------------------------------------------

// In the namespace, on the calling thread. Nothing: done.
std::optional<std::string> raise_loopback_here(const System& system, Fd ns) {
  const auto transport = open_inside(system, ns);
  if (!transport) return os::text(transport.error());
  netlink::Request request = set_up(kLoopback, true);
  const auto failed = netlink::change(**transport, std::span(&request, 1));
  return failed ? std::optional(netlink::describe(failed->failure)) : std::nullopt;
}

Result<void> pin(const System& system, const NewNamespace& planned, Fd ns) {
  const auto pinned = system.changes.pin_namespace(ns, planned.path);
  if (pinned) return {};
  if (pinned.error().value == EEXIST) return taken(planned);
  return failed(planned.name, "mounting it on " + planned.path, pinned.error());
}

// The directory of names is shared with other mount namespaces; another one is as it is.
Result<void> share_names(const System& system, const NewNamespace& planned) {
  if (!planned.path.starts_with(std::string(kNamesDirectory) + "/")) return {};
  if (const auto done = system.changes.share_directory(std::string(kNamesDirectory)); !done)
    return failed(planned.name, fmt::format("sharing {}", kNamesDirectory), done.error());
  return {};
}

Result<void> add_namespace(const System& system, const NewNamespace& planned, bool loopback_up) {
  const auto ns = system.changes.make_network_namespace();
  if (!ns) return failed(planned.name, "making it", ns.error());
  // The mount comes last: until then, a namespace that is not whole goes with its descriptor.
  if (loopback_up)
    if (auto up = raise_loopback(system, planned.name, *ns); !up) return up;
  if (auto shared = share_names(system, planned); !shared) return shared;
  return pin(system, planned, *ns);
}

// --- taking away ---------------------------------------------------------------------------------

struct Removal {
  std::string name;
  std::string path;
  bool stale = false;
};

tl::unexpected<Error> not_a_name(const Removal& removal, std::string_view what) {
  return usage_error(fmt::format("namespace {}: {} {}", removal.name, removal.path, what),
                     "a name from nsmap ns ls");
}

Result<Removal> look_at(os::Kernel& kernel, const std::string& name) {
  Removal removal{name, name_path(name)};
  if (!name.starts_with('/') && !is_valid_name(name))
    return usage_error(fmt::format("namespace {}: that is no name", name));
  const auto file = kernel.open(os::kNoDir, removal.path.c_str(), O_RDONLY | O_NONBLOCK);
  if (!file && file.error().value == ENOENT) return not_a_name(removal, "is not there");
  if (!file) return failed(name, "opening " + removal.path, file.error());
  const auto type = kernel.namespace_type(*file);
  if (type && *type == os::NamespaceType::net) return removal;
  removal.stale = !type && is_stale_name(kernel, removal.path);
  if (removal.stale) return removal;
  return not_a_name(removal, "is no network namespace, and stays");
}

}  // namespace

bool is_valid_name(std::string_view name) {
  const auto is_wrong = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '/' || byte < ' ' || byte == 0x7f;
  };
  return !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
         std::ranges::none_of(name, is_wrong);
}

bool is_stale_name(os::Kernel& kernel, const std::string& path) {
  const auto status = kernel.stat(os::kNoDir, path.c_str());
  if (!status || !S_ISREG(status->mode)) return false;
  const auto content = kernel.read_file(os::kNoDir, path.c_str(), 1);
  return content && content->empty();
}

std::string name_path(std::string_view name) {
  return name.starts_with('/') ? std::string(name) : fmt::format("{}/{}", kNamesDirectory, name);
}

Result<void> raise_loopback(const System& system, const std::string& name, Fd ns) {
  std::optional<std::string> why;
  std::thread([&] { why = raise_loopback_here(system, ns); }).join();
  if (why) return change_error(fmt::format("namespace {}: setting lo up: {}", name, *why));
  return {};
}

Result<std::vector<NewNamespace>> plan_names(const std::vector<std::string>& names) {
  std::vector<NewNamespace> planned;
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!is_valid_name(name))
      return usage_error(fmt::format("namespace {}: that is no name for a file", name),
                         "a name without / of at most 255 bytes");
    if (!seen.insert(name).second)
      return usage_error(fmt::format("namespace {}: it is named twice", name));
    planned.push_back({name, name_path(name)});
  }
  return planned;
}

Result<void> add_namespaces(const System& system, const std::vector<NewNamespace>& planned,
                            bool loopback_up) {
  for (const NewNamespace& each : planned)
    if (exists(system.kernel, each.path)) return taken(each);
  for (auto each = planned.begin(); each != planned.end(); ++each) {
    auto added = add_namespace(system, *each, loopback_up);
    if (added) continue;
    while (each != planned.begin()) (void)system.changes.unpin_namespace((--each)->path);
    return added;
  }
  return {};
}

Result<std::vector<std::string>> remove_names(const System& system,
                                              const std::vector<std::string>& names) {
  std::vector<Removal> removals;
  for (const std::string& name : names) {
    auto removal = look_at(system.kernel, name);
    if (!removal) return tl::unexpected(removal.error());
    removals.push_back(std::move(*removal));
  }
  std::vector<std::string> stale;
  for (const Removal& removal : removals) {
    if (const auto gone = system.changes.unpin_namespace(removal.path); !gone)
      return failed(removal.name, "taking away " + removal.path, gone.error());
    if (removal.stale) stale.push_back(removal.name);
  }
  return stale;
}

Result<void> adopt_namespace(const System& system, const std::string& name, Fd ns) {
  const auto planned = plan_names({name});
  if (!planned) return tl::unexpected(planned.error());
  const NewNamespace& only = planned->front();
  if (exists(system.kernel, only.path)) return taken(only);
  if (auto shared = share_names(system, only); !shared) return shared;
  return pin(system, only, ns);
}

std::optional<UniqueFd> open_namespace_file(os::Kernel& kernel, const std::string& path) {
  auto file = kernel.open(os::kNoDir, path.c_str(), O_RDONLY | O_NONBLOCK);
  if (!file || kernel.namespace_type(*file) != os::NamespaceType::net) return std::nullopt;
  return std::move(*file);
}

}  // namespace nsmap::lab
