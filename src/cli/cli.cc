#include "cli/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "analyze/find.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/source.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

constexpr int kYes = 0;
constexpr int kNo = 1;

int exit_status(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::usage:
      return 2;
    case Error::Kind::unreadable:
    case Error::Kind::undone:
      return 3;
  }
  return 3;
}

int fail(const Environment& environment, const Error& error) {
  say(environment, line(error));
  return exit_status(error.kind);
}

// What nobody reads any more (EPIPE) is no failure: `nsmap | head`.
Result<void> write_out(const Environment& environment, const Giver& content) {
  const auto written = content(environment.write_out);
  if (written || written.error() == Errno{EPIPE}) return {};
  return read_error(fmt::format("writing the answer: {}", os::text(written.error())));
}

Result<void> deliver(const Environment& environment, const Options& options, const Giver& content) {
  if (options.output.empty() || options.output == "-") return write_out(environment, content);
  if (const auto written = os::replace_file(options.output, content); !written)
    return usage_error(fmt::format("writing {}: {}", options.output, os::text(written.error())));
  return {};
}

Giver all_of(const std::string& bytes) {
  return [&bytes](const Sink& out) { return out(bytes); };
}

// Fills in what depends on where nsmap runs.
void place(Request& request, const Environment& environment) {
  const Options& options = request.options;
  if (is_live(options)) request.own = environment.own_netns();
  request.load = [&](const std::string& word) {
    Options other = options;
    other.from = other.at = "";
    other.snapshot = word;
    return get_snapshot(other, environment);
  };
  const bool to_terminal = environment.out_is_terminal && options.output.empty();
  if (request.width == 0 && to_terminal) request.width = environment.width;
  request.color = to_terminal && !options.no_color && !environment.no_color;
}

// Gives out an answer, and the exit status.
int finish(const Answer& answer, const Options& options, const Environment& environment) {
  const Giver content = answer.pieces ? answer.pieces : all_of(answer.bytes);
  if (const auto done = deliver(environment, options, content); !done)
    return fail(environment, done.error());
  if (!answer.note.empty()) say(environment, answer.note);
  const int status = answer.status.value_or(answer.yes ? kYes : kNo);
  if (environment.leave) environment.leave(status);
  return status;
}

// The exit status of a command that has a snapshot to answer from.
int answer(const Command& command, const Options& options, const Environment& environment,
           const model::Snapshot& snapshot) {
  Request request(options, snapshot);
  place(request, environment);
  auto result = command.run(request);
  if (!result) return fail(environment, result.error());
  const bool told = command.tells_refused && !options.json;
  const bool partial = is_live(options) && !snapshot.host.privileged;
  if (result->note.empty() && partial && !told) result->note = kNotPrivileged;
  return finish(*result, options, environment);
}

// Reads the snapshot a command answers from, and answers; the exit status.
int ask(const Command& command, Options& options, const Environment& environment) {
  if (command.settle)
    if (const auto settled = command.settle(options); !settled)
      return fail(environment, settled.error());
  const auto snapshot = get_snapshot(options, environment, command.facts);
  if (!snapshot) return fail(environment, snapshot.error());
  return answer(command, options, environment, *snapshot);
}

Result<void> check_action(const Action& action, const Options& options) {
  if (!action.takes_from && !is_live(options))
    return usage_error(fmt::format("{}: --from and --at are not for it", action.name));
  if (action.takes_program && options.program.empty())
    return usage_error(fmt::format("{}: there is no program", action.name),
                       "-- and the program at the end");
  return {};
}

int act(const Action& action, const Options& options, const Environment& environment) {
  if (const auto right = check_action(action, options); !right)
    return fail(environment, right.error());
  const auto result = action.run({
      .options = options,
      .environment = environment,
      .system = {*environment.kernel, *environment.changes},
      .collect = [&] { return get_snapshot(options, environment, action.facts); },
      .warn = [&](std::string_view line) { say(environment, line); },
  });
  return result ? finish(*result, options, environment) : fail(environment, result.error());
}

}  // namespace

Result<Namespaces> named_namespaces(const Request& request) {
  Namespaces found;
  for (const std::string& thing : request.options.things) {
    const auto ns = analyze::find_namespace(request.index(), request.titles(), thing, request.own);
    if (!ns) return tl::unexpected(ns.error());
    found.push_back(*ns);
  }
  return found;
}

const model::Index& Request::index() const {
  if (!index_) index_.emplace(snapshot);
  return *index_;
}

const analyze::Titles& Request::titles() const {
  if (!titles_) titles_.emplace(index());
  return *titles_;
}

int run(const std::vector<std::string>& arguments, const Environment& environment) {
  auto parsed = parse_arguments(arguments);
  if (!parsed) return fail(environment, parsed.error());
  if (parsed->action) return act(*parsed->action, parsed->options, environment);
  if (!parsed->command) {
    const auto written = write_out(environment, all_of(parsed->help));
    return written ? kYes : fail(environment, written.error());
  }
  return ask(*parsed->command, parsed->options, environment);
}

}  // namespace nsmap::cli
