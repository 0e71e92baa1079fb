#include "lab/exec.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "os/files.h"

namespace nsmap::lab {
namespace {

constexpr int kNoSuchPlace = 3;
constexpr int kNotExecutable = 126;  // as sh(1) has it
constexpr int kNoSuchProgram = 127;
constexpr std::size_t kAtOnce = 16;
constexpr const char* kOverEtc = "/etc/netns";
constexpr const char* kFilesOfDns[] = {"resolv.conf", "hosts"};

Error failed(const Place& place, std::string_view doing, Errno error, std::string hint = {}) {
  if (error.value == EPERM || error.value == EACCES) hint = "it as root";
  return {Error::Kind::undone,
          fmt::format("namespace {}: {}: {}", place.title, doing, os::text(error)),
          std::move(hint)};
}

// What lies in /etc/netns/NAME goes over its like in /etc, as ip-netns(8) does it.
void bind_files_of_name(const System& system, const Place& place, const Warn& warn) {
  if (place.name.empty()) return;
  const std::string from = fmt::format("{}/{}", kOverEtc, place.name);
  const auto files = system.kernel.list(os::kNoDir, from.c_str());
  if (!files) return;
  for (const std::string& file : *files) {
    const std::string source = from + "/" + file, target = "/etc/" + file;
    if (const auto bound = system.changes.bind(source, target); !bound)
      warn(fmt::format("{} is not in force: laying it over {}: {}", source, target,
                       os::text(bound.error())));
  }
}

// A container's files are copied: a file of another mount namespace cannot be mounted here.
void bind_dns(const System& system, const Place& place, const Warn& warn) {
  constexpr std::size_t kLongest = 1 << 20;
  if (!place.dns_of) return;
  const std::string root = fmt::format("/proc/{}/root", place.dns_of->value);
  for (const char* file : kFilesOfDns) {
    const std::string path = fmt::format("etc/{}", file);
    const auto text = system.changes.read_within(root, path, kLongest);
    const auto bound = text ? system.changes.bind_text(*text, "/" + path)
                            : SysResult<void>(tl::unexpected(text.error()));
    if (!bound)
      warn(fmt::format("/{} is still the host's: {}/{}: {}", path, root, path,
                       os::text(bound.error())));
  }
}

// Where it is not ours to enter, but its user namespace is, we are root in there (setns(2)).
SysResult<void> enter_network(const System& system, Fd net) {
  const auto entered = system.changes.enter(net, os::NamespaceType::net);
  if (entered || entered.error().value != EPERM) return entered;
  const auto owner = system.kernel.owner_userns(net);
  if (!owner || !system.changes.enter(*owner, os::NamespaceType::user)) return entered;
  return system.changes.enter(net, os::NamespaceType::net);
}

// Makes the calling process one that is in the place.
Result<void> move_to(const System& system, const Place& place, const Warn& warn) {
  if (const auto entered = enter_network(system, place.net); !entered)
    return tl::unexpected(failed(place, "entering it", entered.error()));
  if (const auto apart = system.changes.unshare_mounts(); !apart)
    return tl::unexpected(failed(place, "taking mounts of its own", apart.error(),
                                 apart.error().value == EINVAL ? "it outside of the chroot" : ""));
  bind_files_of_name(system, place, warn);
  bind_dns(system, place, warn);
  if (const auto mounted = system.changes.mount_sysfs(); !mounted)
    warn(fmt::format("/sys is not that of {}: {}", place.title, os::text(mounted.error())));
  return {};
}

}  // namespace

NotRun execute_here(const System& system, const std::vector<std::string>& command) {
  const Errno error = system.changes.execute(command);
  const int status = error.value == ENOENT ? kNoSuchProgram : kNotExecutable;
  return {
      status,
      {Error::Kind::undone, fmt::format("running {}: {}", command.front(), os::text(error)), {}}};
}

NotRun execute(const System& system, const Place& place, const Execution& running,
               const Warn& warn) {
  if (const auto moved = move_to(system, place, warn); !moved) return {kNoSuchPlace, moved.error()};
  if (running.user)
    if (const auto became = system.changes.become(*running.user); !became)
      return {kNoSuchPlace, failed(place, "becoming another user", became.error())};
  return execute_here(system, running.command);
}

std::string Labelled::add(std::string_view text) {
  std::string out;
  for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    out += fmt::format("{}: {}{}\n", label_, line_, text.substr(0, end));
    line_.clear();
    text.remove_prefix(end + 1);
  }
  line_ += text;
  return out;
}

std::string Labelled::rest() { return line_.empty() ? "" : add("\n"); }

Result<std::vector<int>> execute_all(
    const System& system, std::span<const Place> places, const Execution& running, const Warn& warn,
    const std::function<bool(os::Stream, std::string_view)>& write) {
  std::vector<std::array<Labelled, 2>> lines;  // by Stream
  for (const Place& place : places) {
    const Labelled empty(terminal_text(place.title));
    lines.push_back({empty, empty});
  }
  const auto body = [&](std::size_t at) {
    const NotRun why = execute(system, places[at], running, warn);
    warn(line(why.error));
    return why.status;
  };
  const auto output = [&](std::size_t at, os::Stream stream, std::string_view text) {
    return write(stream, lines[at][static_cast<std::size_t>(stream)].add(text));
  };
  const auto statuses = system.changes.run_all(places.size(), kAtOnce, body, output);
  for (auto& each : lines)
    for (const os::Stream stream : {os::Stream::out, os::Stream::err})
      (void)write(stream, each[static_cast<std::size_t>(stream)].rest());
  if (statuses) return *statuses;
  return change_error(fmt::format("starting programs: {}", os::text(statuses.error())));
}

}  // namespace nsmap::lab
