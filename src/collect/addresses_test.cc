#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

std::vector<std::uint8_t> v4(std::uint8_t last) { return {10, 0, 0, last}; }

std::vector<model::Address> collect(std::vector<Buffer> messages) {
  TestReading test;
  test.route.answer(RTM_GETADDR, std::move(messages));
  collect_addresses(test.reading);
  EXPECT_THAT(test.diagnostics(), testing::IsEmpty());
  return std::move(test.ns.addresses);
}

TEST(Addresses, AnOrdinaryOne) {
  const auto found =
      collect({message(RTM_NEWADDR, ifaddrmsg{AF_INET, 24, IFA_F_PERMANENT, RT_SCOPE_UNIVERSE, 7},
                       Attrs()
                           .array(IFA_ADDRESS, v4(2))
                           .array(IFA_LOCAL, v4(2))
                           .array(IFA_BROADCAST, v4(255))
                           .text(IFA_LABEL, "eth0:\xff")
                           .add(IFA_FLAGS, std::uint32_t{IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE})
                           .add(IFA_RT_PRIORITY, std::uint32_t{50})
                           .add(IFA_CACHEINFO, ifa_cacheinfo{0xffffffff, 0xffffffff, 1, 2}))});
  ASSERT_EQ(found.size(), 1u);
  model::Address wanted;
  wanted.index = IfIndex(7);
  wanted.address = *IpAddress::parse("10.0.0.2");
  wanted.prefix = 24;
  wanted.broadcast = IpAddress::parse("10.0.0.255");
  wanted.label = "eth0:\\xff";
  wanted.scope = "global";
  wanted.permanent = true;
  wanted.no_prefix_route = true;
  wanted.flags = IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE;
  wanted.route_metric = 50;
  EXPECT_EQ(found[0], wanted);
}

TEST(Addresses, TheOtherEndOfAPointToPointLink) {
  const auto found = collect({message(RTM_NEWADDR, ifaddrmsg{AF_INET, 32, 0, RT_SCOPE_UNIVERSE, 7},
                                      Attrs().array(IFA_ADDRESS, v4(9)).array(IFA_LOCAL, v4(2)))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].address.text(), "10.0.0.2");
  EXPECT_EQ(found[0].peer, IpAddress::parse("10.0.0.9"));
}

TEST(Addresses, Ipv6HasNoLocalAttributeAndLifetimesInSeconds) {
  const auto address = *IpAddress::parse("2001:db8::5");
  const auto found =
      collect({message(RTM_NEWADDR, ifaddrmsg{AF_INET6, 64, IFA_F_TEMPORARY, RT_SCOPE_LINK, 3},
                       Attrs()
                           .bytes(IFA_ADDRESS, address.bytes())
                           .add(IFA_CACHEINFO, ifa_cacheinfo{1800, 3600, 1, 2})
                           .add(IFA_FLAGS, std::uint32_t{IFA_F_TEMPORARY | IFA_F_TENTATIVE |
                                                         IFA_F_DEPRECATED | IFA_F_DADFAILED}))});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].address, address);
  EXPECT_EQ(found[0].peer, std::nullopt);
  EXPECT_EQ(found[0].scope, "link");
  EXPECT_EQ(found[0].preferred_s, 1800u);
  EXPECT_EQ(found[0].valid_s, 3600u);
  EXPECT_TRUE(found[0].secondary && found[0].tentative && found[0].deprecated &&
              found[0].dad_failed);
  EXPECT_FALSE(found[0].permanent);
}

TEST(Addresses, OtherFamiliesAreNotOurs) {
  EXPECT_THAT(collect({message(RTM_NEWADDR, ifaddrmsg{AF_PHONET, 0, 0, 0, 1},
                               Attrs().add(IFA_LOCAL, std::uint8_t{4}))}),
              testing::IsEmpty());
}

TEST(Addresses, WithoutAnAddressItIsMalformed) {
  TestReading test;
  test.route.answer(RTM_GETADDR, {message(RTM_NEWADDR, ifaddrmsg{AF_INET, 24, 0, 0, 7}),
                                  message(RTM_NEWADDR, ifaddrmsg{AF_INET, 24, 0, 0, 7},
                                          Attrs().add(IFA_LOCAL, std::uint16_t{1}))});
  EXPECT_EQ(collect_addresses(test.reading), 0u);
  EXPECT_EQ(test.diagnostics().size(), 2u);
}

}  // namespace
}  // namespace nsmap::collect
