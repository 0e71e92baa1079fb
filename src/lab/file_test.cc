#include "lab/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "lab/random_lab.h"

namespace nsmap::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string error_of(const std::string& text) {
  const auto lab = parse(text, "f");
  if (lab) return "none";
  EXPECT_EQ(lab.error().kind, Error::Kind::usage);
  EXPECT_EQ(lab.error().text.find('\n'), std::string::npos);
  return lab.error().text;
}

// The error of a lab of one namespace `a` with that text in it, from its line 4 on.
std::string error_in(const std::string& body) {
  return error_of("lab: l\nnamespaces:\n  a:\n" + body);
}

Lab lab_of(const std::string& text) {
  auto lab = parse(text, "f");
  EXPECT_TRUE(lab) << lab.error().text;
  return lab.value_or(Lab());
}

TEST(LabFile, BothEndsOfAPairStandInTheirNamespaces) {
  const Lab lab = lab_of(R"(
lab: shop
namespaces:
  router:
    links:
      br0: {kind: bridge, addresses: [10.0.0.1/24]}
  web${i}:
    count: 3
    links:
      eth0:
        peer: {namespace: router, name: "web${i}", master: br0}
        addresses: ["10.0.0.${i+1}/24"]
        impair: {rate: 10mbit, delay: 20ms, jitter: 500us, loss: 0.5%}
    routes:
      - {to: default, via: 10.0.0.1}
    run:
      server: [nc, -lk, "80"]
)");
  ASSERT_EQ(lab.namespaces.size(), 4u);
  const Link* const eth0 = find(lab, LinkName{"web2", "eth0"});
  const Link* const port = find(lab, LinkName{"router", "web2"});
  ASSERT_TRUE(eth0 && port);
  EXPECT_EQ(eth0->kind, "veth");
  EXPECT_EQ(port->kind, "veth");
  EXPECT_EQ(port->master, "br0");
  EXPECT_EQ(*port->peer, (LinkName{"web2", "eth0"}));
  EXPECT_EQ(*eth0->peer, (LinkName{"router", "web2"}));
  EXPECT_EQ(eth0->addresses.at(0).address.text(), "10.0.0.3");
  EXPECT_EQ(eth0->impair->rate_bps, 10'000'000u);
  EXPECT_EQ(eth0->impair->delay_us, 20'000u);
  EXPECT_EQ(eth0->impair->jitter_us, 500u);
  EXPECT_EQ(eth0->impair->loss_percent, 0.5);
  EXPECT_EQ(eth0->where.line, 10);
  EXPECT_EQ(eth0->where.column, 7);
  EXPECT_THAT(find(lab, "web3")->processes.at(0).command, testing::ElementsAre("nc", "-lk", "80"));
}

TEST(LabFile, APairMayBeToldAtBothEnds) {
  const std::string start =
      "lab: l\nnamespaces:\n  a: {links: {x: {peer: {namespace: b, name: y}}}}\n";
  const Lab lab = lab_of(start + "  b: {links: {y: {mtu: 1400, peer: {namespace: a, name: x}}}}\n");
  EXPECT_EQ(find(lab, LinkName{"b", "y"})->mtu, 1400u);
  EXPECT_EQ(find(lab, "b")->links.size(), 1u);
  EXPECT_EQ(error_of(start + "  b: {links: {y: {peer: {namespace: a, name: x, mtu: 1400}}}}\n"),
            "f:4:25: a:x is told of at line 3; say here its namespace and name only");
  EXPECT_EQ(error_of(start + "  b: {links: {y: {kind: dummy}}}\n"),
            "f:3:25: b:y is a link already (line 4), and not the peer of this one");
  EXPECT_EQ(error_of(start), "f:3:25: there is no namespace 'b' for the peer");
}

TEST(LabFile, LinksHaveLoopsOfTheirOwn) {
  const Lab lab = lab_of(
      "lab: l\nnamespaces:\n  a${i}:\n    count: 2\n    links:\n"
      "      d${n}-${i*2}: {kind: dummy, count: \"${i+1}\"}\n");
  EXPECT_EQ(lab.namespaces.at(0).links.size(), 2u);
  ASSERT_EQ(lab.namespaces.at(1).links.size(), 3u);
  EXPECT_EQ(lab.namespaces[1].links[2].name, "d2-6");
}

TEST(LabFile, ATunnelForAllNeedsNoNumber) {
  const std::string links = "    links:\n      v: {kind: vxlan";
  EXPECT_THAT(error_in(links + "}\n"), HasSubstr("a vxlan needs 'vni'"));
  EXPECT_EQ(error_in(links + ", collect_metadata: true}\n"), "none");
}

TEST(LabFile, DollarsAreEscaped) {
  const Lab lab =
      lab_of("lab: l\nnamespaces: {a: {run: {x: [sh, -c, \"echo $$$${HOME} $$ $1\"]}}}\n");
  EXPECT_EQ(lab.namespaces.at(0).processes.at(0).command.at(2), "echo $${HOME} $ $1");
  EXPECT_EQ(error_of("lab: l\nnamespaces:\n  a: {run: {x: [echo, \"${i}\"]}}\n"),
            "f:3:23: ${i}: there is no count here; write $${ for a plain ${");
}

struct Case {
  const char* body;
  const char* error;
};

TEST(LabFile, ErrorsNameThePlaceAndTheRemedy) {
  const Case cases[] = {
      {"    link: {}\n", "f:4:5: a namespace has no 'link'; did you mean 'links'?"},
      {"    links:\n      b: {kind: bridge, adresses: []}\n",
       "f:5:25: a bridge has no 'adresses'; did you mean 'addresses'?"},
      {"    links:\n      b: {kind: brigde}\n",
       "f:5:7: a lab makes no links of kind 'brigde'; did you mean 'bridge'?"},
      {"    links:\n      b: {up: true}\n",
       "f:5:7: a link has no 'kind', and no 'peer' to be a veth"},
      {"    links:\n      b: {kind: dummy}\n      b: {kind: dummy}\n",
       "f:6:7: 'b' is here twice; the first is at line 5"},
      {"    links:\n      b${1}: {kind: dummy}\n      b1: {kind: dummy}\n",
       "f:6:7: link a:b1: there is another of that name in its namespace"},
      {"    links:\n      abcdefghijklmnop: {kind: dummy}\n",
       "f:5:7: link a:abcdefghijklmnop: it is longer than 15 bytes"},
      {"    links:\n      a/b: {kind: dummy}\n",
       "f:5:7: link a:a/b: a link's name has no spaces, control characters or / : %"},
      {"    links:\n      b: {kind: dummy, mtu: big}\n", "f:5:29: 'big' is no number of bytes"},
      {"    links:\n      b: {kind: dummy, addresses: [10.0.0.1]}\n",
       "f:5:36: '10.0.0.1' is no address with a length such as 10.0.0.1/24"},
      {"    links:\n      b: {kind: dummy, addresses: [10.0.0.0/24]}\n",
       "f:5:36: 10.0.0.0/24 of a:b: that is the network 10.0.0.0/24 itself"},
      {"    links:\n      b: {kind: dummy, addresses: [10.0.0.255/24]}\n",
       "f:5:36: 10.0.0.255/24 of a:b: that is the broadcast address of 10.0.0.0/24"},
      {"    links:\n      b: {kind: dummy, master: c}\n",
       "f:5:7: link a:b: there is no 'c' in its namespace to be its master"},
      {"    links:\n      b: {kind: vlan, id: 1, parent: c}\n",
       "f:5:7: link a:b: there is no a:c to be its parent"},
      {"    links:\n      b: {kind: dummy, impair: {rate: 10}}\n",
       "f:5:39: '10' is no rate such as 10mbit"},
      {"    links:\n      b: {kind: vlan, id: 1, parent: c}\n      c: {kind: bridge, master: d}\n"
       "      d: {kind: bridge, master: b}\n",
       "f:7:7: link a:d: its master 'b' is a vlan; masters are bridge, bond and vrf"},
      {"    links:\n      b: {kind: bridge, master: c}\n      c: {kind: bridge, master: b}\n",
       "f:5:7: link a:b: it stands, by masters and parents, on itself"},
      {"    routes:\n      - {to: 10.0.0.0/8, via: 10.0.0.1}\n",
       "f:5:9: route to 10.0.0.0/8: 10.0.0.1 is in no subnet of its namespace"},
      {"    routes:\n      - {to: 10.0.0.1/8, dev: lo}\n",
       "f:5:9: route to 10.0.0.1/8: 10.0.0.1/8 has bits set behind its length; did you mean "
       "10.0.0.0/8?"},
      {"    routes:\n      - {to: default, dev: lo}\n",
       "f:5:9: a default route of which family? Write family: inet or inet6"},
      {"    routes:\n      - {to: 10.0.0.0/8, dev: x}\n",
       "f:5:9: route to 10.0.0.0/8: there is no 'x' in its namespace"},
      {"    rules:\n      - {from: 10.0.0.0/8, table: 7}\n", "f:5:9: a rule has no 'priority'"},
      {"    sysctls: {kernel.panic: 1}\n",
       "f:4:15: 'kernel.panic' is no setting of a network namespace; they begin with net."},
      {"    sysctls: {net.//.//.x: 1}\n",
       "f:4:15: 'net.//.//.x' is no setting of a network namespace; they begin with net."},
      {"    count: 2\n", "f:3:3: two namespaces 'a'"},
      {"    count: 100001\n", "f:4:12: a count is a number up to 100000"},
      {"    links: [1]\n", "f:4:12: links is a map: {name: value}"},
      {"    run: {x: nc}\n", "f:4:14: a command is a list: [one, another]"},
      {"  a/b: {}\n",
       "f:4:3: namespace 'a/b': a name has no spaces, slashes or control characters"},
  };
  for (const Case& one : cases) EXPECT_EQ(error_in(one.body), one.error) << one.body;
}

TEST(LabFile, AddressesThatMeetDiffer) {
  const std::string start =
      "lab: l\nnamespaces:\n  s: {links: {br0: {kind: bridge, addresses: [10.0.0.1/24]}}}\n"
      "  a: {links: {eth0: {peer: {namespace: s, name: a, master: br0}, addresses: [";
  EXPECT_EQ(
      error_of(start + "10.0.0.1/24]}}}\n"),
      "f:4:78: 10.0.0.1/24 of a:eth0: the same address as 10.0.0.1/24 of s:br0, in one segment");
  EXPECT_EQ(error_of(start + "10.0.0.2/16]}}}\n"),
            "f:3:47: 10.0.0.1/24 of s:br0: its subnet 10.0.0.0/24 overlaps that of 10.0.0.2/16 of "
            "a:eth0, "
            "on one segment");
  EXPECT_EQ(error_of(start + "10.0.0.2/24, 10.1.0.1/16]}}}\n"), "none");
}

TEST(LabFile, LoopsAndAliasesAreBounded) {
  EXPECT_THAT(error_of("lab: l\nnamespaces:\n  a${i}: {count: 60000, links: {d: {kind: dummy}}}\n"),
              HasSubstr("more than 100000 namespaces and links"));
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i != 60; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
              "]\n";
  }
  EXPECT_THAT(error_of(laughs), HasSubstr("are there aliases of aliases?"));
  EXPECT_THAT(error_of("lab: &l [*l]\n"), HasSubstr("within what it is an alias of"));
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(error_of(std::string((16 << 20) + 1, ' ')), HasSubstr("more than 16 MiB"));
  EXPECT_EQ(error_of(std::string("a\n\xff", 3)), "f:2:1: this is no UTF-8 text");
  EXPECT_EQ(error_of(""), "f:1:1: there is nothing in it");
}

