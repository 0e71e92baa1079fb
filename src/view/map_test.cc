#include "view/map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/forest.h"
#include "view/test_host.h"

namespace nsmap::view {
namespace {

using testing::busy_host;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Host;
using testing::HostBuilder;
using ::testing::Not;
using ::testing::StartsWith;

void add_lines(const std::vector<TreeNode>& nodes, std::vector<std::string>& lines) {
  for (const TreeNode& node : nodes) {
    std::string line;
    for (const Text& cell : node.cells) line += cell.plain() + "|";
    lines.push_back(line);
    for (const Line& detail : node.details) {
      std::string text = detail.lead.plain() + ":";
      for (const Text& item : detail.items) text += " " + item.plain();
      lines.push_back(text);
    }
    add_lines(node.children, lines);
  }
}

std::vector<std::string> lines_of(HostBuilder builder, const MapOptions& options = {}) {
  const Host host(std::move(builder));
  std::vector<std::string> lines;
  add_lines(make_map(host.index, host.titles, options).roots, lines);
  return lines;
}

TEST(Map, NamesTheOtherEndOfEachWire) {
  const auto lines = lines_of(busy_host());
  EXPECT_THAT(lines, Contains("eth0: 172.17.0.2/16 ⇄ veth3a1c9e2 @host → docker0"));
  EXPECT_THAT(lines, Contains("eth1: 172.18.0.3/16 ⇄ veth9c02d1f @host → br-5f1c09a2be71"));
  EXPECT_THAT(lines, Contains("macvlan0: macvlan bridge 192.168.1.77/24 on eth0 @host"));
  EXPECT_THAT(lines, Contains(HasSubstr("served by slirp4netns (812), uid 1000")));
}

TEST(Map, ShowsEachNamespaceOnce) {
  std::size_t shown = 0;
  for (const std::string& line : lines_of(testing::wide_host(50)))
    shown += line.find("worker") != std::string::npos;
  EXPECT_EQ(shown, 50u);
}

TEST(Map, FoldsTheSandboxIntoItsPod) {
  const auto lines = lines_of(busy_host());
  EXPECT_THAT(lines, Contains(StartsWith("shop/cart-0  pod: cart (shop/cart:2.3), envoy")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("pause"))));
}

TEST(Map, SaysWhatKeepsANamespaceWithoutProcess) {
  const auto lines = lines_of(busy_host());
  EXPECT_THAT(lines, Contains("lab1  no process; kept by /run/netns/lab1|"));
  EXPECT_THAT(lines, Contains(HasSubstr("kept by descriptor 9 of sshd (700)")));
  EXPECT_THAT(lines, Contains(HasSubstr("kept by thread 705 of sshd (700)")));
  EXPECT_THAT(lines, Contains(HasSubstr("netns-1 in mount namespace 4026532777")));
  EXPECT_THAT(lines, Contains("hidden #1  proved by veth9 @router (nobody we can see holds it)|"));
}

TEST(Map, HidesLinkLocalAddressesUnlessTheyAreAllThereIs) {
  HostBuilder host("h");
  const auto wire = host.veth(host.kHost, "a0", host.add_named(9, "b").id.ino, "b0");
  host.address(9, wire.b, "fe80::1/64");
  host.address(host.kHost, wire.a, "fe80::2/64");
  host.address(host.kHost, wire.a, "10.0.0.1/24");
  EXPECT_THAT(lines_of(std::move(host)), Contains("b0: fe80::1/64 ⇄ a0 @host 10.0.0.1"));
}

TEST(Map, FallbackTunnelDevicesAreNothingButLo) {
  HostBuilder host("h");
  host.add_named(9, "idle");
  host.link(9, "sit0", "sit").up = false;
  EXPECT_THAT(lines_of(std::move(host)), Contains("1 namespace with nothing but lo|"));
}

TEST(Map, WhatCouldNotBeEnteredIsNotCalledEmpty) {
  HostBuilder host("h");
  host.add_named(9, "locked");
  for (model::Namespace& ns : host.snapshot().namespaces)
    if (!ns.host) ns.links.clear();
  const auto lines = lines_of(std::move(host));
  EXPECT_THAT(lines, Contains("1 namespace that could not be entered|"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("nothing but lo"))));
}

