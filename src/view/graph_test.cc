#include "view/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "view/test_host.h"

namespace nsmap::view {
namespace {

using testing::busy_host;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::Host;
using testing::HostBuilder;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::wide_host;

constexpr GraphOptions kEvery{std::numeric_limits<std::size_t>::max(), true};

Graph graph_of(HostBuilder builder, const GraphOptions& options) {
  const Host host(std::move(builder));
  return make_graph(host.index, host.titles, options);
}

const GraphBox& box_called(const Graph& graph, std::string_view title) {
  const auto box = std::ranges::find(graph.boxes, title, &GraphBox::title);
  EXPECT_NE(box, graph.boxes.end()) << title;
  return *box;
}

TEST(Graph, OfEverythingHasABoxForEachNamespaceByItsIdentity) {
  const Host host(busy_host());
  const Graph graph = make_graph(host.index, host.titles, kEvery);
  const auto& namespaces = host.index.snapshot().namespaces;
  ASSERT_EQ(graph.boxes.size(), namespaces.size());
  for (const model::Namespace& ns : namespaces)
    EXPECT_EQ(box_called(graph, host.titles.of(ns.id)).ns, ns.id);
}

TEST(Graph, OfEverythingHasNoGrids) {
  const Graph graph = graph_of(wide_host(40), kEvery);
  EXPECT_THAT(graph.grids, IsEmpty());
  EXPECT_EQ(graph.wires.size(), 40u);
  EXPECT_THAT(graph_of(wide_host(40), {}).grids, Not(IsEmpty()));
}

TEST(Graph, TellsTheIndexOfEachInterface) {
  const Host host(busy_host());
  for (const GraphBox& box : make_graph(host.index, host.titles, kEvery).boxes)
    for (const GraphPort& port : box.ports) {
      const model::Link* link = host.index.find(model::LinkRef{*box.ns, port.index});
      if (!box.ns->hidden()) {
        ASSERT_TRUE(link) << box.title << " " << port.name;
        EXPECT_EQ(link->name, port.name);
      }
    }
}

TEST(Graph, OfEverythingTellsWhoListensAndWhatKeeps) {
  const Graph graph = graph_of(busy_host(), kEvery);
  const GraphBox& host = box_called(graph, "host");
  EXPECT_THAT(host.listens, Contains(HasSubstr("tcp *:22")));
  EXPECT_THAT(host.lines, Contains(HasSubstr("default via 192.168.1.1 dev eth0")));
  const GraphBox& router = box_called(graph, "router");
  EXPECT_THAT(router.holders, Contains(Field(&GraphHolder::freed_by, HasSubstr("umount"))));
}

TEST(Graph, OtherwiseTellsOnlyWhatAPictureShows) {
  for (const GraphBox& box : graph_of(busy_host(), {}).boxes) {
    EXPECT_THAT(box.listens, IsEmpty());
    EXPECT_THAT(box.holders, IsEmpty());
    EXPECT_EQ(box.ns.has_value(), box.style != BoxStyle::note);
  }
}

}  // namespace
}  // namespace nsmap::view
