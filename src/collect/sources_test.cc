#include "collect/sources.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "collect/fake_proc.h"
#include "collect/mount_copies.h"
#include "collect/mount_survey.h"

namespace nsmap::collect {
namespace {

using model::HolderKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A line of mountinfo for a mount of the network namespace `ino`.
std::string mount_line(int id, std::uint64_t ino, const std::string& path,
                       const std::string& propagation = {}) {
  return fmt::format("{} 1 0:4 net:[{}] {} rw{} - nsfs nsfs rw\n", id, ino, path,
                     propagation.empty() ? "" : " " + propagation);
}

class SourcesTest : public OnFakeProc {
 protected:
  void run() {
    sweep = sweep_processes(kernel, 1, registry, report);
    for (const Source& source : namespace_sources())
      source.search({kernel, 1, sweep, registry, report, tun_servers});
    report.finish(coverage, diagnostics);
  }

  MountSurvey survey(std::int64_t budget) {
    sweep = sweep_processes(kernel, 1, registry, report);
    return survey_mounts({kernel, 1, sweep, registry, report, tun_servers}, budget);
  }

  // A container in a mount namespace of its own, whose root directory is /ctr/PID here.
  void add_container(const FakeProcess& process, const std::string& mountinfo) {
    add_process(kernel, process);
    const std::string dir = fmt::format("/proc/{}", process.pid);
    const std::string root = fmt::format("/ctr/{}", process.pid);
    kernel.add_directory(root);
    kernel.add_link(dir + "/root", "/", root);
    kernel.add_file(dir + "/mountinfo", mountinfo);
  }

  std::vector<model::Name> names_of(std::uint64_t ino) {
    const FoundNamespace* found = find(ino);
    return found ? found->names : std::vector<model::Name>{};
  }
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const auto& diagnostic : diagnostics) texts.push_back(diagnostic.what);
    return texts;
  }
  void mount_own(const std::string& lines) { kernel.add_file("/proc/5/mountinfo", lines); }

  Sweep sweep;
  std::vector<TunServerSeen> tun_servers;
};

model::Holder bind_mount(int pid, const std::string& path, std::uint64_t mnt,
                         std::uint32_t copies = 0) {
  model::Holder holder;
  holder.kind = HolderKind::bind_mount;
  if (pid != 0) holder.pid = Pid(pid);
  holder.path = path;
  holder.mnt_ns = Inode(mnt);
  holder.copies = copies;
  return holder;
}

model::Holder descriptor(HolderKind kind, int pid, int fd, int tid = 0) {
  model::Holder holder;
  holder.kind = kind;
  holder.pid = Pid(pid);
  if (tid != 0) holder.tid = Pid(tid);
  holder.fd = fd;
  return holder;
}

// --- descriptors ---

TEST_F(SourcesTest, DescriptorsHold) {
  const FakeProcess process{.pid = 7, .threads = 2};
  add_process(kernel, process);
  kernel.add_namespace("/proc/7/fd/3", os::NamespaceType::net, 101);
  add_thread(kernel, 8, process, true);
  kernel.add_namespace("/proc/7/task/8/fd/4", os::NamespaceType::net, 102);
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(descriptor(HolderKind::fd, 7, 3)));
  EXPECT_THAT(holders_of(102), ElementsAre(descriptor(HolderKind::fd, 7, 4, 8)));
  EXPECT_EQ(row("proc.fd").found, 2u);
}

TEST_F(SourcesTest, ADescriptorThatIsAnotherByNowCountsAsWhatItIs) {
  add_process(kernel, {.pid = 7});
  // The link was read as net:[101]; when it is opened it leads to 102.
  kernel.add_namespace("/elsewhere", os::NamespaceType::net, 102);
  kernel.add_link("/proc/7/fd/3", "net:[101]", "/elsewhere");
  kernel.add_link("/proc/7/fd/4", "net:[103]", "/closed");
  run();
  EXPECT_THAT(holders_of(101), IsEmpty());
  EXPECT_THAT(holders_of(102), ElementsAre(descriptor(HolderKind::fd, 7, 3)));
  EXPECT_THAT(holders_of(103), IsEmpty());
  EXPECT_THAT(diagnostics, IsEmpty());
}

