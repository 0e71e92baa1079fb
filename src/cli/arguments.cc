#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

namespace nsmap::cli {
namespace {

// The sub-commands, in the order --help shows them.
constexpr const Command* kCommands[] = {&kLs, &kShow, &kWhois, &kGraph, &kSnapshot};

constexpr const char* kAbout =
    "The network state of this host, every network namespace at once: with no command, the map of\n"
    "its namespaces, their wires, addresses, processes and published ports, and what could not be\n"
    "seen. Reading changes nothing. Run it as root to see all.";

constexpr const char* kMore =
    "A NAMESPACE is named by anything at hand: its name, a container's name or id (or the first\n"
    "characters of it), a pod, pid:812, ino:4026532281, an address, host, hidden:1, or . for the\n"
    "one nsmap runs in.\n"
    "\n"
    "Exit status: 0 answered, 1 answered with \"no\", 2 wrong use or bad input, 3 could not read "
    "what was\nneeded.";

constexpr Option kCommon[] = {
    {"--from", "FILE", "answer from a saved snapshot (- for standard input), not the live host",
     &Options::from},
    {"--json", "", "answer as JSON", &Options::json},
    {"--no-color", "", "no colours; NO_COLOR does the same", &Options::no_color},
    {"--width", "COLUMNS", "fit into so many columns", &Options::width},
};

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

void add_thing(CLI::App& app, const Command& command, Options& options) {
  if (!command.thing) return;
  auto* added = app.add_option(command.thing, options.things, command.thing_help);
  added->required()->type_name("")->expected(1, command.several ? 1000 : 1);
}

void describe(CLI::App& app, const Command& command, Options& options) {
  app.set_help_flag("-h,--help", "this help");
  add_thing(app, command, options);
  for (const Option& option : command.options) add_option(app, option, options);
  for (const Option& option : kCommon) add_option(app, option, options);
  app.get_formatter()->column_width(26);
  app.footer(command.more);
}

// The program's options, and those of its commands, bound to `options`.
std::unique_ptr<CLI::App> make_app(Options& options) {
  auto app = std::make_unique<CLI::App>(kAbout, "nsmap");
  describe(*app, kMap, options);
  app->footer(kMore);
  app->set_version_flag("--version", "nsmap " NSMAP_VERSION, "the version");
  app->require_subcommand(0, 1);
  for (const Command* command : kCommands)
    describe(*app->add_subcommand(command->name, command->summary), *command, options);
  return app;
}

const Command& chosen(const CLI::App& app) {
  for (const Command* command : kCommands)
    if (app.got_subcommand(command->name)) return *command;
  return kMap;
}

// What CLI11 says, on one line and without a full stop.
std::string one_line(std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  while (message.ends_with('.') || message.ends_with(' ')) message.pop_back();
  return message;
}

}  // namespace

Result<Arguments> parse_arguments(const std::vector<std::string>& arguments) {
  Arguments parsed;
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
    return usage_error(one_line(error.what()), "nsmap --help");
  }
  parsed.command = &chosen(*app);
  return parsed;
}

}  // namespace nsmap::cli
