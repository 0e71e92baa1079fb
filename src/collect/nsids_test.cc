#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/test_reading.h"

namespace nsmap::collect {
namespace {

TEST(Nsids, AreTheNumbersAlone) {
  TestReading test;
  test.route.answer(RTM_GETNSID,
                    {message(RTM_NEWNSID, rtgenmsg{}, Attrs().add(NETNSA_NSID, std::int32_t{0})),
                     message(RTM_NEWNSID, rtgenmsg{}, Attrs().add(NETNSA_NSID, std::int32_t{12}))});
  EXPECT_EQ(collect_nsids(test.reading), 2u);
  EXPECT_THAT(test.ns.nsids, testing::ElementsAre(model::NsidEntry{Nsid(0), std::nullopt},
                                                  model::NsidEntry{Nsid(12), std::nullopt}));
  EXPECT_THAT(test.diagnostics(), testing::IsEmpty());
}

TEST(Nsids, WithoutANumberItIsMalformed) {
  TestReading test;
  test.route.answer(RTM_GETNSID, {message(RTM_NEWNSID, rtgenmsg{})});
  EXPECT_EQ(collect_nsids(test.reading), 0u);
  EXPECT_EQ(test.diagnostics().size(), 1u);
}

}  // namespace
}  // namespace nsmap::collect
