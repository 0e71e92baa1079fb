#include "lab/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsmap::lab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Address address(const char* text, int prefix) {
  return {{}, *IpAddress::parse(text), static_cast<std::uint8_t>(prefix), {}};
}

Route route(const char* to, const char* via) {
  Route made;
  made.to = *Prefix::parse(to);
  made.hops = {{IpAddress::parse(via), "", 1}};
  return made;
}

// A router with a bridge, and a host on one of its ports.
Lab shop() {
  Link bridge{.name = "br0", .kind = "bridge"};
  bridge.addresses = {address("10.0.0.1", 24)};
  Link port{.name = "web", .kind = "veth", .master = "br0"};
  port.peer = LinkName{"web", "eth0"};
  Link eth0{.name = "eth0", .kind = "veth"};
  eth0.peer = LinkName{"router", "web"};
  eth0.addresses = {address("10.0.0.2", 24)};
  Namespace router{.name = "router", .links = {bridge, port}};
  Namespace web{.name = "web", .links = {eth0}, .routes = {route("0.0.0.0/0", "10.0.0.1")}};
  web.processes = {{{}, "server", {"sleep", "1"}, {}}};
  return {.name = "shop", .file = "shop.yaml", .namespaces = {router, web}};
}

// The same as a look at the system finds it: the kernel fills in which link a route leaves by.
Lab running() {
  Lab lab = shop();
  lab.namespaces[1].routes[0].hops[0].dev = "eth0";
  lab.namespaces[1].processes[0].running = {{Pid(7), 100}};
  lab.namespaces[1].processes[0].command.clear();
  return lab;
}

std::vector<std::string> texts(const Plan& plan) {
  std::vector<std::string> texts;
  constexpr const char* kSigns[] = {"+ ", "- ", "~ "};
  for (const Step& step : plan.steps)
    texts.push_back(kSigns[static_cast<int>(step.change)] + step.text);
  return texts;
}

TEST(Plan, MakesAllOfALabThatIsNotThere) {
  EXPECT_THAT(
      texts(make_plan(shop(), {}, {})),
      ElementsAre("+ namespace router", "+ namespace web", "+ link router:br0, bridge",
                  "+ link router:web, veth to web:eth0, port of br0",
                  "+ address 10.0.0.1/24 on router:br0", "+ address 10.0.0.2/24 on web:eth0",
                  "+ route default via 10.0.0.1 in web", "+ process web:server"));
}

TEST(Plan, ChangesNothingOfWhatIsAsWanted) {
  const Plan plan = make_plan(shop(), running(), shop());
  EXPECT_THAT(texts(plan), IsEmpty());
  EXPECT_THAT(plan.extra, IsEmpty());
}

TEST(Plan, ChangesJustTheDifference) {
  Lab want = shop();
  want.namespaces[1].links[0].mtu = 1400;
  want.namespaces[1].links[0].addresses = {address("10.0.0.3", 24)};
  want.namespaces[1].processes[0].command = {"sleep", "2"};
  EXPECT_THAT(texts(make_plan(want, running(), shop())),
              ElementsAre("- process web:server", "- address 10.0.0.2/24 on web:eth0",
                          "~ link web:eth0: mtu 1400", "+ address 10.0.0.3/24 on web:eth0",
                          "+ process web:server"));
}

TEST(Plan, ALinkOfAnotherBuildIsMadeAnewWithAllThatIsOnIt) {
  Lab want = shop();
  want.namespaces[0].links.pop_back();
  want.namespaces[1].links[0].kind = "dummy";
  want.namespaces[1].links[0].peer.reset();
  EXPECT_THAT(
      texts(make_plan(want, running(), shop())),
      ElementsAre("- link router:web, veth to web:eth0, port of br0", "+ link web:eth0, dummy",
                  "+ address 10.0.0.2/24 on web:eth0", "+ route default via 10.0.0.1 in web"));
}

TEST(Plan, TakesAwayWhatWasMadeAndToldOfTheRest) {
  Lab have = running();
  have.namespaces[1].links.push_back({.name = "added", .kind = "dummy"});
  const Plan plan = make_plan({}, have, shop());
  EXPECT_THAT(texts(plan),
              ElementsAre("- namespace router", "- process web:server", "- namespace web"));
  EXPECT_THAT(plan.extra, ElementsAre("link web:added, dummy"));
}

TEST(Plan, OfTheHostOnlyWhatWasMadeIsTakenAway) {
  Lab made = shop();
  made.namespaces[0].host = true;
  Lab have = running();
  have.namespaces[0].host = true;
  have.namespaces[0].links.push_back({.name = "eth0", .kind = ""});
  have.namespaces[0].routes.push_back(route("192.0.2.0/24", "10.0.0.9"));
  const Plan plan = make_plan({}, have, made);
  EXPECT_THAT(texts(plan), ElementsAre("- link router:br0, bridge",
                                       "- link router:web, veth to web:eth0, port of br0",
                                       "- process web:server", "- namespace web"));
  EXPECT_THAT(plan.extra, IsEmpty());
}

}  // namespace
}  // namespace nsmap::lab
