#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include "collect/test_kernel.h"
#include "collect/test_reading.h"
#include "collect/test_statements.h"
#include "netlink/batch.h"

// nf_tables as nft(8) makes them and the running kernel holds them, in a network namespace made for
// each test, which goes with its thread.

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using enum model::PacketField;
using model::DataType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

bool has_nft() { return std::system("nft --version >/dev/null 2>&1") == 0; }

#define WITH_NFT(...)                                        \
  if (!has_nft()) GTEST_SKIP() << "nft(8) is not installed"; \
  IN_FRESH_NAMESPACE(__VA_ARGS__)

// Carries out a text for nft(8), in the calling thread's namespace. False: it did not take it.
bool nft(const std::string& text) {
  FILE* const pipe = ::popen("nft -f - 2>/dev/null", "w");
  if (pipe == nullptr) return false;
  std::fwrite(text.data(), 1, text.size(), pipe);
  return ::pclose(pipe) == 0;
}

// The tables that nft(8) has just made.
std::vector<Table> read_back() {
  RealReading real;
  collect_nf_tables(real.reading);
  real.expect_no_diagnostics();
  return real.ns.firewall->tables;
}

std::string sets_text() {
  return R"(table inet t {
    counter c1 { packets 3 bytes 4; comment "of an object"; }
    set names { type ifname; elements = { "lo" } }
    map verdicts { type ipv4_addr : verdict; flags interval;
      elements = { 10.0.0.0/8 : jump other, 11.0.0.1-11.0.0.5 : drop, * : accept } }
    map marks { type ipv4_addr : mark; elements = { 1.1.1.1 comment "an element" : 0x10 } }
    map counters { type ipv4_addr : counter; elements = { 1.1.1.1 : "c1" } }
    map ends { type ipv4_addr : interval ipv4_addr;
      elements = { 1.1.1.1 : 10.0.0.1-10.0.0.9 } }
    set counted { type ipv4_addr; flags interval; counter; auto-merge; comment "a set";
      elements = { 0.0.0.0/8 counter packets 3 bytes 4, 255.0.0.0/8, 5.5.5.5 } }
    set ranges { type ipv4_addr . inet_proto . mark; flags interval;
      elements = { 1.2.3.0/24 . tcp . 1-5 } }
    set typed { typeof vlan id . meta mark; elements = { 3 . 5 } }
    set recent { type ipv4_addr . inet_service; size 9; flags dynamic,timeout; timeout 1m; }
    chain other { }
    chain c { type filter hook input priority 10; policy drop; }
    chain n { type nat hook postrouting priority 100; }
    chain d { type nat hook prerouting priority -100; }
    chain m { type filter hook prerouting priority -150; comment "of a chain"; }
  }
)";
}

struct RuleCase {
  const char* chain;
  const char* text;
  std::vector<Statement> statements;
};

const Statement kIp = match(meta_nfproto, "02");
const Statement kIp6 = match(meta_nfproto, "0a");
const Statement kTcp = match(meta_l4proto, "06");
const Statement kUdp = match(meta_l4proto, "11");

Statement nat(Nat::Kind kind, const std::function<void(Nat&)>& fill) {
  Nat nat;
  nat.kind = kind;
  fill(nat);
  return statement(Box(std::move(nat)));
}

Statement assign(Value to, Value value) {
  return statement(Box(Assign{std::move(to), std::move(value)}));
}

