#include "page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "codec/json.h"
#include "view/test_host.h"

namespace nsmap::page {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using view::testing::busy_host;
using view::testing::Host;

constexpr std::string_view kPlace = R"(<script type="application/json" id="nsmap-data">)";
constexpr std::string_view kSnapshot = ",\"snapshot\":";

class Page : public ::testing::Test {
 protected:
  void SetUp() override {
    if (bare_page().empty()) GTEST_SKIP() << "built without the page (NSMAP_WEB=OFF)";
  }

  // What stands in the page's element for data.
  static std::string data_of(const Host& host) {
    const auto page = page_of(host.index, host.titles);
    if (!page) ADD_FAILURE() << page.error().text;
    const std::size_t begin = page->find(kPlace) + kPlace.size();
    return page->substr(begin, page->find("</script>", begin) - begin);
  }
};

TEST_F(Page, IsOneFileThatFetchesNothing) {
  EXPECT_THAT(std::string(bare_page()), StartsWith("<!doctype html>"));
  EXPECT_THAT(std::string(bare_page()), Not(HasSubstr(" src=\"")));
  EXPECT_THAT(std::string(bare_page()), Not(HasSubstr(" href=\"")));
}

TEST_F(Page, HasAPlaceForDataThatIsEmpty) {
  EXPECT_THAT(std::string(bare_page()), HasSubstr(std::string(kPlace) + "</script>"));
}

TEST_F(Page, HoldsTheSnapshotAsItIs) {
  const Host host(busy_host());
  const std::string data = data_of(host);
  EXPECT_THAT(data, StartsWith("{\"graph\":{"));
  const std::size_t at = data.find(kSnapshot);
  ASSERT_NE(at, std::string::npos);
  const auto begin = at + kSnapshot.size();
  const auto snapshot =
      codec::snapshot_from_json(data.substr(begin, data.size() - begin - 1), "the page");
  ASSERT_TRUE(snapshot) << snapshot.error().text;
  EXPECT_EQ(*snapshot, host.index.snapshot());
}

TEST_F(Page, IsOtherwiseWhatWasBuilt) {
  const Host host(busy_host());
  const auto page = page_of(host.index, host.titles);
  ASSERT_TRUE(page);
  const std::size_t end = bare_page().find(kPlace) + kPlace.size();
  EXPECT_THAT(*page, StartsWith(std::string(bare_page().substr(0, end))));
  EXPECT_THAT(*page, EndsWith(std::string(bare_page().substr(end))));
}

TEST_F(Page, NoNameEndsTheElement) {
  auto builder = busy_host();
  const std::string evil = "</script><!--<script>\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae";
  for (auto& ns : builder.snapshot().namespaces)
    for (auto& link : ns.links) link.alias = evil;
  builder.snapshot().host.hostname = evil;
  const Host host(std::move(builder));
  const std::string data = data_of(host);
  EXPECT_THAT(data, EndsWith("}"));
  EXPECT_THAT(data, Not(HasSubstr("<")));
  EXPECT_THAT(data, Not(HasSubstr("\xe2\x80\xa8")));
  EXPECT_THAT(data, HasSubstr("\\u003c/script>\\u003c!--\\u003cscript>\\u2028\\u2029\xe2\x80\xae"));
}

TEST(PageOff, SaysThatThereIsNone) {
  if (!bare_page().empty()) GTEST_SKIP() << "built with the page";
  const Host host(busy_host());
  const auto page = page_of(host.index, host.titles);
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().text, HasSubstr("without its page"));
}

TEST(GraphJson, HasWhatThePageDraws) {
  const Host host(busy_host());
  const std::string json = graph_json(host.index, host.titles);
  EXPECT_THAT(json, StartsWith("{\"title\":\"debian12\",\"first\":["));
  EXPECT_THAT(json, HasSubstr("\"grids\":[]"));
  EXPECT_THAT(json, HasSubstr("\"title\":\"router\""));
}

}  // namespace
}  // namespace nsmap::page
