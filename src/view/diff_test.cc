#include "view/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/test_host.h"

namespace nsmap::view {
namespace {

using analyze::DiffChange;
using analyze::Difference;
using analyze::DiffField;
using analyze::DiffSubject;
using testing::bare_host;
using testing::busy_host;
using ::testing::ElementsAre;
using testing::Host;
using testing::HostBuilder;

std::vector<std::string> lines_of(const Tree& tree) {
  std::vector<std::string> lines;
  for (const Line& line : tree.head) lines.push_back(line.items.at(0).plain());
  for (const TreeNode& node : tree.roots) {
    lines.push_back(node.cells.at(0).plain());
    for (const Line& line : node.details) lines.push_back("  " + line.items.at(0).plain());
  }
  return lines;
}

std::vector<std::string> lines_of(HostBuilder before, HostBuilder after) {
  const Host a(std::move(before)), b(std::move(after));
  const auto differences = analyze::diff({a.index, a.titles}, {b.index, b.titles});
  return lines_of(make_diff(differences, {a.index, a.titles}, {b.index, b.titles}));
}

std::string changed(DiffSubject subject, DiffField field) {
  Difference difference;
  difference.subject = subject;
  difference.what = "x";
  difference.fields = {std::move(field)};
  return difference_text(difference).plain();
}

TEST(DiffWords, HasWordsForWhatIsCommonAndNamesTheRest) {
  const DiffSubject link = DiffSubject::link;
  EXPECT_EQ(changed(link, {"up", "yes", "no"}), "~ link x: set down");
  EXPECT_EQ(changed(link, {"carrier", "yes", "no"}), "~ link x: lost its carrier");
  EXPECT_EQ(changed(link, {"carrier", "no", "yes"}), "~ link x: has a carrier");
  EXPECT_EQ(changed(link, {"mtu", "1500", "1400"}), "~ link x: mtu 1500 → 1400");
  EXPECT_EQ(changed(link, {"master", "", "br0"}), "~ link x: now a port of br0");
  EXPECT_EQ(changed(link, {"master", "br0", ""}), "~ link x: no longer a port of br0");
  EXPECT_EQ(changed(link, {"master", "br0", "br1"}), "~ link x: port of br0 → port of br1");
  EXPECT_EQ(changed(link, {"name", "x", "wan0"}), "~ link x: now called wan0");
  EXPECT_EQ(changed(link, {"index", "4", "9"}), "~ link x: made anew (index 4 → 9)");
  EXPECT_EQ(changed(link, {"bridge_port.isolated", "no", "yes"}),
            "~ link x: bridge_port.isolated: no → yes");
  EXPECT_EQ(changed(DiffSubject::sysctl, {"value", "0", "1"}), "~ sysctl x: 0 → 1");
  EXPECT_EQ(changed(DiffSubject::route, {"prefsrc", "", "10.0.0.1"}),
            "~ route x: prefsrc: none → 10.0.0.1");
}

TEST(DiffWords, SaysWhatIsInNamespacesThatCameAndWent) {
  HostBuilder after = busy_host();
  after.add_named(4026539999, "extra");
  EXPECT_THAT(lines_of(busy_host(), after), ElementsAre("+ namespace extra"));
  EXPECT_THAT(lines_of(after, busy_host()), ElementsAre("- namespace extra"));
  model::Link& link = after.link(4026539999, "eth0", "veth");
  link.peer = model::LinkRef{{4, HostBuilder::kHost}, IfIndex(1)};
  after.address(4026539999, link.index, "10.0.0.2/24");
  EXPECT_THAT(lines_of(busy_host(), after),
              ElementsAre("+ namespace extra: eth0 10.0.0.2/24 ⇄ lo @host 127.0.0.1"));
}

TEST(DiffWords, SaysWhatIsNotKnownAndWhy) {
  HostBuilder seen = busy_host(), blind = busy_host();
  seen.add_named(4026539998, "far");
  seen.add_named(4026539999, "shut");
  blind.add_named(4026539999, "shut").links.clear();
  blind.snapshot().host.privileged = false;
  EXPECT_THAT(lines_of(seen, blind),
              ElementsAre("? namespace far: not seen in B, which was read without root",
                          "? namespace shut: not read in B"));
  EXPECT_THAT(lines_of(blind, seen),
              ElementsAre("? namespace far: not seen in A, which was read without root",
                          "? namespace shut: not read in A"));
  HostBuilder torn = bare_host();
  torn.snapshot().diagnostics = {
      {"routes", model::NetnsId{4, HostBuilder::kHost}, "reading routes: torn", {}}};
  EXPECT_THAT(lines_of(bare_host(), torn), ElementsAre("host", "  ? routes: not read in B"));
}

TEST(DiffWords, SaysThatANamespaceWasReplaced) {
  HostBuilder before = busy_host(), after = busy_host();
  before.add_named(4026539998, "red");
  after.add_named(4026539999, "red").links = before.ns(4026539998).links;
  EXPECT_THAT(lines_of(before, after),
              ElementsAre("~ namespace red: replaced (another of the same name)"));
}

TEST(DiffWords, SaysThatTheHostBootedOrIsAnother) {
  HostBuilder before = busy_host(), after = busy_host();
  after.snapshot().host.boot_id = "b";
  EXPECT_THAT(lines_of(before, after), ElementsAre("~ host: booted anew"));
  after.snapshot().host.kernel = "6.19";
  after.snapshot().host.hostname = "other";
  EXPECT_EQ(lines_of(before, after).at(0), "~ host: hostname " + before.snapshot().host.hostname +
                                               " → other; kernel " + before.snapshot().host.kernel +
                                               " → 6.19");
}

TEST(DiffWords, AreCountedForOneLine) {
  const auto one = [](DiffChange change, DiffSubject subject) {
    Difference difference;
    difference.change = change;
    difference.subject = subject;
    return difference;
  };
  EXPECT_EQ(diff_counts({}), "");
  EXPECT_EQ(diff_counts({one(DiffChange::changed, DiffSubject::link),
                         one(DiffChange::added, DiffSubject::namespace_),
                         one(DiffChange::removed, DiffSubject::link),
                         one(DiffChange::replaced, DiffSubject::namespace_),
                         one(DiffChange::changed, DiffSubject::link),
                         one(DiffChange::unread_after, DiffSubject::route)}),
            "namespaces +1 ~1, links -1 ~2, routes ?1");
}

}  // namespace
}  // namespace nsmap::view
