#include "collect/residents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Residents residents_of(std::initializer_list<std::pair<int, std::uint64_t>> processes) {
  os::FakeKernel kernel;
  kernel.add_directory("/proc/sys");
  for (const auto& [pid, ns] : processes)
    kernel.add_namespace("/proc/" + std::to_string(pid) + "/ns/net", os::NamespaceType::net, ns);
  return find_residents(kernel);
}

TEST(Residents, AreProcessesWithTheirNamespaces) {
  EXPECT_THAT(residents_of({{12, 7}, {3, 8}}),
              ElementsAre(Pair(Pid(3), Inode(8)), Pair(Pid(12), Inode(7))));
}

TEST(Residents, AreLeftOutWhereTheirNamespaceMayNotBeKnown) {
  os::FakeKernel kernel;
  kernel.add_namespace("/proc/3/ns/net", os::NamespaceType::net, 8);
  kernel.refuse("/proc/3/ns/net", EACCES);
  EXPECT_THAT(find_residents(kernel), IsEmpty());
}

TEST(Residents, ComeLeaveAndMove) {
  const Residents before = residents_of({{1, 7}, {2, 7}, {3, 8}});
  const auto none = moves_between(before, before);
  EXPECT_THAT(none.came, IsEmpty());
  EXPECT_THAT(none.left, IsEmpty());
  // 2 ended, 3 moved, 4 is new.
  const auto moves = moves_between(before, residents_of({{1, 7}, {3, 9}, {4, 8}}));
  EXPECT_THAT(moves.came, ElementsAre(8, 9));
  EXPECT_THAT(moves.left, ElementsAre(7, 8));
}

}  // namespace
}  // namespace nsmap::collect