TEST(LabFile, MergeKeysAreMerged) {
  const Lab lab = lab_of(
      "lab: l\nnamespaces:\n  a:\n    links:\n"
      "      x: &x {kind: dummy, mtu: 1400}\n      y: {<<: *x, mtu: 1300}\n");
  EXPECT_EQ(find(lab, LinkName{"a", "y"})->kind, "dummy");
  EXPECT_EQ(find(lab, LinkName{"a", "y"})->mtu, 1300u);
}

// A lab in one order, so that two are the same when their prints are and their links are.
std::string told(const Lab& lab) {
  std::ostringstream out;
  for (const Namespace& ns : lab.namespaces) {
    std::vector<std::string> lines;
    for (const Link& link : ns.links) {
      std::ostringstream line;
      line << link.name << ' ' << link.kind << ' ' << link.up << ' ' << link.mtu.value_or(0) << ' '
           << link.mac.value_or(Mac()).text() << ' ' << link.master;
      if (link.peer) line << " peer " << link.peer->ns << ' ' << link.peer->link;
      if (link.parent) line << " parent " << link.parent->ns << ' ' << link.parent->link;
      for (const auto& [name, text] : link.settings) line << ' ' << name << '=' << text;
      for (const Address& address : link.addresses)
        line << ' ' << address.address.text() << '/' << int(address.prefix) << '>'
             << address.peer.value_or(IpAddress()).text();
      if (link.impair)
        line << " impair " << link.impair->rate_bps.value_or(0) << ' '
             << link.impair->delay_us.value_or(0) << ' ' << link.impair->jitter_us.value_or(0)
             << ' ' << link.impair->loss_percent.value_or(-1);
      lines.push_back(line.str());
    }
    std::sort(lines.begin(), lines.end());
    out << "namespace " << ns.name << '\n';
    for (const auto& line : lines) out << line << '\n';
    for (const Route& route : ns.routes) {
      out << route.to.text() << ' ' << route.type << ' ' << route.table.value << ' '
          << route.metric.value_or(0);
      for (const Hop& hop : route.hops)
        out << " hop " << hop.via.value_or(IpAddress()).text() << ' ' << hop.dev << ' '
            << hop.weight;
      out << '\n';
    }
    for (const Rule& rule : ns.rules)
      out << rule.v6 << ' ' << rule.priority << ' ' << rule.from.value_or(Prefix()).text() << ' '
          << rule.to.value_or(Prefix()).text() << ' ' << rule.iif << ' ' << rule.fwmark.value_or(0)
          << ' ' << rule.fwmask.value_or(0) << ' ' << rule.action << ' ' << rule.table.value
          << '\n';
    for (const Sysctl& sysctl : ns.sysctls) out << sysctl.name << '=' << sysctl.value << '\n';
    out << ns.nftables << '\n';
    for (const Process& process : ns.processes) {
      out << process.name;
      for (const auto& word : process.command) out << '|' << word;
      out << '\n';
    }
  }
  return out.str();
}

