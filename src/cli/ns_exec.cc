#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "cli/ns.h"
#include "lab/exec.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

constexpr Option kUser = {"-u,--user", "USER", "as that user, by name or number", &Options::user};
constexpr Option kDns = {"--dns", "", "with the resolv.conf and hosts of its container",
                         &Options::dns};
constexpr Option kShellOptions[] = {kUser, kDns};
constexpr Option kExecOptions[] = {
    {"-a,--all", "", "in every namespace but the host's own, side by side", &Options::all},
    kUser,
    kDns,
};

lab::Place place_of(const OpenPlace& open) {
  return {open.title, open.net, open.name, open.dns_of};
}

Result<lab::Execution> what_to_run(const ActionRequest& request) {
  lab::Execution running{request.options.program, {}};
  if (request.options.user.empty()) return running;
  const auto user = request.system.changes.find_user(request.options.user);
  if (!user) return usage_error(fmt::format("user {}: there is none", request.options.user));
  running.user = *user;
  return running;
}

Answer run_one(const ActionRequest& request, const OpenPlace& place,
               const lab::Execution& running) {
  const lab::NotRun why = lab::execute(request.system, place_of(place), running, request.warn);
  return {{}, false, line(why.error), why.status};
}

// "2 of 5 failed: red (exit 1), blue (exit 127)".
std::string tell_failed(const std::vector<lab::Place>& places, const std::vector<int>& statuses) {
  std::string list;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (statuses[i] == 0) continue;
    list += fmt::format("{}{} (exit {})", failed++ == 0 ? "" : ", ", places[i].title, statuses[i]);
  }
  return failed == 0 ? "" : fmt::format("{} of {} failed: {}", failed, places.size(), list);
}

Result<Answer> run_everywhere(const ActionRequest& request, const std::vector<OpenPlace>& open,
                              const lab::Execution& running) {
  std::vector<lab::Place> places;
  for (const OpenPlace& each : open) places.push_back(place_of(each));
  bool is_read = true;
  const auto write = [&](os::Stream stream, std::string_view lines) {
    if (stream == os::Stream::out)
      return is_read = is_read && request.environment.write_out(lines).has_value();
    request.environment.write_err(lines);
    return true;
  };
  return lab::execute_all(request.system, places, running, request.warn, write)
      .map([&](std::vector<int> statuses) {
        // Who was stopped because nobody read on has not failed.
        if (!is_read) std::ranges::replace(statuses, 128 + SIGPIPE, 0);
        const std::string failed = tell_failed(places, statuses);
        return Answer{{}, failed.empty(), failed};
      });
}

// "red,blue" is both, but for a name that has a comma in it.
std::vector<std::string> split_names(const ActionRequest& request) {
  const std::string& wanted = request.options.things.front();
  if (lab::open_namespace_file(request.system.kernel, lab::name_path(wanted))) return {wanted};
  std::vector<std::string> names;
  std::size_t begin = 0;
  for (auto comma = wanted.find(','); comma != wanted.npos; comma = wanted.find(',', begin)) {
    names.push_back(wanted.substr(begin, comma - begin));
    begin = comma + 1;
  }
  names.push_back(wanted.substr(begin));
  return names;
}

Result<Answer> run_in_all(const ActionRequest& request, const lab::Execution& running) {
  std::size_t refused = 0;
  const auto places = open_all_places(request, request.options.dns, refused);
  if (!places) return tl::unexpected(places.error());
  auto answer = run_everywhere(request, *places, running);
  if (answer && refused != 0) answer->yes = false;
  return answer;
}

Result<Answer> run_exec(const ActionRequest& request) {
  const bool named = !request.options.things.empty();
  if (named == request.options.all)
    return usage_error(named ? "ns exec: a namespace is named, and --all is said as well"
                             : "ns exec: no namespace is named",
                       named ? "one of the two" : "a NAMESPACE, or --all");
  const auto running = what_to_run(request);
  if (!running) return tl::unexpected(running.error());
  if (request.options.all) return run_in_all(request, *running);
  const auto places = open_places(request, split_names(request), request.options.dns);
  if (!places) return tl::unexpected(places.error());
  if (places->size() == 1) return run_one(request, places->front(), *running);
  return run_everywhere(request, *places, *running);
}

// The user's own shell: $SHELL, or that of passwd(5).
std::string shell_of(const ActionRequest& request, const lab::Execution& running) {
  const std::string own = os::environment_variable("SHELL");
  if (!running.user && !own.empty()) return own;
  const auto user =
      running.user ? *running.user : request.system.changes.find_user("").value_or(os::User{});
  return user.shell.empty() ? "/bin/sh" : user.shell;
}

Result<Answer> run_shell(const ActionRequest& request) {
  auto running = what_to_run(request);
  if (!running) return tl::unexpected(running.error());
  running->command = {shell_of(request, *running)};
  const auto places = open_places(request, request.options.things, request.options.dns);
  if (!places) return tl::unexpected(places.error());
  return run_one(request, places->front(), *running);
}

}  // namespace

const Action kNsExec{
    .name = "exec",
    .summary = "run a program in a namespace, or in several: NAMESPACE -- PROGRAM …",
    .thing = "NAMESPACE",
    .thing_help = "by name, container, pid:812, ino:4026532281, address …; several with commas",
    .least = 0,
    .takes_program = true,
    .options = kExecOptions,
    .more =
        "It has mounts of its own: /sys tells of the namespace's interfaces, and the files of\n"
        "/etc/netns/NAME lie over those of /etc.\n"
        "\n"
        "Exit status: the program's own, 127 there is no such program, 126 it cannot be\n"
        "executed, 2 and 3 as elsewhere. In several namespaces each line has the name before\n"
        "it, and the exit status is 1 when any of them failed.",
    .run = run_exec,
};

const Action kNsShell{
    .name = "shell",
    .summary = "your shell in a namespace",
    .thing = "NAMESPACE",
    .thing_help = "by name, container, pid:812, ino:4026532281, address …",
    .options = kShellOptions,
    .more = "As nsmap ns exec NAMESPACE -- $SHELL.",
    .run = run_shell,
};

}  // namespace nsmap::cli
