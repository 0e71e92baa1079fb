#include "lab/free_addresses.h"

#include <gtest/gtest.h>

namespace nsmap::lab {
namespace {

model::Snapshot snapshot_of(std::vector<const char*> addresses, std::vector<const char*> routes) {
  model::Snapshot snapshot;
  // One each, as they count wherever they are.
  for (const char* text : addresses) {
    const auto prefix = *Prefix::parse(text);
    model::Address address;
    address.address = prefix.address;
    address.prefix = prefix.length;
    snapshot.namespaces.emplace_back().addresses.push_back(address);
  }
  for (const char* text : routes) {
    model::Route route;
    route.dst = *Prefix::parse(text);
    snapshot.namespaces.emplace_back().routes.push_back(route);
  }
  return snapshot;
}

std::vector<std::string> chosen(const model::Snapshot& snapshot, const AddressPool& pool,
                                std::size_t count) {
  std::vector<std::string> texts;
  if (const auto found = free_subnets(snapshot, pool, count))
    for (const WireSubnet& wire : *found) texts.push_back(wire.subnet.text());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(FreeSubnets, BeginWithTheFirstOfThePool) {
  const auto found = free_subnets({}, default_pool(false), 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at(0).subnet.text(), "10.213.0.0/30");
  EXPECT_EQ(found->at(0).near.text(), "10.213.0.1");
  EXPECT_EQ(found->at(0).far.text(), "10.213.0.2");
  EXPECT_EQ(found->at(1).subnet.text(), "10.213.0.4/30");
  const auto v6 = free_subnets({}, default_pool(true), 2);
  EXPECT_EQ(v6->at(1).subnet.text(), "fd00:213:0:1::/64");
  EXPECT_EQ(v6->at(1).far.text(), "fd00:213:0:1::2");
}

TEST(FreeSubnets, KeepAwayFromAddressesAndRoutesOfEveryNamespace) {
  const auto snapshot =
      snapshot_of({"10.213.0.6/30", "10.213.0.9/32", "192.0.2.1/24"}, {"10.213.0.16/29"});
  EXPECT_EQ(chosen(snapshot, default_pool(false), 4),
            (Texts{"10.213.0.0/30", "10.213.0.12/30", "10.213.0.24/30", "10.213.0.28/30"}));
}

TEST(FreeSubnets, OverlappingRunsCountOnce) {
  const auto snapshot = snapshot_of({"10.213.0.1/32"}, {"10.213.0.0/24", "10.213.0.128/25"});
  EXPECT_EQ(chosen(snapshot, default_pool(false), 1), Texts{"10.213.1.0/30"});
}

TEST(FreeSubnets, APeerIsInUseToo) {
  auto snapshot = snapshot_of({"10.213.0.1/32"}, {});
  snapshot.namespaces[0].addresses[0].peer = IpAddress::parse("10.213.0.5");
  EXPECT_EQ(chosen(snapshot, default_pool(false), 1), Texts{"10.213.0.8/30"});
}

TEST(FreeSubnets, ADefaultRouteTakesNothingAndAWiderOneAll) {
  EXPECT_EQ(chosen(snapshot_of({}, {"0.0.0.0/0", "::/0"}), default_pool(false), 1),
            Texts{"10.213.0.0/30"});
  const auto found = free_subnets(snapshot_of({}, {"10.0.0.0/8"}), default_pool(false), 1);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().text,
            "choosing addresses: of 10.213.0.0/16 only 0 of the /30 needed are free");
}

TEST(FreeSubnets, OfOneFamilyCareForNoOther) {
  const auto snapshot = snapshot_of({}, {"::/1", "fd00:213::/63", "10.0.0.0/8"});
  EXPECT_EQ(chosen(snapshot, default_pool(true), 1), Texts{"fd00:213:0:2::/64"});
}

TEST(FreeSubnets, MayBeAsManyAsThereAre) {
  const AddressPool pool{*Prefix::parse("10.0.0.0/28"), 30};
  EXPECT_EQ(chosen({}, pool, 4).size(), 4u);
  EXPECT_FALSE(free_subnets({}, pool, 5));
  EXPECT_EQ(chosen(snapshot_of({"10.0.0.14/32"}, {}), pool, 3).back(), "10.0.0.8/30");
}

}  // namespace
}  // namespace nsmap::lab
