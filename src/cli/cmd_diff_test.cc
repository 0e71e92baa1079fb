#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "analyze/diff.h"
#include "analyze/test_host.h"
#include "cli/cli.h"
#include "codec/json.h"
#include "codec/random_snapshot.h"

namespace nsmap::cli {
namespace {

using analyze::DiffChange;
using analyze::Difference;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// `nsmap diff` where standard input is one snapshot and the live host another.
class DiffCommand : public testing::Test {
 protected:
  DiffCommand() {
    now_.host.privileged = saved_.host.privileged = true;
    environment_.collect = [this](collect::Facts) { return Result<model::Snapshot>(now_); };
    environment_.own_netns = [] { return analyze::kHost; };
    environment_.read_in = [this](std::size_t) {
      return SysResult<std::string>(codec::snapshot_to_json(saved_));
    };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return SysResult<void>();
    };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
  }

  int diff(std::vector<std::string> arguments) {
    out_.clear();
    err_.clear();
    arguments.insert(arguments.begin(), "diff");
    return run(arguments, environment_);
  }

  model::Snapshot saved_ = analyze::test_host();
  model::Snapshot now_ = analyze::test_host();
  Environment environment_;
  std::string out_, err_;
};

TEST_F(DiffCommand, OfTheSameIsSilentAndExit0) {
  EXPECT_EQ(diff({"-"}), 0) << err_;
  EXPECT_EQ(diff({"-", "now"}), 0) << err_;
  EXPECT_EQ(diff({"now", "now"}), 0) << err_;
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_THAT(err_, IsEmpty());
  EXPECT_EQ(diff({"-", "--json"}), 0);
  EXPECT_EQ(out_, "[]\n");
}

TEST_F(DiffCommand, TellsWhatChangedAndExits1) {
  now_.namespaces[1].links[1].mtu = 1400;
  now_.namespaces[3].names.push_back({"x", "netns", "/run/netns/x"});
  EXPECT_EQ(diff({"-"}), 1);
  EXPECT_EQ(out_, "blue\n  + name /run/netns/x\nweb\n  ~ link eth0: mtu 0 → 1400\n");
  EXPECT_EQ(diff({"now", "-"}), 1);
  EXPECT_EQ(out_, "blue\n  - name /run/netns/x\nweb\n  ~ link eth0: mtu 1400 → 0\n");
  EXPECT_EQ(diff({"now", "--from", "-", "--ignore", "names,links"}), 0);
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(DiffCommand, GivesJson) {
  now_.namespaces[1].links[1].mtu = 1400;
  EXPECT_EQ(diff({"-", "--json"}), 1);
  EXPECT_EQ(out_, R"([{"change":"changed","subject":"link","what":"eth0",)"
                  R"("fields":[{"field":"mtu","before":"0","after":"1400"}],"title":"web",)"
                  R"("before":{"dev":4,"ino":201},"after":{"dev":4,"ino":201}}])"
                  "\n");
}

TEST_F(DiffCommand, WrongUseIsExit2) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "SNAPSHOT"},
      {{"-", "-"}, "standard input"},
      {{"-", "now", "--from", "x"}, "twice"},
      {{"/no/such/file"}, "/no/such/file"},
      {{"now", "/no/such/file"}, "/no/such/file"},
      {{"-", "--ignore", "route"}, "did you mean 'routes'"},
      {{"-", "now", "now"}, "SNAPSHOT"},
  };
  for (const auto& [arguments, error] : cases) {
    EXPECT_EQ(diff(arguments), 2) << testing::PrintToString(arguments);
    EXPECT_THAT(err_, HasSubstr(error));
    EXPECT_THAT(out_, IsEmpty());
  }
}

TEST_F(DiffCommand, HostileNamesStayOnTheirLine) {
  now_.namespaces[1].links[1].name = "e\x1b[31m\n";
  now_.processes[1].comm = "\x1b]0;x\a";
  now_.processes[1].start_ticks = 5;
  now_.namespaces[3].names = {{"b\nlue", "netns", "/run/netns/b\nlue"}};
  EXPECT_EQ(diff({"-"}), 1);
  EXPECT_THAT(out_, AllOf(Not(HasSubstr("\x1b")), HasSubstr("now called e\\x1b[31m\\x0a\n"),
                          HasSubstr("+ process \\x1b]0;x\\x07 (20)\n")));
}

TEST_F(DiffCommand, HasColoursOnATerminal) {
  environment_.out_is_terminal = true;
  now_.namespaces[1].links.pop_back();
  EXPECT_EQ(diff({"-"}), 1);
  EXPECT_THAT(out_, HasSubstr("\x1b["));
  EXPECT_EQ(diff({"-", "--no-color"}), 1);
  EXPECT_THAT(out_, Not(HasSubstr("\x1b[")));
}

std::vector<Difference> compare(const model::Snapshot& before, const model::Snapshot& after) {
  const model::Index index_before(before), index_after(after);
  const analyze::Titles titles_before(index_before), titles_after(index_after);
  return analyze::diff({index_before, titles_before}, {index_after, titles_after});
}

// What a change happened to, by kind: how it is called depends on which snapshot is the later.
std::vector<analyze::DiffSubject> of_change(const std::vector<Difference>& differences,
                                            DiffChange change) {
  std::vector<analyze::DiffSubject> found;
  for (const Difference& one : differences)
    if (one.change == change) found.push_back(one.subject);
  std::ranges::sort(found);
  return found;
}

TEST(DiffOfAnything, WithItselfIsNothing) {
  for (std::uint32_t seed = 0; seed != 300; ++seed) {
    const model::Snapshot snapshot = codec::RandomSnapshot(seed).make();
    EXPECT_EQ(compare(snapshot, snapshot), std::vector<Difference>()) << "seed " << seed;
  }
}

TEST(DiffOfAnything, IsTheSameFromBothSides) {
  for (std::uint32_t seed = 0; seed != 300; ++seed) {
    const model::Snapshot a = codec::RandomSnapshot(seed).make();
    const model::Snapshot b = codec::RandomSnapshot(seed + 1000).make();
    const auto there = compare(a, b), back = compare(b, a);
    constexpr std::pair<DiffChange, DiffChange> kOpposites[] = {
        {DiffChange::added, DiffChange::removed},
        {DiffChange::removed, DiffChange::added},
        {DiffChange::changed, DiffChange::changed},
        {DiffChange::replaced, DiffChange::replaced},
        {DiffChange::unread_before, DiffChange::unread_after}};
    for (const auto& [change, opposite] : kOpposites)
      EXPECT_EQ(of_change(there, change), of_change(back, opposite)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace nsmap::cli
