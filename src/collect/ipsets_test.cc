#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

constexpr int kList = NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST;

Attrs ip(const char* text) {
  const IpAddress address = *IpAddress::parse(text);
  return Attrs().bytes(address.is_v6() ? IPSET_ATTR_IPADDR_IPV6 : IPSET_ATTR_IPADDR_IPV4,
                       address.bytes());
}

Attrs header(const char* name, const char* type, const Attrs& data) {
  return Attrs()
      .text(IPSET_ATTR_SETNAME, name)
      .text(IPSET_ATTR_TYPENAME, type)
      .add(IPSET_ATTR_FAMILY, std::uint8_t{2})
      .add(IPSET_ATTR_REVISION, std::uint8_t{5})
      .nest(IPSET_ATTR_DATA, data);
}

Attrs members(const char* name, const std::vector<Attrs>& elements) {
  Attrs list;
  for (const Attrs& element : elements) list.nest(IPSET_ATTR_DATA, element);
  return Attrs().text(IPSET_ATTR_SETNAME, name).nest(IPSET_ATTR_ADT, list);
}

std::vector<std::string> read(const char* type, const std::vector<Attrs>& elements) {
  TestReading test;
  test.netfilter.answer(kList, {message(kList, nfgenmsg{}, header("s", type, Attrs())),
                                message(kList, nfgenmsg{}, members("s", elements))});
  EXPECT_EQ(collect_ipsets(test.reading), 1u);
  std::vector<std::string> texts;
  for (const auto& member : test.ns.firewall->ipsets.at(0).members) texts.push_back(member.text);
  return texts;
}

using testing::ElementsAre;

TEST(CollectIpsets, WriteElementsAsTheirTypeHasThem) {
  const Attrs port = Attrs()
                         .nest(IPSET_ATTR_IP, ip("10.0.0.1"))
                         .be(IPSET_ATTR_PORT, std::uint16_t{80})
                         .add(IPSET_ATTR_PROTO, std::uint8_t{6})
                         .nest(IPSET_ATTR_IP2, ip("10.1.0.0"))
                         .add(IPSET_ATTR_CIDR2, std::uint8_t{16});
  EXPECT_THAT(read("hash:ip,port,net", {port}), ElementsAre("10.0.0.1,tcp:80,10.1.0.0/16"));
  EXPECT_THAT(
      read("hash:net",
           {Attrs().nest(IPSET_ATTR_IP, ip("fd00::")).add(IPSET_ATTR_CIDR, std::uint8_t{64})}),
      ElementsAre("fd00::/64"));
  EXPECT_THAT(read("hash:net,iface", {Attrs()
                                          .nest(IPSET_ATTR_IP, ip("10.0.0.0"))
                                          .add(IPSET_ATTR_CIDR, std::uint8_t{8})
                                          .text(IPSET_ATTR_IFACE, "eth0")}),
              ElementsAre("10.0.0.0/8,eth0"));
  EXPECT_THAT(read("bitmap:port", {Attrs().be(IPSET_ATTR_PORT, std::uint16_t{443})}),
              ElementsAre("443"));
  EXPECT_THAT(read("bitmap:ip,mac", {Attrs().nest(IPSET_ATTR_IP, ip("10.0.0.1"))}),
              ElementsAre("10.0.0.1"));
  EXPECT_THAT(read("list:set", {Attrs().text(IPSET_ATTR_NAME, "other")}), ElementsAre("other"));
  EXPECT_THAT(read("hash:new", {Attrs()}), ElementsAre("?"));
}

TEST(CollectIpsets, ReadOptionsAndFlags) {
  TestReading test;
  const Attrs data = Attrs()
                         .be(IPSET_ATTR_HASHSIZE, std::uint32_t{1024})
                         .be(IPSET_ATTR_MAXELEM, std::uint32_t{65536})
                         .be(IPSET_ATTR_TIMEOUT, std::uint32_t{60})
                         .be(IPSET_ATTR_CADT_FLAGS, std::uint32_t{IPSET_FLAG_WITH_COMMENT})
                         .be(IPSET_ATTR_REFERENCES, std::uint32_t{2});
  const Attrs element = Attrs()
                            .nest(IPSET_ATTR_IP, ip("10.0.0.1"))
                            .be(IPSET_ATTR_TIMEOUT, std::uint32_t{59})
                            .be(IPSET_ATTR_CADT_FLAGS, std::uint32_t{IPSET_FLAG_NOMATCH})
                            .text(IPSET_ATTR_COMMENT, "x");
  test.netfilter.answer(kList, {message(kList, nfgenmsg{}, header("a", "hash:ip", data)),
                                message(kList, nfgenmsg{}, members("a", {element})),
                                message(kList, nfgenmsg{}, header("b", "hash:ip", Attrs()))});
  EXPECT_EQ(collect_ipsets(test.reading), 2u);
  const auto& set = test.ns.firewall->ipsets.at(0);
  EXPECT_EQ(set.options, "hashsize 1024 maxelem 65536 timeout 60 comment");
  EXPECT_EQ(set.family, "inet");
  EXPECT_EQ(set.references, 2u);
  EXPECT_TRUE(set.members.at(0).nomatch);
  EXPECT_EQ(set.members.at(0).options, "timeout 59 comment \"x\"");
}

TEST(CollectIpsets, OfNoneLeaveTheFirewallAlone) {
  TestReading test;
  EXPECT_EQ(collect_ipsets(test.reading), 0u);
  EXPECT_EQ(test.ns.firewall, Shared<model::firewall::Firewall>());
  test.reading.abilities.ipset = false;
  const auto before = test.netfilter.requests().size();
  collect_ipsets(test.reading);
  EXPECT_EQ(test.netfilter.requests().size(), before);
}

TEST(CollectIpsets, LeaveOutWhatMakesNoSense) {
  TestReading test;
  test.netfilter.answer(
      kList, {message(kList, nfgenmsg{},
                      Attrs().text(IPSET_ATTR_SETNAME, "s").bytes(IPSET_ATTR_ADT, Buffer(3)))});
  collect_ipsets(test.reading);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
