#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

using model::BpfProgram;
using std::uint32_t;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

tcmsg header(int index, uint32_t handle = 0) {
  tcmsg family{};
  family.tcm_ifindex = index;
  family.tcm_handle = handle;
  return family;
}

Buffer qdisc(int index, const char* kind) {
  return message(RTM_NEWQDISC, header(index), Attrs().text(TCA_KIND, kind));
}

Buffer filter(const char* kind, uint32_t handle, const Attrs& options = {}) {
  return message(RTM_NEWTFILTER, header(0, handle),
                 Attrs().text(TCA_KIND, kind).nest(TCA_OPTIONS, options));
}

HandMadeTransport::Matches at(int index, uint32_t parent) {
  return [=](const netlink::Message& request) {
    const auto asked = request.family_header<tcmsg>();
    return asked && asked->tcm_ifindex == index && asked->tcm_parent == parent;
  };
}

void add_links(TestReading& test, std::initializer_list<int> indices) {
  for (const int index : indices) test.ns.links.emplace_back().index = IfIndex(index);
}

TEST(Bpf, WhereNoDeviceHasAHookNothingMoreIsAsked) {
  TestReading test;
  add_links(test, {1, 2});
  test.route.answer(RTM_GETQDISC, {qdisc(1, "noqueue"), qdisc(2, "fq_codel")});
  EXPECT_EQ(collect_bpf(test.reading), 0u);
  EXPECT_THAT(test.route.requests(), SizeIs(1));
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Bpf, ProgramsGoToTheirLinks) {
  TestReading test;
  add_links(test, {9, 2});  // dumps go by hash, not by index
  test.route.answer(RTM_GETQDISC, {qdisc(2, "clsact"), qdisc(9, "ingress"), qdisc(9, "mq")});
  test.route.answer_if(RTM_GETTFILTER, at(2, kIngress),
                       {filter("bpf", 0),  // the priority itself
                        filter("bpf", 1, Attrs().text(TCA_BPF_NAME, "a").add(TCA_BPF_ID, 7))});
  test.route.answer_if(RTM_GETTFILTER, at(2, kEgress),
                       {filter("flower", 0), filter("flower", 1), filter("flower", 2),
                        filter("bpf", 2, Attrs().text(TCA_BPF_NAME, "b"))});
  test.route.answer_if(RTM_GETTFILTER, at(9, kIngress), {filter("bpf", 1)});
  EXPECT_EQ(collect_bpf(test.reading), 4u);
  EXPECT_THAT(test.ns.links[1].bpf, ElementsAre(BpfProgram{"tc", "ingress", 7, "a"},
                                                BpfProgram{"tc", "egress", std::nullopt, "b"}));
  EXPECT_THAT(test.ns.links[0].bpf, ElementsAre(BpfProgram{"tc", "ingress", std::nullopt, ""}));
  EXPECT_THAT(test.ns.links[1].filters, ElementsAre(model::TcFilter{"egress", "flower"}));
  EXPECT_THAT(test.ns.links[0].filters, IsEmpty());
  EXPECT_EQ(test.route.count(RTM_GETTFILTER), 3u);  // the ingress qdisc has no egress
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Bpf, ADeviceThatCameOrWentMeanwhileIsPassedOver) {
  TestReading test;
  add_links(test, {2});
  test.route.answer(RTM_GETQDISC, {qdisc(2, "clsact"), qdisc(3, "clsact")});
  test.route.refuse(RTM_GETTFILTER, ENODEV);
  EXPECT_EQ(collect_bpf(test.reading), 0u);
  EXPECT_EQ(test.route.count(RTM_GETTFILTER), 2u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Bpf, AKernelWithoutPacketSchedulersHasNoPrograms) {
  TestReading test;
  test.route.refuse(RTM_GETQDISC, EOPNOTSUPP);
  EXPECT_EQ(collect_bpf(test.reading), 0u);
  EXPECT_THAT(test.diagnostics(), IsEmpty());
}

TEST(Bpf, ARefusalIsReported) {
  TestReading test;
  test.route.refuse(RTM_GETQDISC, EPERM);
  collect_bpf(test.reading);
  EXPECT_THAT(test.diagnostics(), SizeIs(1));
}

TEST(Bpf, DamagedMessagesAreReported) {
  TestReading test;
  add_links(test, {2});
  test.route.answer(RTM_GETQDISC, {qdisc(2, "clsact"), message(RTM_NEWQDISC, std::uint8_t{0}),
                                   message(RTM_NEWQDISC, header(2), Attrs().raw(Buffer(3)))});
  test.route.answer_if(
      RTM_GETTFILTER, at(2, kIngress),
      {filter("bpf", 1, Attrs().add(TCA_BPF_ID, std::uint8_t{1})),
       message(RTM_NEWTFILTER, header(0, 1), Attrs().raw(Buffer(4, std::byte{0xff})))});
  EXPECT_EQ(collect_bpf(test.reading), 1u);
  EXPECT_THAT(test.ns.links[0].bpf, ElementsAre(BpfProgram{"tc", "ingress", std::nullopt, ""}));
  EXPECT_THAT(test.diagnostics(), SizeIs(4));
}

TEST(Bpf, ProgramsOfADeviceItself) {
  TestReading test;
  add_links(test, {2, 3});
  test.kernel.bpf_ids = {{{46, 3}, {7, 8}}, {{47, 3}, {9}}};  // BPF_TCX_INGRESS, BPF_TCX_EGRESS
  EXPECT_EQ(collect_bpf(test.reading), 3u);
  EXPECT_THAT(test.ns.links[0].bpf, IsEmpty());
  EXPECT_THAT(test.ns.links[1].bpf,
              ElementsAre(BpfProgram{"tcx", "ingress", 7, ""}, BpfProgram{"tcx", "ingress", 8, ""},
                          BpfProgram{"tcx", "egress", 9, ""}));
}

}  // namespace
}  // namespace nsmap::collect
