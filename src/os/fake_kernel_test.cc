#include "os/fake_kernel.h"

#include <gtest/gtest.h>

namespace nsmap::os {
namespace {

TEST(FakeKernel, FollowsLinksOnTheWay) {
  FakeKernel kernel;
  kernel.add_file("/data/etc/os-release", "ID=x\n");
  kernel.add_link("/proc/7/root", "/data");
  EXPECT_EQ(kernel.read_file(kNoDir, "/proc/7/root/etc/os-release", 100), "ID=x\n");
  EXPECT_EQ(kernel.read_link(kNoDir, "/proc/7/root"), "/data");
  const auto dir = kernel.open(kNoDir, "/proc/7", 0);
  ASSERT_TRUE(dir);
  EXPECT_EQ(kernel.list(*dir, "root/etc"), std::vector<std::string>{"os-release"});
}

TEST(FakeKernel, NamespacesHaveIdentity) {
  FakeKernel kernel;
  kernel.add_namespace("/proc/7/ns/net", NamespaceType::net, 42);
  EXPECT_EQ(kernel.read_link(kNoDir, "/proc/7/ns/net"), "net:[42]");
  const auto fd = kernel.open(kNoDir, "/proc/7/ns/net", 0);
  ASSERT_TRUE(fd);
  EXPECT_EQ(kernel.namespace_type(*fd), NamespaceType::net);
  EXPECT_EQ(kernel.stat(*fd, "")->id, (FileId{FakeKernel::kNsfsDev, 42}));
}

TEST(FakeKernel, RefusesWhatItWasTold) {
  FakeKernel kernel;
  kernel.add_file("/proc/7/fd/3", "");
  kernel.refuse("/proc/7/fd", EACCES);
  EXPECT_EQ(kernel.list(kNoDir, "/proc/7/fd").error().value, EACCES);
  EXPECT_EQ(kernel.read_file(kNoDir, "/proc/8/comm", 10).error().value, ENOENT);
}

}  // namespace
}  // namespace nsmap::os
