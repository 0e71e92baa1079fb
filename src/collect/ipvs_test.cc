#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using model::firewall::Family;
using model::firewall::VirtualDestination;
using model::firewall::VirtualService;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kFamily = 31;

genlmsghdr command(int number) { return {static_cast<std::uint8_t>(number), 1, 0}; }

// The union of both families.
Buffer address(const char* text) {
  const IpAddress parsed = *IpAddress::parse(text);
  Buffer bytes(parsed.bytes().begin(), parsed.bytes().end());
  bytes.resize(16);
  return bytes;
}

Attrs service_of(int family, const char* scheduler, ip_vs_flags flags, std::uint32_t timeout) {
  return Attrs()
      .add(IPVS_SVC_ATTR_AF, static_cast<std::uint16_t>(family))
      .text(IPVS_SVC_ATTR_SCHED_NAME, scheduler)
      .add(IPVS_SVC_ATTR_FLAGS, flags)
      .add(IPVS_SVC_ATTR_TIMEOUT, timeout);
}

Buffer service(const Attrs& attributes) {
  return message(kFamily, command(IPVS_CMD_NEW_SERVICE),
                 Attrs().nest(IPVS_CMD_ATTR_SERVICE, attributes));
}

Attrs tcp80(const char* at, int family = AF_INET) {
  return service_of(family, "wrr", {0, ~0u}, 0)
      .add(IPVS_SVC_ATTR_PROTOCOL, std::uint16_t{6})
      .bytes(IPVS_SVC_ATTR_ADDR, address(at))
      .be(IPVS_SVC_ATTR_PORT, std::uint16_t{80});
}

Buffer destination(const char* at, std::uint16_t port, std::uint32_t method, std::uint32_t weight,
                   Attrs more = {}) {
  return message(kFamily, command(IPVS_CMD_NEW_DEST),
                 Attrs().nest(IPVS_CMD_ATTR_DEST, more.bytes(IPVS_DEST_ATTR_ADDR, address(at))
                                                      .be(IPVS_DEST_ATTR_PORT, port)
                                                      .add(IPVS_DEST_ATTR_FWD_METHOD, method)
                                                      .add(IPVS_DEST_ATTR_WEIGHT, weight)
                                                      .add(IPVS_DEST_ATTR_ACTIVE_CONNS, 2u)
                                                      .add(IPVS_DEST_ATTR_INACT_CONNS, 5u)));
}

HandMadeTransport::Matches asks(int number) {
  return [=](const netlink::Message& request) {
    return request.family_header<genlmsghdr>()->cmd == number;
  };
}

// Those of a service that is asked for by an attribute of that type.
HandMadeTransport::Matches asks_destinations(std::uint16_t type, Bytes value) {
  return [=, wanted = Buffer(value.begin(), value.end())](const netlink::Message& request) {
    if (request.family_header<genlmsghdr>()->cmd != IPVS_CMD_GET_DEST) return false;
    const auto named = request.attributes(sizeof(genlmsghdr)).find(IPVS_CMD_ATTR_SERVICE);
    const auto found = named ? named->nested().find(type) : std::nullopt;
    return found && std::ranges::equal(found->payload(), wanted);
  };
}

struct IpvsReading : TestReading {
  IpvsReading() { reading.abilities.ipvs = kFamily; }
  void services(std::vector<Buffer> messages) {
    generic.answer_if(kFamily, asks(IPVS_CMD_GET_SERVICE), std::move(messages));
  }
};

