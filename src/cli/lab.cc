#include "cli/lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "lab/file.h"
#include "os/files.h"

namespace nsmap::cli {
namespace {

constexpr std::size_t kLargestLab = 16 << 20;  // bytes of a file

constexpr char kSigns[] = {'+', '-', '~'};  // of Change

constexpr Group::Member kMembers[] = {&kLabPlan, &kLabUp,    &kLabDown,  &kLabStatus,
                                      &kLabExec, &kLabGraph, &kLabExport};

}  // namespace

const Group kLab{
    .name = "lab",
    .summary = "make a network of namespaces from a file, and take it away again",
    .members = kMembers,
    .more = "docs/lab.md tells what a lab file holds; examples/ has some.",
};

Result<lab::Lab> read_lab(const ActionRequest& request) {
  const std::string& file = request.options.things.front();
  const auto bytes =
      file == "-" ? request.environment.read_in(kLargestLab) : os::read_whole(file, kLargestLab);
  if (!bytes)
    return usage_error(fmt::format("reading {}: {}", file, os::text(bytes.error())),
                       "a lab file, as docs/lab.md tells");
  return lab::parse(*bytes, file == "-" ? "standard input" : file);
}

Result<std::string> lab_name(const ActionRequest& request) {
  const std::string& thing = request.options.things.front();
  const bool is_file = thing == "-" || thing.find('/') != thing.npos || thing.ends_with(".yaml") ||
                       thing.ends_with(".yml") ||
                       request.system.kernel.stat(os::kNoDir, thing.c_str());
  if (!is_file) return thing;
  return read_lab(request).map([](const lab::Lab& lab) { return lab.name; });
}

lab::UserHome user_home(const ActionRequest& request) {
  return {os::environment_variable("XDG_RUNTIME_DIR"), request.warn};
}

lab::World lab_world(const ActionRequest& request) {
  lab::World world{request.system};
  world.threads = std::clamp(std::thread::hardware_concurrency(), 1u, 8u);
  return world;
}

std::string plan_text(const lab::Plan& plan) {
  std::string text;
  for (const lab::Step& step : plan.steps)
    text += fmt::format("{} {}\n", kSigns[static_cast<int>(step.change)], step.text);
  return text;
}

std::string plan_counts(const lab::Plan& plan, const char* infinitive) {
  std::array<std::size_t, 3> counts{};
  for (const lab::Step& step : plan.steps) ++counts[static_cast<std::size_t>(step.change)];
  constexpr std::array kVerbs = {"make", "remove", "change"};
  constexpr std::array kDone = {"made", "removed", "changed"};
  std::string text;
  for (const std::size_t i : {0u, 2u, 1u}) {
    if (counts[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text += *infinitive != '\0' ? fmt::format("{} {}{}", counts[i], infinitive, kVerbs[i])
                                : fmt::format("{} {}", counts[i], kDone[i]);
  }
  return text;
}

std::string extra_text(const lab::Plan& plan, const char* heading) {
  if (plan.extra.empty()) return {};
  std::string text = fmt::format("{}:\n", heading);
  for (const std::string& one : plan.extra) text += fmt::format("  {}\n", one);
  return text;
}

}  // namespace nsmap::cli
