#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

constexpr int kNew = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
constexpr int kGet = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
constexpr int kStats = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

Attrs ports(std::uint8_t protocol, std::uint16_t from, std::uint16_t to) {
  return Attrs()
      .add(CTA_PROTO_NUM, protocol)
      .be(CTA_PROTO_SRC_PORT, from)
      .be(CTA_PROTO_DST_PORT, to);
}

Attrs tuple4(const char* from, const char* to, const Attrs& protocol) {
  return Attrs()
      .nest(CTA_TUPLE_IP, Attrs()
                              .bytes(CTA_IP_V4_SRC, address(from).bytes())
                              .bytes(CTA_IP_V4_DST, address(to).bytes()))
      .nest(CTA_TUPLE_PROTO, protocol);
}

Attrs counters(std::uint64_t packets, std::uint64_t bytes) {
  return Attrs().be(CTA_COUNTERS_PACKETS, packets).be(CTA_COUNTERS_BYTES, bytes);
}

TEST(CollectConntrack, ReadsATranslatedConnection) {
  TestReading test;
  test.netfilter.answer(
      kGet,
      {message(kNew, nfgenmsg{AF_INET, 0, 0},
               Attrs()
                   .nest(CTA_TUPLE_ORIG, tuple4("10.1.0.2", "10.1.0.1", ports(6, 40000, 8080)))
                   .nest(CTA_TUPLE_REPLY, tuple4("10.2.0.2", "10.2.0.1", ports(6, 80, 40000)))
                   .be(CTA_STATUS, std::uint32_t{0x1be})
                   .nest(CTA_PROTOINFO,
                         Attrs().nest(CTA_PROTOINFO_TCP,
                                      Attrs().add(CTA_PROTOINFO_TCP_STATE, std::uint8_t{3})))
                   .be(CTA_TIMEOUT, std::uint32_t{431999})
                   .be(CTA_MARK, std::uint32_t{0})
                   .nest(CTA_COUNTERS_ORIG, counters(4, 216))
                   .nest(CTA_COUNTERS_REPLY, counters(3, 164))
                   .nest(CTA_TIMESTAMP, Attrs().be(CTA_TIMESTAMP_START, std::uint64_t{77}))
                   .be(CTA_ID, std::uint32_t{5}))});
  EXPECT_EQ(collect_conntrack(test.reading), 1u);
  const model::Connection& read = test.ns.conntrack.at(0);
  EXPECT_EQ(read.protocol, 6);
  EXPECT_EQ(read.original, (model::Tuple{address("10.1.0.2"), address("10.1.0.1"), 40000, 8080}));
  EXPECT_EQ(read.reply, (model::Tuple{address("10.2.0.2"), address("10.2.0.1"), 80, 40000}));
  EXPECT_EQ(read.state, "established");
  EXPECT_EQ(read.status, 0x1beu);
  EXPECT_EQ(read.timeout_s, 431999u);
  EXPECT_EQ(read.mark, std::nullopt);
  EXPECT_EQ(read.sent, (model::Traffic{4, 216}));
  EXPECT_EQ(read.received, (model::Traffic{3, 164}));
  EXPECT_EQ(read.started_ns, 77);
  EXPECT_EQ(read.id, 5u);
}

TEST(CollectConntrack, ReadsPingsByTheirId) {
  TestReading test;
  const Attrs request = Attrs()
                            .add(CTA_PROTO_NUM, std::uint8_t{1})
                            .be(CTA_PROTO_ICMP_ID, std::uint16_t{77})
                            .add(CTA_PROTO_ICMP_TYPE, std::uint8_t{8})
                            .add(CTA_PROTO_ICMP_CODE, std::uint8_t{0});
  test.netfilter.answer(
      kGet, {message(kNew, nfgenmsg{AF_INET, 0, 0},
                     Attrs().nest(CTA_TUPLE_ORIG, tuple4("10.0.0.1", "10.0.0.2", request)))});
  EXPECT_EQ(collect_conntrack(test.reading), 1u);
  EXPECT_EQ(test.ns.conntrack.at(0).original.source_port, 77);
  EXPECT_EQ(test.ns.conntrack.at(0).original.destination_port, 0x0800);
}

TEST(CollectConntrack, DumpsNothingWhereThereIsNone) {
  TestReading test;
  test.netfilter.answer(
      kStats,
      {message(kStats, nfgenmsg{}, Attrs().be(CTA_STATS_GLOBAL_ENTRIES, std::uint32_t{0}), 0)});
  EXPECT_EQ(collect_conntrack(test.reading), 0u);
  EXPECT_EQ(test.netfilter.count(kGet), 0u);
}

TEST(CollectConntrack, AsksNoModuleThatIsNotLoaded) {
  TestReading test;
  test.reading.abilities.conntrack = false;
  EXPECT_EQ(collect_conntrack(test.reading), 0u);
  EXPECT_TRUE(test.netfilter.requests().empty());
}

TEST(CollectConntrack, SaysWhatItMayNotRead) {
  TestReading test;
  test.netfilter.refuse(kStats, EPERM);
  test.netfilter.refuse(kGet, EPERM);
  EXPECT_EQ(collect_conntrack(test.reading), 0u);
  ASSERT_EQ(test.diagnostics().size(), 1u);
}

TEST(CollectConntrack, LeavesOutWhatMakesNoSense) {
  TestReading test;
  test.netfilter.answer(
      kGet, {message(kNew, nfgenmsg{},
                     Attrs().nest(CTA_TUPLE_ORIG,
                                  Attrs().nest(CTA_TUPLE_IP,
                                               Attrs().add(CTA_IP_V4_SRC, std::uint16_t{1}))))});
  EXPECT_EQ(collect_conntrack(test.reading), 0u);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
