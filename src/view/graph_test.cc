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

// The host with a port for each of that many containers.
Graph published(std::size_t containers, const GraphOptions& options) {
  HostBuilder builder = busy_host();
  for (auto& container : builder.snapshot().containers) container.ports.clear();
  for (std::size_t i = 0; i < containers; ++i) {
    auto& container = builder.snapshot().containers.at(0);
    container.ports.push_back({"tcp", "", static_cast<std::uint16_t>(2000 + i), 80});
  }
  return graph_of(std::move(builder), options);
}

TEST(Graph, TellsPublishedPortsInTheBoxTheyLeadInto) {
  const Graph few = published(2, {});
  const auto box = std::ranges::find_if(few.boxes, [](const GraphBox& each) {
    return std::ranges::any_of(
        each.published, [](const std::string& line) { return line.starts_with("host:2000 → "); });
  });
  ASSERT_NE(box, few.boxes.end());
  EXPECT_NE(box->title, "host");
  EXPECT_EQ(few.wires.size(), published(1000, {}).wires.size());
}

TEST(Graph, OfManyPublishedPortsTellsAFewAndHowManyMore) {
  std::size_t lines = 0;
  for (const GraphBox& box : published(1000, {}).boxes) {
    EXPECT_LE(box.published.size(), 4u);
    for (const std::string& line : box.published) lines += line == "+997 more";
  }
  EXPECT_EQ(lines, 1u);
}

TEST(Graph, OfEverythingHasAllPublishedPorts) {
  const Graph graph = published(1000, kEvery);
  EXPECT_GE(graph.published.size(), 1000u);
  EXPECT_THAT(published(1000, {}).published, IsEmpty());
  const GraphPublished& port =
      *std::ranges::find(graph.published, "tcp *:2000", &GraphPublished::port);
  ASSERT_EQ(port.to.size(), 1u);
  EXPECT_TRUE(port.to[0].ns.has_value());
  EXPECT_THAT(port.how, HasSubstr("its runtime says"));
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
