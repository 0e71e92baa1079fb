#include "lab/as_snapshot.h"

#include <gtest/gtest.h>

#include "lab/file.h"

namespace nsmap::lab {
namespace {

TEST(AsSnapshot, TellsWiresMastersAndAddresses) {
  const auto lab = parse(
      "lab: shop\n"
      "namespaces:\n"
      "  router: {links: {br0: {kind: bridge, addresses: [10.0.0.1/24]}}}\n"
      "  web: {links: {eth0: {peer: {namespace: router, name: web, master: br0}}}}\n",
      "shop.yaml");
  ASSERT_TRUE(lab) << lab.error().text;
  const model::Snapshot snapshot = as_snapshot(*lab);
  ASSERT_EQ(snapshot.namespaces.size(), 2u);
  const model::Namespace& router = snapshot.namespaces[0];
  const model::Namespace& web = snapshot.namespaces[1];
  ASSERT_EQ(router.links.size(), 3u);
  EXPECT_EQ(router.addresses.at(0).address.text(), "10.0.0.1");
  EXPECT_EQ(router.links[2].master, router.links[1].index);
  EXPECT_EQ(router.links[2].peer, (model::LinkRef{web.id, web.links[1].index}));
  EXPECT_EQ(web.links[1].peer, (model::LinkRef{router.id, router.links[2].index}));
}

}  // namespace
}  // namespace nsmap::lab
