#include "lab/internet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/fake_changes.h"

namespace nsmap::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Internet record() {
  Internet record;
  record.key = "4-42-7";
  record.name = "a shop";
  record.asked = "ino:42";
  record.near = {IfIndex(3), "to-a-shop"};
  record.far = {IfIndex(2), "eth0"};
  for (const char* subnet : {"10.213.0.0/30", "fd00:213::/64"}) {
    const Prefix prefix = *Prefix::parse(subnet);
    record.wires.push_back({prefix, prefix.address, prefix.address});
  }
  record.via = "up0";
  record.needs = {"net.ipv4.conf.up0.forwarding", "net.ipv6.conf.all.forwarding"};
  return record;
}

TEST(InternetRecord, IsReadAsItWasWritten) {
  const std::string text = text_of(record());
  const Internet read = parse_internet("4-42-7", text + "made\n");
  EXPECT_EQ(text_of(read), text + "made\n");
  EXPECT_EQ(read.name, "a shop");
  EXPECT_EQ(read.near, record().near);
  EXPECT_EQ(read.wires.size(), 2u);
  EXPECT_FALSE(parse_internet("4-42-7", text).made);
}

TEST(InternetRecord, ATornOneTellsWhatItSaysWhole) {
  const std::string text = text_of(record());
  const Internet read = parse_internet("4-42-7", text.substr(0, text.find("fd00") + 2));
  EXPECT_EQ(read.wires.size(), 1u);
  EXPECT_EQ(read.needs.size(), 0u);
  EXPECT_EQ(parse_internet("4-42-7", "near x\nwire 1 2 3\nwords\n\n").wires.size(), 0u);
}

TEST(InternetRecord, IsOfANamespaceNotOfAnInode) {
  model::Namespace ns;
  ns.id = {4, 42};
  ns.cookie = 7;
  EXPECT_EQ(key_of(ns), "4-42-7");
  ns.cookie = 8;
  EXPECT_NE(key_of(ns), "4-42-7");
}

TEST(InternetRecord, ItsWireIsAVethOfThatNumberAndName) {
  model::Namespace near;
  EXPECT_FALSE(has_wire(near, record()));
  near.links.resize(1);
  near.links[0].index = IfIndex(3);
  near.links[0].name = "to-a-shop";
  near.links[0].kind = "veth";
  EXPECT_TRUE(has_wire(near, record()));
  near.addresses.resize(1);
  near.addresses[0].index = IfIndex(3);
  near.addresses[0].address = *IpAddress::parse("192.0.2.1");
  EXPECT_FALSE(has_wire(near, record())) << "another's, of that name";
  Internet made = record();
  made.made = true;
  EXPECT_TRUE(has_wire(near, made)) << "somebody added an address";
  near.addresses.clear();
  near.links[0].kind = "bridge";
  EXPECT_FALSE(has_wire(near, record()));
  near.links[0].kind = "veth";
  near.links[0].index = IfIndex(4);
  EXPECT_FALSE(has_wire(near, record()));
}

TEST(InternetBook, NothingIsBegunWithoutNfTables) {
  os::FakeKernel kernel;
  os::FakeChanges changes(kernel);
  model::Namespace near;
  near.id = {4, 1};
  const InternetBook book({kernel, changes}, near, {});
  const auto given = book.give(record(), {}, {}, {});
  ASSERT_FALSE(given);
  EXPECT_THAT(line(given.error()), HasSubstr("masquerading for a shop"));
  EXPECT_THAT(changes.calls, IsEmpty());
}

}  // namespace
}  // namespace nsmap::lab
