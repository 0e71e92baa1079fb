#include "lab/user_lab.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "os/fake_changes.h"

namespace nsmap::lab {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Uid kUs{7};  // as FakeChanges has it
constexpr const char* kRuntime = "/run/user/7";
constexpr const char* kRecords = "/run/user/7/nsmap";

// A user with a runtime directory of their own and the record of a lab `shop`, kept by process 50.
class UserLabs : public testing::Test {
 protected:
  UserLabs() {
    changes_.users = {""};
    add_directory(kRuntime);
    add_directory(kRecords);
    kernel_.add_directory("/tmp");
    kernel_.add_file(std::string(kRecords) + "/shop.keeper", "50 77 3 4\n");
    kernel_.add_link("/proc/self/cwd", "/home/us");
    add_process(50, 77, 4);
  }

  void add_directory(const std::string& path, Uid owner = kUs, std::uint32_t mode = 0700) {
    kernel_.add_directory(path);
    kernel_.set_owner(path, owner, mode);
  }

  void add_process(int pid, int start, std::uint64_t mount_ns) {
    std::string stat = fmt::format("{} (lab:shop) S 1 {} {}", pid, pid, pid);
    for (int field = 7; field < 22; ++field) stat += " 0";  // proc_pid_stat(5)
    kernel_.add_file(fmt::format("/proc/{}/stat", pid), fmt::format("{} {} 0\n", stat, start));
    const std::string ns = fmt::format("/proc/{}/ns/", pid);
    kernel_.add_namespace(ns + "user", os::NamespaceType::user, 3);
    kernel_.add_namespace(ns + "mnt", os::NamespaceType::mount, mount_ns);
    kernel_.add_namespace(ns + "net", os::NamespaceType::net, 5);
  }

