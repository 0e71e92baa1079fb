#include "render/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <sstream>

#include "base/text.h"
#include "view/list.h"
#include "view/map.h"
#include "view/show.h"
#include "view/test_golden.h"
#include "view/test_host.h"

namespace nsmap::render {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using view::testing::expect_golden;
using view::testing::Host;
using view::testing::HostBuilder;

std::vector<std::size_t> line_widths(const std::string& text) {
  std::vector<std::size_t> widths;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widths.push_back(display_width(line));
  return widths;
}

std::string map_of(const Host& host, std::size_t width, bool color = false) {
  return terminal(view::make_map(host.index, host.titles), {width, color});
}

std::string all_of(const Host& host, std::size_t width, bool color = false) {
  const TerminalOptions options{width, color};
  std::string out = map_of(host, width, color);
  out += terminal(*view::make_list(host.index, host.titles, {{}, true}), options);
  for (const auto& ns : host.snapshot->namespaces)
    out += terminal(view::make_sheet(host.index, host.titles, ns), options);
  return out;
}

TEST(Terminal, MapOfABareHost) {
  expect_golden("map_bare_80.txt", map_of(Host(view::testing::bare_host()), 80));
}

TEST(Terminal, MapOfABusyHost) {
  const Host host(view::testing::busy_host());
  expect_golden("map_busy_80.txt", map_of(host, 80));
  expect_golden("map_busy_120.txt", map_of(host, 120));
}

TEST(Terminal, MapOfManyNamespacesTakesOneLineEach) {
  const Host host(view::testing::wide_host(40));
  expect_golden("map_wide_80.txt", map_of(host, 80));
}

TEST(Terminal, ListAndSheetOfABusyHost) {
  const Host host(view::testing::busy_host());
  expect_golden("list_busy_120.txt",
                terminal(*view::make_list(host.index, host.titles), {120, false}));
  expect_golden("show_busy_120.txt",
                terminal(view::make_sheet(host.index, host.titles, host.snapshot->namespaces[1]),
                         {120, false}));
}

TEST(Terminal, EveryLineFitsTheWidth) {
  for (const std::size_t width : {40, 60, 80, 200})
    for (HostBuilder& builder :
         std::array{view::testing::busy_host(), view::testing::wide_host(100)}) {
      const Host host(std::move(builder));
      EXPECT_THAT(line_widths(map_of(host, width)), Each(Le(width)));
    }
  const Host host(view::testing::busy_host());
  EXPECT_THAT(line_widths(all_of(host, 140)), Each(Le(140u)));
}

TEST(Terminal, NothingIsCutWithoutAWidth) {
  EXPECT_THAT(all_of(Host(view::testing::busy_host()), 0), Not(HasSubstr("…")));
}

TEST(Terminal, ColorsOnlyWhenTold) {
  const Host host(view::testing::busy_host());
  EXPECT_THAT(all_of(host, 0, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(all_of(host, 0, true), HasSubstr("\x1b[1mweb\x1b[0m"));
}

TEST(Terminal, HostileNamesMoveNoCursor) {
  HostBuilder builder = view::testing::busy_host();
  const std::string evil = "\x1b[2J\x1b]0;owned\x07\r\n\xe2\x80\xae";
  for (auto& ns : builder.snapshot().namespaces)
    for (auto& link : ns.links) {
      link.name = evil;
      link.alias = evil;
    }
  for (auto& container : builder.snapshot().containers) container.name = container.image = evil;
  for (auto& process : builder.snapshot().processes)
    process.comm = process.command = evil + std::string(2'000'000, 'A');
  const Host host(std::move(builder));
  const std::string out = map_of(host, 80);
  for (const char c : {'\x1b', '\x07', '\r'}) EXPECT_EQ(out.find(c), std::string::npos);
  EXPECT_EQ(out.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_THAT(out, HasSubstr("\\x1b[2J"));
  EXPECT_THAT(line_widths(out), Each(Le(80u)));
}

TEST(Terminal, AThousandNamespacesInTheTimeOfAFrame) {
  const Host host(view::testing::wide_host(1000));
  const std::clock_t start = std::clock();  // CPU time: others may be using the machine
  const std::string out = map_of(host, 120);
  const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_EQ(line_widths(out).size(), 1004u);
  // 20 ms in a release build; up to fifteen times that with sanitizers.
  EXPECT_LT(took, 0.5);
}

TEST(Terminal, WideCharactersAreCutWhole) {
  view::Table table{{{"A", false, false}}, {{view::Text("日本語の名前が長い")}}};
  for (std::size_t i = 0; i < 5; ++i) {
    table.columns.push_back({"B", false, false});
    table.rows[0].push_back(view::Text("xxxx"));
  }
  const std::string out = terminal(table, {38, false});
  EXPECT_THAT(line_widths(out), Each(Le(38u)));
  EXPECT_THAT(out, HasSubstr("…"));
}

}  // namespace
}  // namespace nsmap::render
