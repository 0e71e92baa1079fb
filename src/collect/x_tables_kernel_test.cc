#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <utility>

#include "collect/collectors.h"
#include "collect/test_reading.h"
#include "os/test_namespace.h"
#include "syntax/iptables.h"

// Rules of iptables in the running kernel, in the legacy tables and in nf_tables: what
// iptables-restore loads in a namespace made for the test is read, written again and held against
// what iptables-save says, and what was written is loaded in another namespace, where iptables-save
// must say the same. The same intent, put in both ways and by nft, is the same to us.

namespace nsmap::collect {
namespace {

using model::firewall::Backend;
using model::firewall::Family;

struct Program {
  Family family;
  Backend backend;
  std::string save, restore;
};
const Program kIp{Family::ip, Backend::x_tables, "iptables-legacy-save", "iptables-legacy-restore"};
const Program kIp6{Family::ip6, Backend::x_tables, "ip6tables-legacy-save",
                   "ip6tables-legacy-restore"};

const Program kIpNft{Family::ip, Backend::nf_tables, "iptables-nft-save", "iptables-nft-restore"};
const Program kIp6Nft{Family::ip6, Backend::nf_tables, "ip6tables-nft-save",
                      "ip6tables-nft-restore"};

using os::in_fresh_namespace;

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe.get()))
    out.append(buffer, got);
  return out;
}

bool feed(const std::string& command, const std::string& input) {
  FILE* const pipe = ::popen(command.c_str(), "w");
  std::fwrite(input.data(), 1, input.size(), pipe);
  return ::pclose(pipe) == 0;
}

std::string fixture(const std::string& name) {
  std::ifstream file(NSMAP_TESTS_DIR "/fixtures/firewall/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The tables by name: the kernel lists them in the order they came to be, the last first.
std::string sorted_tables(const std::string& text) {
  static const std::string kEnd = "COMMIT\n";
  std::vector<std::string> tables;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(kEnd, at), text.size() - kEnd.size()) + kEnd.size();
    tables.push_back(text.substr(at, end - at));
    at = end;
  }
  std::ranges::sort(tables);
  return std::accumulate(tables.begin(), tables.end(), std::string());
}

// Without remarks, with /etc/protocols' names as numbers, and a comment behind the entry's own
// part.
std::string normal(const std::string& text) {
  static const std::pair<const char*, const char*> kProtocols[] = {{"gre", "47"},
                                                                   {"dccp", "33"},
                                                                   {"ipcomp", "108"},
                                                                   {"mobility-header", "135"},
                                                                   {"ipv6-mh", "135"}};
  static const std::regex kComment(
      R"rx(^(-A \S+(?: (?:! )?(?:-[siodp] \S+|-f))*)(.*)( -m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+))(.*)$)rx");
  std::istringstream lines(text);
  std::string out;
  std::vector<std::string> chains;  // in no order that matters
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    if (line.starts_with(":")) {
      chains.push_back(line + "\n");
      continue;
    }
    std::ranges::sort(chains);
    for (const std::string& chain : std::exchange(chains, {})) out += chain;
    for (const auto& [name, number] : kProtocols)
      line = std::regex_replace(line, std::regex(std::string("-p ") + name + " "),
                                std::string("-p ") + number + " ");
    out += std::regex_replace(line, kComment, "$1$3$2$4") + "\n";
  }
  return sorted_tables(out);
}

model::firewall::Firewall read_firewall() {
  const auto route = *netlink::open_kernel(os::real_kernel(), os::NetlinkProtocol::route);
  model::Namespace ns;
  Report report;
  const auto netfilter = netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::netfilter);
  Reading reading{os::real_kernel(), *route, *route, *netfilter, *route, ns, report};
  collect_x_tables(reading);
  collect_nf_tables(reading);
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
  report.finish(coverage, diagnostics);
  for (const auto& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.what;
  return *ns.firewall;
}

void make_ipsets() {
  std::system("ipset create allowed hash:ip timeout 0 counters && ipset create pairs hash:ip,port");
}

// Loads it, reads it, and says what nsmap writes and what iptables-save does.
struct Told {
  bool loaded = false;
  std::string by_nsmap, by_iptables;
};
Told load(const Program& program, const std::string& rules, const std::function<void()>& before) {
  Told told;
  in_fresh_namespace([&] {
    if (before) before();
    told.loaded = feed(program.restore + " 2>/dev/null", rules);
    told.by_iptables = normal(output_of(program.save + " 2>/dev/null"));
    const auto save = syntax::iptables_save(read_firewall(), {program.family, program.backend});
    EXPECT_EQ(save.unwritten, 0u);
    told.by_nsmap = save.text;
  });
  return told;
}