std::vector<RuleCase> header_cases() {
  return {
      {"c",
       "ip saddr 1.2.3.4 ip daddr 5.6.7.8",
       {kIp, match(ip_saddr, "01020304"), match(ip_daddr, "05060708")}},
      {"c", "ip saddr 10.0.0.0/8", {kIp, match(ip_saddr, "0a000000", "ff000000")}},
      {"c",
       "ip6 daddr 2001:db8::/33",
       {kIp6,
        match(ip6_daddr, "20010db8000000000000000000000000", "ffffffff800000000000000000000000")}},
      // nft(8) loads both ports at once.
      {"c", "tcp sport 3 tcp dport 4", {kTcp, match(tcp_sport, "0003"), match(tcp_dport, "0004")}},
      {"c", "tcp dport 10-20", {kTcp, range(tcp_dport, "000a", "0014")}},
      {"c", "udp dport != 10-20", {kUdp, range(udp_dport, "000a", "0014", Compare::not_in)}},
      {"c", "th dport 53", {match(th_dport, "0035")}},
      {"c", "ip dscp cs1", {kIp, match(ip_dscp, "08")}},
      {"c", "ip dscp > cs2", {kIp, match(ip_dscp, "10", "", Compare::gt)}},
      {"c",
       "ip6 dscp cs1 ip6 flowlabel 5",
       {kIp6, match(ip6_dscp, "08"), match(ip6_flowlabel, "000005")}},
      {"c", "ip frag-off & 0x1fff != 0", {kIp, match(ip_frag_off, "0000", "1fff", Compare::ne)}},
      {"c", "tcp flags syn / fin,syn,rst,ack", {kTcp, match(tcp_flags, "02", "17")}},
      {"c",
       "vlan id 5",
       {match(meta_iiftype, "0001"), match(ether_type, "8100"), match(vlan_id, "0005")}},
      {"c", "@nh,8,4 5", {match(Payload{Payload::Base::network, 8, 4}, "05")}},
      {"c",
       "tcp option maxseg size 1400",
       {match(ExtensionHeader{ExtensionHeader::Kind::tcp_option, 2, 16, 16, false}, "0578")}},
      {"c",
       "exthdr frag exists",
       {kIp6, match(ExtensionHeader{ExtensionHeader::Kind::ipv6, 44, 0, 8, true}, "01")}},
      {"c", "ip dscp set cs2", {kIp, assign(ip_dscp, hex("10"))}},
      {"c", "ip6 dscp set cs3", {kIp6, assign(ip6_dscp, hex("18"))}},
      {"c", "tcp dport set 99", {kTcp, assign(tcp_dport, hex("0063"))}},
      {"c", "reset tcp option sack-permitted", {statement(StripOption{4})}},
  };
}

std::vector<RuleCase> meta_cases() {
  return {
      {"c", "iifname \"lo\"", {match(meta_iifname, "6c6f0000000000000000000000000000")}},
      {"c",
       "iifname \"eth*\"",
       {match(meta_iifname, "65746800000000000000000000000000",
              "ffffff00000000000000000000000000")}},
      {"c",
       "meta mark 5 meta mark 5-10 meta mark > 3",
       {match(meta_mark, "00000005"), range(meta_mark, "00000005", "0000000a"),
        match(meta_mark, "00000003", "", Compare::gt)}},
      {"c", "meta mark & 0xff == 5", {match(meta_mark, "00000005", "000000ff")}},
      {"c",
       "meta mark set meta mark or 0x4",
       {assign(meta_mark, Box(Bitwise{meta_mark, hex("fffffffb"), hex("00000004")}))}},
      {"c", "meta mark set 5", {assign(meta_mark, hex("00000005"))}},
      {"c", "meta mark set ct mark", {assign(meta_mark, ct_mark)}},
      {"c", "meta mark set (meta mark << 3)", {assign(meta_mark, Box(Shift{meta_mark, true, 3}))}},
      {"c", "ct state established,related", {match(ct_state, "00000000", "00000006", Compare::ne)}},
      {"c", "ct original ip saddr 1.2.3.4", {match(ct_original_ip_saddr, "01020304")}},
      {"c",
       "ct label 5",
       {match(ct_label, "00000000000000000000000000000000", "00000000000000000000000000000020",
              Compare::ne)}},
      {"c",
       "fib daddr type local",
       {match(Fib{.result = Fib::Result::type, .daddr = true}, "00000002")}},
      {"c",
       "fib saddr . iif oif missing",
       {match(Fib{.result = Fib::Result::oif, .saddr = true, .iif = true, .present = true}, "00")}},
      {"c",
       "numgen random mod 4 < 2",
       {match(NumberGenerator{true, 4, 0}, "00000002", "", Compare::lt)}},
      {"c", "socket mark 5", {match(socket_mark, "00000005")}},
      {"c", "rt classid 5", {match(rt_classid, "00000005")}},
  };
}

