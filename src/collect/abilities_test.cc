#include "collect/abilities.h"

#include <gtest/gtest.h>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

TEST(Abilities, AsksNoModuleThatIsNotLoaded) {
  os::FakeKernel kernel;
  kernel.builtin = "kernel/net/netfilter/nfnetlink.ko\nkernel/net/netfilter/nf_tables.ko\n";
  kernel.add_file("/proc/modules", "ip_set_hash_ip 1 0 - Live 0x0\nip_set 57344 0 - Live 0x0\n");
  const Abilities abilities = find_abilities(kernel);
  EXPECT_TRUE(abilities.nf_tables);
  EXPECT_TRUE(abilities.ipset);
  EXPECT_FALSE(abilities.conntrack);
}

TEST(Abilities, AsksAKernelThatHasNoModules) {
  os::FakeKernel kernel;
  EXPECT_TRUE(find_abilities(kernel).nf_tables);
  EXPECT_TRUE(find_abilities(kernel).conntrack);
}

TEST(Abilities, LooksForListsOfTables) {
  os::FakeKernel kernel;
  EXPECT_FALSE(find_abilities(kernel).x_tables);
  kernel.add_file("/proc/thread-self/net/ip6_tables_names", "");
  EXPECT_TRUE(find_abilities(kernel).x_tables);
}

}  // namespace
}  // namespace nsmap::collect
