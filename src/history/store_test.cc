#include "history/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "codec/random_snapshot.h"
#include "history/sqlite.h"

namespace nsmap::history {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kSecond = 1'000'000'000;

class HistoryStore : public testing::Test {
 protected:
  HistoryStore() {
    std::string pattern = (fs::temp_directory_path() / "history-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~HistoryStore() override { fs::remove_all(directory_); }

  std::string path(const char* name = "history.db") const { return (directory_ / name).string(); }
  Store open(Access access = Access::create) const {
    auto store = Store::open(path(), access);
    EXPECT_TRUE(store) << (store ? "" : store.error().text);
    return std::move(*store);
  }
  // What is wrong with the file.
  std::string refusal(const std::string& file, Error::Kind kind = Error::Kind::usage) const {
    const auto store = Store::open(file, Access::existing);
    if (store) return "";
    EXPECT_EQ(store.error().kind, kind);
    EXPECT_THAT(store.error().text, HasSubstr(file));
    return store.error().text;
  }
  // Does something to the file that nsmap never does.
  void tamper(const char* sql) const {
    auto database = Database::open(path(), false);
    ASSERT_TRUE(database);
    const auto done = database->run(sql);
    ASSERT_TRUE(done) << done.error().text;
  }

  fs::path directory_;
};

// A host of so many namespaces, each with an interface and much to say.
model::Snapshot host(std::size_t namespaces, std::int64_t seconds = 1) {
  model::Snapshot snapshot;
  snapshot.host.hostname = "vm";
  snapshot.host.time_ns = seconds * kSecond;
  for (std::size_t i = 0; i < namespaces; ++i) {
    model::Namespace& ns = snapshot.namespaces.emplace_back();
    ns.id = {4, 100 + i};
    ns.links.resize(2);
    ns.links[1].name = "eth" + std::to_string(i * 7919);
    for (int j = 0; j < 100; ++j)
      ns.sysctls.push_back({"net.x." + std::to_string(j * (static_cast<int>(i) + 17)), j});
  }
  return snapshot;
}

Entry saved(Store& store, const model::Snapshot& snapshot) {
  const auto entry = store.save(snapshot);
  EXPECT_TRUE(entry) << (entry ? "" : entry.error().text);
  return entry.value_or(Entry());
}

TEST_F(HistoryStore, GivesBackWhatWasSaved) {
  Store store = open();
  for (std::uint32_t seed = 0; seed < 60; ++seed) saved(store, codec::RandomSnapshot(seed).make());
  Store again = open(Access::existing);
  for (std::uint32_t seed = 0; seed < 60; ++seed)
    ASSERT_EQ(again.load(seed + 1), codec::RandomSnapshot(seed).make()) << seed;
  EXPECT_THAT(again.load(61).error().text, HasSubstr("no snapshot #61"));
}

TEST_F(HistoryStore, StoresUnchangedPartsOnce) {
  Store store = open();
  model::Snapshot snapshot = host(100);
  const Entry first = saved(store, snapshot);
  EXPECT_EQ(first.id, 1);
  EXPECT_EQ(first.hostname, "vm");
  EXPECT_EQ(first.namespaces, 100u);
  EXPECT_EQ(first.parts, 105u);
  EXPECT_EQ(first.new_parts, 104u);  // processes and containers are the same empty list
  const Entry same = saved(store, snapshot);
  EXPECT_EQ(same.new_parts, 0u);
  snapshot.namespaces[50].links[1].mtu = 1400;
  const Entry changed = saved(store, snapshot);
  EXPECT_EQ(changed.new_parts, 1u);
  EXPECT_LT(changed.added, first.added / 50);
  for (model::Namespace& ns : snapshot.namespaces) ns.links[1].counters.rx_bytes += 99;
  EXPECT_EQ(saved(store, snapshot).new_parts, 1u);
  EXPECT_EQ(store.load(4), snapshot);
}

TEST_F(HistoryStore, LoadsLongChainsOfChanges) {
  Store store = open();
  model::Snapshot snapshot = host(2);
  for (std::uint32_t i = 0; i < 60; ++i) {
    snapshot.namespaces[1].links[1].mtu = i;
    EXPECT_EQ(saved(store, snapshot).new_parts, i == 0 ? 6u : 1u);
  }
  for (std::uint32_t i = 0; i < 60; ++i) {
    snapshot.namespaces[1].links[1].mtu = i;
    ASSERT_EQ(store.load(i + 1), snapshot);
  }
  EXPECT_EQ(Database::open(path(), false)->number("SELECT max(steps) FROM part"), 16);
}

TEST_F(HistoryStore, ListsByTimeWithWhatChanged) {
  Store store = open();
  const Tell tell = [](const model::Snapshot& before) {
    return "since second " + std::to_string(before.host.time_ns / kSecond);
  };
  for (const std::int64_t second : {10, 30, 20}) EXPECT_TRUE(store.save(host(1, second), tell));
  const auto entries = *store.list();
  ASSERT_EQ(entries.size(), 3u);
  const std::int64_t ids[] = {1, 3, 2};
  const char* const changes[] = {"", "since second 10", "since second 10"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(entries[i].id, ids[i]);
    EXPECT_EQ(entries[i].time_ns, (i + 1) * 10 * kSecond);
    EXPECT_EQ(entries[i].changes, changes[i]);
  }
  EXPECT_FALSE(entries[0].since);
  EXPECT_EQ(entries[2].since, 1);
}

TEST_F(HistoryStore, PruneLeavesWhatOthersNeed) {
  Store store = open();
  model::Snapshot snapshot = host(20);
  std::vector<model::Snapshot> all;
  for (std::uint32_t i = 0; i < 50; ++i) {
    snapshot.host.time_ns = i * kSecond;
    snapshot.namespaces[i % 3].links[1].mtu = i;
    saved(store, snapshot);
    all.push_back(snapshot);
  }
  const auto planned = store.prune({.keep = 10}, true);
  ASSERT_TRUE(planned) << planned.error().text;
  EXPECT_EQ(store.list()->size(), 50u);
  const auto pruned = store.prune({.keep = 10});
  ASSERT_TRUE(pruned) << pruned.error().text;
  EXPECT_EQ(pruned->removed, 40u);
  EXPECT_EQ(pruned->left, 10u);
  EXPECT_GT(pruned->parts, 10u);
  EXPECT_EQ(planned->removed, pruned->removed);
  EXPECT_EQ(planned->parts, pruned->parts);
  EXPECT_EQ(planned->bytes, pruned->bytes);
  for (std::size_t i = 40; i < 50; ++i)
    ASSERT_EQ(store.load(static_cast<std::int64_t>(i) + 1), all[i]);
  EXPECT_EQ(store.prune({.before_ns = 45 * kSecond})->removed, 5u);
  EXPECT_EQ(store.list()->front().time_ns, 45 * kSecond);
  EXPECT_EQ(store.prune({})->removed, 0u);
  EXPECT_EQ(saved(store, snapshot).id, 51);
}

TEST_F(HistoryStore, PruneOfAllLeavesNothing) {
  Store store = open();
  saved(store, host(300));
  const auto full = fs::file_size(path());
  EXPECT_EQ(store.prune({.keep = 0})->left, 0u);
  EXPECT_EQ(Database::open(path(), false)->number("SELECT count(*) FROM part"), 0);
  EXPECT_LT(fs::file_size(path()), 50'000u) << full;
  EXPECT_EQ(saved(store, host(1)).id, 2);
}

TEST_F(HistoryStore, RefusesWhatIsNoHistory) {
  EXPECT_THAT(refusal(path("none")), HasSubstr("there is no history yet"));
  std::ofstream(path("text")) << std::string(5000, 'x');
  EXPECT_THAT(refusal(path("text")), HasSubstr("not an nsmap history"));
  std::ofstream(path("empty"));
  EXPECT_THAT(refusal(path("empty")), HasSubstr("there is no history yet"));
  EXPECT_TRUE(Database::open(path("foreign"), true)->run("CREATE TABLE a (b)"));
  EXPECT_THAT(refusal(path("foreign")), HasSubstr("not an nsmap history"));
  EXPECT_FALSE(Store::open(path("foreign"), Access::create));
  EXPECT_FALSE(Store::open(path("text"), Access::create));
  EXPECT_THAT(refusal(directory_.string(), Error::Kind::unreadable), HasSubstr("opening"));
  std::ofstream(path("file"));
  const auto under_file = Store::open(path("file/history.db"), Access::create);
  EXPECT_EQ(under_file.error().kind, Error::Kind::unreadable);
}

TEST_F(HistoryStore, RefusesANewerVersion) {
  { open(); }
  tamper("PRAGMA user_version = 2");
  EXPECT_THAT(refusal(path()), HasSubstr("a history of version 2"));
}

TEST_F(HistoryStore, MakesItsDirectoryForItsOwnerAlone) {
  const std::string deep = path("a/b/history.db");
  EXPECT_TRUE(Store::open(deep, Access::create));
  EXPECT_EQ(fs::status(path("a/b")).permissions(), fs::perms::owner_all);
}

TEST_F(HistoryStore, SaysWhatIsDamaged) {
  constexpr const char* kDamages[] = {
      "UPDATE part SET frame = substr(frame, 1, length(frame) - 5)",
      "UPDATE part SET frame = zeroblob(100)",
      "UPDATE part SET hash = randomblob(32)",
      "UPDATE part SET base = id, steps = 1",
      "UPDATE part SET base = 1000000, steps = 1",
      "UPDATE part SET base = 1, steps = 1000000",
      "DELETE FROM part WHERE subject = 'head'",
      "UPDATE snapshot SET parts = '[1,2'",
      "UPDATE snapshot SET parts = '[1,2,3]'",
      "ALTER TABLE part RENAME TO other",
  };
  for (const char* const damage : kDamages) {
    fs::remove_all(path());
    {
      Store store = open();
      saved(store, host(2));
      tamper(damage);
    }
    Store store = open(Access::existing);
    const auto loaded = store.load(1);
    ASSERT_FALSE(loaded) << damage;
    EXPECT_EQ(loaded.error().kind, Error::Kind::usage) << damage << loaded.error().text;
    EXPECT_THAT(loaded.error().text, StartsWith(path())) << damage;
  }
}

TEST_F(HistoryStore, SurvivesDamageAnywhereInTheFile) {
  {
    Store store = open();
    for (int i = 1; i < 20; ++i) saved(store, host(5, i));
  }
  std::ifstream file(path(), std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  std::mt19937 random;
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    for (int j = 0; j < 20; ++j) bad[random() % bad.size()] = static_cast<char>(random());
    std::ofstream(path("bad"), std::ios::binary) << bad;
    auto store = Store::open(path("bad"), Access::existing);
    if (!store && ++refused) continue;
    const auto entries = store->list();
    for (int id = 1; id < 20; ++id) {
      const auto loaded = store->load(id);
      refused += !loaded;
      ASSERT_TRUE(!loaded || *loaded == host(5, id));  // all of it, or a refusal
    }
  }
  EXPECT_GT(refused, 50);
}

TEST_F(HistoryStore, ManyWriteAndReadAtATime) {
  constexpr int kWriters = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i)
    threads.emplace_back([&, i] {
      Store store = open();
      for (int j = 0; j < kEach; ++j) saved(store, host(5, i * 100 + j));
    });
  threads.emplace_back([&] {
    Store store = open();
    for (int i = 0; i < 100; ++i) {
      const auto entries = store.list();
      ASSERT_TRUE(entries) << entries.error().text;
      if (entries->empty()) continue;
      const auto loaded = store.load(entries->back().id);
      ASSERT_TRUE(loaded) << loaded.error().text;
    }
  });
  threads.emplace_back([&] {
    Store store = open();
    for (int i = 0; i < 10; ++i) {
      const auto pruned = store.prune({.keep = 1000});
      EXPECT_TRUE(pruned) << pruned.error().text;
    }
  });
  for (std::thread& thread : threads) thread.join();
  Store store = open();
  const auto entries = *store.list();
  ASSERT_EQ(entries.size(), kWriters * kEach);
  for (const Entry& entry : entries)
    ASSERT_EQ(store.load(entry.id), host(5, entry.time_ns / kSecond));
}

}  // namespace
}  // namespace nsmap::history
