#include "history/parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/random_snapshot.h"

namespace nsmap::history {
namespace {

using testing::HasSubstr;

std::vector<std::string> texts(const model::Snapshot& snapshot) {
  std::vector<std::string> list;
  for (const Part& part : split(snapshot)) list.push_back(part.text);
  return list;
}

// A snapshot that has everything, lists included.
model::Snapshot rich_snapshot() {
  for (std::uint32_t seed = 0;; ++seed) {
    model::Snapshot snapshot = codec::RandomSnapshot(seed).make();
    if (snapshot.namespaces.empty()) continue;
    const model::Namespace& ns = snapshot.namespaces.front();
    if (!ns.links.empty() && !ns.addresses.empty() && !ns.routes.empty()) return snapshot;
  }
}

TEST(Parts, JoinToWhatWasSplit) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const model::Snapshot snapshot = codec::RandomSnapshot(seed).make();
    ASSERT_EQ(join(texts(snapshot), "a"), snapshot) << seed;
  }
  EXPECT_EQ(join(texts({}), "a"), model::Snapshot());
}

TEST(Parts, WhatPassesLeavesTheNamespaceAsItWas) {
  const model::Snapshot before = rich_snapshot();
  model::Snapshot after = before;
  model::Namespace& ns = after.namespaces.front();
  ns.links.front().counters.rx_bytes += 1;
  ns.addresses.front().valid_s = 7;
  ns.addresses.front().preferred_s = 6;
  ns.routes.front().expires_s = 5;
  ns.neighbours.emplace_back();
  ns.fdb.emplace_back();
  ns.sockets.emplace_back();
  ASSERT_NE(before, after);
  const auto old_parts = split(before);
  const auto new_parts = split(after);
  ASSERT_EQ(old_parts.size(), new_parts.size());
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < old_parts.size(); ++i)
    if (old_parts[i].text != new_parts[i].text) changed.push_back(new_parts[i].subject);
  EXPECT_THAT(changed, testing::ElementsAre("counters", "passing"));
}

TEST(Parts, ThatDoNotFitAreRefused) {
  const auto good = texts(rich_snapshot());
  const auto refusal = [&](auto spoil) {
    auto bad = good;
    spoil(bad);
    const auto joined = join(bad, "a.db: #1");
    return joined ? "" : joined.error().text;
  };
  EXPECT_EQ(refusal([](auto& bad) { bad.resize(4); }), "a.db: #1: parts are missing");
  EXPECT_EQ(refusal([](auto& bad) { bad.pop_back(); }), "a.db: #1: its parts do not fit together");
  EXPECT_EQ(refusal([](auto& bad) { bad[1] = "[1,2]"; }),
            "a.db: #1: its parts do not fit together");
  EXPECT_EQ(refusal([](auto& bad) { bad[2] = "[]"; }), "a.db: #1: its parts do not fit together");
  EXPECT_EQ(refusal([](auto& bad) { bad[3] = "{}"; }), "a.db: #1: expected a list");
  EXPECT_EQ(refusal([](auto& bad) { bad[3] = "["; }), "a.db: #1: it is cut short");
  EXPECT_THAT(refusal([](auto& bad) { bad[0] = R"({"version":9})"; }),
              HasSubstr("a.db: #1: a snapshot of version 9"));
}

}  // namespace
}  // namespace nsmap::history