// --- TUN/TAP ---

class TunTest : public SourcesTest {
 protected:
  TunTest() {
    kernel.add_device("/dev/net/tun", 10, 200);
    add_process(kernel, {.pid = 7});
    kernel.add_link("/proc/7/fd/3", "/dev/net/tun");
  }
};

TEST_F(TunTest, HoldsWhereItWasOpenedAndNamesWhereItsDeviceIs) {
  kernel.tuns["/proc/7/fd/3"] = {101, "tap0"};
  kernel.socket_netns["/proc/7/fd/3"] = 102;
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(descriptor(HolderKind::tun, 7, 3)));
  EXPECT_THAT(holders_of(102), ElementsAre(descriptor(HolderKind::tun, 7, 3)));
  EXPECT_THAT(tun_servers,
              ElementsAre(TunServerSeen{model::NetnsId{kDev, 101}, "tap0", Pid(7), 3}));
}

TEST_F(TunTest, HoldsOnce) {
  kernel.tuns["/proc/7/fd/3"] = {101, "tap0"};
  kernel.socket_netns["/proc/7/fd/3"] = 101;
  run();
  EXPECT_THAT(holders_of(101), SizeIs(1));
}

TEST_F(TunTest, AtHomeIsServedButNotHeld) {
  kernel.tuns["/proc/7/fd/3"] = {100, "tap0"};
  kernel.socket_netns["/proc/7/fd/3"] = 100;
  run();
  for (const auto& holder : holders_of(100)) EXPECT_EQ(holder.kind, HolderKind::process);
  EXPECT_THAT(tun_servers, SizeIs(1));
}

TEST_F(TunTest, WithoutADeviceIsNothing) {
  run();
  EXPECT_THAT(tun_servers, IsEmpty());
  EXPECT_EQ(row("tun").looked_at, 1u);
  EXPECT_EQ(row("tun").found, 0u);
}

TEST_F(TunTest, RefusedIsCountedAndSaid) {
  kernel.tuns["/proc/7/fd/3"] = {101, "tap0"};
  kernel.refuse("/proc/7/fd/3", EPERM);
  // The sweep has read the link; only taking the descriptor is refused.
  sweep.descriptors.push_back({Descriptor::Kind::tun, Pid(7), Pid(7), 3, {}});
  search_tuns({kernel, 1, sweep, registry, report, tun_servers});
  report.finish(coverage, diagnostics);
  EXPECT_THAT(tun_servers, IsEmpty());
  EXPECT_EQ(row("tun").refused, 1u);
  EXPECT_THAT(said(), ElementsAre("taking 1 TUN/TAP descriptor(s) failed, the first of pid 7: "
                                  "Operation not permitted"));
}

// --- mounts ---

