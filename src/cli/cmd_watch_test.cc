#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "analyze/test_host.h"
#include "cli/cli.h"
#include "os/fake_changes.h"
#include "os/fake_kernel.h"

namespace nsmap::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class FakeFollower final : public live::Follower {
 public:
  explicit FakeFollower(bool hears) : hears_(hears) {}
  bool hears() const override { return hears_; }

 private:
  bool hears_;
};

// `nsmap watch` of a host that goes from one state to the next, where nobody reads any more after
// the last.
class WatchCommand : public testing::Test {
 protected:
  WatchCommand() {
    environment_.own_netns = [] { return analyze::kHost; };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return written_;
    };
    environment_.follow = [this](const live::Publish& publish) {
      publish(state(1, before_));
      publish(state(2, after_));
      return Result<std::unique_ptr<live::Follower>>(std::make_unique<FakeFollower>(hears_));
    };
    environment_.kernel = &kernel_;
    environment_.changes = &changes_;
  }

  live::StatePtr state(std::uint64_t number, const model::Snapshot& snapshot) {
    auto next = std::make_shared<live::State>(number, snapshot);
    if (last_)
      next->differences = analyze::diff({last_->index, last_->titles}, {next->index, next->titles});
    return last_ = next;
  }

  int watch(std::vector<std::string> arguments = {}) {
    out_.clear();
    err_.clear();
    last_.reset();
    arguments.insert(arguments.begin(), "watch");
    return run(arguments, environment_);
  }

  model::Snapshot before_ = analyze::test_host();
  model::Snapshot after_ = changed(before_);
  bool hears_ = true;
  SysResult<void> written_ = tl::unexpected(Errno{EPIPE});
  std::shared_ptr<live::State> last_;
  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  Environment environment_;
  std::string out_, err_;

 private:
  static model::Snapshot changed(model::Snapshot snapshot) {
    snapshot.host.time_ns = 1'700'000'000'123'000'000;
    model::Rule rule;
    rule.priority = 77;
    for (model::Namespace& ns : snapshot.namespaces)
      if (ns.id == analyze::kHost || ns.id == analyze::kBlue) ns.rules.push_back(rule);
    for (const model::NetnsId ns : {analyze::kHost, analyze::kBlue})
      snapshot.processes.push_back(
          analyze::test_process(ns == analyze::kHost ? 9001 : 9002, "late", ns));
    return snapshot;
  }
};

TEST_F(WatchCommand, TellsWhatChangedWithItsTime) {
  EXPECT_EQ(watch(), 0) << err_;
  EXPECT_THAT(out_, MatchesRegex("..:..:..\\.123  host: \\+ rule 77[^\n]*\n(.|\n)*"));
  EXPECT_THAT(out_, AllOf(HasSubstr("  blue: + rule 77"), HasSubstr("blue: + process late (9002)"),
                          Not(HasSubstr("9001"))));
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(WatchCommand, TellsOfTheHostsProcessesWhenAsked) {
  EXPECT_EQ(watch({"--all"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("host: + process late (9001)"));
}

TEST_F(WatchCommand, TellsOfSomeNamespacesAndSubjectsOnly) {
  EXPECT_EQ(watch({"blue", "--ignore", "processes"}), 0) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("blue: + rule 77"), Not(HasSubstr("host")), Not(HasSubstr("late"))));
}

TEST_F(WatchCommand, GivesAnObjectALineAsJson) {
  EXPECT_EQ(watch({"host", "--json"}), 0) << err_;
  EXPECT_THAT(out_, StartsWith(R"({"time_ns":1700000000123000000,"change":"added",)"));
  EXPECT_EQ(std::ranges::count(out_, '\n'), 1);
}

TEST_F(WatchCommand, SaysWhyItCannotGoOn) {
  written_ = tl::unexpected(Errno{ENOSPC});
  EXPECT_EQ(watch(), 3);
  EXPECT_THAT(err_, HasSubstr("writing what changed: No space left on device"));
  environment_.follow = [](const live::Publish&) -> Result<std::unique_ptr<live::Follower>> {
    return read_error("reading /proc/self/ns/net: No such file or directory");
  };
  EXPECT_EQ(watch(), 3);
  EXPECT_THAT(err_, HasSubstr("reading /proc"));
}

TEST_F(WatchCommand, SaysWhenItIsDeaf) {
  hears_ = false;
  EXPECT_EQ(watch(), 0);
  EXPECT_THAT(err_, HasSubstr("cannot be heard without root"));
}

}  // namespace
}  // namespace nsmap::cli
