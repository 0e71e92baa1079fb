#include "analyze/diff.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "analyze/test_firewall.h"
#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using model::Snapshot;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<Difference> compare(const Snapshot& before, const Snapshot& after,
                                const std::set<DiffSubject>& ignored = {}) {
  const model::Index index_before(before), index_after(after);
  const Titles titles_before(index_before), titles_after(index_after);
  return diff({index_before, titles_before}, {index_after, titles_after}, ignored);
}

// "web: changed link eth0 mtu 1500>1400", for short.
std::vector<std::string> lines(const Snapshot& before, const Snapshot& after) {
  std::vector<std::string> lines;
  for (const Difference& one : compare(before, after)) {
    std::string text =
        fmt::format("{}: {} {} {}", one.title, boost::describe::enum_to_string(one.change, ""),
                    boost::describe::enum_to_string(one.subject, ""), one.what);
    if (!one.detail.empty()) text += "; " + one.detail;
    for (const DiffField& field : one.fields)
      text += fmt::format(" {} {}>{}", field.field, field.before, field.after);
    lines.push_back(text);
  }
  return lines;
}

// The host of the tests, every namespace read.
Snapshot read_host() {
  Snapshot snapshot = test_host();
  snapshot.host.privileged = true;
  for (model::Namespace& ns : snapshot.namespaces) {
    ns.cookie = 1000 + ns.id.ino;
    if (ns.links.empty() && !ns.id.hidden()) ns.links = {test_link(1, "lo")};
  }
  return snapshot;
}

model::Route route(const char* dst, const char* via, std::int32_t oif) {
  model::Route route;
  route.table = TableId(254);
  route.type = "unicast";
  route.dst = *Prefix::parse(dst);
  if (route.dst.address.is_v6()) route.family = model::Family::inet6;
  route.hops = {{via ? IpAddress::parse(via) : std::nullopt, IfIndex(oif), 1, 0, {}}};
  if (!via) route.protocol = "kernel";
  return route;
}

constexpr std::size_t kHostAt = 0, kWebAt = 1, kBlueAt = 3;

class Diff : public testing::Test {
 protected:
  Snapshot before_ = read_host();
  Snapshot after_ = read_host();
  model::Namespace& host_ = after_.namespaces[kHostAt];
  model::Namespace& web_ = after_.namespaces[kWebAt];

  std::vector<std::string> changes() const { return lines(before_, after_); }
};

