#include "os/procfs.h"

#include <gmock/gmock.h>

#include <vector>

namespace nsmap::os {
namespace {

TEST(ParseStat, ReadsTheFieldsWeUse) {
  const auto stat = parse_stat(
      "812 (nginx) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 98765 1 2 "
      "18446744073709551615 "
      "1 1 0\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "nginx");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, Pid(1));
  EXPECT_EQ(stat->session, Pid(812));
  EXPECT_FALSE(stat->kernel_thread);
  EXPECT_EQ(stat->threads, 3u);
  EXPECT_EQ(stat->start_ticks, 98765u);
}

TEST(ParseStat, SurvivesAHostileName) {
  const auto stat = parse_stat("7 (a) R 9 (\n) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 55 1 2\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->comm, "a) R 9 (\n");
  EXPECT_EQ(stat->parent, Pid(1));
  EXPECT_EQ(stat->start_ticks, 55u);
}

TEST(ParseStat, KnowsKernelThreads) {
  const auto stat =
      parse_stat("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n");
  ASSERT_TRUE(stat);
  EXPECT_TRUE(stat->kernel_thread);
}

TEST(ParseStat, RefusesWhatIsCutOrForeign) {
  for (const char* text : {"", "7", "7 (a", "7 )a( S", "7 (a) S", "7 (a) S 1 1 1 0 -1 0 1 2 3",
                           "7 (a) S x 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 55 1 2",
                           "7 (a) S 1 1 1 0 -1 99999999999 1 2 3 4 5 6 7 8 20 0 1 0 55 1 2"})
    EXPECT_FALSE(parse_stat(text)) << text;
}

TEST(ParseNamespaceLink, TakesTypeAndInode) {
  const auto link = parse_namespace_link("net:[4026531840]");
  ASSERT_TRUE(link);
  EXPECT_EQ(link->type, "net");
  EXPECT_EQ(link->ino, Inode(4026531840));
  for (const char* text : {"", "net:[]", "net:[12", "net:[1x]", "pipe", "[12]", "net:[-1]"})
    EXPECT_FALSE(parse_namespace_link(text)) << text;
}

TEST(ParseOwnPid, TakesTheInnermost) {
  EXPECT_EQ(parse_own_pid("Name:\tx\nPid:\t812\nNSpid:\t812\t40\t1\nVmPeak:\t1 kB\n"), Pid(1));
  EXPECT_EQ(parse_own_pid("Name:\tx\nNSpid:\t812\n"), Pid(812));
  EXPECT_FALSE(parse_own_pid("Name:\tx\nPid:\t812\n"));
}

TEST(ParseCgroup, PrefersThePathThatSaysMost) {
  EXPECT_EQ(parse_cgroup("0::/user.slice\n"), "/user.slice");
  EXPECT_EQ(parse_cgroup("3:cpu,cpuacct:/docker/ab:c\n1:name=systemd:/x\n0::/\n"), "/docker/ab:c");
  EXPECT_EQ(parse_cgroup("3:cpu:/\n2:memory:/lxc/a\n"), "/lxc/a");
  EXPECT_EQ(parse_cgroup("3:cpu:/v1\n0::/system.slice\n"), "/system.slice");
  EXPECT_EQ(parse_cgroup("0::/\n"), "/");
  EXPECT_EQ(parse_cgroup(""), "");
}

TEST(ParseMount, ReadsPropagation) {
  const auto mount = parse_mount(
      "36 35 0:4 net:[4026532281] /run/netns/a rw,noatime shared:9 master:1 - nsfs nsfs rw");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->id, 36u);
  EXPECT_EQ(mount->root, "net:[4026532281]");
  EXPECT_EQ(mount->mount_point, "/run/netns/a");
  EXPECT_EQ(mount->shared, 9u);
  EXPECT_EQ(mount->master, 1u);
  EXPECT_EQ(mount->fstype, "nsfs");
  const auto plain = parse_mount("36 35 98:0 / / rw - ext4 /dev/root rw");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->shared, 0u);
  EXPECT_EQ(plain->fstype, "ext4");
  for (const char* line :
       {"", "x 35 98:0 / / rw - ext4 a rw", "36 35 98:0 /", "36 35 98:0 / / rw -"})
    EXPECT_FALSE(parse_mount(line)) << line;
}

TEST(NsfsMounts, AreFoundAmongOthers) {
  const std::string_view text =
      "1 0 0:4 net:[1] /a rw - nsfs nsfs rw\n"
      "2 0 0:5 / /nsfs rw - tmpfs nsfs rw\n"
      "3 0 0:4 mnt:[2] /b rw shared:1 - nsfs nsfs rw\n"
      "4 0 0:4 net:[3] /c rw - nsfs nsfs rw";
  std::vector<std::string_view> roots;
  for_each_nsfs_mount(text, [&](const MountLine& mount) { roots.push_back(mount.root); });
  EXPECT_THAT(roots, testing::ElementsAre("net:[1]", "mnt:[2]", "net:[3]"));
}

TEST(MountPath, UndoesEscapes) {
  EXPECT_EQ(mount_path("/run/a\\040b\\134c\\012"), "/run/a b\\c\n");
  EXPECT_EQ(mount_path("/run/netns/a//deleted"), "/run/netns/a");
  EXPECT_EQ(mount_path("/x\\04"), "/x\\04");
  EXPECT_EQ(mount_path("/x\\089"), "/x\\089");
}

}  // namespace
}  // namespace nsmap::os