TEST_F(SourcesTest, MountsHoldAndName) {
  mount_own("1 0 0:1 / / rw - ext4 root rw\n" + mount_line(2, 101, "/run/netns/blue") +
            mount_line(3, 102, "/run/docker/netns/ab12") + mount_line(4, 103, "/srv/a\\040b") +
            mount_line(5, 104, "/tmp/x/run/netns/cd34") +
            mount_line(6, 101, "/var/run/netns/blue"));
  add_process(kernel, {.pid = 6,
                       .comm = "dockerd",
                       .command = std::string("dockerd\0--exec-root\0/tmp/x/run\0-D\0", 34)});
  for (const auto& [path, ino] : {std::pair("/run/netns/blue", 101),
                                  {"/run/docker/netns/ab12", 102},
                                  {"/srv/a b", 103},
                                  {"/tmp/x/run/netns/cd34", 104},
                                  {"/var/run/netns/blue", 101}})
    kernel.add_namespace(path, os::NamespaceType::net, static_cast<std::uint64_t>(ino));
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(bind_mount(5, "/run/netns/blue", 50),
                                           bind_mount(5, "/var/run/netns/blue", 50)));
  EXPECT_THAT(names_of(101), ElementsAre(model::Name{"blue", "netns", "/run/netns/blue"}));
  EXPECT_THAT(names_of(102), ElementsAre(model::Name{"ab12", "docker", "/run/docker/netns/ab12"}));
  EXPECT_THAT(holders_of(103), ElementsAre(bind_mount(5, "/srv/a b", 50)));
  EXPECT_THAT(names_of(103), ElementsAre(model::Name{"a b", "mount", "/srv/a b"}));
  EXPECT_THAT(names_of(104), ElementsAre(model::Name{"cd34", "docker", "/tmp/x/run/netns/cd34"}));
  EXPECT_EQ(row("mounts").looked_at, 1u);
  EXPECT_EQ(row("mounts").found, 5u);
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SourcesTest, MountsOfOtherMountNamespacesAreFound) {
  add_container({.pid = 7, .net = 101, .mnt = 51}, mount_line(9, 102, "/run/netns/inner"));
  kernel.add_namespace("/ctr/7/run/netns/inner", os::NamespaceType::net, 102);
  run();
  EXPECT_THAT(holders_of(102), ElementsAre(bind_mount(7, "/run/netns/inner", 51)));
  EXPECT_TRUE(find(102)->fd.valid());
}

TEST_F(SourcesTest, ADeadProcessIsReplacedByAnotherOfItsMountNamespace) {
  add_container({.pid = 7, .mnt = 51}, "");
  kernel.refuse("/proc/7/mountinfo", EINVAL);
  add_container({.pid = 8, .mnt = 51}, mount_line(9, 102, "/a"));
  kernel.add_namespace("/ctr/8/a", os::NamespaceType::net, 102);
  run();
  EXPECT_THAT(holders_of(102), ElementsAre(bind_mount(8, "/a", 51)));
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SourcesTest, AChrootedProcessIsTheLastChoice) {
  add_container({.pid = 7, .mnt = 51}, mount_line(9, 101, "/part"));
  kernel.add_link("/proc/7/root", "/jail");
  add_container({.pid = 8, .mnt = 51}, mount_line(9, 101, "/jail/part"));
  kernel.add_namespace("/ctr/8/jail/part", os::NamespaceType::net, 101);
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(bind_mount(8, "/jail/part", 51)));
}

TEST_F(SourcesTest, AMountNamespaceOfChrootedProcessesIsEnteredOrSeenInPart) {
  for (const int pid : {7, 8}) {
    add_container({.pid = pid, .mnt = 44u + static_cast<unsigned>(pid)},
                  mount_line(9, 101, "/part"));
    kernel.add_link(fmt::format("/proc/{}/root", pid), "/jail");
  }
  kernel.add_namespace("/jail/part", os::NamespaceType::net, 101);
  kernel.mount_roots[51] = "/whole";  // pid 7's can be entered, pid 8's cannot
  kernel.add_file("/whole/proc/thread-self/mountinfo", mount_line(9, 101, "/jail/part"));
  kernel.add_namespace("/whole/jail/part", os::NamespaceType::net, 101);
  run();
  EXPECT_THAT(holders_of(101),
              ElementsAre(bind_mount(7, "/jail/part", 51), bind_mount(8, "/part", 52)));
}

TEST_F(SourcesTest, MountNamespacesWithoutAProcessAreEntered) {
  // One is kept by a descriptor, and in it lies a mount that keeps the next.
  add_process(kernel, {.pid = 6});
  kernel.add_namespace("/proc/6/fd/3", os::NamespaceType::mount, 51);
  kernel.mount_roots[51] = "/one";
  kernel.add_file("/one/proc/thread-self/mountinfo",
                  mount_line(9, 101, "/a") + "10 1 0:4 mnt:[52] /next rw - nsfs nsfs rw\n");
  kernel.add_namespace("/one/a", os::NamespaceType::net, 101);
  kernel.add_namespace("/one/next", os::NamespaceType::mount, 52);
  kernel.mount_roots[52] = "/two";
  kernel.add_file("/two/proc/thread-self/mountinfo", mount_line(11, 102, "/b"));
  kernel.add_namespace("/two/b", os::NamespaceType::net, 102);
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(bind_mount(0, "/a", 51)));
  EXPECT_THAT(holders_of(102), ElementsAre(bind_mount(0, "/b", 52)));
  EXPECT_EQ(row("mounts").looked_at, 3u);
}

