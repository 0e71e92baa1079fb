#include "collect/registry.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

model::Holder process(int pid) {
  model::Holder holder;
  holder.pid = Pid(pid);
  return holder;
}

TEST(Registry, KeepsOneDescriptorAndEveryHolder) {
  os::FakeKernel kernel;
  kernel.add_namespace("/proc/7/ns/net", os::NamespaceType::net, 42);
  Registry registry(kernel);
  const model::NetnsId id{os::FakeKernel::kNsfsDev, 42};
  EXPECT_FALSE(registry.add(id, process(7))) << "nothing keeps it yet";
  EXPECT_EQ(
      registry.add(std::move(*kernel.open(os::kNoDir, "/proc/7/ns/net", O_RDONLY)), process(7)),
      id);
  EXPECT_TRUE(registry.add(id, process(8)));
  EXPECT_EQ(registry.waiting(), 1u);
  const FoundNamespace* found = registry.take();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->holders.size(), 2u);
  EXPECT_TRUE(found->fd.valid());
  EXPECT_EQ(registry.take(), nullptr) << "given once";
  EXPECT_EQ(registry.all().size(), 1u);
}

TEST(Registry, TakesNetworkNamespacesOnly) {
  os::FakeKernel kernel;
  kernel.add_namespace("/proc/7/ns/mnt", os::NamespaceType::mount, 43);
  kernel.add_file("/run/netns/stale", "");
  Registry registry(kernel);
  for (const char* path : {"/proc/7/ns/mnt", "/run/netns/stale"})
    EXPECT_FALSE(registry.add(std::move(*kernel.open(os::kNoDir, path, O_RDONLY)), process(7)));
  EXPECT_TRUE(registry.all().empty());
}

TEST(Registry, WhatCouldNotBeOpenedIsStillThere) {
  os::FakeKernel kernel;
  Registry registry(kernel);
  EXPECT_TRUE(registry.add({4, 42}, process(7), true));
  EXPECT_EQ(registry.take(), nullptr) << "it cannot be visited";
  ASSERT_EQ(registry.all().size(), 1u);
  EXPECT_FALSE(registry.all()[0]->fd.valid());
}

TEST(Registry, WaitsWhileMoreIsExpected) {
  os::FakeKernel kernel;
  kernel.add_namespace("/proc/7/ns/net", os::NamespaceType::net, 42);
  Registry registry(kernel);
  registry.expect_more(true);
  std::vector<std::uint64_t> taken;
  std::jthread reader([&] {
    while (const FoundNamespace* found = registry.take()) taken.push_back(found->id.ino);
  });
  registry.add(std::move(*kernel.open(os::kNoDir, "/proc/7/ns/net", O_RDONLY)), process(7));
  registry.expect_more(false);
  reader.join();
  EXPECT_EQ(taken, std::vector<std::uint64_t>{42});
}

}  // namespace
}  // namespace nsmap::collect
