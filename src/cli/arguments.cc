#include "cli/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <variant>

#include <CLI/CLI.hpp>

#include "cli/history.h"

namespace nsmap::cli {
namespace {

// The sub-commands, in the order --help shows them.
constexpr Group::Member kCommands[] = {&kLs,    &kShow,     &kRules, &kWhois, &kPorts, &kFlows,
                                       &kGraph, &kSnapshot, &kDiff,  &kWatch, &kServe};
// Groups of them, which come after.
constexpr const Group* kGroups[] = {&kNs, &kLab, &kHistory};

constexpr const char* kAbout =
    "The network state of this host, every network namespace at once: with no command, the map of\n"
    "its namespaces, their wires, addresses, processes and published ports, and what could not be\n"
    "seen. Reading changes nothing. Run it as root to see all.";

constexpr const char* kMore =
    "A NAMESPACE is named by anything at hand: its name, a container's name or id (or the first\n"
    "characters of it), a pod, pid:812, ino:4026532281, an address, host, hidden:1, or . for the\n"
    "one nsmap runs in.\n"
    "\n"
    "Exit status: 0 answered or done, 1 answered with \"no\", 2 wrong use or bad input, 3 could "
    "not "
    "read or\ndo what was needed.";

// Which snapshot something is about.
constexpr Option kSources[] = {
    {"--from", "FILE", "answer from a saved snapshot (- for standard input), not the live host",
     &Options::from},
    {"--at", "TIME", "answer from the history: 14:30, 'yesterday 14:30', 2026-11-22, -2h, '#12'",
     &Options::at},
    kHistoryFile,
};

constexpr Option kCommon[] = {kJson, kNoColor, kWidth};

void add_option(CLI::App& app, const Option& option, Options& options) {
  const auto add = [&](auto member) {
    using Value = std::decay_t<decltype(options.*member)>;
    if constexpr (std::same_as<Value, bool>) {
      app.add_flag(option.spelling, options.*member, option.help);
    } else {
      auto* added = app.add_option(option.spelling, options.*member, option.help);
      added->type_name(option.value);
      if constexpr (std::same_as<Value, std::vector<std::string>>) added->delimiter(',');
    }
  };
  std::visit(add, option.target);
}

// Names what a command is about without counting it: "NAME…".
class PlainUsage : public CLI::Formatter {
 public:
  std::string make_option_usage(const CLI::Option* option) const override {
    std::string name = make_option_name(option, true);
    if (option->get_expected_max() >= static_cast<int>(kAnyNumber)) name += "…";
    return option->get_required() ? name : "[" + name + "]";
  }
};

struct Things {
  const char* name;  // null: none
  const char* help;
  std::size_t least;
  std::size_t most;
};

template <typename Row>
Things things_of(const Row& row) {
  return {row.thing, row.thing_help, row.thing ? row.least : 0, row.most};
}

// How many there are is looked at afterwards (check_things), so that --help is answered though some
// are missing.
void add_things(CLI::App& app, const Things& things, Options& options) {
  if (!things.name) return;
  auto* added = app.add_option(things.name, options.things, things.help);
  added->type_name("")->expected(0, static_cast<int>(things.most));
  added->required(things.least != 0);
}

void describe(CLI::App& app, const Command& command, Options& options) {
  app.set_help_flag("-h,--help", "this help");
  add_things(app, things_of(command), options);
  for (const Option& option : command.options) add_option(app, option, options);
  for (const Option& option : kSources) add_option(app, option, options);
  for (const Option& option : kCommon) add_option(app, option, options);
  app.get_formatter()->column_width(26);
  app.footer(command.more);
}

void describe(CLI::App& app, const Action& action, Options& options) {
  app.set_help_flag("-h,--help", "this help");
  add_things(app, things_of(action), options);
  for (const Option& option : action.options) add_option(app, option, options);
  if (action.takes_from)
    for (const Option& option : kSources) add_option(app, option, options);
  app.get_formatter()->column_width(26);
  app.footer(action.more);
}

void describe(CLI::App& app, std::span<const Group::Member> members, Options& options) {
  for (const Group::Member& member : members)
    std::visit(
        [&](const auto* row) {
          describe(*app.add_subcommand(row->name, row->summary), *row, options);
        },
        member);
}

void describe(CLI::App& app, const Group& group, Options& options) {
  app.set_help_flag("-h,--help", "this help");
  app.require_subcommand(1);
  describe(app, group.members, options);
  app.footer(group.more);
}

// The program's options, and those of its commands, bound to `options`.
std::unique_ptr<CLI::App> make_app(Options& options) {
  auto app = std::make_unique<CLI::App>(kAbout, "nsmap");
  app->formatter(std::make_shared<PlainUsage>());
  describe(*app, kMap, options);
  app->footer(kMore);
  app->set_version_flag("--version", "nsmap " NSMAP_VERSION, "the version");
  app->require_subcommand(0, 1);
  describe(*app, kCommands, options);
  for (const Group* group : kGroups)
    describe(*app->add_subcommand(group->name, group->summary), *group, options);
  return app;
}

// What the command line chose: a row, and how it is called.
struct Choice {
  std::variant<const Command*, const Action*> row = &kMap;
  std::string path;  // "ns add"; empty: the program alone
};

// `before` goes before the name: "ns ".
void choose(const CLI::App& app, std::span<const Group::Member> members, const std::string& before,
            Choice& choice) {
  for (const Group::Member& member : members)
    std::visit(
        [&](const auto* row) {
          if (app.got_subcommand(row->name)) choice = {row, before + row->name};
        },
        member);
}

Choice choice_of(const CLI::App& app) {
  Choice choice;
  choose(app, kCommands, "", choice);
  for (const Group* group : kGroups) {
    if (!app.got_subcommand(group->name)) continue;
    choice.path = group->name;
    choose(*app.get_subcommand(group->name), group->members, choice.path + " ", choice);
  }
  return choice;
}

std::string help_of(const Choice& choice) {
  return choice.path.empty() ? "nsmap --help" : fmt::format("nsmap {} --help", choice.path);
}

Result<void> check_things(const Choice& choice, const Options& options) {
  const Things wanted = std::visit([](const auto* row) { return things_of(*row); }, choice.row);
  if (options.things.size() >= wanted.least) return {};
  return usage_error(fmt::format("{}: {} is wanted, and just '{}' given", choice.path, wanted.name,
                                 fmt::join(options.things, " ")),
                     help_of(choice));
}

bool takes_program(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return false;
  const auto is_named = [&](const Group::Member& member) {
    const auto* action = std::get_if<const Action*>(&member);
    return action && (*action)->takes_program && arguments[1] == (*action)->name;
  };
  return std::ranges::any_of(kGroups, [&](const Group* group) {
    return arguments[0] == group->name && std::ranges::any_of(group->members, is_named);
  });
}

// What stands after "--" is another program's, options and all, where the action takes one.
std::vector<std::string> split_program(std::vector<std::string>& arguments) {
  if (!takes_program(arguments)) return {};
  const auto dashes = std::ranges::find(arguments, "--");
  if (dashes == arguments.end()) return {};
  std::vector<std::string> program(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return program;
}

void take(const Command* command, Arguments& parsed) { parsed.command = command; }
void take(const Action* action, Arguments& parsed) { parsed.action = action; }

// What CLI11 says, on one line and without a full stop.
std::string one_line(std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  while (message.ends_with('.') || message.ends_with(' ')) message.pop_back();
  return message;
}

}  // namespace

Result<Arguments> parse_arguments(std::vector<std::string> arguments) {
  Arguments parsed;
  auto program = split_program(arguments);
  const auto app = make_app(parsed.options);
  try {
    app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForVersion& version) {
    parsed.help = std::string(version.what()) + "\n";
    return parsed;
  } catch (const CLI::Success&) {
    parsed.help = app->help();
    return parsed;
  } catch (const CLI::Error& error) {
    return usage_error(one_line(error.what()), help_of(choice_of(*app)));
  }
  const Choice choice = choice_of(*app);
  if (auto enough = check_things(choice, parsed.options); !enough)
    return tl::unexpected(enough.error());
  std::visit([&](const auto* row) { take(row, parsed); }, choice.row);
  parsed.options.program = std::move(program);
  return parsed;
}

}  // namespace nsmap::cli
