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

Result<Answer> run_up(const ActionRequest& request) {
  const auto lab = read_lab(request);
  if (!lab) return tl::unexpected(lab.error());
  const auto shown = progress(request, "making lab " + lab->name);
  const auto outcome = lab::up(lab_world(request), *lab, request.collect);
  if (!outcome) return tl::unexpected(outcome.error());
  const std::string counts = plan_counts(outcome->plan, "");
  return Answer{fmt::format("lab {} is up: {}\n", lab->name,
                            counts.empty() ? "nothing had to change" : counts)};
}

// The lab's name, said outright or by its file.
Result<std::string> lab_name(const ActionRequest& request) {
  const std::string& thing = request.options.things.front();
  if (thing != "-" && thing.find_first_of("./") == thing.npos) return thing;
  return read_lab(request).map([](const lab::Lab& lab) { return lab.name; });
}

Result<Answer> run_down(const ActionRequest& request) {
  const auto name = lab_name(request);
  if (!name) return tl::unexpected(name.error());
  const auto shown = progress(request, "taking down lab " + *name);
  const auto outcome = lab::down(lab_world(request), *name, request.collect);
  if (!outcome) return tl::unexpected(outcome.error());
  const std::string counts = plan_counts(outcome->plan, "");
  return Answer{fmt::format("lab {} is down{}{}\n{}", *name, counts.empty() ? "" : ": ", counts,
                            extra_text(outcome->plan, "went with it, though added by others"))};
}

}  // namespace

const Action kLabUp{
    .name = "up",
    .summary = "make what the file says, or what is missing of it",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .run = run_up,
};

const Action kLabDown{
    .name = "down",
    .summary = "take away all that `up` made, and only that",
    .thing = "FILE|NAME",
    .thing_help = "the lab file, or the lab's name",
    .facts = collect::Facts::wiring,
    .run = run_down,
};

}  // namespace nsmap::cli