void expect_same_both_ways(const Program& program, const std::string& name,
                           const std::function<void()>& before = {}) {
  if (!in_fresh_namespace([] {})) GTEST_SKIP() << "making a network namespace needs root";
  if (!has_program(program.restore)) GTEST_SKIP() << program.restore << " is not installed";
  std::string rules = fixture(name);
  ASSERT_FALSE(rules.empty());
  // iptables-nft has no such target.
  if (program.backend == Backend::nf_tables)
    rules = std::regex_replace(rules, std::regex("-A INPUT -j QUEUE\n"), "");
  const Told first = load(program, rules, before);
  ASSERT_TRUE(first.loaded) << program.restore << " refuses " << name;
  EXPECT_EQ(normal(first.by_nsmap), first.by_iptables);
  const Told second = load(program, first.by_nsmap, before);
  ASSERT_TRUE(second.loaded) << program.restore << " refuses what was written";
  EXPECT_EQ(second.by_iptables, first.by_iptables);
  EXPECT_EQ(normal(second.by_nsmap), normal(first.by_nsmap));
}

TEST(XTablesOnTheKernel, Matches) { expect_same_both_ways(kIp, "matches.rules"); }

TEST(XTablesOnTheKernel, Targets) { expect_same_both_ways(kIp, "targets.rules"); }

TEST(XTablesOnTheKernel, Ipsets) {
  if (!has_program("ipset")) GTEST_SKIP() << "ipset is not installed";
  expect_same_both_ways(kIp, "sets.rules", make_ipsets);
}

TEST(XTablesOnTheKernel, Ipv6) { expect_same_both_ways(kIp6, "ipv6.rules"); }

TEST(XTablesOnTheKernel, MatchesInNfTables) { expect_same_both_ways(kIpNft, "matches.rules"); }

TEST(XTablesOnTheKernel, TargetsInNfTables) { expect_same_both_ways(kIpNft, "targets.rules"); }

TEST(XTablesOnTheKernel, IpsetsInNfTables) {
  if (!has_program("ipset")) GTEST_SKIP() << "ipset is not installed";
  expect_same_both_ways(kIpNft, "sets.rules", make_ipsets);
}

TEST(XTablesOnTheKernel, Ipv6InNfTables) { expect_same_both_ways(kIp6Nft, "ipv6.rules"); }

TEST(XTablesOnTheKernel, CountsAndPolicies) {
  const std::string rules =
      "*filter\n:INPUT DROP [3:180]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [7:8]\n"
      "[5:300] -A INPUT -p tcp -j ACCEPT\nCOMMIT\n";
  if (!has_program(kIp.restore)) GTEST_SKIP() << kIp.restore << " is not installed";
  const bool entered = in_fresh_namespace([&] {
    ASSERT_TRUE(feed(kIp.restore + " -c", rules));
    const auto firewall = read_firewall();
    const auto save = syntax::iptables_save(firewall, {Family::ip, Backend::x_tables, true});
    EXPECT_EQ(save.text, rules);
    ASSERT_EQ(firewall.tables.size(), 1u);
    const auto& input = firewall.tables[0].chains.at(0);
    EXPECT_EQ(input.hook, model::firewall::Hook::input);
    EXPECT_EQ(input.priority, 0);
  });
  if (!entered) GTEST_SKIP() << "making a network namespace needs root";
}

// --- three ways --------------------------------------------------------------------------------

