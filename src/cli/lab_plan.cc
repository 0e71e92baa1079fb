#include <fmt/format.h>

#include "cli/lab.h"
#include "cli/results.h"
#include "codec/json_write.h"

namespace nsmap::cli {
namespace {

struct Planned {
  std::string lab;
  lab::Outcome outcome;
};

Result<Planned> make_plan(const ActionRequest& request) {
  const auto lab = read_lab(request);
  if (!lab) return tl::unexpected(lab.error());
  const lab::World world = lab_world(request);
  const auto plan = [&] { return lab::plan_up(world, *lab, request.collect); };
  auto outcome = request.options.user_ns
                     ? lab::user_plan_up(world, user_home(request), lab->name, plan)
                     : plan();
  return outcome.map([&](lab::Outcome& made) { return Planned{lab->name, std::move(made)}; });
}

std::string json_of(const Planned& planned) {
  constexpr const char* kChanges[] = {"add", "remove", "alter"};
  LabDifference told{planned.lab, planned.outcome.interrupted, {}, planned.outcome.plan.extra};
  for (const lab::Step& step : planned.outcome.plan.steps)
    told.steps.push_back({kChanges[static_cast<int>(step.change)], step.ns, step.text,
                          static_cast<std::uint64_t>(step.where.line)});
  std::string out;
  codec::append_json(out, told);
  return out + "\n";
}

Result<Answer> run_plan(const ActionRequest& request) {
  const auto planned = make_plan(request);
  if (!planned) return tl::unexpected(planned.error());
  if (request.options.json) return Answer{json_of(*planned)};
  const lab::Plan& plan = planned->outcome.plan;
  if (plan.steps.empty()) return Answer{"nothing to do\n"};
  return Answer{plan_text(plan) + plan_counts(plan, "to ") + "\n"};
}

// The lab as it is, beside its file.
Result<Answer> run_status(const ActionRequest& request) {
  const auto planned = make_plan(request);
  if (!planned) return tl::unexpected(planned.error());
  const auto& [plan, interrupted] = planned->outcome;
  const bool in_step = plan.steps.empty() && !interrupted;
  if (request.options.json) return Answer{.bytes = json_of(*planned), .yes = in_step};
  std::string text;
  if (interrupted) text += "an earlier run did not come to its end\n";
  for (const lab::Step& step : plan.steps) {
    constexpr const char* kStates[] = {"missing", "not in the file", "differs"};
    text += fmt::format("{}: {}\n", kStates[static_cast<int>(step.change)], step.text);
  }
  text += extra_text(plan, "added by others");
  if (plan.steps.empty()) text += "the lab is as its file says\n";
  return Answer{.bytes = text, .yes = in_step};
}

constexpr Option kOptions[] = {kUserNs, kJson};

}  // namespace

const Action kLabPlan{
    .name = "plan",
    .summary = "what `up` would do; changes nothing",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .options = kOptions,
    .run = run_plan,
};

const Action kLabStatus{
    .name = "status",
    .summary = "how the running lab differs from its file; exit 1 where it does",
    .thing = "FILE",
    .thing_help = "the lab file",
    .facts = collect::Facts::wiring,
    .options = kOptions,
    .run = run_status,
};

}  // namespace nsmap::cli
