#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "collect/containers_oci.h"
#include "collect/containers_runtimes.h"

// What was started with runc or crun alone, with no manager beside it: each keeps one directory a
// container under its root, /run/NAME or, rootless, /run/user/UID/NAME (runc(8), crun(1)).

namespace nsmap::collect {
namespace {

struct StateFile {
  const char* runtime;
  const char* file;
  const char* pid_key;
  const char* start_key;  // in ticks since boot, as /proc/PID/stat's
};

constexpr std::array kStateFiles = {
    StateFile{"runc", "state.json", "init_process_pid", "init_process_start"},
    StateFile{"crun", "status", "pid", "process-start-time"},
};

constexpr std::size_t kMostContainers = 10000;  // of one root

struct Root {
  std::string path;
  std::optional<Uid> user;  // rootless: whose it is
};

// The container's first process; null when the state is stale: the pid is gone or another's.
const model::Process* first_process(const ContainerSearch& search, const StateFile& kind,
                                    const boost::json::value& state) {
  const auto pid = integer_at(state, {kind.pid_key});
  const auto start = integer_at(state, {kind.start_key});
  const auto found = search.by_pid.find(Pid(static_cast<std::int32_t>(pid)));
  if (pid <= 0 || found == search.by_pid.end()) return nullptr;
  const bool same = start <= 0 || found->second->start_ticks == static_cast<std::uint64_t>(start);
  return same ? found->second : nullptr;
}

// crun says "bundle"; runc has "bundle=DIR" among the labels of its config.
std::string bundle_in(const boost::json::value& state) {
  for (const boost::json::value& label : array_at(state, {"config", "labels"})) {
    const std::string text = text_at(label, {}, 4096);
    if (text.starts_with("bundle=")) return text.substr(7);
  }
  return text_at(state, {"bundle"}, 4096);
}

// A user may write anything into a state file of his own; only a process that is his, or is in a
// user namespace other than the host's, can be of his container.
bool may_own(const ContainerSearch& search, const Root& root, const model::Process& process) {
  if (!root.user || process.uid == *root.user) return true;
  const auto init = search.by_pid.find(Pid(1));
  return init != search.by_pid.end() && process.user_ns && init->second->user_ns &&
         process.user_ns != init->second->user_ns;
}

void add_from(ContainerSearch& search, const StateFile& kind, const Root& root,
              const std::string& id) {
  if (!is_safe_id(id) || (is_long_id(id) && find_container(search, kind.runtime, id))) return;
  const auto state = read_state(search, fmt::format("{}/{}/{}", root.path, id, kind.file));
  if (!state) return;
  const model::Process* first = first_process(search, kind, *state);
  if (!first || search.claims.contains(first->pid) || !may_own(search, root, *first)) return;
  FoundContainer& found = add_container(search, kind.runtime, id, nullptr);
  claim(search, *first, found);
  found.container.user = root.user;
  const std::string bundle = bundle_in(*state);
  if (!bundle.starts_with('/')) return;
  if (const auto config = read_state(search, bundle + "/config.json"))
    apply_bundle(*config, found, false);
}

void find_under(ContainerSearch& search, const StateFile& kind, const Root& root) {
  const auto ids = search.kernel.list(os::kNoDir, root.path.c_str());
  if (!ids) return;
  const std::size_t count = std::min(ids->size(), kMostContainers);
  search.coverage.skipped += ids->size() - count;
  for (std::size_t i = 0; i < count; ++i) add_from(search, kind, root, (*ids)[i]);
}

std::optional<Uid> parse_uid(std::string_view text) {
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Uid(uid);
}

}  // namespace

void find_runc_containers(ContainerSearch& search, Processes) {
  const auto users = search.kernel.list(os::kNoDir, "/run/user");
  for (const StateFile& kind : kStateFiles) {
    find_under(search, kind, {fmt::format("/run/{}", kind.runtime), {}});
    if (!users) continue;
    for (const std::string& user : *users)
      if (const auto uid = parse_uid(user))
        find_under(search, kind, {fmt::format("/run/user/{}/{}", user, kind.runtime), uid});
  }
}

}  // namespace nsmap::collect
