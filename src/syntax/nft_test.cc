#include "syntax/nft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsmap::syntax {
namespace {

using namespace model::firewall;
using model::DataType;
using model::PacketField;
using testing::ElementsAre;
using testing::HasSubstr;

Octets bytes(std::string_view hexadecimal) { return *Octets::parse(hexadecimal); }

Match is(PacketField field, std::string_view value) {
  return {field, Compare::eq, {}, bytes(value)};
}

Match masked(PacketField field, std::string_view mask, std::string_view right,
             Compare compare = Compare::eq) {
  return {field, compare, bytes(mask), bytes(right)};
}

Match not_zero(PacketField field, std::string_view mask) {
  return {field, Compare::ne, bytes(mask), Octets(bytes(mask).size())};
}

Rule rule(std::vector<Action> actions) {
  Rule out;
  for (Action& action : actions) out.statements.push_back({{}, std::move(action)});
  return out;
}

const InterfaceNames kInterfaces = {{1, "lo"}, {7, "eth0"}};

NftText written(const Table& table, std::vector<Action> actions) {
  return nft_rule(NftTable(table, kInterfaces), rule(std::move(actions)));
}

std::string text(std::vector<Action> actions, Family family = Family::inet) {
  Table table;
  table.family = family;
  return written(table, std::move(actions)).text;
}

TEST(Nft, WritesMatches) {
  EXPECT_EQ(text({is(PacketField::tcp_dport, "0050")}), "tcp dport 80");
  EXPECT_EQ(text({masked(PacketField::ip_saddr, "ffffff00", "0a000100")}), "ip saddr 10.0.1.0/24");
  EXPECT_EQ(text({masked(PacketField::ip_saddr, "000000ff", "00000005")}),
            "ip saddr & 0.0.0.255 == 0.0.0.5");
  EXPECT_EQ(text({Match{PacketField::tcp_dport, Compare::in, {}, bytes("0050"), bytes("005a")}}),
            "tcp dport 80-90");
  EXPECT_EQ(
      text({Match{PacketField::tcp_dport, Compare::not_in, {}, bytes("0050"), bytes("005a")}}),
      "tcp dport != 80-90");
  EXPECT_EQ(text({Match{PacketField::ip_ttl, Compare::lt, {}, bytes("05")}}), "ip ttl < 5");
  EXPECT_EQ(text({is(PacketField::meta_iif, "00000001")}), "iif \"lo\"");
  EXPECT_EQ(text({is(PacketField::meta_iif, "00000009")}), "iif 9");
}

TEST(Nft, WritesBits) {
  EXPECT_EQ(text({not_zero(PacketField::ct_state, "00000006")}), "ct state established,related");
  EXPECT_EQ(text({masked(PacketField::ct_state, "00000006", "00000000")}),
            "ct state ! established,related");
  EXPECT_EQ(text({is(PacketField::tcp_flags, "02")}), "tcp flags == syn");
  EXPECT_EQ(text({masked(PacketField::tcp_flags, "12", "02")}), "tcp flags & (syn | ack) == syn");
  EXPECT_EQ(text({masked(PacketField::tcp_flags, "12", "12", Compare::ne)}),
            "tcp flags & (syn | ack) != (syn | ack)");
  EXPECT_EQ(text({masked(PacketField::meta_mark, "000000ff", "00000001")}),
            "meta mark & 0x000000ff == 0x00000001");
}

TEST(Nft, WritesInterfacePrefixes) {
  const std::string_view eth = "65746800000000000000000000000000";
  const std::string_view three = "ffffff00000000000000000000000000";
  EXPECT_EQ(text({masked(PacketField::meta_iifname, three, eth)}), "iifname \"eth*\"");
  EXPECT_EQ(text({is(PacketField::meta_iifname, eth)}), "iifname \"eth\"");
}

TEST(Nft, WritesPresence) {
  Fib fib{Fib::Result::oif, true, false, false, true, false, true};
  EXPECT_EQ(text({Match{fib, Compare::eq, {}, bytes("00")}}), "fib saddr . iif oif missing");
  const ExtensionHeader option{ExtensionHeader::Kind::tcp_option, 4, 0, 8, true};
  EXPECT_EQ(text({Match{option, Compare::eq, {}, bytes("01")}}), "tcp option sack-perm exists");
  EXPECT_EQ(text({Match{option, Compare::ne, {}, bytes("01")}}), "tcp option sack-perm missing");
}

TEST(Nft, WritesSlicesOfHeaders) {
  using Kind = ExtensionHeader::Kind;
  EXPECT_EQ(
      text({Match{ExtensionHeader{Kind::tcp_option, 2, 16, 16}, Compare::eq, {}, bytes("0578")}}),
      "tcp option maxseg size 1400");
  // As the kernel holds it: the field with its neighbours, and a mask.
  EXPECT_EQ(text({Match{ExtensionHeader{Kind::ipv6, 44, 16, 16}, Compare::eq, bytes("fff8"),
                        bytes("0038")}}),
            "frag frag-off 7");
  EXPECT_EQ(
      text({Match{Payload{Payload::Base::network, 0, 8}, Compare::eq, bytes("f0"), bytes("40")}}),
      "@nh,0,8 & 240 == 64");
}

TEST(Nft, LeavesOutWhatNftPutsBackByItself) {
  const Match tcp = is(PacketField::meta_l4proto, "06"), port = is(PacketField::tcp_dport, "0050");
  const Match ip4 = is(PacketField::meta_nfproto, "02"),
              address = is(PacketField::ip_saddr, "0a000001");
  EXPECT_EQ(text({tcp, port}), "tcp dport 80");
  EXPECT_EQ(text({ip4, address, tcp, port}), "ip saddr 10.0.0.1 tcp dport 80");
  EXPECT_EQ(text({is(PacketField::meta_protocol, "0800"), address}, Family::netdev),
            "ip saddr 10.0.0.1");
  EXPECT_EQ(text({ip4, is(PacketField::meta_l4proto, "01"), is(PacketField::icmp_type, "08")}),
            "icmp type echo-request");
}

TEST(Nft, WritesWhatNftWouldNotPutBack) {
  const Match tcp = is(PacketField::meta_l4proto, "06"), port = is(PacketField::tcp_dport, "0050");
  const Match address = is(PacketField::ip_saddr, "0a000001");
  EXPECT_EQ(text({tcp, address, port}, Family::ip),
            "meta l4proto tcp ip saddr 10.0.0.1 tcp dport 80");
  EXPECT_EQ(text({is(PacketField::ip_protocol, "06"), port}, Family::ip),
            "ip protocol tcp tcp dport 80");
  EXPECT_EQ(text({is(PacketField::meta_l4proto, "11"), port}), "meta l4proto udp tcp dport 80");
  EXPECT_EQ(text({tcp, Verdict{}}), "meta l4proto tcp accept");
  // nft would ask for the family too.
  EXPECT_EQ(text({is(PacketField::meta_l4proto, "01"), is(PacketField::icmp_type, "08")}),
            "meta l4proto icmp icmp type echo-request");
}

Set ports(bool map) {
  Set set;
  set.name = "__set0";
  set.anonymous = set.constant = true;
  set.map = map;
  set.key = {{DataType::port, 16, {}}};
  set.elements = {{bytes("0050")}, {bytes("01bb"), bytes("01bc")}};
  if (map)
    for (Element& element : set.elements) element.verdict = Verdict{};
  return set;
}

TEST(Nft, WritesNamelessSetsInTheirPlaces) {
  Table table;
  table.sets = {ports(false)};
  EXPECT_EQ(written(table, {Lookup{PacketField::tcp_dport, "__set0", false}}).text,
            "tcp dport { 80, 443-444 }");
  EXPECT_EQ(written(table, {Lookup{PacketField::tcp_dport, "web", true}}).text,
            "tcp dport != @web");
  table.sets = {ports(true)};
  EXPECT_EQ(written(table, {VerdictMap{PacketField::tcp_dport, "__set0"}}).text,
            "tcp dport vmap { 80 : accept, 443-444 : accept }");
}

TEST(Nft, WritesConcatenations) {
  Table table;
  Set set;
  set.name = "pairs";
  set.key = {{DataType::ipv4, 32, {}}, {DataType::port, 16, {}}};
  const Element element{bytes("0a00000000500000"), bytes("0affffff005a0000")};
  EXPECT_EQ(nft_element(NftTable(table, kInterfaces), set, element), "10.0.0.0/8 . 80-90");
  const Concatenation key{{PacketField::ip_saddr, PacketField::tcp_dport}};
  EXPECT_EQ(written(table, {Lookup{key, "pairs", false}}).text, "ip saddr . tcp dport @pairs");
}

TEST(Nft, WritesChainsWithinRules) {
  Table table;
  Chain chain;
  chain.name = "__chain0";
  chain.binding = true;
  chain.rules = {rule({Counter{}, Verdict{Verdict::Kind::drop, {}}})};
  table.chains = {chain};
  EXPECT_EQ(written(table, {Verdict{Verdict::Kind::jump, "__chain0"}}).text,
            "jump { counter packets 0 bytes 0 drop; }");
}

TEST(Nft, EndsInChainsThatHoldThemselves) {
  Table table;
  Chain chain;
  chain.name = "loop";
  chain.binding = true;
  chain.rules = {rule({Verdict{Verdict::Kind::jump, "loop"}})};
  table.chains = {chain};
  const NftText out = written(table, {Verdict{Verdict::Kind::jump, "loop"}});
  EXPECT_THAT(out.unwritten, ElementsAre("chains within chains"));
}

TEST(Nft, WritesNat) {
  Nat nat;
  nat.family = 2;
  nat.address = bytes("0a000001");
  nat.port = bytes("0050");
  EXPECT_EQ(text({nat}), "dnat ip to 10.0.0.1:80");
  EXPECT_EQ(text({nat}, Family::ip), "dnat to 10.0.0.1:80");
  nat.last_address = bytes("0a000009");
  nat.last_port = bytes("005a");
  nat.kind = Nat::Kind::snat;
  nat.random = nat.persistent = true;
  EXPECT_EQ(text({nat}, Family::ip), "snat to 10.0.0.1-10.0.0.9:80-90 random,persistent");
  Nat six;
  six.family = 10;
  six.address = bytes("fe800000000000000000000000000001");
  six.port = bytes("0050");
  EXPECT_EQ(text({six}), "dnat ip6 to [fe80::1]:80");
  EXPECT_EQ(text({Nat{Nat::Kind::masquerade}}), "masquerade");
}

TEST(Nft, WritesWhatOneMapGivesOnce) {
  Nat nat;
  nat.address = MapLookup{PacketField::tcp_dport, "places", 0};
  nat.port = MapLookup{PacketField::tcp_dport, "places", 1};
  EXPECT_EQ(text({nat}, Family::ip), "dnat to tcp dport map @places");
  nat.port = MapLookup{PacketField::tcp_sport, "places", 1};
  EXPECT_FALSE(written({}, {nat}).unwritten.empty());
}

TEST(Nft, WritesAssignments) {
  const Bitwise low{PacketField::meta_mark, bytes("ffffff00"), bytes("00000011")};
  EXPECT_EQ(text({Assign{PacketField::meta_mark, bytes("00000001")}}), "meta mark set 0x00000001");
  EXPECT_EQ(text({Assign{PacketField::meta_mark, low}}),
            "meta mark set meta mark & 0xffffff00 ^ 0x00000011");
  const Bitwise one{PacketField::meta_mark, bytes("fffffffe"), bytes("00000001")};
  EXPECT_EQ(text({Assign{PacketField::ct_mark, one}}), "ct mark set meta mark | 0x00000001");
  EXPECT_EQ(text({Assign{PacketField::ct_event, bytes("00000005")}}), "ct event set new,destroy");
}

TEST(Nft, WritesTheRest) {
  EXPECT_EQ(text({Limit{10, 60, 5, false, true}}), "limit rate over 10/minute");
  EXPECT_EQ(text({Limit{10240, 1, 0, true, false}}), "limit rate 10 kbytes/second burst 0 bytes");
  EXPECT_EQ(text({Quota{100, 3, true}}), "quota over 100 bytes used 3 bytes");
  EXPECT_EQ(text({Log{"x", 6, 3, {}, {}, {}}}),
            "log prefix \"x\" level info flags tcp sequence,options");
  EXPECT_EQ(text({Log{"", {}, 0, 2, 10, 4}}), "log group 2 snaplen 10 queue-threshold 4");
  EXPECT_EQ(text({Reject{Reject::With::icmpx, 3}}), "reject with icmpx admin-prohibited");
  EXPECT_EQ(text({Queue{1, 3, {}, true, true}}), "queue flags bypass,fanout to 1-3");
  EXPECT_EQ(text({ObjectRef{"counter", "web", {}, {}}}), "counter name \"web\"");
  EXPECT_EQ(text({Duplicate{bytes("0a000001"), bytes("00000007")}}),
            "dup to 10.0.0.1 device \"eth0\"");
}

TEST(Nft, SaysWhatItCannotWrite) {
  Table table;
  const NftText opaque = written(table, {Opaque{"frob", true}, Verdict{}});
  EXPECT_EQ(opaque.text, "# opaque: frob accept");
  EXPECT_THAT(opaque.unwritten, ElementsAre("frob"));
  Rule quoted = rule({Verdict{}});
  quoted.comment = "a\"; drop\n";
  const NftText text = nft_rule(NftTable(table, kInterfaces), quoted);
  EXPECT_EQ(text.text, "accept comment \"a\\x22; drop\\x0a\"");
  EXPECT_EQ(text.unwritten.size(), 1u);
}

TEST(Nft, WritesRulesets) {
  Table table;
  table.family = Family::ip;
  table.name = "shop";
  Chain chain;
  chain.name = "in";
  chain.hook = Hook::input;
  chain.priority = -10;
  chain.type = "filter";
  chain.policy = Verdict{Verdict::Kind::drop, {}};
  chain.rules = {rule({is(PacketField::tcp_dport, "0050"), Verdict{}})};
  table.chains = {chain};
  Set set = ports(false);
  set.anonymous = set.constant = false;
  set.name = "web";
  set.interval = true;
  set.comment = "of the shop";
  table.sets = {set};
  Firewall firewall;
  firewall.tables = {table};
  const NftText out = nft_ruleset(firewall, kInterfaces);
  EXPECT_EQ(out.text,
            "table ip shop {\n"
            "\tset web {\n"
            "\t\ttype inet_service\n"
            "\t\tflags interval\n"
            "\t\tcomment \"of the shop\"\n"
            "\t\telements = { 80,\n"
            "\t\t\t     443-444 }\n"
            "\t}\n"
            "\n"
            "\tchain in {\n"
            "\t\ttype filter hook input priority filter - 10; policy drop;\n"
            "\t\ttcp dport 80 accept\n"
            "\t}\n"
            "}\n");
  EXPECT_THAT(out.unwritten, ElementsAre());
}

TEST(Nft, NamesTheTableThatDoesNotLoad) {
  Table table;
  table.name = "odd name";
  Firewall firewall;
  firewall.tables = {table};
  const NftText out = nft_ruleset(firewall, kInterfaces);
  EXPECT_THAT(out.unwritten, ElementsAre(HasSubstr("table inet odd name: the name")));
}

TEST(Nft, NamesPriorities) {
  EXPECT_EQ(priority_text(Family::ip, Hook::prerouting, -100), "dstnat");
  EXPECT_EQ(priority_text(Family::ip, Hook::output, -100), "-100");
  EXPECT_EQ(priority_text(Family::inet, Hook::input, -5), "filter - 5");
  EXPECT_EQ(priority_text(Family::bridge, Hook::forward, -200), "filter");
  EXPECT_EQ(priority_text(Family::ip, Hook::input, 20), "20");
}

}  // namespace
}  // namespace nsmap::syntax