struct Intent {
  const char* table;
  const char* chain;
  const char* iptables;
  const char* nft;
};
constexpr Intent kIntents[] = {
    {"filter", "INPUT", "-s 10.0.0.0/24 -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT",
     "iifname eth0 meta l4proto tcp ip saddr 10.0.0.0/24 tcp dport 22 accept"},
    {"filter", "INPUT", "! -i eth+ -d 10.1.2.3 -p udp -m udp --sport 1024:65535 -j DROP",
     "iifname != \"eth*\" meta l4proto udp ip daddr 10.1.2.3 udp sport 1024-65535 drop"},
    {"filter", "INPUT", "-f -j DROP", "ip frag-off & 0x1fff != 0 drop"},
    {"filter", "INPUT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
     "ct state established,related accept"},
    {"filter", "INPUT", "-m mark --mark 0x1/0xff -j RETURN", "meta mark and 0xff == 0x1 return"},
    {"filter", "INPUT", "-m connmark ! --mark 0x1 -j RETURN", "ct mark != 0x1 return"},
    {"filter", "INPUT", "-p tcp -m tcp --tcp-flags SYN,ACK SYN -j REJECT --reject-with tcp-reset",
     "meta l4proto tcp tcp flags & (syn|ack) == syn reject with tcp reset"},
    {"filter", "INPUT", "-m limit --limit 3/min -j LOG --log-prefix \"x: \"",
     "limit rate 3/minute burst 5 packets log prefix \"x: \""},
    {"filter", "INPUT", "-j NFLOG --nflog-group 3 --nflog-size 80", "log group 3 snaplen 80"},
    {"filter", "INPUT", "-m addrtype --dst-type LOCAL -j DROP", "fib daddr type local drop"},
    {"filter", "INPUT", "-m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP",
     "ip saddr 10.0.0.1-10.0.0.9 drop"},
    {"filter", "INPUT", "-m ttl --ttl-lt 5 -j DROP", "ip ttl < 5 drop"},
    {"filter", "INPUT", "-m dscp --dscp 0x2e -j DROP", "ip dscp 0x2e drop"},
    {"filter", "INPUT", "-m length --length 100:200 -j DROP", "meta length 100-200 drop"},
    {"filter", "INPUT", "-m pkttype --pkt-type multicast -j DROP", "meta pkttype multicast drop"},
    {"filter", "INPUT", "-p icmp -m icmp --icmp-type 8 -j ACCEPT",
     "meta l4proto icmp icmp type 8 accept"},
    {"filter", "OUTPUT", "-m owner --uid-owner 1000 -j ACCEPT", "meta skuid 1000 accept"},
    {"filter", "INPUT", "-j REJECT --reject-with icmp-admin-prohibited",
     "reject with icmp type admin-prohibited"},
    {"mangle", "PREROUTING", "-j MARK --set-xmark 0x4000/0x4000", "meta mark set mark or 0x4000"},
    {"mangle", "PREROUTING", "-j MARK --set-xmark 0x7/0xffffffff", "meta mark set 0x7"},
    {"mangle", "PREROUTING", "-j CONNMARK --save-mark", "ct mark set mark"},
    {"mangle", "PREROUTING", "-j CONNMARK --restore-mark", "meta mark set ct mark"},
    {"mangle", "POSTROUTING", "-j CLASSIFY --set-class 1:2", "meta priority set 1:2"},
    {"nat", "PREROUTING", "-p tcp -j DNAT --to-destination 10.0.0.1:80",
     "meta l4proto tcp dnat to 10.0.0.1:80"},
    {"nat", "PREROUTING", "-p tcp -j REDIRECT --to-ports 8080",
     "meta l4proto tcp redirect to :8080"},
    {"nat", "POSTROUTING", "-j SNAT --to-source 10.0.0.1-10.0.0.9 --persistent",
     "snat to 10.0.0.1-10.0.0.9 persistent"},
    {"nat", "POSTROUTING", "-j MASQUERADE --random-fully", "masquerade fully-random"},
    {"raw", "PREROUTING", "-j CT --notrack", "notrack"},
    {"raw", "PREROUTING", "-j TRACE", "meta nftrace set 1"},
};

// The statements of the one rule there is, without what tells who wrote it.
std::vector<model::firewall::Statement> bare_rule() {
  std::vector<model::firewall::Statement> bare;
  for (const auto& table : read_firewall().tables)
    for (const auto& chain : table.chains)
      for (const auto& rule : chain.rules)
        for (const auto& statement : rule.statements)
          if (!std::holds_alternative<model::firewall::Counter>(statement.action))
            bare.push_back({{}, statement.action});
  return bare;
}

std::vector<model::firewall::Statement> made_by(const std::string& command,
                                                const std::string& input) {
  std::vector<model::firewall::Statement> bare;
  in_fresh_namespace([&] {
    EXPECT_TRUE(feed(command, input)) << command << " refuses " << input;
    bare = bare_rule();
  });
  return bare;
}

TEST(XTablesOnTheKernel, TheSameThreeWays) {
  if (!in_fresh_namespace([] {})) GTEST_SKIP() << "making a network namespace needs root";
  for (const char* program : {"iptables-legacy-restore", "iptables-nft-restore", "nft"})
    if (!has_program(program)) GTEST_SKIP() << program << " is not installed";
  for (const Intent& intent : kIntents) {
    const std::string rules = std::string("*") + intent.table + "\n-A " + intent.chain + " " +
                              intent.iptables + "\nCOMMIT\n";
    const auto legacy = made_by("iptables-legacy-restore", rules);
    const auto compat = made_by("iptables-nft-restore", rules);
    const std::string hook = intent.chain;
    const bool nat = std::string(intent.table) == "nat";
    std::string lower = hook;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return static_cast<char>(c | 0x20); });
    const auto native = made_by(
        "nft -f -", "table ip t {\n chain c {\n type " + std::string(nat ? "nat" : "filter") +
                        " hook " + lower + " priority 0;\n " + intent.nft + "\n }\n}\n");
    EXPECT_FALSE(legacy.empty());
    EXPECT_TRUE(legacy == compat) << "legacy and nft: " << intent.iptables;
    EXPECT_TRUE(legacy == native) << "iptables and nft: " << intent.iptables;
  }
}

// To read is to leave things as they are.
TEST(XTablesOnTheKernel, MakesNoTable) {
  const bool entered = in_fresh_namespace([] {
    EXPECT_TRUE(read_firewall().tables.empty());
    std::ifstream names("/proc/thread-self/net/ip_tables_names");
    std::string name;
    EXPECT_FALSE(std::getline(names, name)) << name;
  });
  if (!entered) GTEST_SKIP() << "making a network namespace needs root";
}

}  // namespace
}  // namespace nsmap::collect
