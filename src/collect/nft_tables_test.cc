#include "collect/nft_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "collect/test_reading.h"
#include "collect/test_statements.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using testing::ElementsAre;

NftAttributes of(const Attrs& attrs) { return NftAttributes(netlink::Attributes(attrs.bytes())); }

Attrs base_chain(std::uint32_t hook) {
  return Attrs()
      .text(NFTA_CHAIN_NAME, "c")
      .nest(NFTA_CHAIN_HOOK,
            Attrs()
                .be(NFTA_HOOK_HOOKNUM, hook)
                .be(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(-150))
                .nest(NFTA_HOOK_DEVS,
                      Attrs().text(NFTA_DEVICE_NAME, "eth0").text(NFTA_DEVICE_NAME, "e\xff")))
      .be(NFTA_CHAIN_POLICY, std::uint32_t{NF_DROP})
      .text(NFTA_CHAIN_TYPE, "filter");
}

TEST(NftTables, HooksAreCountedForEachFamily) {
  const Attrs zero = base_chain(0);
  EXPECT_EQ(read_chain(of(zero), Family::ip).hook, Hook::prerouting);
  EXPECT_EQ(read_chain(of(zero), Family::arp).hook, Hook::input);
  EXPECT_EQ(read_chain(of(zero), Family::netdev).hook, Hook::ingress);
  EXPECT_FALSE(read_chain(of(base_chain(99)), Family::ip).hook);
}

TEST(NftTables, BaseChain) {
  const Attrs attrs = base_chain(1);
  const Chain chain = read_chain(of(attrs), Family::netdev);
  EXPECT_EQ(chain.hook, Hook::egress);
  EXPECT_EQ(chain.priority, -150);
  EXPECT_EQ(chain.policy, (Verdict{Verdict::Kind::drop, {}}));
  EXPECT_THAT(chain.devices, ElementsAre("eth0", "e\\xff"));
}

TEST(NftTables, TableFlags) {
  const Attrs attrs = Attrs()
                          .text(NFTA_TABLE_NAME, "t")
                          .be(NFTA_TABLE_FLAGS, std::uint32_t{NFT_TABLE_F_DORMANT | 4})
                          .be(NFTA_TABLE_OWNER, std::uint32_t{77});
  const Table table = read_table(of(attrs), Family::inet);
  EXPECT_TRUE(table.dormant && table.persist);
  EXPECT_EQ(table.owner, 77u);
}

TEST(NftTables, ConnectionObjects) {
  const Attrs attrs =
      Attrs()
          .text(NFTA_OBJ_NAME, "o")
          .be(NFTA_OBJ_TYPE, std::uint32_t{NFT_OBJECT_CT_HELPER})
          .nest(NFTA_OBJ_DATA, Attrs()
                                   .text(NFTA_CT_HELPER_NAME, "ftp")
                                   .be(NFTA_CT_HELPER_L3PROTO, std::uint16_t{NFPROTO_IPV4})
                                   .add(NFTA_CT_HELPER_L4PROTO, std::uint8_t{6}));
  const Object object = read_object(of(attrs), Family::inet);
  EXPECT_EQ(object.kind, "ct_helper");
  EXPECT_EQ(object.helper, "ftp");
  EXPECT_EQ(object.protocol, 6);
  EXPECT_EQ(object.l3_protocol, "ip");
}

TEST(NftTables, ObjectOfAKindNobodyKnows) {
  const Attrs attrs = Attrs().be(NFTA_OBJ_TYPE, std::uint32_t{99});
  EXPECT_EQ(read_object(of(attrs), Family::inet).kind, "99");
}

TEST(NftTables, Flowtable) {
  const Attrs attrs =
      Attrs()
          .text(NFTA_FLOWTABLE_NAME, "f")
          .be(NFTA_FLOWTABLE_FLAGS, std::uint32_t{NFT_FLOWTABLE_COUNTER})
          .nest(NFTA_FLOWTABLE_HOOK,
                Attrs()
                    .be(NFTA_FLOWTABLE_HOOK_PRIORITY, std::uint32_t{5})
                    .nest(NFTA_FLOWTABLE_HOOK_DEVS, Attrs().text(NFTA_DEVICE_NAME, "eth0")));
  const Flowtable flowtable = read_flowtable(of(attrs));
  EXPECT_TRUE(flowtable.counter);
  EXPECT_EQ(flowtable.priority, 5);
  EXPECT_THAT(flowtable.devices, ElementsAre("eth0"));
}

}  // namespace
}  // namespace nsmap::collect
