#include "collect/report.h"

#include <gtest/gtest.h>

namespace nsmap::collect {
namespace {

struct Finished {
  explicit Finished(Report& report) { report.finish(coverage, diagnostics); }
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
};

TEST(Report, AddsUpWhatASourceCounts) {
  Report report;
  report.count({"mounts", 1, 2, 3, 4, 5});
  report.count({"mounts", 10, 20, 30, 40, 50});
  report.count({"links", 1, 0, 0, 0, 0});
  const Finished finished(report);
  ASSERT_EQ(finished.coverage.size(), 2u);
  EXPECT_EQ(finished.coverage[0].source, "links");
  EXPECT_EQ(finished.coverage[1], (model::Coverage{"mounts", 11, 22, 33, 44, 55}));
}

TEST(Report, IsBoundedAndSaysHowMuchItLeftOut) {
  Report report;
  for (std::size_t i = 0; i < Report::kPerSource + 7; ++i) report.add("mounts", "is stale");
  const Finished finished(report);
  ASSERT_EQ(finished.diagnostics.size(), Report::kPerSource + 1);
  EXPECT_EQ(finished.diagnostics.back().what, "7 more of the same kind are not shown");
}

TEST(Report, ForgetsASourceThatLooksAgain) {
  Report report;
  report.count({"mounts", 1, 1, 0, 0, 0});
  report.add("mounts", "is stale");
  report.add("links", "torn");
  report.forget("mounts");
  const Finished finished(report);
  EXPECT_TRUE(finished.coverage.empty());
  ASSERT_EQ(finished.diagnostics.size(), 1u);
  EXPECT_EQ(finished.diagnostics[0].source, "links");
}

}  // namespace
}  // namespace nsmap::collect
