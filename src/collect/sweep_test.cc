#include "collect/sweep.h"

#include <gmock/gmock.h>

#include <cerrno>

#include "collect/fake_proc.h"

namespace nsmap::collect {
namespace {

using model::HolderKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SweepTest : public OnFakeProc {
 protected:
  Sweep sweep(unsigned threads = 1) {
    Sweep result = sweep_processes(kernel, threads, registry, report);
    report.finish(coverage, diagnostics);
    return result;
  }
};

model::Holder holder(HolderKind kind, int pid, int tid = 0) {
  model::Holder result;
  result.kind = kind;
  result.pid = Pid(pid);
  if (tid != 0) result.tid = Pid(tid);
  return result;
}

TEST_F(SweepTest, ReadsAProcess) {
  add_process(kernel,
              {.pid = 812, .net = 101, .mnt = 51, .comm = "a) b", .command = {"x\0y z\0", 6}});
  const Sweep result = sweep();
  ASSERT_THAT(result.processes, SizeIs(2));
  const model::Process& process = result.processes[1];
  EXPECT_EQ(process.pid, Pid(812));
  EXPECT_EQ(process.parent, Pid(1));
  EXPECT_EQ(process.comm, "a) b");
  EXPECT_EQ(process.command, "x y z");
  EXPECT_EQ(process.start_ticks, 1812u);
  EXPECT_EQ(process.cgroup, "/user.slice");
  EXPECT_EQ(process.net, (model::NetnsId{kDev, 101}));
  EXPECT_EQ(process.mnt_ns, Inode(51));
  EXPECT_EQ(process.pid_ns, Inode(40));
  EXPECT_EQ(process.user_ns, Inode(30));
  EXPECT_EQ(process.ns_pid, std::nullopt);
  EXPECT_EQ(result.nsfs_dev, kDev);
  EXPECT_THAT(holders_of(101), ElementsAre(holder(HolderKind::process, 812)));
  EXPECT_EQ(row("proc").looked_at, 2u);
  EXPECT_EQ(row("proc").found, 2u);
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SweepTest, AsksForTheOwnPidOnlyInAnotherPidNamespace) {
  add_process(kernel, {.pid = 7, .pid_ns = 41});
  kernel.add_file("/proc/7/status", "Name:\tapp\nNSpid:\t7\t1\n");
  EXPECT_EQ(sweep().processes[1].ns_pid, Pid(1));
}

TEST_F(SweepTest, BoundsAndCleansTheCommandLine) {
  add_process(kernel, {.pid = 7, .command = std::string(2'000'000, 'x')});
  add_process(kernel, {.pid = 8, .command = "title\xff   \n"});
  add_process(kernel, {.pid = 9, .command = ""});
  const Sweep result = sweep();
  EXPECT_EQ(result.processes[1].command, std::string(4096, 'x'));
  EXPECT_EQ(result.processes[2].command, "title\\xff   \n");
  EXPECT_EQ(result.processes[3].command, "");
}

TEST_F(SweepTest, LeavesKernelThreadsOut) {
  add_process(kernel, {.pid = 2, .flags = 0x00200040});
  EXPECT_THAT(sweep().processes, SizeIs(1));
}

TEST_F(SweepTest, KeepsZombiesWithoutANamespace) {
  add_process(kernel, {.pid = 7, .state = 'Z'});
  kernel.refuse("/proc/7/ns/net", EACCES);
  const Sweep result = sweep();
  ASSERT_THAT(result.processes, SizeIs(2));
  EXPECT_TRUE(result.processes[1].zombie);
  EXPECT_EQ(result.processes[1].net, std::nullopt);
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SweepTest, SeesAProcessWhoseFirstThreadExitedThroughALivingOne) {
  const FakeProcess leader{.pid = 7, .net = 101, .mnt = 51, .state = 'Z', .threads = 3};
  add_process(kernel, leader);
  for (const char* gone : {"/proc/7/ns/net", "/proc/7/fd", "/proc/7/cmdline"})
    kernel.refuse(gone, EACCES);
  add_thread(kernel, 8, leader, false);
  kernel.refuse("/proc/7/task/8/ns", ESRCH);  // dies on the way
  add_thread(kernel, 9, leader, false);
  kernel.add_link("/proc/7/task/9/fd/4", "socket:[77]");
  const Sweep result = sweep();
  ASSERT_THAT(result.processes, SizeIs(2));
  EXPECT_FALSE(result.processes[1].zombie);
  EXPECT_EQ(result.processes[1].net, (model::NetnsId{kDev, 101}));
  EXPECT_EQ(result.processes[1].mnt_ns, Inode(51));
  EXPECT_EQ(result.processes[1].command, "/bin/app -v");
  EXPECT_THAT(holders_of(101), ElementsAre(holder(HolderKind::thread, 7, 9)));
  ASSERT_THAT(result.descriptors, SizeIs(1));
  EXPECT_EQ(result.descriptors[0].tid, Pid(9));
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SweepTest, SeesAProcessWhoseFirstThreadIsJustExiting) {
  const FakeProcess leader{.pid = 7, .net = 101, .threads = 2};
  add_process(kernel, leader);
  kernel.refuse("/proc/7/ns/net", ENOENT);
  add_thread(kernel, 9, leader, false);
  EXPECT_THAT(sweep().processes, SizeIs(2));
  EXPECT_THAT(holders_of(101), ElementsAre(holder(HolderKind::thread, 7, 9)));
}

TEST_F(SweepTest, FindsThreadsElsewhere) {
  const FakeProcess process{.pid = 7, .threads = 3};
  add_process(kernel, process);
  add_thread(kernel, 8, process, false);
  FakeProcess elsewhere = process;
  elsewhere.net = 101;
  add_thread(kernel, 9, elsewhere, false);
  EXPECT_THAT(sweep().processes, SizeIs(2));
  EXPECT_THAT(holders_of(101), ElementsAre(holder(HolderKind::thread, 7, 9)));
  EXPECT_EQ(row("proc.task").looked_at, 2u);
  EXPECT_EQ(row("proc.task").found, 1u);
}

TEST_F(SweepTest, LeavesOutWhatDiesOnTheWay) {
  add_process(kernel, {.pid = 7, .net = 101});
  kernel.refuse("/proc/7/stat", ESRCH);
  add_process(kernel, {.pid = 8, .net = 102});
  kernel.refuse("/proc/8/ns/net", ENOENT);
  add_process(kernel, {.pid = 9, .net = 103});
  kernel.refuse("/proc/9/fd", ENOENT);
  const Sweep result = sweep();
  ASSERT_THAT(result.processes, SizeIs(2));
  EXPECT_EQ(result.processes[1].pid, Pid(9));
  EXPECT_THAT(holders_of(101), IsEmpty());
  EXPECT_THAT(holders_of(102), IsEmpty());
  EXPECT_EQ(row("proc").refused, 0u);
  EXPECT_EQ(row("proc.fd").refused, 0u);
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST_F(SweepTest, SaysOnceWhatIsRefused) {
  for (const int pid : {7, 8, 9}) {
    add_process(kernel, {.pid = pid, .comm = "secret"});
    kernel.refuse(fmt::format("/proc/{}/ns", pid), EACCES);
    kernel.refuse(fmt::format("/proc/{}/fd", pid), EACCES);
  }
  const Sweep result = sweep();
  EXPECT_THAT(result.processes, SizeIs(4));
  EXPECT_EQ(result.processes[1].net, std::nullopt);
  EXPECT_EQ(row("proc").refused, 3u);
  EXPECT_EQ(row("proc.fd").refused, 3u);
  ASSERT_THAT(diagnostics, SizeIs(2));
  EXPECT_EQ(diagnostics[0].what,
            "reading the network namespace of 3 process(es) failed, the first in pid 7 (secret): "
            "Permission denied");
  EXPECT_EQ(diagnostics[0].error, EACCES);
  EXPECT_EQ(diagnostics[1].source, "proc.fd");
}

TEST_F(SweepTest, ClassifiesDescriptors) {
  add_process(kernel, {.pid = 7});
  kernel.add_namespace("/proc/7/fd/3", os::NamespaceType::net, 101);
  kernel.add_namespace("/proc/7/fd/4", os::NamespaceType::mount, 51);
  kernel.add_link("/proc/7/fd/5", "socket:[77]");
  kernel.add_device("/dev/net/tun", 10, 200);
  kernel.add_link("/proc/7/fd/6", "/dev/net/tun");
  kernel.add_device("/srv/tun", 10, 201);
  kernel.add_link("/proc/7/fd/7", "/srv/tun");
  kernel.add_device("/dev/tap12", 246, 1);
  kernel.add_link("/proc/7/fd/8", "/dev/tap12");
  kernel.add_file("/tmp/tape", "");
  kernel.add_link("/proc/7/fd/9", "/tmp/tape");
  kernel.add_link("/proc/7/fd/10", "pipe:[9]");
  kernel.add_link("/proc/7/fd/11", "net:[nonsense");
  const Sweep result = sweep();
  std::vector<std::tuple<int, Descriptor::Kind, std::uint64_t>> seen;
  for (const Descriptor& descriptor : result.descriptors) {
    EXPECT_EQ(descriptor.pid, Pid(7));
    EXPECT_EQ(descriptor.tid, Pid(7));
    seen.emplace_back(descriptor.fd, descriptor.kind, descriptor.inode.value);
  }
  using Kind = Descriptor::Kind;
  EXPECT_THAT(seen, ElementsAre(std::tuple(3, Kind::netns, 101), std::tuple(4, Kind::mntns, 51),
                                std::tuple(5, Kind::socket, 77), std::tuple(6, Kind::tun, 0),
                                std::tuple(8, Kind::tun, 0)));
  EXPECT_EQ(row("proc.fd").looked_at, 9u);
}

TEST_F(SweepTest, LeavesOutItsOwnDescriptors) {
  kernel.add_namespace("/proc/5/fd/3", os::NamespaceType::net, 101);
  EXPECT_THAT(sweep().descriptors, IsEmpty());
}

TEST_F(SweepTest, ReadsTheDescriptorTablesThatThreadsHaveOfTheirOwn) {
  const FakeProcess process{.pid = 7, .threads = 5};
  add_process(kernel, process);
  kernel.add_link("/proc/7/fd/3", "socket:[1]");
  for (const int tid : {8, 9, 10}) add_thread(kernel, tid, process, tid == 9 || tid == 10);
  kernel.shared_files.insert({9, 10});
  for (const int tid : {8, 9, 10})
    kernel.add_link(fmt::format("/proc/7/task/{}/fd/3", tid), "socket:[2]");
  const Sweep result = sweep();
  std::vector<int> tids;
  for (const Descriptor& descriptor : result.descriptors) tids.push_back(descriptor.tid.value);
  // 8 shares the process's; 9 and 10 share another, which is read once, through whichever of
  // them comes first.
  EXPECT_THAT(tids, testing::AnyOf(ElementsAre(7, 9), ElementsAre(7, 10)));
}

TEST_F(SweepTest, NotesANamespaceThatCannotBeOpened) {
  add_process(kernel, {.pid = 7, .net = 101});
  kernel.add_link("/proc/7/ns/net", "net:[101]", "/nowhere");
  kernel.refuse("/nowhere", EACCES);
  sweep();
  EXPECT_THAT(holders_of(101), ElementsAre(holder(HolderKind::process, 7)));
  EXPECT_EQ(row("proc").refused, 1u);
}

TEST_F(SweepTest, ManyThreadsFindTheSame) {
  for (int pid = 10; pid < 60; ++pid)
    add_process(kernel, {.pid = pid, .net = 100u + static_cast<unsigned>(pid % 7)});
  const Sweep result = sweep(4);
  ASSERT_THAT(result.processes, SizeIs(51));
  for (std::size_t i = 1; i < result.processes.size(); ++i)
    EXPECT_LT(result.processes[i - 1].pid, result.processes[i].pid);
  EXPECT_THAT(registry.all(), SizeIs(7));
  EXPECT_THAT(holders_of(101), SizeIs(7));
}

}  // namespace
}  // namespace nsmap::collect
