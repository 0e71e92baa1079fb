#include "cli/history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "analyze/test_host.h"
#include "cli/cli.h"
#include "codec/json.h"
#include "history/times.h"
#include "os/fake_changes.h"
#include "os/fake_kernel.h"

namespace nsmap::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kHour = 3600ll * 1'000'000'000;

// The program with a history of its own: three snapshots, five, three and one hours old.
class HistoryCommand : public testing::Test {
 protected:
  HistoryCommand() {
    std::string pattern = (fs::temp_directory_path() / "history-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    now_.host.privileged = true;
    environment_.collect = [this](collect::Facts) { return Result<model::Snapshot>(now_); };
    environment_.own_netns = [] { return analyze::kHost; };
    environment_.read_in = [](std::size_t) { return SysResult<std::string>("{}"); };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return SysResult<void>();
    };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
    environment_.history = path("history.db");
    environment_.kernel = &kernel_;
    environment_.changes = &changes_;
  }
  ~HistoryCommand() override { fs::remove_all(directory_); }

  int nsmap(const std::vector<std::string>& arguments) {
    out_.clear();
    err_.clear();
    return run(arguments, environment_);
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void save_three() {
    for (const int hours : {5, 3, 1}) {
      now_.host.time_ns = now_ns() - hours * kHour;
      now_.namespaces[1].links[1].mtu = static_cast<std::uint32_t>(1000 + hours);
      saved_.push_back(now_);
      ASSERT_EQ(nsmap({"history", "save"}), 0) << err_;
    }
  }
  std::string time_of(std::size_t i) const { return history::time_text(saved_[i].host.time_ns); }

  fs::path directory_;
  model::Snapshot now_ = analyze::test_host();
  std::vector<model::Snapshot> saved_;
  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  Environment environment_;
  std::string out_, err_;
};

TEST_F(HistoryCommand, SaveTellsWhenAndWhat) {
  save_three();
  EXPECT_THAT(out_, AllOf(StartsWith("saved #3, " + time_of(2) + ": 7 namespaces, "),
                          HasSubstr(" added; since #2: links ~1\n")));
  EXPECT_EQ(nsmap({"history", "save", "--json"}), 0);
  EXPECT_THAT(out_, AllOf(StartsWith(R"({"id":4,"time":"2)"), HasSubstr(R"("since":3})")));
}

TEST_F(HistoryCommand, LsListsThemByTime) {
  save_three();
  EXPECT_EQ(nsmap({"history", "ls"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("\n#1  " + time_of(0)), HasSubstr("\n#3  " + time_of(2)),
                          HasSubstr("links ~1\n")));
  EXPECT_EQ(nsmap({"history", "ls", "--json"}), 0);
  EXPECT_THAT(out_, AllOf(StartsWith(R"([{"id":1,)"), HasSubstr(R"("changes":"links ~1")")));
}

TEST_F(HistoryCommand, AtAnswersFromTheNewestNotAfter) {
  save_three();
  const std::pair<const char*, std::size_t> cases[] = {
      {"-2h", 1}, {"4h ago", 0}, {"now", 2}, {"-3h1m", 0}, {"#2", 1}};
  for (const auto& [time, i] : cases) {
    EXPECT_EQ(nsmap({"snapshot", "--at", time}), 0) << err_;
    EXPECT_EQ(out_, codec::snapshot_to_json(saved_[i])) << time;
    EXPECT_EQ(err_, fmt::format("nsmap: {}: answering from #{}, {}\n", time, i + 1, time_of(i)));
  }
  EXPECT_EQ(nsmap({"show", "web", "--at", time_of(1)}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("1003"));
}

TEST_F(HistoryCommand, ShowIsTheMapOfThatTime) {
  save_three();
  EXPECT_EQ(nsmap({"history", "show", "-2h"}), 0) << err_;
  const std::string map = out_;
  EXPECT_EQ(nsmap({"--at", "-2h"}), 0);
  EXPECT_EQ(map, out_);
  EXPECT_EQ(nsmap({"history", "show", "-2h", "--json"}), 0);
  EXPECT_EQ(out_, codec::snapshot_to_json(saved_[1]));
}

TEST_F(HistoryCommand, DiffTakesTimes) {
  save_three();
  EXPECT_EQ(nsmap({"diff", "#1", "-2h"}), 1) << err_;
  EXPECT_EQ(out_, "web\n  ~ link eth0: mtu 1005 → 1003\n");
  EXPECT_EQ(nsmap({"diff", "-4h"}), 1) << err_;
  EXPECT_EQ(out_, "web\n  ~ link eth0: mtu 1005 → 1001\n");
  EXPECT_EQ(nsmap({"diff", "now", "--at", "#1"}), 1) << err_;
  EXPECT_EQ(out_, "web\n  ~ link eth0: mtu 1001 → 1005\n");
  EXPECT_EQ(nsmap({"diff", "-30m"}), 0) << err_;
}

TEST_F(HistoryCommand, OfAFileAndATimeTheFileWins) {
  save_three();
  const fs::path before = fs::current_path();
  fs::current_path(directory_);
  std::ofstream("-4h") << codec::snapshot_to_json(saved_[2]);
  EXPECT_EQ(nsmap({"diff", "-4h"}), 0);
  EXPECT_THAT(err_, HasSubstr("the file of that name, not the time; --at -4h is the time"));
  fs::current_path(before);
  EXPECT_EQ(nsmap({"diff", "-4h"}), 1);
}

TEST_F(HistoryCommand, PruneRemovesTheOldest) {
  save_three();
  EXPECT_EQ(nsmap({"history", "prune", "--older-than", "4h", "--dry-run"}), 0) << err_;
  EXPECT_THAT(out_, StartsWith("would remove 1 snapshot, 2 left; "));
  EXPECT_EQ(nsmap({"history", "prune", "--older-than", "4h"}), 0) << err_;
  EXPECT_THAT(out_, StartsWith("removed 1 snapshot, 2 left; "));
  EXPECT_EQ(nsmap({"history", "prune", "--keep", "1", "--json"}), 0) << err_;
  EXPECT_THAT(out_, StartsWith(R"({"removed":1,"left":1,)"));
  EXPECT_EQ(nsmap({"history", "ls"}), 0);
  EXPECT_THAT(out_, HasSubstr("since #2: links ~1"));
  EXPECT_EQ(nsmap({"snapshot", "--at", "#3"}), 0);
  EXPECT_EQ(out_, codec::snapshot_to_json(saved_[2]));
}

TEST_F(HistoryCommand, SaveFromAFileTakesTheFilesTime) {
  save_three();
  now_.host.time_ns -= kHour;
  std::ofstream(path("a.json")) << codec::snapshot_to_json(now_);
  EXPECT_EQ(nsmap({"history", "save", "--from", path("a.json")}), 0) << err_;
  EXPECT_THAT(out_, AllOf(StartsWith("saved #4, "), HasSubstr("since #2: links ~1")));
  EXPECT_EQ(nsmap({"history", "ls", "--json"}), 0);
  EXPECT_LT(out_.find(R"("id":4)"), out_.find(R"("id":3)"));
}

TEST_F(HistoryCommand, WrongUseIsOneLine) {
  const auto refusal = [&](const std::vector<std::string>& arguments) {
    EXPECT_EQ(nsmap(arguments), 2) << testing::PrintToString(arguments);
    EXPECT_EQ(std::ranges::count(err_, '\n'), 1) << err_;
    EXPECT_THAT(out_, IsEmpty());
    return err_;
  };
  EXPECT_THAT(refusal({"--at", "14:30"}), HasSubstr("there is no history yet; try nsmap history"));
  EXPECT_THAT(refusal({"history", "ls"}), HasSubstr("there is no history yet"));
  save_three();
  EXPECT_THAT(refusal({"--at", "-6h"}), HasSubstr("nothing as old as"));
  EXPECT_THAT(refusal({"ls", "--at", "#9"}), HasSubstr("no #9; the nearest is #3"));
  EXPECT_THAT(refusal({"ls", "--at", "soon"}), HasSubstr("soon: that is no time; try 14:30"));
  EXPECT_THAT(refusal({"ls", "--at", "now", "--from", "-"}), HasSubstr("--from and --at"));
  EXPECT_THAT(refusal({"diff", "soon"}), HasSubstr("soon: no such file, and no time"));
  EXPECT_THAT(refusal({"diff", "now", "now", "--at", "#1"}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({"history"}), HasSubstr("nsmap history --help"));
  EXPECT_THAT(refusal({"history", "show"}), HasSubstr("TIME"));
  EXPECT_THAT(refusal({"history", "show", "#1", "--at", "#1"}), HasSubstr("TIME says which"));
  EXPECT_THAT(refusal({"history", "save", "--at", "#1"}), HasSubstr("in the history already"));
  EXPECT_THAT(refusal({"history", "prune"}), HasSubstr("nothing says what is to go"));
  EXPECT_THAT(refusal({"history", "prune", "--older-than", "5"}), HasSubstr("no age"));
  EXPECT_THAT(refusal({"--at", "now", "history", "ls"}), HasSubstr("not for it"));
  environment_.history = "";
  EXPECT_THAT(refusal({"history", "ls"}), HasSubstr("--history PATH"));
  EXPECT_EQ(nsmap({"history", "ls", "--history", path("history.db")}), 0);
}

TEST(HistoryTexts, SizesAreShort) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.0 kB");
  EXPECT_EQ(size_text(31'400'000), "31 MB");
  EXPECT_EQ(size_text(999'700), "1.0 MB");
  EXPECT_EQ(count_text(1, "part"), "1 part");
  EXPECT_EQ(count_text(0, "part"), "0 parts");
}

}  // namespace
}  // namespace nsmap::cli