TEST(LabPrint, WhatIsPrintedIsReadBackTheSame) {
  for (std::uint32_t seed = 0; seed != 1000; ++seed) {
    const Lab lab = RandomLab(seed).make();
    ASSERT_TRUE(check(lab)) << seed << check(lab).error().text;
    const std::string printed = print(lab, {"a remark"});
    const auto read = parse(printed, "f");
    ASSERT_TRUE(read) << seed << ' ' << read.error().text << '\n' << printed;
    ASSERT_EQ(told(*read), told(lab)) << seed << '\n' << printed;
    ASSERT_EQ(print(*read, {"a remark"}), printed) << seed;
  }
}

TEST(LabPrint, ReadsAsAPersonWouldWriteIt) {
  const std::string text = R"(lab: shop
namespaces:
  web2:
    links:
      eth0:
        peer: {namespace: router, name: web2, master: br0}
        addresses: [10.0.0.2/24]
        impair: {rate: 10mbit, delay: 20ms, loss: 0.5%}
    routes:
      - {to: default, via: 10.0.0.1}
    nftables: |
      table inet f { chain c { type filter hook input priority 0; } }
    run:
      server: [nc, -lk, "80"]
  router:
    sysctls: {net.ipv4.ip_forward: 1}
    links:
      br0: {kind: bridge, addresses: [10.0.0.1/24]}
)";
  EXPECT_EQ(print(lab_of(text), {}), text);
}

