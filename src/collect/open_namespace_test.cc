#include "collect/open_namespace.h"

#include <gtest/gtest.h>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

class OpenNamespace : public ::testing::Test {
 protected:
  model::Namespace ns(std::vector<model::Holder> holders) const {
    model::Namespace made;
    made.id = {os::FakeKernel::kNsfsDev, 42};
    made.holders = std::move(holders);
    return made;
  }
  os::FakeKernel kernel_;
  // By pid 7.
  static model::Holder held(model::HolderKind kind, std::optional<Pid> tid,
                            std::optional<std::int32_t> fd, std::string path) {
    return {kind, Pid(7), tid, fd, std::move(path), {}, 0, {}, {}};
  }
};

TEST_F(OpenNamespace, ByWhateverHoldsIt) {
  using model::HolderKind;
  const std::pair<const char*, model::Holder> cases[] = {
      {"/proc/7/ns/net", held(HolderKind::process, {}, {}, {})},
      {"/proc/8/ns/net", held(HolderKind::thread, Pid(8), {}, {})},
      {"/proc/7/fd/3", held(HolderKind::fd, {}, 3, {})},
      {"/proc/7/root/mnt/a", held(HolderKind::bind_mount, {}, {}, "/mnt/a")},
  };
  for (const auto& [path, holder] : cases) {
    os::FakeKernel kernel;
    EXPECT_FALSE(open_namespace(kernel, ns({holder}))) << path;
    kernel.add_namespace(path, os::NamespaceType::net, 42);
    EXPECT_TRUE(open_namespace(kernel, ns({holder}))) << path;
  }
}

TEST_F(OpenNamespace, NeverAnotherThatTookItsPlace) {
  kernel_.add_namespace("/proc/7/ns/net", os::NamespaceType::net, 43);
  kernel_.add_namespace("/proc/9/ns/net", os::NamespaceType::net, 42);
  model::Holder first = held(model::HolderKind::process, {}, {}, {}), second = first;
  second.pid = Pid(9);
  EXPECT_FALSE(open_namespace(kernel_, ns({first})));
  EXPECT_TRUE(open_namespace(kernel_, ns({first, second})));
}

}  // namespace
}  // namespace nsmap::collect