TEST(CollectIpvs, ReadsServicesWithTheirDestinations) {
  IpvsReading test;
  test.services({service(tcp80("2001:db8::1", AF_INET6)), service(tcp80("10.0.0.1"))});
  test.generic.answer_if(kFamily, asks_destinations(IPVS_SVC_ATTR_ADDR, address("10.0.0.1")),
                         {destination("10.1.0.2", 8080, IP_VS_CONN_F_MASQ, 3),
                          destination("10.1.0.3", 80, IP_VS_CONN_F_DROUTE | 0x100, 0)});
  EXPECT_EQ(collect_ipvs(test.reading), 4u);
  const auto& services = test.ns.firewall->services;
  ASSERT_THAT(services, SizeIs(2));
  VirtualService expected{.family = Family::ip, .protocol = 6};
  expected.address = IpAddress::parse("10.0.0.1");
  expected.port = 80;
  expected.scheduler = "wrr";
  expected.destinations = {{*IpAddress::parse("10.1.0.2"), 8080, "masquerade", 3, 2, 5},
                           {*IpAddress::parse("10.1.0.3"), 80, "route", 0, 2, 5}};
  EXPECT_EQ(services[0], expected);
  EXPECT_EQ(services[1].family, Family::ip6);
  EXPECT_EQ(services[1].address, IpAddress::parse("2001:db8::1"));
  EXPECT_THAT(services[1].destinations, IsEmpty());
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(CollectIpvs, ReadsServicesByMark) {
  IpvsReading test;
  test.services({service(service_of(AF_INET6, "sh", {IP_VS_SVC_F_PERSISTENT, ~0u}, 300)
                             .add(IPVS_SVC_ATTR_FWMARK, 7u))});
  const std::uint32_t mark = 7;
  test.generic.answer_if(
      kFamily, asks_destinations(IPVS_SVC_ATTR_FWMARK, std::as_bytes(std::span(&mark, 1))),
      {destination("2001:db8::2", 0, IP_VS_CONN_F_TUNNEL, 1)});
  EXPECT_EQ(collect_ipvs(test.reading), 2u);
  const VirtualService& read = test.ns.firewall->services.at(0);
  EXPECT_EQ(read.mark, 7u);
  EXPECT_EQ(read.family, Family::ip6);
  EXPECT_EQ(read.protocol, std::nullopt);
  EXPECT_EQ(read.address, std::nullopt);
  EXPECT_EQ(read.persistent_s, 300u);
  EXPECT_THAT(read.destinations,
              ElementsAre(Field(&VirtualDestination::address, *IpAddress::parse("2001:db8::2"))));
}

// A tunnel may lead to a destination of the other family.
TEST(CollectIpvs, ReadsDestinationsOfTheOtherFamily) {
  IpvsReading test;
  test.services({service(tcp80("10.0.0.1"))});
  test.generic.answer_if(
      kFamily, asks(IPVS_CMD_GET_DEST),
      {destination("2001:db8::2", 80, IP_VS_CONN_F_TUNNEL, 1,
                   Attrs().add(IPVS_DEST_ATTR_ADDR_FAMILY, std::uint16_t{AF_INET6}))});
  EXPECT_EQ(collect_ipvs(test.reading), 2u);
  EXPECT_EQ(test.ns.firewall->services.at(0).destinations.at(0).address,
            *IpAddress::parse("2001:db8::2"));
}

TEST(CollectIpvs, AsksNoModuleThatIsNotLoaded) {
  TestReading test;
  EXPECT_EQ(collect_ipvs(test.reading), 0u);
  EXPECT_THAT(test.generic.requests(), IsEmpty());
}

TEST(CollectIpvs, AsksOnceWhereThereIsNone) {
  IpvsReading test;
  EXPECT_EQ(collect_ipvs(test.reading), 0u);
  EXPECT_THAT(test.generic.requests(), SizeIs(1));
}

TEST(CollectIpvs, SaysWhatItMayNotRead) {
  IpvsReading test;
  test.generic.refuse(kFamily, EPERM);
  EXPECT_EQ(collect_ipvs(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), SizeIs(1));
}

TEST(CollectIpvs, LeavesOutWhatMakesNoSense) {
  IpvsReading test;
  test.services({service(tcp80("10.0.0.1", AF_INET6).bytes(IPVS_SVC_ATTR_ADDR, Buffer(3))),
                 service(Attrs()), message(kFamily, command(IPVS_CMD_NEW_SERVICE))});
  EXPECT_EQ(collect_ipvs(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), Not(IsEmpty()));
}

}  // namespace
}  // namespace nsmap::collect