std::vector<RuleCase> set_cases() {
  return {
      {"c", "iifname @names", {statement(Lookup{meta_iifname, "names", false})}},
      {"c", "ip saddr vmap @verdicts", {kIp, statement(Box(VerdictMap{ip_saddr, "verdicts"}))}},
      {"c",
       "meta mark set ip saddr map @marks",
       {kIp, assign(meta_mark, looked_up(ip_saddr, "marks"))}},
      {"c",
       "counter name ip saddr map @counters",
       {kIp, statement(Box(ObjectRef{"counter", "", ip_saddr, "counters"}))}},
      {"c",
       "vlan id . meta mark @typed",
       {match(meta_iiftype, "0001"), match(ether_type, "8100"),
        statement(Lookup{both(vlan_id, meta_mark), "typed", false})}},
      {"c",
       "update @recent { ip saddr . tcp dport timeout 30s counter }",
       {kIp, kTcp,
        statement(Box(SetUpdate{.operation = SetUpdate::Operation::update,
                                .set = "recent",
                                .key = both(ip_saddr, tcp_dport),
                                .timeout_ms = 30000,
                                .statements = {statement(Counter{})}}))}},
      // A map to ranges: first and last are parts of what it has.
      {"d",
       "dnat ip to ip saddr map @ends",
       {kIp, nat(Nat::Kind::dnat,
                 [](Nat& nat) {
                   nat.family = NFPROTO_IPV4;
                   nat.address = looked_up(ip_saddr, "ends", 0);
                   nat.last_address = looked_up(ip_saddr, "ends", 1);
                 })}},
  };
}

std::vector<RuleCase> action_cases() {
  return {
      {"c", "counter accept", {statement(Counter{}), verdict(Verdict::Kind::accept)}},
      {"c", "goto other", {verdict(Verdict::Kind::goto_, "other")}},
      {"c", "counter name \"c1\"", {statement(Box(ObjectRef{"counter", "c1", {}, {}}))}},
      {"c",
       "limit rate over 5/minute burst 7 packets",
       {statement(Box(Limit{5, 60, 7, false, true}))}},
      {"c", "quota over 5 mbytes", {statement(Box(Quota{5 << 20, 0, true}))}},
      {"c", "log prefix \"abc \" level warn", {statement(Box(Log{.prefix = "abc ", .level = 4}))}},
      {"c", "log group 3 snaplen 100", {statement(Box(Log{.group = 3, .snaplen = 100}))}},
      {"c", "reject with icmpx admin-prohibited", {statement(Reject{Reject::With::icmpx, 3})}},
      {"c",
       "ip6 saddr ::1 reject with icmpv6 port-unreachable",
       {kIp6, match(ip6_saddr, "00000000000000000000000000000001"),
        statement(Reject{Reject::With::icmpv6, 4})}},
      {"c",
       "meta l4proto tcp reject with tcp reset",
       {kTcp, statement(Reject{Reject::With::tcp_reset, 0})}},
      {"m", "notrack", {statement(Notrack{})}},
      {"n",
       "masquerade fully-random",
       {nat(Nat::Kind::masquerade, [](Nat& nat) { nat.fully_random = true; })}},
      {"n",
       "snat ip to 1.2.3.4-1.2.3.9",
       {nat(Nat::Kind::snat,
            [](Nat& nat) {
              nat.family = NFPROTO_IPV4;
              nat.address = hex("01020304");
              nat.last_address = hex("01020309");
            })}},
      {"d",
       "tcp dport 5 dnat ip to 1.2.3.4:80 random",
       {kTcp, match(tcp_dport, "0005"),
        nat(Nat::Kind::dnat,
            [](Nat& nat) {
              nat.family = NFPROTO_IPV4;
              nat.address = hex("01020304");
              nat.port = hex("0050");
              nat.random = true;
            })}},
      {"d",
       "tcp dport 5 redirect to :80-90",
       {kTcp, match(tcp_dport, "0005"),
        nat(Nat::Kind::redirect,
            [](Nat& nat) {
              nat.port = hex("0050");
              nat.last_port = hex("005a");
            })}},
      {"m",
       "tcp dport 1 tproxy to :50080",
       {kTcp, match(tcp_dport, "0001"), statement(Box(Tproxy{.port = hex("c3a0")}))}},
  };
}

