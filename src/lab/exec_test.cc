#include "lab/exec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "os/fake_changes.h"

namespace nsmap::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Exec : public testing::Test {
 protected:
  NotRun run(const Place& place, const Execution& running = {.command = {"ip", "link"}}) {
    return execute(system_, place, running, warn_);
  }

  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  System system_{kernel_, changes_};
  std::vector<std::string> warnings_;
  Warn warn_ = [this](std::string_view line) { warnings_.emplace_back(line); };
};

TEST_F(Exec, ComesToItsPlaceStepByStep) {
  kernel_.add_file("/etc/netns/red/resolv.conf", "nameserver 192.0.2.53\n");
  (void)run({.title = "red", .net = {}, .name = "red"},
            {.command = {"ip", "link"}, .user = os::User{"root", Uid(0), 0, {}}});
  EXPECT_THAT(changes_.calls, ElementsAre("enter 40000000", "unshare_mounts",
                                          "bind /etc/netns/red/resolv.conf /etc/resolv.conf",
                                          "mount_sysfs", "become root", "execute ip link"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(Exec, CopiesAContainersOwnDns) {
  changes_.within["/proc/7/root/etc/resolv.conf"] = "nameserver 192.0.2.53";
  (void)run({.title = "web", .net = {}, .name = {}, .dns_of = Pid(7)});
  EXPECT_THAT(changes_.calls,
              testing::Contains("bind_text nameserver 192.0.2.53 /etc/resolv.conf"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("/etc/hosts is still the host's")));
}

TEST_F(Exec, StatusesAreThoseOfShells) {
  const auto status = [&](const char* call, int error) {
    changes_.failures = {{call, error}};
    return run({.title = "red", .net = {}, .name = {}}).status;
  };
  EXPECT_EQ(status("execute", ENOENT), 127);
  EXPECT_EQ(status("execute", EACCES), 126);
  EXPECT_EQ(status("execute", ENOEXEC), 126);
  EXPECT_EQ(status("enter", EPERM), 3);
  EXPECT_EQ(status("unshare_mounts", EINVAL), 3);
}

TEST_F(Exec, GoesByTheUserNamespaceWhereThereIsNoOtherWay) {
  constexpr std::uint64_t kNet = 40, kUser = 41;
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, kNet);
  const auto net = kernel_.open(os::kNoDir, "/run/netns/red", 0);
  changes_.failures["enter 40000000"] = EPERM;
  EXPECT_EQ(run({.title = "red", .net = *net, .name = {}}).status, 3);
  EXPECT_THAT(changes_.calls, ElementsAre("enter 40000000")) << "whose it is is not told";
  kernel_.owners[kNet] = {kUser, Uid(7)};
  changes_.calls.clear();
  EXPECT_EQ(run({.title = "red", .net = *net, .name = {}}).status, 3);
  EXPECT_THAT(changes_.calls, ElementsAre("enter 40000000", "enter 10000000", "enter 40000000"));
}

TEST_F(Exec, WithoutItsSysfsItRunsAllTheSame) {
  changes_.failures["mount_sysfs"] = EPERM;
  (void)run({.title = "red", .net = {}, .name = {}});
  EXPECT_EQ(changes_.calls.back(), "execute ip link");
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("/sys is not that of red")));
}

TEST_F(Exec, RunsNothingInAPlaceThatItCouldNotTake) {
  changes_.failures["become"] = EPERM;
  const auto why = run({.title = "red", .net = {}, .name = {}},
                       {.command = {"id"}, .user = os::User{"nobody", Uid(7), 7, {}}});
  EXPECT_EQ(why.status, 3);
  EXPECT_THAT(changes_.calls, testing::Not(testing::Contains("execute id")));
}

TEST_F(Exec, SideBySideEachHasItsStatus) {
  changes_.statuses = {0, 5};
  const Place places[] = {{.title = "red", .net = {}, .name = {}},
                          {.title = "blue", .net = {}, .name = {}}};
  const auto write = [](os::Stream, std::string_view) { return true; };
  EXPECT_THAT(execute_all(system_, places, {.command = {"ip"}}, warn_, write).value(),
              ElementsAre(0, 5));
}

TEST(LabelledLines, ComeOutWhole) {
  Labelled lines("red");
  EXPECT_EQ(lines.add("one\ntw"), "red: one\n");
  EXPECT_EQ(lines.add("o\n\nthr"), "red: two\nred: \n");
  EXPECT_EQ(lines.rest(), "red: thr\n");
  EXPECT_EQ(lines.rest(), "");
}

}  // namespace
}  // namespace nsmap::lab
