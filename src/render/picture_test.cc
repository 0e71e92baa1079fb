#include "render/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "view/graph.h"
#include "view/test_golden.h"
#include "view/test_host.h"

namespace nsmap::render {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using view::testing::expect_golden;
using view::testing::Host;
using view::testing::HostBuilder;

view::Graph graph_of(HostBuilder builder) {
  const Host host(std::move(builder));
  return view::make_graph(host.index, host.titles);
}

HostBuilder hostile_host() {
  HostBuilder builder = view::testing::busy_host();
  const std::string evil = "\"]><script>alert(1)</script>\x1b[2J\\N --> x; end\n`";
  for (auto& ns : builder.snapshot().namespaces)
    for (auto& link : ns.links)
      if (link.name != "lo") link.name = evil;
  for (auto& container : builder.snapshot().containers) container.name = container.image = evil;
  for (auto& process : builder.snapshot().processes)
    process.comm = process.command = evil + std::string(2'000'000, 'A');
  builder.snapshot().host.hostname = evil;
  return builder;
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Dot, OfABusyHost) {
  expect_golden("graph_busy.dot", dot(graph_of(view::testing::busy_host())));
}

TEST(Mermaid, OfABusyHost) {
  expect_golden("graph_busy.mmd", mermaid(graph_of(view::testing::busy_host())));
}

TEST(Svg, HasEveryBoxAndWire) {
  const view::Graph graph = graph_of(view::testing::busy_host());
  const auto drawn = svg(graph);
  ASSERT_TRUE(drawn) << drawn.error().text;
  EXPECT_THAT(*drawn, StartsWith("<?xml"));
  EXPECT_EQ(count(*drawn, "class=\"node\""), graph.boxes.size());
  EXPECT_EQ(count(*drawn, "class=\"edge\""), graph.wires.size());
  for (const char* title : {">host<", ">web<", ">router<", ">hidden #1<"})
    EXPECT_THAT(*drawn, HasSubstr(title));
}

TEST(Svg, SaysNothingOnStderr) {
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(svg(graph_of(hostile_host())));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Dot, HostileNamesChangeNothingButThemselves) {
  const view::Graph hostile = graph_of(hostile_host());
  const std::string text = dot(hostile);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_LT(text.size(), 100'000u);
  const auto drawn = svg(hostile);
  ASSERT_TRUE(drawn) << drawn.error().text;
  EXPECT_THAT(*drawn, Not(HasSubstr("<script")));
  EXPECT_THAT(*drawn, HasSubstr("&lt;script&gt;"));
  EXPECT_EQ(count(*drawn, "class=\"node\""), hostile.boxes.size());
  EXPECT_EQ(count(*drawn, "class=\"edge\""), hostile.wires.size());
}

TEST(Mermaid, HostileNamesChangeNothingButThemselves) {
  const std::string tame = mermaid(graph_of(view::testing::busy_host()));
  const std::string text = mermaid(graph_of(hostile_host()));
  EXPECT_EQ(count(text, "\n"), count(tame, "\n"));
  EXPECT_EQ(count(text, "\""), count(tame, "\""));
  EXPECT_EQ(count(text, " --- "), count(tame, " --- "));
  for (const char* bad : {"<script", "\x1b", "`", "\\N", "-->"})
    EXPECT_THAT(text, Not(HasSubstr(bad)));
}

TEST(Svg, TwoHundredOnOneBridgeStandInAGrid) {
  const auto drawn = svg(graph_of(view::testing::wide_host(200)));
  ASSERT_TRUE(drawn) << drawn.error().text;
  EXPECT_EQ(count(*drawn, "class=\"node\""), 2u);
  EXPECT_EQ(count(*drawn, "⇄"), 200u);
}

}  // namespace
}  // namespace nsmap::render