void expect_rule(const RuleCase& one, const Table& table) {
  for (const Chain& chain : table.chains) {
    if (chain.name != one.chain || chain.rules.empty()) continue;
    const std::vector<Statement>& found = chain.rules.front().statements;
    EXPECT_TRUE(found == one.statements) << one.text << ": " << found.size() << " statements";
  }
}

void expect_rules(const std::vector<RuleCase>& cases) {
  ASSERT_TRUE(nft(sets_text()));
  for (const RuleCase& one : cases) {
    const std::string chain = std::string("inet t ") + one.chain;
    if (!nft("add rule " + chain + " " + one.text + "\n")) {
      std::printf("not taken by this kernel or nft(8): %s\n", one.text);
      continue;
    }
    const std::vector<Table> tables = read_back();
    ASSERT_THAT(tables, SizeIs(1));
    expect_rule(one, tables.front());
    ASSERT_TRUE(nft("flush chain " + chain + "\n"));
  }
}

TEST(NfTablesOnTheKernel, Headers) {
  WITH_NFT([] { expect_rules(header_cases()); });
}

TEST(NfTablesOnTheKernel, MetaAndConnections) {
  WITH_NFT([] { expect_rules(meta_cases()); });
}

TEST(NfTablesOnTheKernel, SetsInRules) {
  WITH_NFT([] { expect_rules(set_cases()); });
}

TEST(NfTablesOnTheKernel, Actions) {
  WITH_NFT([] { expect_rules(action_cases()); });
}

const Set& set_named(const Table& table, std::string_view name) {
  static const Set kNone;
  for (const Set& set : table.sets)
    if (set.name == name) return set;
  ADD_FAILURE() << "there is no set " << name;
  return kNone;
}

Element element(std::string_view first, std::string_view last = "") {
  Element made;
  made.first = hex(first);
  made.last = hex(last);
  return made;
}

void expect_sets(const Table& table) {
  Element mapped = element("01010101");
  mapped.data = hex("00000010");
  mapped.comment = "an element";
  EXPECT_EQ(set_named(table, "marks").elements, std::vector{mapped});
  EXPECT_EQ(set_named(table, "names").elements,
            std::vector{element("6c6f0000000000000000000000000000")});
  EXPECT_EQ(set_named(table, "ranges").elements,
            std::vector{element("010203000600000000000001", "010203ff0600000000000005")});
  Element object = element("01010101");
  object.object = "c1";
  EXPECT_EQ(set_named(table, "counters").elements, std::vector{object});
  EXPECT_EQ(set_named(table, "counters").object_kind, "counter");
}

void expect_intervals(const Table& table) {
  const auto& verdicts = set_named(table, "verdicts").elements;
  ASSERT_THAT(verdicts, SizeIs(3));
  EXPECT_EQ(verdicts[0].last, hex("0affffff"));
  EXPECT_EQ(verdicts[0].verdict, (Verdict{Verdict::Kind::jump, "other"}));
  EXPECT_EQ(verdicts[1].first, hex("0b000001"));
  EXPECT_EQ(verdicts[1].last, hex("0b000005"));
  EXPECT_TRUE(verdicts[2].catchall);
  const Set& counted = set_named(table, "counted");
  EXPECT_TRUE(counted.auto_merge);
  EXPECT_EQ(counted.comment, "a set");
  ASSERT_THAT(counted.elements, SizeIs(3));
  EXPECT_EQ(counted.elements[0].first, hex("00000000"));
  EXPECT_EQ(counted.elements[0].last, hex("00ffffff"));
  EXPECT_EQ(counted.elements[0].statements, std::vector{statement(Counter{3, 4})});
  EXPECT_TRUE(counted.elements[1].last.empty());
  EXPECT_EQ(counted.elements[2].last, hex("ffffffff"));
}

TEST(NfTablesOnTheKernel, Sets) {
  WITH_NFT([] {
    ASSERT_TRUE(nft(sets_text()));
    const std::vector<Table> tables = read_back();
    ASSERT_THAT(tables, SizeIs(1));
    expect_sets(tables.front());
    expect_intervals(tables.front());
    const Set& recent = set_named(tables.front(), "recent");
    EXPECT_TRUE(recent.dynamic && recent.timeout);
    EXPECT_EQ(recent.timeout_ms, 60000u);
    EXPECT_EQ(recent.size, 9u);
    EXPECT_EQ(recent.key,
              (std::vector<KeyPart>{{DataType::ipv4, 32, {}}, {DataType::port, 16, {}}}));
  });
}