std::string example(const std::string& name) {
  std::ifstream file(NSMAP_TESTS_DIR "/../examples/" + name + ".yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Whatever a file is, it is a lab that prints and reads back, or one line of an error.
TEST(LabFile, AnyTextIsReadOrRefused) {
  std::mt19937 random(1);
  for (const char* name : {"two-containers", "policy-routing", "tenants", "vxlan"}) {
    const std::string right = example(name);
    for (int i = 0; i != 500; ++i) {
      std::string text = right;
      for (std::size_t change = 1 + random() % 3; change != 0; --change) {
        const std::size_t at = random() % text.size();
        constexpr std::string_view kBytes = "{}[]:,&*!|>'\"%@`#?- \n\t$0/9a";
        if (random() % 2 == 0)
          text[at] = kBytes[random() % kBytes.size()];
        else
          text.erase(at, 1 + random() % 20);
      }
      const auto lab = parse(text, "f");
      if (!lab) {
        EXPECT_THAT(lab.error().text, StartsWith("f:"));
        continue;
      }
      const auto again = parse(print(*lab, {}), "g");
      ASSERT_TRUE(again) << again.error().text << text;
      EXPECT_EQ(told(*again), told(*lab)) << text;
    }
  }
}

TEST(LabExamples, AreRight) {
  for (const char* name : {"two-containers", "policy-routing", "tenants", "vxlan", "thousand"}) {
    const auto lab = parse(example(name), name);
    ASSERT_TRUE(lab) << lab.error().text;
    EXPECT_EQ(lab->name, name);
    const std::string printed = print(*lab, {});
    const auto again = parse(printed, name);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(told(*again), told(*lab));
  }
}

}  // namespace
}  // namespace nsmap::lab
