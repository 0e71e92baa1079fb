#include <filesystem>

#include "cli/ns.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"--at", "PATH", "mount it there, not on /run/netns/NAME", &Options::mount_at},
    {"--no-lo", "", "leave its loopback down", &Options::no_lo},
};

Result<Answer> run_add(const ActionRequest& request) {
  const Options& options = request.options;
  auto planned = lab::plan_names(options.things);
  if (!planned) return tl::unexpected(planned.error());
  if (!options.mount_at.empty()) {
    if (planned->size() > 1) return usage_error("ns add --at: there is one path for several names");
    planned->front().path = std::filesystem::absolute(options.mount_at).lexically_normal();
  }
  return lab::add_namespaces(request.system, *planned, !options.no_lo).map([] { return Answer{}; });
}

}  // namespace

const Action kNsAdd{
    .name = "add",
    .summary = "make namespaces",
    .thing = "NAME",
    .thing_help = "what they are to be called",
    .most = kAnyNumber,
    .options = kOptions,
    .more = "When one of several cannot be made, none is.",
    .run = run_add,
};

}  // namespace nsmap::cli