TEST(NfTablesOnTheKernel, ChainsAndObjects) {
  WITH_NFT([] {
    ASSERT_TRUE(nft(sets_text()));
    const std::vector<Table> tables = read_back();
    ASSERT_THAT(tables, SizeIs(1));
    ASSERT_THAT(tables[0].chains, SizeIs(5));
    const Chain& base = tables[0].chains[1];
    EXPECT_EQ(base.hook, Hook::input);
    EXPECT_EQ(base.priority, 10);
    EXPECT_EQ(base.type, "filter");
    EXPECT_EQ(base.policy, (Verdict{Verdict::Kind::drop, {}}));
    EXPECT_EQ(tables[0].chains[4].comment, "of a chain");
    EXPECT_FALSE(tables[0].chains[0].hook);
    ASSERT_THAT(tables[0].objects, SizeIs(1));
    EXPECT_EQ(tables[0].objects[0].kind, "counter");
    EXPECT_EQ(tables[0].objects[0].comment, "of an object");
    EXPECT_EQ(tables[0].objects[0].statements, std::vector{statement(Counter{3, 4})});
  });
}

TEST(NfTablesOnTheKernel, ObjectsBesideNamelessSets) {
  WITH_NFT([] {
    ASSERT_TRUE(
        nft("table ip t { counter c { }\n"
            "chain a { tcp dport { 1, 2 } accept; tcp dport { 3, 4 } counter name c; }\n}"));
    const std::vector<Table> tables = read_back();
    ASSERT_THAT(tables, SizeIs(1));
    EXPECT_THAT(tables[0].sets, SizeIs(2));
    EXPECT_THAT(tables[0].objects, SizeIs(1));
  });
}

// Few rules are asked for at once, many chain by chain: each stands where it belongs all the same.
TEST(NfTablesOnTheKernel, RulesOfEachChain) {
  WITH_NFT([] {
    const auto table = [](const std::string& family, const std::string& name, unsigned rules) {
      std::string text = "table " + family + " " + name + " {\n";
      for (unsigned chain = 0; chain < 3; ++chain) {
        text += "chain c" + std::to_string(chain) + " {\n";
        for (unsigned rule = 0; rule < chain * rules; ++rule)
          text += "meta mark " + std::to_string(1000 * chain + rule) + " accept\n";
        text += "}\n";
      }
      return text + "}\n";
    };
    for (const unsigned rules : {1u, 600u}) {
      ASSERT_TRUE(nft("flush ruleset\n" + table("ip", "t", rules) + table("ip6", "t", rules) +
                      table("ip", "u", rules)));
      const std::vector<Table> tables = read_back();
      ASSERT_THAT(tables, SizeIs(3));
      for (const Table& each : tables)
        for (unsigned chain = 0; chain < 3; ++chain) {
          const std::vector<Rule>& found = each.chains.at(chain).rules;
          ASSERT_THAT(found, SizeIs(chain * rules)) << each.name;
          for (unsigned rule = 0; rule < found.size(); ++rule) {
            EXPECT_EQ(found[rule].position, rule);
            EXPECT_EQ(found[rule].statements[0],
                      statement(Match{
                          meta_mark, Compare::eq, {}, Octets::number(1000 * chain + rule, 4), {}}));
          }
        }
    }
  });
}

TEST(NfTablesOnTheKernel, NothingIsNothing) {
  WITH_NFT([] { EXPECT_THAT(read_back(), IsEmpty()); });
}

// --- read while it changes -------------------------------------------------------------------