TEST_F(SourcesTest, AMountNamespaceThatMayNotBeEnteredIsSaid) {
  add_process(kernel, {.pid = 6});
  kernel.add_namespace("/proc/6/fd/3", os::NamespaceType::mount, 51);
  run();
  EXPECT_EQ(row("mounts").refused, 1u);
  EXPECT_THAT(said(), ElementsAre("looking into 1 mount namespace(s) failed: Operation not "
                                  "permitted"));
}

TEST_F(SourcesTest, CopiesAreFoldedAndPrivateOnesAreNot) {
  mount_own(mount_line(1, 101, "/run/netns/a", "shared:5"));
  kernel.add_namespace("/run/netns/a", os::NamespaceType::net, 101);
  const char* const propagation[] = {"shared:5", "master:5", "shared:9 master:5", "master:9", ""};
  int pid = 10;
  for (const char* one : propagation) {
    add_container({.pid = pid, .mnt = 50u + static_cast<unsigned>(pid)},
                  mount_line(pid, 101, "/run/netns/a", one));
    kernel.add_namespace(fmt::format("/ctr/{}/run/netns/a", pid), os::NamespaceType::net, 101);
    ++pid;
  }
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(bind_mount(5, "/run/netns/a", 50, 4),
                                           bind_mount(14, "/run/netns/a", 64)));
  EXPECT_THAT(names_of(101), SizeIs(1));
}

TEST_F(SourcesTest, AHiddenMountHoldsAndOneThatIsGoneDoesNot) {
  mount_own(mount_line(1, 101, "/run/netns/under"));
  kernel.add_file("/run/netns/under", "");  // the path leads to something else
  run();
  EXPECT_THAT(holders_of(101), ElementsAre(bind_mount(5, "/run/netns/under", 50)));
  EXPECT_FALSE(find(101)->fd.valid());
  EXPECT_THAT(said(), ElementsAre("1 mount(s) of network namespaces lie hidden under other mounts, "
                                  "where nothing can be opened, the first at /run/netns/under in "
                                  "mount namespace 50"));
}

TEST_F(SourcesTest, SkipsWhatIsOverTheBudgetAndCountsIt) {
  mount_own(mount_line(1, 101, "/a") + mount_line(2, 102, "/b"));
  add_container({.pid = 7, .mnt = 51}, mount_line(3, 103, "/c"));
  const auto whole = survey(1000);
  EXPECT_THAT(whole.mounts, SizeIs(3));
  EXPECT_EQ(whole.skipped, 0u);
  const auto part = survey(static_cast<std::int64_t>(mount_line(1, 101, "/a").size() + 5));
  EXPECT_THAT(part.mounts, SizeIs(1));
  EXPECT_EQ(part.skipped, 2u);
}

TEST(FoldCopies, KnowsAnOriginalThatComesAfterItsSlave) {
  const std::vector<NsfsMount> mounts = {
      {.view = 0, .path = 1, .id = 1, .shared = 0, .master = 5, .ino = 7},
      {.view = 1, .path = 1, .id = 2, .shared = 5, .master = 0, .ino = 7},
      {.view = 2, .path = 2, .id = 3, .shared = 5, .master = 0, .ino = 7},
      {.view = 3, .path = 1, .id = 4, .shared = 5, .master = 0, .ino = 8},
  };
  const auto originals = fold_copies(mounts);
  ASSERT_THAT(originals, SizeIs(3));
  EXPECT_EQ(originals[0].mount, 1u);
  EXPECT_EQ(originals[0].copies, 1u);
  EXPECT_EQ(originals[1].mount, 2u);  // another path
  EXPECT_EQ(originals[2].mount, 3u);  // another namespace
}