TEST_F(Diff, OfTheSameIsNothing) {
  after_.host.took_ns = 5;
  after_.host.time_ns = 5;
  after_.coverage = {{"proc.fd", 1, 2, 3, 4, 5}};
  web_.links[1].counters.rx_bytes = 77;
  web_.links[1].promiscuity = 1;
  web_.addresses[1].valid_s = 60;
  web_.neighbours.clear();  // learned
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(Diff, TellsLinksFieldByField) {
  host_.links[2].mtu = 1400;
  host_.links[2].master.reset();
  host_.links[1].up = true;
  host_.links[1].state = model::OperState::up;  // goes without saying
  host_.links[1].ipv4 = model::Ipv4Conf{};
  EXPECT_THAT(changes(), ElementsAre(testing::StartsWith("host: changed link br0 up no>yes"),
                                     "host: changed link veth1 mtu 0>1400 master br0>"));
}

TEST_F(Diff, ARenamedLinkKeepsWhatIsOnIt) {
  web_.links[1].name = "wan0";
  web_.addresses[1].label = "wan0";
  before_.namespaces[kWebAt].addresses[1].label = "eth0";
  before_.namespaces[kWebAt].routes = web_.routes = {route("10.2.0.0/16", "172.17.0.1", 7)};
  EXPECT_THAT(changes(), ElementsAre("web: changed link eth0 name eth0>wan0"));
}

TEST_F(Diff, ALinkOfTheSameNameAndAnotherNumberWasMadeAnew) {
  web_.links[1].index = IfIndex(9);
  for (model::Address& address : web_.addresses)
    if (address.index == IfIndex(7)) address.index = IfIndex(9);
  host_.links[2].peer->index = IfIndex(9);
  EXPECT_THAT(changes(), ElementsAre("web: changed link eth0 index 7>9"));
}

TEST_F(Diff, TellsLinksThatCameAndWent) {
  host_.links.pop_back();
  web_.links.push_back(test_link(8, "eth1"));
  web_.links.back().kind = "veth";
  web_.links.back().peer = model::LinkRef{kBlue, IfIndex(1)};
  EXPECT_THAT(changes(), IsSupersetOf({"host: removed link veth1; to eth0 @web, port of br0",
                                       "web: added link eth1; veth to lo @blue"}));
}

TEST_F(Diff, WhatFollowsFromALinkIsNotTold) {
  model::Namespace& before = before_.namespaces[kWebAt];
  before.addresses.push_back(test_address(7, "fe80::1", 64));
  before.routes = {route("172.17.0.0/16", nullptr, 7), route("10.2.0.0/16", "172.17.0.1", 7)};
  web_.links[1].up = true;
  EXPECT_THAT(changes(), ElementsAre("web: changed link eth0 up no>yes",
                                     "web: removed route 10.2.0.0/16; via 172.17.0.1 dev eth0"));
  web_.links[1].up = false;
  EXPECT_THAT(changes(), Contains("web: removed address fe80::1/64 on eth0"));
}

TEST_F(Diff, AKernelRouteThatWentByItselfIsTold) {
  before_.namespaces[kWebAt].routes = {route("172.17.0.0/16", nullptr, 7)};
  EXPECT_THAT(changes(), ElementsAre("web: removed route 172.17.0.0/16; dev eth0"));
}

TEST_F(Diff, TellsAddresses) {
  web_.addresses[1] = test_address(7, "172.17.0.9", 16);
  web_.addresses[2].scope = "site";
  EXPECT_THAT(changes(), ElementsAre("web: added address 172.17.0.9/16 on eth0",
                                     "web: removed address 172.17.0.2/16 on eth0",
                                     "web: changed address fd00::2/64 on eth0 scope >site"));
}

TEST_F(Diff, TellsWhereRoutesLead) {
  model::Route other = route("0.0.0.0/0", "172.17.0.1", 7);
  other.table = TableId(7);
  before_.namespaces[kWebAt].routes = {route("::/0", "fd00::1", 7),
                                       route("10.2.0.0/16", "10.0.0.7", 7)};
  web_.routes = {route("10.2.0.0/16", "10.0.0.9", 7), other};
  EXPECT_THAT(changes(),
              ElementsAre("web: added route default table 7; via 172.17.0.1 dev eth0",
                          "web: removed route IPv6 default; via fd00::1 dev eth0",
                          "web: changed route 10.2.0.0/16 hops via 10.0.0.7 dev eth0>via 10.0.0.9 "
                          "dev eth0"));
}

TEST_F(Diff, OfSeveralRoutesToOnePlaceTheEqualOnesGoTogether) {
  before_.namespaces[kHostAt].routes = {route("fe80::/64", nullptr, 2),
                                        route("fe80::/64", nullptr, 7)};
  host_.routes = {route("fe80::/64", nullptr, 7)};
  EXPECT_THAT(changes(), ElementsAre("host: removed route fe80::/64; dev br0"));
}

TEST_F(Diff, TellsRulesNeighboursFdbAndVlans) {
  model::Rule rule;
  rule.priority = 100;
  rule.action = "table";
  rule.table = TableId(7);
  rule.src = Prefix::parse("10.5.0.0/24");
  rule.ip_protocol = 6;
  host_.rules = {rule};
  host_.neighbours = {{IfIndex(2), *IpAddress::parse("172.17.0.9"),
                       *Mac::parse("02:42:00:00:00:09"), "permanent", false, false, false}};
  model::FdbEntry learned;
  learned.index = IfIndex(7);
  learned.mac = *Mac::parse("02:42:00:00:00:0a");
  learned.state = "reachable";
  model::FdbEntry fixed = learned;
  fixed.mac = *Mac::parse("02:42:00:00:00:0b");
  fixed.state = "noarp";
  host_.fdb = {learned, fixed};
  host_.vlans = {{IfIndex(7), 10, 20, false, false}};
  EXPECT_THAT(changes(), ElementsAre("host: added rule 100: from 10.5.0.0/24 ipproto 6 lookup 7",
                                     "host: added neighbour 172.17.0.9 on br0; 02:42:00:00:00:09",
                                     "host: added fdb 02:42:00:00:00:0b on veth1",
                                     "host: added vlan 10-20 on veth1"));
}

TEST_F(Diff, TellsListenersAndNoConnections) {
  host_.sockets.push_back(test_socket(8080, "tcp", 10));
  host_.sockets.push_back(test_socket(8080, "tcp", 10));
  model::Socket connection = test_socket(4000, "tcp", 10);
  connection.state = "established";
  connection.remote_port = 80;
  host_.sockets.push_back(connection);
  web_.sockets[0].inode = Inode(5);
  EXPECT_THAT(changes(), ElementsAre("host: added listener tcp 0.0.0.0:8080; sshd (10)"));
}

TEST_F(Diff, ASettingOfAllTakesInterfacesAlong) {
  before_.namespaces[kWebAt].sysctls = {{"net.ipv4.conf.all.forwarding", 0},
                                        {"net.ipv4.conf.default.forwarding", 0}};
  web_.sysctls = {{"net.ipv4.conf.all.forwarding", 1},
                  {"net.ipv4.conf.default.forwarding", 1},
                  {"net.ipv4.ip_nonlocal_bind", 1}};  // not read before
  before_.namespaces[kWebAt].links[1].ipv4 = model::Ipv4Conf{};
  web_.links[1].ipv4 = model::Ipv4Conf{.forwarding = true, .proxy_arp = true};
  EXPECT_THAT(changes(), ElementsAre("web: changed link eth0 ipv4.proxy_arp no>yes",
                                     "web: changed sysctl net.ipv4.conf.all.forwarding value 0>1"));
}

TEST_F(Diff, TellsFirewallsByWhatTheySay) {
  using namespace model::firewall;
  const auto rule = [](const char* port, std::uint64_t packets) {
    const Match match{model::PacketField::tcp_dport, Compare::eq, {}, *Octets::parse(port)};
    return test_rule({match, Counter{packets, 0}, Verdict{}});
  };
  before_.namespaces[kWebAt].firewall.edit().tables = {
      test_table(Family::inet, "t",
                 {test_chain("c", {rule("0050", 1), rule("0051", 1)}),
                  test_chain("order", {rule("0001", 0), rule("0002", 0)})})};
  web_.firewall.edit().tables = {
      test_table(Family::inet, "t",
                 {test_chain("c", {rule("0050", 9), rule("0052", 1)}),
                  test_chain("order", {rule("0002", 0), rule("0001", 0)})})};
  EXPECT_THAT(changes(), ElementsAre("web: added firewall rule inet t c: tcp dport 82 accept",
                                     "web: removed firewall rule inet t c: tcp dport 81 accept",
                                     "web: changed firewall chain inet t order order "
                                     "first tcp dport 1 accept>first tcp dport 2 accept"));
}

TEST_F(Diff, TellsServicesOfIpvs) {
  model::firewall::VirtualService service{.family = model::firewall::Family::ip, .protocol = 6};
  service.address = IpAddress::parse("10.96.0.10");
  service.port = 80;
  service.scheduler = "rr";
  service.destinations = {{*IpAddress::parse("10.0.0.2"), 80, "masquerade", 1, 5, 6},
                          {*IpAddress::parse("10.0.0.3"), 80, "masquerade", 1, 0, 0}};
  before_.namespaces[kWebAt].firewall.edit().services = {service};
  service.destinations.pop_back();
  service.destinations[0].weight = 3;
  service.destinations[0].active = 99;  // it counts
  service.scheduler = "wrr";
  web_.firewall.edit().services = {service};
  EXPECT_THAT(changes(),
              testing::UnorderedElementsAre(
                  "web: changed firewall service tcp 10.96.0.10:80 scheduler rr>wrr",
                  "web: changed firewall destination tcp 10.96.0.10:80: 10.0.0.2:80 weight 1>3",
                  "web: removed firewall destination tcp 10.96.0.10:80: 10.0.0.3:80"));
}

TEST_F(Diff, AnOlderSnapshotHasNoFirewalls) {
  before_.coverage = {{"links"}};
  after_.coverage = {{"links"}, {"nf_tables"}, {"x_tables"}, {"ipsets"}};
  web_.firewall.edit().tables = {test_table(model::firewall::Family::inet, "t", {})};
  EXPECT_THAT(changes(), testing::Contains("web: unread_before firewall "));
  EXPECT_THAT(changes(), testing::Not(testing::Contains(testing::HasSubstr("table inet t"))));
}

TEST_F(Diff, TellsProcessesButNotThoseThatMadeTheSnapshot) {
  after_.processes.push_back(test_process(40, "sudo", kHost));
  after_.processes.push_back(test_process(41, "nsmap", kHost));
  after_.processes.back().parent = Pid(40);
  after_.processes.push_back(test_process(42, "kworker/0:1", kHost));
  after_.processes.back().command.clear();
  after_.processes.back().parent = Pid(2);
  after_.processes.push_back(test_process(43, "nsmap", kHost));  // somebody's who says so
  after_.host.reader = Pid(41);
  after_.processes[1].start_ticks = 99;  // another process of that pid
  EXPECT_THAT(changes(),
              ElementsAre("host: added process nsmap (43)", "web: added process nginx (20)",
                          "web: removed process nginx (20)"));
}

TEST_F(Diff, TellsNamesThatCameAndWent) {
  after_.namespaces[kBlueAt].names = {{"blue", "netns", "/run/netns/blue"},
                                      {"x", "netns", "/run/netns/x"}};
  EXPECT_THAT(changes(), ElementsAre("blue: added name /run/netns/x"));
}

TEST_F(Diff, TellsNamespacesThatCameAndWent) {
  after_.namespaces.erase(after_.namespaces.begin() + kBlueAt);
  EXPECT_THAT(changes(), ElementsAre("blue: removed namespace_ "));
  EXPECT_THAT(lines(after_, before_), ElementsAre("blue: added namespace_ "));
}

TEST_F(Diff, OfTheSameNameAndAnotherIdentityIsReplaced) {
  web_.id.ino = 999;
  web_.links[1].index = IfIndex(12);
  for (model::Address& address : web_.addresses)
    if (address.index == IfIndex(7)) address.index = IfIndex(12);
  web_.links[1].mtu = 9000;
  web_.links[1].kind = before_.namespaces[kWebAt].links[1].kind = "veth";
  web_.links[1].mac = *Mac::parse("02:42:ac:11:00:99");
  host_.links[2].peer = model::LinkRef{web_.id, IfIndex(12)};
  after_.containers[2].net = web_.id;
  after_.containers[2].image = "nginx:2";
  after_.processes[1].net = web_.id;
  after_.processes[1].pid = Pid(2000);
  after_.containers[2].pid = Pid(2000);
  web_.sockets[0].owners = {{Pid(2000), 3}};
  EXPECT_THAT(changes(), ElementsAre("web: replaced namespace_  image nginx:1>nginx:2",
                                     "web: changed link eth0 mtu 0>9000"));
}

TEST_F(Diff, AReusedInodeIsAnotherNamespace) {
  after_.namespaces[kBlueAt].cookie = 7;
  EXPECT_THAT(changes(), ElementsAre("blue: replaced namespace_ "));
  after_.namespaces[kBlueAt].names[0].name = "green";
  EXPECT_THAT(changes(),
              UnorderedElementsAre("blue: removed namespace_ ", "green: added namespace_ "));
  after_.namespaces[kBlueAt].cookie.reset();  // not told: the inode has to do
  EXPECT_THAT(changes(), Not(Contains("green: added namespace_ ")));
}

TEST_F(Diff, AcrossABootNamesCount) {
  after_.host.boot_id = "another";
  for (model::Namespace& ns : after_.namespaces) ns.cookie.reset();
  std::swap(after_.namespaces[kBlueAt].id, after_.namespaces[kBlueAt + 2].id);
  EXPECT_THAT(compare(before_, after_)[0].fields, ElementsAre(DiffField{"boot_id", "", "another"}));
  EXPECT_THAT(changes(), Not(Contains("blue: removed namespace_ ")));
}

TEST_F(Diff, WhatWasNotReadIsUnknown) {
  web_.links.clear();
  web_.addresses.clear();
  EXPECT_THAT(changes(), ElementsAre("web: unread_after namespace_ "));
  EXPECT_THAT(lines(after_, before_), ElementsAre("web: unread_before namespace_ "));
  after_ = read_host();
  after_.host.privileged = false;
  after_.namespaces.erase(after_.namespaces.begin() + kBlueAt);
  EXPECT_THAT(changes(), ElementsAre("blue: unread_after namespace_ "));
}

TEST_F(Diff, ASourceThatFailedIsUnknown) {
  web_.addresses.clear();
  after_.diagnostics = {{"addresses", kWeb, "reading addresses: torn", {}}};
  EXPECT_THAT(changes(), ElementsAre("web: unread_after address "));
}

TEST_F(Diff, LeavesOutWhatIsIgnored) {
  web_.links[1].mtu = 1400;
  web_.addresses.pop_back();
  const auto found = compare(before_, after_, {DiffSubject::link});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].subject, DiffSubject::address);
}

Snapshot many_namespaces(std::uint64_t count) {
  Snapshot snapshot;
  for (std::uint64_t i = 0; i != count; ++i) {
    model::Namespace ns = read_host().namespaces[kWebAt];
    ns.id.ino = i;
    ns.names = {{fmt::format("ns{}", i), "netns", fmt::format("/run/netns/ns{}", i)}};
    ns.routes = {route("10.2.0.0/16", "172.17.0.1", 7), route("0.0.0.0/0", "172.17.0.1", 7)};
    snapshot.namespaces.push_back(std::move(ns));
  }
  return snapshot;
}

// Pair by pair, 20,000 would take minutes.
TEST(DiffSize, CostGrowsWithTheNumberOfNamespaces) {
  const Snapshot before = many_namespaces(20'000);
  Snapshot after = before;
  for (model::Namespace& ns : after.namespaces) ns.cookie = *ns.cookie + 1;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(compare(before, after).size(), 20'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace nsmap::analyze