// One ruleset after the other: in each, every chain has as many rules as every other and as the set
// has elements. A change adds one to all of them, or begins anew.
class Changing {
 public:
  // False: the kernel did not take it.
  bool change() {
    batch_.clear();
    if (++changes_ == 1) make();
    // Seldom, as the kernel waits for a grace period of RCU before it deletes more.
    constexpr int kMost = 50;
    if (changes_ % kMost == 0) clear();
    for (const char* const table : kTables)
      for (const char* const chain : kChains)
        add(NFT_MSG_NEWRULE, NLM_F_APPEND).attributes(rules(table, chain));
    const std::uint32_t number = from_be(static_cast<std::uint32_t>(changes_));
    const auto key = netlink::AttributeList().nest(
        NFTA_SET_ELEM_KEY, netlink::AttributeList().add(NFTA_DATA_VALUE, number));
    add(NFT_MSG_NEWSETELEM, 0)
        .attributes(elements().nest(NFTA_SET_ELEM_LIST_ELEMENTS,
                                    netlink::AttributeList().nest(NFTA_LIST_ELEM, key)));
    return !netlink::change_ruleset(*netfilter_, batch_, 0);
  }

  // Whether that is one of the rulesets.
  static bool is_whole(const std::vector<Table>& tables) {
    if (tables.size() != std::size(kTables) || tables[0].sets.size() != 1) return false;
    const std::size_t size = tables[0].sets[0].elements.size();
    for (const Table& table : tables) {
      if (table.chains.size() != std::size(kChains)) return false;
      for (const Chain& chain : table.chains)
        if (chain.rules.size() != size) return false;
    }
    return true;
  }

 private:
  static constexpr const char* kTables[] = {"t", "u"};
  static constexpr const char* kChains[] = {"a", "b", "c"};

  netlink::Request& add(int message, int flags) {
    const nfgenmsg header{NFPROTO_IPV4, NFNETLINK_V0, 0};
    return batch_.emplace_back(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message),
                               static_cast<std::uint16_t>(NLM_F_CREATE | flags), header);
  }
  static netlink::AttributeList rules(const char* table, const char* chain) {
    return netlink::AttributeList().text(NFTA_RULE_TABLE, table).text(NFTA_RULE_CHAIN, chain);
  }
  static netlink::AttributeList elements() {
    return netlink::AttributeList()
        .text(NFTA_SET_ELEM_LIST_TABLE, kTables[0])
        .text(NFTA_SET_ELEM_LIST_SET, "s");
  }

  void make() {
    for (const char* const table : kTables) {
      add(NFT_MSG_NEWTABLE, 0).attributes(netlink::AttributeList().text(NFTA_TABLE_NAME, table));
      for (const char* const chain : kChains)
        add(NFT_MSG_NEWCHAIN, 0)
            .attributes(netlink::AttributeList()
                            .text(NFTA_CHAIN_TABLE, table)
                            .text(NFTA_CHAIN_NAME, chain));
    }
    add(NFT_MSG_NEWSET, 0)
        .attributes(netlink::AttributeList()
                        .text(NFTA_SET_TABLE, kTables[0])
                        .text(NFTA_SET_NAME, "s")
                        .be(NFTA_SET_KEY_LEN, std::uint32_t{4})
                        .be(NFTA_SET_ID, std::uint32_t{1}));
  }
  void clear() {
    for (const char* const table : kTables)
      for (const char* const chain : kChains)
        add(NFT_MSG_DELRULE, 0).attributes(rules(table, chain));
    add(NFT_MSG_DELSETELEM, 0).attributes(elements());
  }

  std::unique_ptr<netlink::Transport> netfilter_ =
      netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::netfilter);
  std::vector<netlink::Request> batch_;
  int changes_ = 0;
};

// Whatever is read is one ruleset whole, or it is said that none could be.
TEST(NfTablesOnTheKernel, ChangedWhileRead) {
  IN_FRESH_NAMESPACE([] {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kLong(1000);
    Changing ruleset;
    ASSERT_TRUE(ruleset.change());
    std::atomic<bool> done = false;
    int changes = 0;
    std::thread changer([&] {
      for (; !done; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
        changes += ruleset.change() ? 1 : 0;
    });
    int whole = 0, mixed = 0;
    for (const auto end = Clock::now() + kLong; Clock::now() < end;) {
      RealReading real;
      collect_nf_tables(real.reading);
      if (real.diagnostics().empty())
        ++(Changing::is_whole(real.ns.firewall->tables) ? whole : mixed);
    }
    done = true;
    changer.join();
    EXPECT_GE(changes, 100);
    EXPECT_GT(whole, 100);
    EXPECT_EQ(mixed, 0);
  });
}

}  // namespace
}  // namespace nsmap::collect