TEST(Map, BothFamiliesOfAListenerAreOne) {
  const auto lines = lines_of(testing::bare_host());
  EXPECT_THAT(lines, Contains("listens: tcp *:22 sshd"));
}

TEST(Map, ManyNamespacesTakeOneLineEach) {
  const auto lines = lines_of(busy_host(), {.compact_over = 3});
  EXPECT_THAT(lines, Contains("lab2|10.0.0.2/24|v1 ⇄ v0 @lab1 10.0.0.1|no process; kept by "
                              "/run/netns/lab2|"));
}

TEST(Map, AWireWhoseOtherEndVanishedIsNoError) {
  HostBuilder host("h");
  host.add_named(9, "b");
  host.link(9, "eth0", "veth").peer = model::LinkRef{{4, 4242}, IfIndex(3)};
  host.link(9, "eth1", "veth");
  host.link(9, "eth2").master = IfIndex(77);
  const auto lines = lines_of(std::move(host));
  EXPECT_THAT(lines, Contains("eth0: ⇄ if3 @net:[4242]"));
  EXPECT_THAT(lines, Contains("eth1: ⇄ an end nobody could name"));
}

TEST(Map, UnprivilegedSaysWhatRootWouldAdd) {
  HostBuilder builder = busy_host();
  builder.snapshot().host.privileged = false;
  const Host host(std::move(builder));
  std::vector<std::string> leads;
  for (const Line& line : make_map(host.index, host.titles).foot)
    leads.push_back(line.lead.plain());
  EXPECT_THAT(leads, Contains("not root"));
}

TEST(Map, DiagnosticsAreGroupedAndBounded) {
  HostBuilder builder = testing::bare_host();
  for (int i = 0; i < 500; ++i) {
    builder.snapshot().diagnostics.push_back({"links", {}, "the same", {}});
    builder.snapshot().diagnostics.push_back({"links", {}, std::to_string(i), {}});
  }
  const Host host(std::move(builder));
  const auto foot = make_map(host.index, host.titles).foot;
  EXPECT_LT(foot.size(), 12u);
  EXPECT_EQ(foot.front().items.front().plain(), "the same (500 times)");
}

// A chain of namespaces is shown whole, and not as a staircase out of the window.
TEST(Forest, LongChainsGoOnBesideTheirEnd) {
  HostBuilder builder("h");
  std::uint64_t last = HostBuilder::kHost;
  for (std::uint64_t ino = 1; ino <= 3000; ++ino) {
    builder.add(ino);
    builder.veth(last, "next", ino, "back");
    last = ino;
  }
  const Host host(std::move(builder));
  const Forest forest(host.index);
  EXPECT_EQ(forest.roots().size(), 1u);
  std::size_t hung = 0;
  for (const auto& ns : host.snapshot->namespaces) hung += forest.children(ns.id).size();
  EXPECT_EQ(hung, 3000u);
  EXPECT_TRUE(forest.children({4, Forest::kDeepest}).empty());
}

TEST(Forest, TheBestConnectedLeadsAComponentWithoutTheHost) {
  HostBuilder builder("h");
  for (const std::uint64_t ino : {1, 2, 3, 4}) builder.add(ino);
  for (const std::uint64_t ino : {1, 2, 4}) builder.veth(3, "to", ino, "eth0");
  const Host host(std::move(builder));
  const Forest forest(host.index);
  ASSERT_EQ(forest.roots().size(), 2u);
  EXPECT_EQ(forest.roots()[1]->id.ino, 3u);
  EXPECT_EQ(forest.children({4, 3}).size(), 3u);
}

}  // namespace
}  // namespace nsmap::view
