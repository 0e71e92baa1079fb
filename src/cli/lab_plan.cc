#include <fmt/format.h>

#include "cli/lab.h"

namespace nsmap::cli {
namespace {

Result<lab::Outcome> make_plan(const ActionRequest& request) {
  const auto lab = read_lab(request);
  if (!lab) return tl::unexpected(lab.error());
  const lab::World world = lab_world(request);
  const auto plan = [&] { return lab::plan_up(world, *lab, request.collect); };
  return request.options.user_ns ? lab::user_plan_up(world, user_home(request), lab->name, plan)
                                 : plan();
}

Result<Answer> run_plan(const ActionRequest& request) {
  const auto outcome = make_plan(request);
  if (!outcome) return tl::unexpected(outcome.error());
  if (outcome->plan.steps.empty()) return Answer{"nothing to do\n"};
  return Answer{plan_text(outcome->plan) + plan_counts(outcome->plan, "to ") + "\n"};
}

// The lab as it is, beside its file.
Result<Answer> run_status(const ActionRequest& request) {
  const auto outcome = make_plan(request);
  if (!outcome) return tl::unexpected(outcome.error());
  const lab::Plan& plan = outcome->plan;
  std::string text;
  if (outcome->interrupted) text += "an earlier run did not come to its end\n";
  for (const lab::Step& step : plan.steps) {
    constexpr const char* kStates[] = {"missing", "not in the file", "differs"};
    text += fmt::format("{}: {}\n", kStates[static_cast<int>(step.change)], step.text);
  }
  text += extra_text(plan, "added by others");
  if (plan.steps.empty()) text += "the lab is as its file says\n";
  return Answer{.bytes = text, .yes = plan.steps.empty() && !outcome->interrupted};
}

}  // namespace

const Action kLabPlan{
    .name = "plan",
    .summary = "what `up` would do; changes nothing",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .options = kLabOptions,
    .run = run_plan,
};

const Action kLabStatus{
    .name = "status",
    .summary = "how the running lab differs from its file; exit 1 where it does",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .options = kLabOptions,
    .run = run_status,
};

}  // namespace nsmap::cli