TEST(FoldCopies, SurvivesACircleOfMasters) {
  const std::vector<NsfsMount> mounts = {
      {.view = 0, .path = 1, .id = 1, .shared = 5, .master = 6, .ino = 7},
      {.view = 1, .path = 1, .id = 2, .shared = 6, .master = 5, .ino = 7},
  };
  EXPECT_LE(fold_copies(mounts).size(), 2u);
}

// --- files that name nothing ---

TEST_F(SourcesTest, SaysWhatANameIsThatNamesNothing) {
  mount_own(mount_line(1, 101, "/run/netns/good") +
            "2 1 0:9 / /run/netns/other rw - tmpfs tmpfs rw\n"
            "3 1 0:4 mnt:[51] /run/netns/mnt rw - nsfs nsfs rw\n");
  kernel.add_namespace("/run/netns/good", os::NamespaceType::net, 101);
  kernel.add_directory("/run/netns/other");
  kernel.add_namespace("/run/netns/mnt", os::NamespaceType::mount, 51);
  kernel.add_file("/run/netns/empty", "");
  kernel.add_file("/run/netns/full", "text");
  kernel.add_directory("/run/netns/dir");
  kernel.add_device("/run/netns/dev", 1, 3);
  kernel.add_file("/run/docker/netns/left", "");
  kernel.add_link("/run/netns/link", "/proc/5/ns/net");
  kernel.add_link("/run/netns/dangling", "/proc/99/ns/net");
  kernel.add_link("/run/netns/wrong", "/proc/5/stat");
  run();
  EXPECT_THAT(
      said(),
      testing::UnorderedElementsAre(
          "looking into 1 mount namespace(s) failed: Operation not permitted",  // mnt:[51]
          "/run/netns/other names no network namespace: a mount of tmpfs is there",
          "/run/netns/mnt names no network namespace: a mount of mnt:[51] is there",
          "/run/netns/empty is stale: an empty leftover file, nothing is mounted on it here",
          "/run/netns/full names no network namespace: it is a file with content of its own",
          "/run/netns/dir names no network namespace: it is a directory",
          "/run/netns/dev names no network namespace: it is not a regular file",
          "/run/docker/netns/left is stale: an empty leftover file, nothing is mounted on it here",
          "/run/netns/dangling is stale: a symbolic link to /proc/99/ns/net, which is not there",
          "/run/netns/wrong is a symbolic link to /proc/5/stat, which is no network namespace"));
  EXPECT_THAT(names_of(100), ElementsAre(model::Name{"link", "netns", "/run/netns/link"}));
}

TEST_F(SourcesTest, SaysWhereAShadowedNameIsMounted) {
  kernel.add_file("/run/netns/blue", "");
  add_container({.pid = 7, .mnt = 51, .comm = "dockerd"}, mount_line(9, 101, "/run/netns/blue"));
  kernel.add_namespace("/ctr/7/run/netns/blue", os::NamespaceType::net, 101);
  run();
  EXPECT_THAT(said(),
              ElementsAre("/run/netns/blue is shadowed: nothing is mounted on it here, only "
                          "in the mount namespace of pid 7 (dockerd)"));
  EXPECT_EQ(diagnostics[0].ns, (model::NetnsId{kDev, 101}));
  EXPECT_THAT(names_of(101), ElementsAre(model::Name{"blue", "netns", "/run/netns/blue"}));
}

TEST_F(SourcesTest, DoesNotCallANewFileStale) {
  kernel.add_file("/run/netns/fresh", "");
  kernel.changed_ns = 0;
  run();
  ASSERT_THAT(said(), SizeIs(1));
  EXPECT_THAT(said()[0], testing::HasSubstr("may be in the making"));
}

}  // namespace
}  // namespace nsmap::collect
