#include <gtest/gtest.h>

#include <cerrno>

#include "collect/sources.h"
#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

constexpr std::uint64_t kHome = 42;
constexpr std::uint64_t kAway = 77;

model::NetnsId id_of(std::uint64_t ino) { return {os::FakeKernel::kNsfsDev, ino}; }

struct World {
  World() : registry(kernel) {
    model::Process process;
    process.pid = Pid(7);
    process.net = id_of(kHome);
    sweep.processes.push_back(process);
    namespaces.resize(1);
    namespaces[0].id = id_of(kHome);
  }

  // Process 7 has descriptor `fd` on a socket that lives in `ns`.
  Inode hold(int fd, std::uint64_t ns) {
    const std::string path = "/proc/7/fd/" + std::to_string(fd);
    kernel.add_file(path, "");
    kernel.socket_netns[path] = ns;
    const Inode inode(kernel.stat(os::kNoDir, path.c_str())->id.ino);
    sweep.descriptors.push_back({Descriptor::Kind::socket, Pid(7), Pid(7), fd, inode});
    return inode;
  }

  model::Coverage search() {
    search_sockets({kernel, 1, sweep, registry, report, servers}, namespaces);
    std::vector<model::Coverage> coverage;
    std::vector<model::Diagnostic> diagnostics;
    report.finish(coverage, diagnostics);
    return coverage.at(0);
  }

  os::FakeKernel kernel;
  Registry registry;
  Report report;
  Sweep sweep;
  std::vector<TunServerSeen> servers;
  std::vector<model::Namespace> namespaces;
};

void list_in_table(model::Namespace& ns, Inode inode) {
  model::Socket socket;
  socket.inode = inode;
  ns.sockets.push_back(socket);
}

TEST(SocketsElsewhere, ASocketInNoTableIsAskedWhereItLives) {
  World world;
  world.hold(3, kAway);
  EXPECT_EQ(world.search().found, 1u);
  EXPECT_EQ(world.registry.waiting(), 1u);
  const FoundNamespace* found = world.registry.take();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, id_of(kAway));
  ASSERT_EQ(found->holders.size(), 1u);
  EXPECT_EQ(found->holders[0].kind, model::HolderKind::socket);
  EXPECT_EQ(found->holders[0].pid, Pid(7));
  EXPECT_EQ(found->holders[0].fd, 3);
}

TEST(SocketsElsewhere, ASocketOfItsOwnNamespaceIsNoHolder) {
  World world;
  list_in_table(world.namespaces[0], world.hold(3, kAway));
  world.hold(4, kHome);
  const model::Coverage row = world.search();
  EXPECT_EQ(row.looked_at, 2u);
  EXPECT_EQ(row.found, 0u)
      << "the first is listed at home, so nobody asks; the second answers home";
  EXPECT_FALSE(world.registry.has(id_of(kAway)));
}

TEST(SocketsElsewhere, TheTableOfAnotherNamespaceNeedsNoQuestion) {
  World world;
  const Inode inode = world.hold(3, kAway);
  world.namespaces.resize(2);
  world.namespaces[1].id = id_of(kAway);
  list_in_table(world.namespaces[1], inode);
  world.kernel.refuse("/proc/7/fd/3", EPERM);
  EXPECT_EQ(world.search().found, 1u);
  EXPECT_TRUE(world.registry.has(id_of(kAway)));
}

TEST(SocketsElsewhere, ADescriptorThatChangedHandsIsNotBelieved) {
  World world;
  world.hold(3, kAway);
  world.sweep.descriptors[0].inode = Inode(999999);
  EXPECT_EQ(world.search().found, 0u);
  EXPECT_FALSE(world.registry.has(id_of(kAway)));
}

TEST(SocketsElsewhere, RefusalIsCounted) {
  World world;
  world.hold(3, kAway);
  world.kernel.refuse("/proc/7/fd/3", EPERM);
  // The fake refuses the stat of the borrowed descriptor, as the kernel refuses to lend it.
  EXPECT_EQ(world.search().found, 0u);
}

}  // namespace
}  // namespace nsmap::collect
