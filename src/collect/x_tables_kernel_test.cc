#include <gtest/gtest.h>
#include <sched.h>
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
#include <thread>

#include "collect/collectors.h"
#include "collect/test_reading.h"
#include "syntax/iptables.h"

// The legacy tables of the running kernel: what iptables-restore loads in a namespace made for the
// test is read, written again and held against what iptables-save says, and what was written is
// loaded in another namespace, where iptables-save must say the same.

namespace nsmap::collect {
namespace {

using model::firewall::Backend;
using model::firewall::Family;

struct Program {
  Family family;
  std::string save, restore;
};
const Program kIp{Family::ip, "iptables-legacy-save", "iptables-legacy-restore"};
const Program kIp6{Family::ip6, "ip6tables-legacy-save", "ip6tables-legacy-restore"};

// False: not permitted.
bool in_fresh_namespace(const std::function<void()>& body) {
  bool entered = false;
  std::thread([&] {
    entered = ::unshare(CLONE_NEWNET) == 0;
    if (entered) body();
  }).join();
  return entered;
}

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
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
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
  Reading reading{os::real_kernel(), *route, *route, *route, *route, ns, report};
  collect_x_tables(reading);
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
    const auto save = syntax::iptables_save(read_firewall(), {program.family, Backend::x_tables});
    EXPECT_EQ(save.unwritten, 0u);
    told.by_nsmap = save.text;
  });
  return told;
}

void expect_same_both_ways(const Program& program, const std::string& name,
                           const std::function<void()>& before = {}) {
  if (!in_fresh_namespace([] {})) GTEST_SKIP() << "making a network namespace needs root";
  if (!has_program(program.restore)) GTEST_SKIP() << program.restore << " is not installed";
  const std::string rules = fixture(name);
  ASSERT_FALSE(rules.empty());
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
    EXPECT_EQ(input.rules.at(0).position, 0u);
  });
  if (!entered) GTEST_SKIP() << "making a network namespace needs root";
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
