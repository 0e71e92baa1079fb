#include "analyze/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using testing::HasSubstr;

Result<model::NetnsId> found(const model::Snapshot& snapshot, std::string_view argument,
                             std::optional<model::NetnsId> own = {}) {
  const model::Index index(snapshot);
  return find_namespace(index, Titles(index), argument, own).map([](const auto* ns) {
    return ns->id;
  });
}

struct Spelling {
  const char* argument;
  model::NetnsId id;
};

class FindNamespace : public testing::TestWithParam<Spelling> {};

TEST_P(FindNamespace, TakesWhatAPersonHasAtHand) {
  EXPECT_EQ(found(test_host(), GetParam().argument), GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(
    All, FindNamespace,
    testing::Values(Spelling{"host", kHost}, Spelling{"web", kWeb}, Spelling{"deadbeef0000", kWeb},
                    Spelling{"dead", kWeb}, Spelling{"prod/api-1", kPod}, Spelling{"api-1", kPod},
                    Spelling{"api", kPod}, Spelling{"cafe0", kPod}, Spelling{"blue", kBlue},
                    Spelling{"/run/netns/blue", kBlue}, Spelling{"pid:30", kSleep},
                    Spelling{"sleep (30)", kSleep}, Spelling{"ino:206", kBare},
                    Spelling{"net:[206]", kBare}, Spelling{"hidden:1", kHidden},
                    Spelling{"hidden #1", kHidden}, Spelling{"172.17.0.2", kWeb},
                    Spelling{"fd00:0::2", kWeb}));

TEST(FindNamespaceOwn, IsKnownOnALiveHostOnly) {
  EXPECT_EQ(found(test_host(), ".", kBlue), kBlue);
  const auto saved = found(test_host(), ".");
  EXPECT_THAT(saved.error().text, HasSubstr("saved snapshot"));
}

TEST(FindNamespaceThread, IsFoundByItsTid) {
  model::Snapshot snapshot = test_host();
  model::Holder holder;
  holder.kind = model::HolderKind::thread;
  holder.pid = Pid(10);
  holder.tid = Pid(11);
  snapshot.namespaces[5].holders = {holder};
  EXPECT_EQ(found(snapshot, "pid:11"), kBare);
}

TEST(FindNamespaceAmbiguous, ListsTheCandidates) {
  const auto result = found(test_host(), "127.0.0.1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Error::Kind::usage);
  EXPECT_EQ(result.error().text,
            "namespace 127.0.0.1: 2 namespaces answer to it: host net:[100], web net:[201]");
  EXPECT_EQ(result.error().hint, "one of their inodes, as ino:100");
}

TEST(FindNamespaceAmbiguous, ListsNoMoreThanEight) {
  model::Snapshot snapshot;
  for (std::uint64_t i = 1; i <= 12; ++i) {
    snapshot.namespaces.push_back(test_namespace({4, i}));
    snapshot.namespaces.back().names = {{"same", "netns", ""}};
  }
  const auto result = found(snapshot, "same");
  EXPECT_THAT(result.error().text, HasSubstr("same (8) net:[8] and 4 more"));
}

TEST(FindNamespaces, GivesAllThatAnswer) {
  model::Snapshot snapshot = test_host();
  snapshot.containers.push_back(test_container("feed00000000", "blue", kBare));
  const model::Index index(snapshot);
  const auto count = [&](std::string_view argument) {
    return find_namespaces(index, Titles(index), argument, {}).size();
  };
  EXPECT_EQ(count("blue"), 2u);
  EXPECT_EQ(count("host"), 1u);
  EXPECT_EQ(count("nothing"), 0u);
  EXPECT_EQ(count("."), 0u);
}

TEST(FindNamespaceNotFound, HintsAtNearNames) {
  EXPECT_EQ(found(test_host(), "wbe").error().hint, "web");
  EXPECT_EQ(found(test_host(), "blu").error().hint, "blue, /run/netns/blue");
  EXPECT_EQ(found(test_host(), "812").error().hint, "pid:812 or ino:812");
  EXPECT_EQ(found(test_host(), "nothing-like-it").error().hint, "a name from nsmap ls");
  for (const char* argument : {"", "pid:", "pid:x", "pid:99999999999", "ino:1", "hidden:2",
                               "ino:-1", "dea", "net:[", "net:[]"})
    EXPECT_FALSE(found(test_host(), argument)) << argument;
}

TEST(FindNamespaceNotFound, TakesLongArguments) {
  EXPECT_FALSE(found(test_host(), std::string(2'000'000, 'x')));
}

}  // namespace
}  // namespace nsmap::analyze
