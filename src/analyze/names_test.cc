#include "analyze/names.h"

#include <gtest/gtest.h>

#include <set>

#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using model::Namespace;
using model::Snapshot;

std::string title_of(const Snapshot& snapshot, model::NetnsId id) {
  return Titles(model::Index(snapshot)).of(id);
}

TEST(Titles, AreWhatPeopleCallThings) {
  const Snapshot snapshot = test_host();
  EXPECT_EQ(title_of(snapshot, kHost), "host");
  EXPECT_EQ(title_of(snapshot, kWeb), "web");
  EXPECT_EQ(title_of(snapshot, kPod), "prod/api-1");
  EXPECT_EQ(title_of(snapshot, kBlue), "blue");
  EXPECT_EQ(title_of(snapshot, kSleep), "sleep (30)");
  EXPECT_EQ(title_of(snapshot, kBare), "net:[206]");
  EXPECT_EQ(title_of(snapshot, kHidden), "hidden #1");
  EXPECT_EQ(title_of(snapshot, {4, 999}), "net:[999]");
}

TEST(Titles, PreferWhatAPersonNamed) {
  Snapshot snapshot = test_host();
  model::Container unit = test_container("unit", "cron.service", kBlue);
  unit.runtime = "systemd";
  snapshot.containers.push_back(unit);
  EXPECT_EQ(title_of(snapshot, kBlue), "blue");
  snapshot.namespaces[3].names.clear();
  EXPECT_EQ(title_of(snapshot, kBlue), "cron.service");
  snapshot.containers.push_back(test_container("0123456789abcdef", "", kBlue));
  EXPECT_EQ(title_of(snapshot, kBlue), "0123456789ab");
}

TEST(Titles, NameTheContainerThatOwnsRatherThanOneThatJoined) {
  Snapshot snapshot = test_host();
  model::Container guest = test_container("aaaa", "aa-sidecar", kWeb);
  guest.network_mode = "container:deadbeef0000";
  snapshot.containers.insert(snapshot.containers.begin(), guest);
  EXPECT_EQ(title_of(snapshot, kWeb), "web");
}

TEST(Titles, PassOverZombies) {
  Snapshot snapshot = test_host();
  model::Process zombie = test_process(5, "dead", kSleep);
  zombie.zombie = true;
  snapshot.processes.insert(snapshot.processes.begin(), zombie);
  EXPECT_EQ(title_of(snapshot, kSleep), "sleep (30)");
}

TEST(Titles, AreMadeDistinct) {
  Snapshot snapshot = test_host();
  snapshot.containers.push_back(test_container("feedface0000ffff", "web", kBare));
  snapshot.namespaces[3].names[0].name = "host";
  const Titles titles{model::Index(snapshot)};
  EXPECT_EQ(titles.of(kWeb), "web (deadbeef0000)");
  EXPECT_EQ(titles.of(kBare), "web (feedface0000)");
  EXPECT_EQ(titles.of(kHost), "host");
  EXPECT_EQ(titles.of(kBlue), "host (203)");
}

TEST(Titles, StayDistinctWhateverThingsAreCalled) {
  Snapshot snapshot;
  const char* names[] = {"a", "a", "a (3)", "a (1)", "a (1) [4:4]", "a"};
  for (std::uint64_t i = 0; i < std::size(names); ++i) {
    snapshot.namespaces.push_back(test_namespace({4, i + 1}));
    snapshot.namespaces.back().names = {{names[i], "netns", ""}};
  }
  snapshot.namespaces.push_back(snapshot.namespaces.front());
  const Titles titles{model::Index(snapshot)};
  std::set<std::string> distinct;
  for (std::uint64_t i = 0; i < std::size(names); ++i) distinct.insert(titles.of({4, i + 1}));
  EXPECT_EQ(distinct.size(), std::size(names));
}

}  // namespace
}  // namespace nsmap::analyze
