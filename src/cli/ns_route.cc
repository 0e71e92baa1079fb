#include <fmt/format.h>

#include "cli/ns.h"
#include "lab/adjust.h"
#include "lab/file.h"
#include "lab/words.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_route(const ActionRequest& request) {
  const auto& things = request.options.things;
  const bool adds = things[1] == "add";
  if (!adds && things[1] != "del")
    return usage_error(fmt::format("ns route: '{}' is neither add nor del", things[1]));
  std::vector<std::string> words(things.begin() + 2, things.end());
  words.insert(words.begin(), "to");
  const auto route = lab::parse_route("ns route", words);
  if (!route) return tl::unexpected(route.error());
  const auto places = open_places(request, {things.front()}, false);
  if (!places) return tl::unexpected(places.error());
  const OpenPlace& place = places->front();
  auto done = (adds ? lab::make_route : lab::drop_route)(request.system, place.net, *route);
  if (!done)
    done.error().text = fmt::format("{} {} in {}: {}", adds ? "adding" : "removing",
                                    lab::text_of(*route), place.title, done.error().text);
  return done.map([] { return Answer{}; });
}

}  // namespace

const Action kNsRoute{
    .name = "route",
    .summary = "add a route to a namespace, or take one away",
    .thing = "NAMESPACE add|del PREFIX",
    .thing_help = "the namespace, then the route in words: 10.2.0.0/16 via 10.0.0.1 table 7 …",
    .least = 3,
    .most = kAnyNumber,
    .more =
        "The words are those of a lab file: via, dev, table, metric, src, type (blackhole,\n"
        "unreachable, prohibit, throw) and, for a default route that says no address, family\n"
        "(inet, inet6). nsmap show NAMESPACE lists its routes.",
    .run = run_route,
};

}  // namespace nsmap::cli
