#include <fmt/format.h>

#include <optional>

#include "cli/lab.h"
#include "cli/progress.h"
#include "lab/file.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

// A line on the terminal while it takes long.
std::optional<Progress> progress(const ActionRequest& request, const std::string& what) {
  if (!request.environment.err_is_terminal) return std::nullopt;
  return std::optional<Progress>(std::in_place, what, request.environment.write_err);
}

Result<lab::Outcome> make(const ActionRequest& request, const lab::Lab& lab) {
  const lab::World world = lab_world(request);
  const auto up = [&] {
    const auto shown = progress(request, "making lab " + lab.name);
    return lab::up(world, lab, request.collect);
  };
  if (request.options.user_ns) return lab::user_up(world, user_home(request), lab.name, up);
  auto made = up();
  if (!made && !lab::may_do_without(request.system.kernel))
    made.error().hint = "root, or --user-ns";
  return made;
}

Result<Answer> run_up(const ActionRequest& request) {
  const auto lab = read_lab(request);
  if (!lab) return tl::unexpected(lab.error());
  const auto outcome = make(request, *lab);
  if (!outcome) return tl::unexpected(outcome.error());
  const std::string counts = plan_counts(outcome->plan, "");
  return Answer{fmt::format("lab {} is up: {}\n", lab->name,
                            counts.empty() ? "nothing had to change" : counts)};
}

// Nothing: it was gone already.
Result<std::optional<lab::Outcome>> take_down(const ActionRequest& request,
                                              const std::string& name) {
  const lab::World world = lab_world(request);
  const auto down = [&] {
    const auto shown = progress(request, "taking down lab " + name);
    return lab::down(world, name, request.collect);
  };
  if (request.options.user_ns) return lab::user_down(world, user_home(request), name, down);
  return down().map([](lab::Outcome&& outcome) { return std::optional(std::move(outcome)); });
}

Result<Answer> run_down(const ActionRequest& request) {
  const auto name = lab_name(request);
  if (!name) return tl::unexpected(name.error());
  const auto outcome = take_down(request, *name);
  if (!outcome) return tl::unexpected(outcome.error());
  if (!*outcome)
    return Answer{fmt::format("lab {} was gone: its keeper had ended, and is forgotten\n", *name)};
  const lab::Plan& plan = (*outcome)->plan;
  const std::string counts = plan_counts(plan, "");
  return Answer{fmt::format("lab {} is down{}{}\n{}", *name, counts.empty() ? "" : ": ", counts,
                            extra_text(plan, "went with it, though added by others"))};
}

}  // namespace

const Action kLabUp{
    .name = "up",
    .summary = "make what the file says, or what is missing of it",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .options = kLabOptions,
    .more =
        "With --user-ns it needs no root. nsmap ns exec finds its namespaces as any others;\n"
        "nsmap lab exec is where a map shows all of it: nsmap lab exec NAME -- nsmap",
    .run = run_up,
};

const Action kLabDown{
    .name = "down",
    .summary = "take away all that `up` made, and only that",
    .thing = "FILE|NAME",
    .thing_help = "the lab file, or the lab's name",
    .facts = collect::Facts::wiring,
    .options = kLabOptions,
    .run = run_down,
};

}  // namespace nsmap::cli
