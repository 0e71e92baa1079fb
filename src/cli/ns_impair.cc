#include <fmt/format.h>

#include "cli/ns.h"
#include "lab/adjust.h"
#include "lab/file.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_impair(const ActionRequest& request) {
  const auto& things = request.options.things;
  const std::string& link = things[1];
  lab::Impairment impairment;
  if (things.size() != 3 || things.back() != "off") {
    const auto told = lab::parse_impairment("ns impair", std::span(things).subspan(2));
    if (!told) return tl::unexpected(told.error());
    impairment = *told;
  }
  const auto places = open_places(request, {things.front()}, false);
  if (!places) return tl::unexpected(places.error());
  const OpenPlace& place = places->front();
  auto done = lab::set_impairment(request.system, place.net, link, impairment);
  if (!done)
    done.error().text = fmt::format("impairing {}:{}: {}", place.title, link, done.error().text);
  return done.map([] { return Answer{}; });
}

}  // namespace

const Action kNsImpair{
    .name = "impair",
    .summary = "slow a link down or let it lose packets: rate 10mbit delay 20ms loss 1%",
    .thing = "NAMESPACE LINK WORDS",
    .thing_help = "the link, then in words what it does to what leaves by it, or off",
    .least = 3,
    .most = kAnyNumber,
    .more =
        "In words: rate 10mbit, delay 20ms, jitter 2ms (how much the delay varies), loss 0.5%.\n"
        "What it had before is replaced. Delay and loss need the kernel's netem.",
    .run = run_impair,
};

}  // namespace nsmap::cli
