#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "os/change.h"
#include "os/files.h"
#include "os/procfs.h"

namespace nsmap::os {
namespace {

namespace fs = std::filesystem;

// What needs no privilege is tried here; the rest is e2e.ns.
class RealChanges : public testing::Test {
 protected:
  RealChanges() {
    std::string pattern = (fs::temp_directory_path() / "change-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~RealChanges() override { fs::remove_all(directory_); }

  std::string path(const char* name) const { return (directory_ / name).string(); }
  std::string content(const char* name) const { return *read_whole(path(name), 1 << 20); }
  static std::uint64_t start_ticks(Pid pid) {
    const auto text = read_whole("/proc/" + std::to_string(pid.value) + "/stat", 4096);
    return parse_stat(text.value()).value().start_ticks;
  }

  Changes& changes_ = real_changes();
  fs::path directory_;
};

TEST_F(RealChanges, AppendsToFilesThatItMakes) {
  ASSERT_TRUE(changes_.make_directory(path("a/b")));
  ASSERT_TRUE(changes_.make_directory(path("a/b")));
  ASSERT_TRUE(changes_.append_file(path("a/b/log"), "one\n"));
  ASSERT_TRUE(changes_.append_file(path("a/b/log"), "two\n"));
  EXPECT_EQ(content("a/b/log"), "one\ntwo\n");
  EXPECT_EQ(changes_.remove_directory(path("a/b")).error().value, ENOTEMPTY);
  EXPECT_TRUE(changes_.remove_file(path("a/b/log")));
  EXPECT_TRUE(changes_.remove_directory(path("a/b")));
}

TEST_F(RealChanges, WritesSettingsThatAreThere) {
  std::ofstream(path("setting")) << "0";
  EXPECT_TRUE(changes_.write_setting(path("setting"), "1"));
  EXPECT_EQ(content("setting"), "1");
  EXPECT_EQ(changes_.write_setting(path("none"), "1").error().value, ENOENT);
}

TEST_F(RealChanges, ALockIsHeldOnce) {
  auto held = changes_.lock_file(path("lock"));
  ASSERT_TRUE(held);
  EXPECT_EQ(content("lock"), std::to_string(::getpid()) + "\n");
  EXPECT_EQ(changes_.lock_file(path("lock")).error().value, EWOULDBLOCK);
  held->reset();
  EXPECT_TRUE(changes_.lock_file(path("lock")));
}

TEST_F(RealChanges, ReadsWithinARootWhateverLinksSay) {
  ASSERT_TRUE(changes_.make_directory(path("root/etc")));
  std::ofstream(path("secret")) << "secret";
  std::ofstream(path("root/etc/real")) << "inside";
  fs::create_symlink("/etc/real", path("root/etc/absolute"));
  fs::create_symlink("../../secret", path("root/etc/upward"));
  EXPECT_EQ(changes_.read_within(path("root"), "etc/absolute", 100), "inside");
  EXPECT_EQ(changes_.read_within(path("root"), "etc/upward", 100).error().value, ENOENT);
  EXPECT_EQ(changes_.read_within(path("root"), "etc", 100).error().value, EINVAL);
  EXPECT_EQ(changes_.read_within(path("root"), "etc/real", 3).error().value, EFBIG);
}

TEST_F(RealChanges, StartsProgramsThatLogAndStopsTheirSession) {
  const auto pid = changes_.start({.command = {"sh", "-c", "echo ready; sleep 1000 & wait"},
                                   .net = {},
                                   .log = path("log"),
                                   .detached = true});
  ASSERT_TRUE(pid);
  const auto ticks = start_ticks(*pid);
  for (int i = 0; i < 1000 && content("log").empty(); ++i) ::usleep(5000);
  EXPECT_EQ(content("log"), "ready\n");
  EXPECT_EQ(changes_.stop(*pid, ticks + 1, 100).error().value, ESRCH) << "another process";
  EXPECT_TRUE(changes_.stop(*pid, ticks, 2000));
  EXPECT_EQ(changes_.stop(*pid, ticks, 100).error().value, ESRCH);
}

TEST_F(RealChanges, StopsWhatWillNotListen) {
  const auto pid =
      changes_.start({.command = {"sh", "-c", "trap '' TERM; echo; while :; do sleep 0.05; done"},
                      .net = {},
                      .log = path("log"),
                      .detached = true});
  ASSERT_TRUE(pid);
  for (int i = 0; i < 1000 && content("log").empty(); ++i) ::usleep(5000);
  EXPECT_TRUE(changes_.stop(*pid, start_ticks(*pid), 200));
}

TEST_F(RealChanges, KeepsWhatHoldsNothingOfTheCaller) {
  bool noted = false;
  const auto pid = changes_.keep("kept", [&](Pid) { return noted = true; });
  ASSERT_TRUE(pid);
  EXPECT_TRUE(noted);
  const fs::path process = "/proc/" + std::to_string(pid->value);
  const auto waits_to_be_let_go = [&] { return fs::read_symlink(process / "fd/0") != "/dev/null"; };
  for (int i = 0; i < 1000 && waits_to_be_let_go(); ++i) ::usleep(5000);
  for (const auto& file : fs::directory_iterator(process / "fd"))
    EXPECT_EQ(fs::read_symlink(file), "/dev/null");
  EXPECT_EQ(fs::read_symlink(process / "cwd"), "/");
  EXPECT_EQ(read_whole(process / "comm", 100), "kept\n");
  EXPECT_TRUE(changes_.stop(*pid, start_ticks(*pid), 2000));
}

TEST_F(RealChanges, KeepsNothingThatIsNotNoted) {
  Pid begun;
  const auto kept = changes_.keep("kept", [&](Pid pid) { return begun = pid, false; });
  EXPECT_EQ(kept.error().value, ECANCELED);
  EXPECT_FALSE(fs::exists("/proc/" + std::to_string(begun.value)));
}

TEST_F(RealChanges, AreThoseOfRootInAUserNamespaceOfTheirOwn) {
  constexpr int kForbidden = 77;
  const auto body = [&](std::size_t) {
    if (!changes_.unshare_user()) return kForbidden;
    return ::geteuid() == 0 && ::getegid() == 0 && changes_.unshare_mounts() &&
                   changes_.mount_tmpfs("/tmp") && fs::is_empty("/tmp")
               ? 0
               : 1;
  };
  const auto ignore = [](std::size_t, Stream, std::string_view) { return true; };
  const auto statuses = changes_.run_all(1, 1, body, ignore);
  if (statuses->front() == kForbidden) GTEST_SKIP() << "user namespaces are forbidden here";
  EXPECT_EQ(statuses->front(), 0);
}

TEST_F(RealChanges, SaysWhyAProgramDoesNotStart) {
  EXPECT_EQ(changes_.start({.command = {"/no/such/program"}, .net = {}, .log = {}}).error().value,
            ENOENT);
  EXPECT_EQ(changes_.execute({"/"}).value, EACCES);
}

TEST_F(RealChanges, RunsSideBySide) {
  std::vector<std::string> out(5), err(5);
  const auto body = [](std::size_t at) {
    (void)write_whole(kStdout, "out" + std::to_string(at));
    (void)write_whole(kStderr, "err");
    if (at == 4) ::raise(SIGKILL);
    return static_cast<int>(at);
  };
  const auto statuses =
      changes_.run_all(5, 2, body, [&](std::size_t at, Stream stream, std::string_view text) {
        (stream == Stream::out ? out : err)[at] += text;
        return true;
      });
  EXPECT_EQ(statuses, (std::vector<int>{0, 1, 2, 3, 128 + SIGKILL}));
  EXPECT_EQ(out, (std::vector<std::string>{"out0", "out1", "out2", "out3", "out4"}));
  EXPECT_EQ(err, std::vector<std::string>(5, "err"));
}

TEST_F(RealChanges, EndsTheWriterOfWhatNobodyReads) {
  const auto body = [](std::size_t) {
    ::signal(SIGPIPE, SIG_DFL);
    while (write_whole(kStdout, "more\n")) {
    }
    return 0;
  };
  const auto statuses =
      changes_.run_all(1, 1, body, [](std::size_t, Stream, std::string_view) { return false; });
  EXPECT_EQ(statuses, std::vector<int>{128 + SIGPIPE});
}

TEST_F(RealChanges, FindsUsersByNameAndNumber) {
  EXPECT_EQ(changes_.find_user("root")->uid, Uid(0));
  EXPECT_EQ(changes_.find_user("0")->name, "root");
  EXPECT_EQ(changes_.find_user("4000000")->uid, Uid(4000000));
  EXPECT_EQ(changes_.find_user("no-such-user").error().value, ENOENT);
}

}  // namespace
}  // namespace nsmap::os