  // The error's text; empty: none.
  std::string enter(const std::string& name = "shop", const std::string& runtime = kRuntime) {
    changes_.calls.clear();
    const auto entered = enter_user_lab(system_, {runtime, {}}, name);
    return entered ? "" : line(entered.error());
  }

  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  System system_{kernel_, changes_};
  int works_ = 0;
  UserWork work_ = [this] {
    ++works_;
    return Result<Outcome>();
  };
};

TEST_F(UserLabs, AreEnteredThroughTheirKeeper) {
  EXPECT_EQ(enter(), "");
  EXPECT_THAT(changes_.calls,
              ElementsAre("enter 10000000", "enter 20000", "enter 40000000", "cd /home/us"));
  changes_.failures["enter"] = EPERM;
  EXPECT_THAT(enter(), HasSubstr("lab shop: entering /proc/50/ns/user"));
}

TEST_F(UserLabs, AreNotEnteredThroughAnotherProcess) {
  add_process(50, 78, 4);
  EXPECT_THAT(enter(), HasSubstr("its keeper was killed"));
  add_process(50, 77, 9);
  EXPECT_THAT(enter(), HasSubstr("not up in a user namespace"));
  add_process(60, 78, 4);
  EXPECT_THAT(enter(), HasSubstr("nsmap lab down --user-ns shop"));
  EXPECT_THAT(changes_.calls, IsEmpty());
}

TEST_F(UserLabs, WithoutARecordAreNotUp) {
  EXPECT_THAT(enter("other"), HasSubstr("lab other: it is not up in a user namespace"));
  for (const char* record : {"", "50 77 3", "50 77 3 4", "a b c d\n"}) {
    kernel_.add_file(std::string(kRecords) + "/shop.keeper", record);
    EXPECT_THAT(enter(), HasSubstr("not up in a user namespace")) << record;
  }
  EXPECT_THAT(changes_.calls, IsEmpty());
}

TEST_F(UserLabs, AreRecordedInADirectoryThatIsTheUsersAlone) {
  for (const auto& [owner, mode] : {std::pair(8u, 0700u), {0u, 0755u}, {7u, 0770u}, {7u, 0701u}}) {
    kernel_.set_owner(kRecords, Uid(owner), mode);
    EXPECT_THAT(enter(), HasSubstr("/run/user/7/nsmap, where keepers of labs are recorded, is no"));
  }
  kernel_.add_file(kRecords, "");
  kernel_.set_owner(kRecords, kUs, 0700);
  EXPECT_THAT(enter(), HasSubstr("is no directory of yours alone"));
  EXPECT_THAT(changes_.calls, IsEmpty());
}

TEST_F(UserLabs, AreRecordedInTmpWhereTheRuntimeDirectoryIsNotTheUsers) {
  for (const char* runtime : {"", "/nowhere", "relative"})
    EXPECT_THAT(enter("shop", runtime), HasSubstr("/tmp/nsmap-7 has no keeper of it"));
  kernel_.set_owner(kRuntime, Uid(8), 0700);
  EXPECT_THAT(enter(), HasSubstr("/tmp/nsmap-7 has no keeper of it"));
  add_directory("/tmp/nsmap-7", Uid(0));
  EXPECT_THAT(enter(), HasSubstr("/tmp/nsmap-7, where keepers of labs are recorded, is no"));
}

TEST_F(UserLabs, AreTakenDownWithTheirKeeperWhoseWorkIsDone) {
  EXPECT_TRUE(user_down(system_, {kRuntime, {}}, "shop", work_).value());
  EXPECT_EQ(works_, 0) << "it had come to nothing";
  kernel_.add_directory("/run/nsmap/labs/shop");
  changes_.calls.clear();
  EXPECT_TRUE(user_down(system_, {kRuntime, {}}, "shop", work_).value());
  EXPECT_EQ(works_, 1);
  EXPECT_THAT(changes_.calls,
              ElementsAre(EndsWith("/nsmap"), EndsWith("/shop.lock"), "enter 10000000",
                          "enter 20000", "enter 40000000", "cd /home/us", "stop 50",
                          EndsWith("/shop.keeper"), EndsWith("/shop.lock"), EndsWith("/nsmap")));
  add_process(50, 99, 9);
  EXPECT_FALSE(user_down(system_, {kRuntime, {}}, "shop", work_).value()) << "it was gone";
  EXPECT_EQ(works_, 1);
}

TEST_F(UserLabs, WithoutNamespacesForThemLeaveNothing) {
  changes_.failures["unshare_user"] = EPERM;
  EXPECT_FALSE(user_up(system_, {kRuntime, {}}, "new", work_));
  EXPECT_THAT(changes_.calls,
              ElementsAre(EndsWith("/nsmap"), EndsWith("/new.lock"), "unshare_user",
                          EndsWith("/new.keeper"), EndsWith("/new.lock"), EndsWith("/nsmap")));
}

TEST_F(UserLabs, AreChangedByOneProcessAtATime) {
  changes_.failures["lock"] = EWOULDBLOCK;
  kernel_.add_file(std::string(kRecords) + "/shop.lock", "812\n");
  kernel_.add_directory("/proc/812");
  const auto done = user_down(system_, {kRuntime, {}}, "shop", work_);
  EXPECT_THAT(done.error().text, HasSubstr("process 812 is changing it"));
}

TEST_F(UserLabs, TellWhatForbidsThem) {
  const auto told = [&](int error) { return line(no_user_namespace(system_, {error})); };
  EXPECT_THAT(told(EPERM), HasSubstr("a chroot or a container may forbid it"));
  EXPECT_THAT(told(ENOSPC), HasSubstr("as many as user.max_user_namespaces allows"));
  kernel_.add_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  EXPECT_THAT(told(EPERM),
              HasSubstr("try sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 as root"));
  kernel_.add_file("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
  EXPECT_THAT(told(EPERM), HasSubstr("kernel.unprivileged_userns_clone is 0"));
  kernel_.add_file("/proc/sys/user/max_user_namespaces", "0\n");
  EXPECT_THAT(told(ENOSPC), HasSubstr("user.max_user_namespaces is 0"));
}

}  // namespace
}  // namespace nsmap::lab
