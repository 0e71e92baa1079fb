#include "cli/ns.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_adopt(const ActionRequest& request) {
  const auto places = open_places(request, {request.options.things.back()}, false);
  if (!places) return tl::unexpected(places.error());
  const std::string& name = request.options.things.front();
  return lab::adopt_namespace(request.system, name, places->front().net).map([] {
    return Answer{};
  });
}

}  // namespace

const Action kNsAdopt{
    .name = "adopt",
    .summary = "give a namespace that is there a name in /run/netns",
    .thing = "NAME NAMESPACE",
    .thing_help = "the new name, and what it is known by: a container, pid:812, ino:4026532281 …",
    .least = 2,
    .most = 2,
    .more = "The name keeps the namespace alive until nsmap ns rm takes it away.",
    .run = run_adopt,
};

}  // namespace nsmap::cli
