#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "collect/sources.h"

// The sources against the running kernel: a child process makes holders of each kind, in mount and
// network namespaces of its own, and this process finds them.

namespace nsmap::collect {
namespace {

using model::HolderKind;

constexpr unsigned kLongest = 60;  // seconds that anything started here lives

// What the child made, in memory shared with it. Namespaces are inodes.
struct Stage {
  char directory[32];
  std::uint64_t by_fd;
  int fd;
  std::uint64_t by_mount;
  std::uint64_t by_thread;
  pid_t thread;
  std::uint64_t by_own_table;
  pid_t own_table;
  std::uint64_t by_headless;
  pid_t headless;              // a process whose first thread has exited
  std::uint64_t by_far_mount;  // mounted in a mount namespace that only a descriptor keeps
  std::uint64_t far_mnt;
  std::uint64_t by_tun;
  int tun;
};

void require(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  ::_exit(1);
}

std::uint64_t inode_of(int fd) {
  struct stat st {};
  require(::fstat(fd, &st) == 0, "fstat");
  return st.st_ino;
}

// A new network namespace; the calling thread stays where it is.
int new_namespace() {
  const int home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  require(::unshare(CLONE_NEWNET) == 0, "unshare");
  const int fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  require(::setns(home, CLONE_NEWNET) == 0, "setns");
  ::close(home);
  return fd;
}

void own_mounts() {
  require(::unshare(CLONE_NEWNS) == 0, "unshare mounts");
  require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make private");
}

// Mounts a new namespace on a file of the stage's directory and keeps nothing else of it.
std::uint64_t mount_namespace(const Stage& stage, const char* name) {
  const std::string path = std::string(stage.directory) + "/" + name;
  ::close(::open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  const int ns = new_namespace();
  const std::string source = "/proc/self/fd/" + std::to_string(ns);
  require(::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind");
  const std::uint64_t ino = inode_of(ns);
  ::close(ns);
  return ino;
}

void wait_out() { ::sleep(kLongest); }

// Runs `prepare` in a new thread, which then lives on, and returns when it is done.
template <typename Prepare>
void start_thread(Prepare prepare) {
  int ready[2];
  require(::pipe(ready) == 0, "pipe");
  std::thread([=] {
    prepare();
    require(::write(ready[1], "x", 1) == 1, "write");
    wait_out();
  }).detach();
  char byte;
  require(::read(ready[0], &byte, 1) == 1, "read");
}

void start_headless(Stage& stage) {
  const pid_t pid = ::fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    ::alarm(kLongest);
    require(::unshare(CLONE_NEWNET) == 0, "unshare");
    stage.by_headless = inode_of(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    ::close_range(3, ~0u, 0);
    std::thread(wait_out).detach();
    ::syscall(SYS_exit, 0);  // this thread alone
  }
  stage.headless = pid;
  const std::string task = "/proc/" + std::to_string(pid);
  char text[64];
  // Its first thread being gone shows in its namespaces being unreadable.
  while (::readlink((task + "/ns/net").c_str(), text, sizeof text) > 0) ::usleep(1000);
}

void make_far_mount(Stage& stage) {
  int turn[2];
  require(::pipe(turn) == 0, "pipe");
  const pid_t pid = ::fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    own_mounts();
    stage.by_far_mount = mount_namespace(stage, "far");
    require(::write(turn[1], "x", 1) == 1, "write");
    wait_out();
    ::_exit(0);
  }
  char byte;
  require(::read(turn[0], &byte, 1) == 1, "read");
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/mnt";
  stage.far_mnt = inode_of(::open(path.c_str(), O_RDONLY | O_CLOEXEC));  // stays open
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

void make_tun(Stage& stage) {
  const int home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  require(::unshare(CLONE_NEWNET) == 0, "unshare");
  stage.tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  ifreq request{};
  std::strcpy(request.ifr_name, "nsmaptest");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (stage.tun >= 0 && ::ioctl(stage.tun, TUNSETIFF, &request) == 0) {
    const int ns = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    stage.by_tun = inode_of(ns);
    ::close(ns);
  }
  require(::setns(home, CLONE_NEWNET) == 0, "setns");
}

// What is forked or gets a table of its own copies the descriptors there are: those that are to be
// the only ones come last.
void set_stage(Stage& stage) {
  own_mounts();
  require(::mount("none", stage.directory, "tmpfs", 0, nullptr) == 0, "tmpfs");
  start_headless(stage);
  make_far_mount(stage);
  stage.by_mount = mount_namespace(stage, "near");
  start_thread([&] {
    require(::unshare(CLONE_FILES) == 0, "unshare files");
    stage.by_own_table = inode_of(new_namespace());  // stays open
    stage.own_table = static_cast<pid_t>(::syscall(SYS_gettid));
  });
  start_thread([&] {
    require(::unshare(CLONE_NEWNET) == 0, "unshare");
    const int own = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    stage.by_thread = inode_of(own);
    ::close(own);
    stage.thread = static_cast<pid_t>(::syscall(SYS_gettid));
  });
  make_tun(stage);
  stage.fd = new_namespace();
  stage.by_fd = inode_of(stage.fd);
}

// The propagation of a mount can be changed at its root alone (mount(2)), and in a chroot / need
// not be one: then what is mounted might show outside.
bool root_is_mount_point() {
  struct statx st {};
  require(::statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &st) == 0, "statx");
  return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

class RealSources : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: it makes namespaces";
    if (!root_is_mount_point())
      GTEST_SKIP() << "/ is no mount point, so mounts cannot be kept from showing outside";
    void* shared =
        ::mmap(nullptr, sizeof(Stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    stage = new (shared) Stage{};
    std::strcpy(stage->directory, "/tmp/nsmap-test-XXXXXX");
    ASSERT_NE(::mkdtemp(stage->directory), nullptr);
    start_child();
  }

  void start_child() {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ready[0]);
      set_stage(*stage);
      require(::write(ready[1], "x", 1) == 1, "write");
      wait_out();
      ::_exit(0);
    }
    ::close(ready[1]);
    char byte;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the child could not set the stage";
    ::close(ready[0]);
  }

  void TearDown() override {
    if (!stage) return;
    if (stage->headless > 0) ::kill(stage->headless, SIGKILL);
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    EXPECT_EQ(::rmdir(stage->directory), 0);
    ::munmap(stage, sizeof(Stage));
  }

  void run() {
    auto& kernel = os::real_kernel();
    kernel.raise_fd_limit();
    sweep = sweep_processes(kernel, 2, registry, report);
    for (const Source& source : namespace_sources())
      source.search({kernel, 2, sweep, registry, report, tun_servers});
  }

  // Descriptors of others do not count: another nsmap may be looking at the same time.
  std::vector<model::Holder> holders_of(std::uint64_t ino) {
    std::vector<model::Holder> holders;
    for (const FoundNamespace* found : registry.all()) {
      if (found->id.ino != ino || !found->fd.valid()) continue;
      for (const model::Holder& holder : found->holders)
        if (holder.kind != HolderKind::fd || holder.pid == Pid(child)) holders.push_back(holder);
    }
    return holders;
  }
  // The only holder of the namespace; one of kind `listed` when there are several or none.
  model::Holder only_holder(std::uint64_t ino) {
    const std::vector<model::Holder> holders = holders_of(ino);
    if (holders.size() == 1) return holders[0];
    model::Holder none;
    none.kind = HolderKind::listed;
    return none;
  }
  // In a chroot, a path from the root of a mount namespace has the chroot's own before it.
  std::string path(const char* name) const { return std::string(stage->directory) + "/" + name; }

  Stage* stage = nullptr;
  pid_t child = -1;
  Registry registry{os::real_kernel()};
  Report report;
  Sweep sweep;
  std::vector<TunServerSeen> tun_servers;
};

TEST_F(RealSources, FindEveryKindOfHolder) {
  run();
  model::Holder expected;
  expected.kind = HolderKind::fd;
  expected.pid = Pid(child);
  expected.fd = stage->fd;
  EXPECT_EQ(only_holder(stage->by_fd), expected);

  expected.kind = HolderKind::thread;
  expected.tid = Pid(stage->thread);
  expected.fd.reset();
  EXPECT_EQ(only_holder(stage->by_thread), expected);

  const model::Holder own_table = only_holder(stage->by_own_table);
  EXPECT_EQ(own_table.kind, HolderKind::fd);
  EXPECT_EQ(own_table.tid, Pid(stage->own_table));

  const model::Holder near = only_holder(stage->by_mount);
  EXPECT_EQ(near.kind, HolderKind::bind_mount);
  EXPECT_THAT(near.path, testing::EndsWith(path("near")));
  EXPECT_THAT(near.pid, testing::AnyOf(Pid(child), Pid(stage->headless)));

  const model::Holder far = only_holder(stage->by_far_mount);
  EXPECT_EQ(far.kind, HolderKind::bind_mount);
  EXPECT_THAT(far.path, testing::EndsWith(path("far")));
  EXPECT_EQ(far.mnt_ns, Inode(stage->far_mnt));
  EXPECT_EQ(far.pid, std::nullopt);
}

TEST_F(RealSources, FindAProcessWhoseFirstThreadExited) {
  run();
  const std::vector<model::Holder> holders = holders_of(stage->by_headless);
  EXPECT_THAT(holders, testing::Not(testing::IsEmpty()));
  for (const model::Holder& holder : holders) {  // ThreadSanitizer adds threads of its own
    EXPECT_EQ(holder.kind, HolderKind::thread);
    EXPECT_EQ(holder.pid, Pid(stage->headless));
    EXPECT_NE(holder.tid, Pid(stage->headless));
  }
  const auto& processes = sweep.processes;
  EXPECT_TRUE(std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
    return process.pid == Pid(stage->headless) && !process.zombie;
  }));
}

TEST_F(RealSources, FindATapAndWhoServesIt) {
  if (stage->by_tun == 0) GTEST_SKIP() << "no /dev/net/tun here";
  run();
  const model::Holder holder = only_holder(stage->by_tun);
  EXPECT_EQ(holder.kind, HolderKind::tun);
  EXPECT_EQ(holder.fd, stage->tun);
  const TunServerSeen expected{model::NetnsId{sweep.nsfs_dev, stage->by_tun}, "nsmaptest",
                               Pid(child), stage->tun};
  EXPECT_THAT(tun_servers, testing::Contains(expected));
}

}  // namespace
}  // namespace nsmap::collect
