#include "cli/ns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_host.h"
#include "cli/cli.h"
#include "os/fake_changes.h"

namespace nsmap::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// `nsmap ns` over a host that lives in memory.
class Ns : public testing::Test {
 protected:
  Ns() {
    snapshot_.host.privileged = true;
    environment_.collect = [this](collect::Facts) {
      ++collected_;
      return Result<model::Snapshot>(snapshot_);
    };
    environment_.own_netns = [] { return analyze::kBlue; };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return SysResult<void>();
    };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
    environment_.kernel = &kernel_;
    environment_.changes = &changes_;
  }

  int ns(std::vector<std::string> arguments) {
    out_.clear();
    err_.clear();
    changes_.calls.clear();
    arguments.insert(arguments.begin(), "ns");
    return run(arguments, environment_);
  }

  model::Snapshot snapshot_ = analyze::test_host();
  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  Environment environment_;
  int collected_ = 0;
  std::string out_, err_;
};

TEST_F(Ns, AddsWithoutALookAtTheHost) {
  EXPECT_EQ(ns({"add", "new", "newer", "--no-lo"}), 0) << err_;
  EXPECT_THAT(changes_.calls, Contains("pin /run/netns/newer"));
  EXPECT_EQ(ns({"add", "other", "--at", "/srv/other", "--no-lo"}), 0) << err_;
  EXPECT_THAT(changes_.calls, Contains("pin /srv/other"));
  EXPECT_EQ(collected_, 0);
  EXPECT_THAT(out_ + err_, IsEmpty());
}

TEST_F(Ns, WrongUseIsOneLineAndExit2) {
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, 42);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {},
           {"nonsense"},
           {"add"},
           {"add", "a/b"},
           {"add", "red"},
           {"add", "a", "b", "--at", "/srv/a"},
           {"add", "a", "--from", "x"},
           {"rm", "nothing"},
           {"adopt", "a"},
           {"adopt", "a", "nothing-like-it"},
           {"adopt", "red", "red"},
           {"exec", "red"},
           {"exec", "red", "--"},
           {"exec", "--", "true"},
           {"exec", "red", "--all", "--", "true"},
           {"exec", "red", "true"},
           {"exec", "red", "--user", "nobody-like-it", "--", "true"},
           {"internet"},
           {"internet", "red", "--off", "--via", "eth0"},
           {"internet", "red", "blue"},
           {"shell"},
           {"id", "word"},
           {"id", "999999"}}) {
    EXPECT_EQ(ns(arguments), 2) << testing::PrintToString(arguments) << err_;
    EXPECT_EQ(std::ranges::count(err_, '\n'), 1) << err_;
  }
}

TEST_F(Ns, WhatItActsOnTheLiveHostTakesNoSnapshot) {
  EXPECT_EQ(run({"--from", "x.json", "ns", "rm", "red"}, environment_), 2);
  EXPECT_THAT(err_, HasSubstr("--from"));
  EXPECT_THAT(changes_.calls, IsEmpty());
}

TEST_F(Ns, AStaleNameGoesWithAWord) {
  kernel_.add_file("/run/netns/stale", "");
  EXPECT_EQ(ns({"rm", "stale"}), 0);
  EXPECT_THAT(err_, HasSubstr("stale"));
}

TEST_F(Ns, ExecTakesAllAfterTheDashesAsTheProgram) {
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, 42);
  EXPECT_EQ(ns({"exec", "red", "--", "ip", "--json", "--", "link"}), 126);
  EXPECT_EQ(changes_.calls.back(), "execute ip --json -- link");
  EXPECT_EQ(collected_, 0);
  changes_.failures["execute"] = ENOENT;
  EXPECT_EQ(ns({"exec", "red", "--", "no-such"}), 127);
  EXPECT_THAT(err_, HasSubstr("no-such"));
}

TEST_F(Ns, ExecInSeveralTellsWhichFailed) {
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, 42);
  kernel_.add_namespace("/run/netns/blue", os::NamespaceType::net, 43);
  changes_.statuses = {0, 0};
  EXPECT_EQ(ns({"exec", "red,blue", "--", "true"}), 0) << err_;
  changes_.statuses = {0, 4};
  EXPECT_EQ(ns({"exec", "red,blue", "--", "true"}), 1);
  EXPECT_THAT(err_, HasSubstr("1 of 2 failed: blue (exit 4)"));
}

TEST_F(Ns, ANameWithACommaIsOneName) {
  kernel_.add_namespace("/run/netns/red,blue", os::NamespaceType::net, 42);
  (void)ns({"exec", "red,blue", "--", "true"});
  EXPECT_EQ(changes_.calls.back(), "execute true");
}

TEST_F(Ns, ShellsAreTheUsers) {
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, 42);
  (void)ns({"shell", "red", "--user", "root"});
  EXPECT_EQ(changes_.calls.back(), "execute /bin/fake");
}

TEST_F(Ns, ListIsTheList) {
  EXPECT_EQ(ns({"ls"}), 0) << err_;
  const std::string listed = out_;
  EXPECT_EQ(run({"ls"}, environment_), 0);
  EXPECT_EQ(out_, listed + listed);
}

TEST_F(Ns, IdTellsOfOneNamespace) {
  EXPECT_EQ(ns({"id"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("nsmap is in "));
  EXPECT_EQ(ns({"id", "--json"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("\"ino\":" + std::to_string(analyze::kBlue.ino)));
}

TEST_F(Ns, HelpListsTheMembers) {
  EXPECT_EQ(ns({"--help"}), 0);
  for (const char* member : {"add", "rm", "adopt", "internet", "ls", "exec", "shell", "id"})
    EXPECT_THAT(out_, HasSubstr(std::string("\n  ") + member + " "));
}

}  // namespace
}  // namespace nsmap::cli
