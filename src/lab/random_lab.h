#pragma once

#include <random>
#include <string>
#include <vector>

#include "lab/lab.h"

namespace nsmap::lab {

// Labs that pass check(), for tests: every part that print() knows, with an eye for text that needs
// quotes. The same seed gives the same lab.
class RandomLab {
 public:
  explicit RandomLab(std::uint32_t seed) : random_(seed) {}

  Lab make() {
    Lab lab;
    lab.name = "lab" + name();
    for (std::uint64_t i = 0, end = 1 + below(6); i != end; ++i) {
      Namespace& ns = lab.namespaces.emplace_back();
      ns.name = name() + std::to_string(i);
      fill(ns);
    }
    for (std::uint64_t i = below(12); i != 0; --i) add_pair(lab, static_cast<int>(i));
    for (Namespace& ns : lab.namespaces) add_routes(ns);
    return lab;
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool coin() { return below(2) != 0; }
  std::string pick(std::vector<std::string> of) { return of[below(of.size())]; }

  std::string name() {
    return pick({"web", "1", "null", "0x1", "a.b", "$x", "é", "a${b", "#", "~"});
  }
  std::string text() {
    std::string made;
    const std::vector<std::string> pieces = {"a",  " ",  "\n", "\t", "$$", "${i}",
                                             "\"", "\\", ": ", " #", "é",  "\x01",
                                             "'",  "{",  "]",  "-",  "&",  "x\n"};
    for (std::uint64_t i = 1 + below(8); i != 0; --i) made += pick(pieces);
    return made;
  }

  // Subnets are numbered, so that no two overlap.
  Address address(bool v6) {
    ++subnets_;
    const auto net =
        std::to_string(subnets_ / 200) + (v6 ? ":" : ".") + std::to_string(subnets_ % 200);
    Address made;
    made.address = *IpAddress::parse(v6 ? "fd00:" + net + "::1" : "10." + net + ".1");
    made.prefix = v6 ? 64 : 24;
    if (below(8) == 0)
      made.peer = *IpAddress::parse(v6 ? "fd00:" + net + "::2" : "10." + net + ".2");
    return made;
  }

  void fill(Link& link) {
    link.up = coin();
    if (coin()) link.mtu = 1280 + static_cast<std::uint32_t>(below(9000));
    if (coin()) link.mac = Mac::parse("02:00:00:00:00:" + std::to_string(10 + below(80)));
    if (coin()) link.addresses.push_back(address(false));
    if (coin()) link.addresses.push_back(address(true));
    if (!coin()) return;
    Impairment& impair = link.impair.emplace();
    if (coin()) impair.rate_bps = 8 + below(1u << 20) * (coin() ? 1000 : 1);
    if (coin()) impair.delay_us = static_cast<std::uint32_t>(below(1u << 20));
    if (impair.delay_us && coin())
      impair.jitter_us = static_cast<std::uint32_t>(below(1000)) * 1000;
    if (coin()) impair.loss_percent = static_cast<double>(below(1000)) / 10;
  }

  Link& add(Namespace& ns, const std::string& link, const char* kind) {
    Link& made = ns.links.emplace_back();
    made.name = link;
    made.kind = kind;
    fill(made);
    return made;
  }

  void fill(Namespace& ns) {
    add(ns, "br0", "bridge");
    add(ns, "d" + name(), "dummy");
    add(ns, "vrf0", "vrf").settings = {{"table", std::to_string(1 + below(100))}};
    Link& vlan = add(ns, "v", "vlan");
    vlan.parent = LinkName{ns.name, "br0"};
    vlan.settings = {{"id", std::to_string(1 + below(4000))}};
    if (coin()) ns.sysctls.push_back({{}, "net.ipv4.conf.a/b.rp_filter", text_line()});
    if (coin()) ns.nftables = text();
    if (coin()) ns.processes.push_back({{}, name(), {text(), text(), name()}});
    for (std::uint64_t i = below(4); i != 0; --i) ns.rules.push_back(rule());
  }
  std::string text_line() { return pick({"1", "0", "1 2", "yes", "a: b", "-1"}); }

  Rule rule() {
    Rule made;
    made.v6 = coin();
    made.priority = static_cast<std::uint32_t>(below(1000));
    if (coin()) made.from = Prefix{IpAddress::any(made.v6), 0};
    if (coin()) made.to = Prefix::parse(made.v6 ? "fd00::/16" : "10.0.0.0/8");
    if (coin()) made.iif = name();
    if (coin()) made.fwmark = static_cast<std::uint32_t>(random_());
    if (made.fwmark && coin()) made.fwmask = 0xff;
    made.action = coin() ? "lookup" : "prohibit";
    if (made.action == "lookup") made.table = TableId(1 + static_cast<std::uint32_t>(below(300)));
    return made;
  }

  void add_pair(Lab& lab, int number) {
    Namespace& a = lab.namespaces[below(lab.namespaces.size())];
    Namespace& b = lab.namespaces[below(lab.namespaces.size())];
    const std::string one = "e" + std::to_string(number);
    const std::string other = "p" + std::to_string(number);
    add(a, one, "veth").peer = LinkName{b.name, other};
    if (coin()) a.links.back().master = "br0";
    add(b, other, "veth").peer = LinkName{a.name, one};
    if (coin()) b.links.back().master = "vrf0";
  }

  // Each of its own table, so that none is there twice.
  void add_routes(Namespace& ns) {
    for (std::uint32_t table = 1; table <= below(5); ++table) {
      Route& made = ns.routes.emplace_back();
      const bool v6 = coin();
      made.to =
          coin() ? Prefix{IpAddress::any(v6), 0} : *Prefix::parse(v6 ? "fd01::/32" : "11.0.0.0/8");
      made.table = TableId(table);
      if (coin()) made.metric = 5;
      if (coin()) {
        made.type = "blackhole";
        continue;
      }
      for (std::uint64_t i = 1 + below(3); i != 0; --i)
        made.hops.push_back({coin() ? IpAddress::parse("fe80::1") : std::nullopt, "br0",
                             1 + static_cast<std::uint32_t>(below(256))});
    }
  }

  std::mt19937_64 random_;
  int subnets_ = 0;
};

}  // namespace nsmap::lab
