#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "analyze/firewall_findings.h"
#include "analyze/names.h"
#include "model/index.h"
#include "view/document.h"

// The firewall of one namespace, both back ends together, in the order packets meet it. As
// programs get it with --json, and as people read it. docs/snapshot.md documents every member.

namespace nsmap::view {

// A rule in its own words.
struct ShownRule {
  std::string chain;  // where it is: another than the one it is shown in where that leads there
  std::uint64_t depth = 0;  // how many jumps led there
  std::optional<std::uint64_t> handle;
  std::uint64_t number = 0;  // in its chain, from 1
  std::string text;
  std::string comment;
  std::string nat;  // snat, dnat, masquerade, redirect; empty: it leaves addresses alone
  std::optional<std::uint64_t> packets;  // absent: nothing counts them
  std::optional<std::uint64_t> bytes;
  analyze::Writer writer;
  friend bool operator==(const ShownRule&, const ShownRule&) = default;
};
BOOST_DESCRIBE_STRUCT(ShownRule, (),
                      (chain, depth, handle, number, text, comment, nat, packets, bytes, writer))

struct ShownChain {
  std::string hook;  // empty: at none
  std::optional<std::int32_t> priority;
  std::string priority_name;  // "filter", "srcnat + 10"
  std::string backend;        // nf_tables, x_tables
  std::string dialect;        // in whose words the rules are: nft, iptables
  std::string family;
  std::string table;
  std::string name;
  std::string type;
  std::string policy;                    // accept, drop
  std::optional<std::uint64_t> packets;  // that came to the policy
  std::vector<std::string> devices;
  std::vector<std::string> callers;  // the chains that lead to one at no hook
  analyze::Writer writer;
  std::vector<ShownRule> rules;
  friend bool operator==(const ShownChain&, const ShownChain&) = default;
};
BOOST_DESCRIBE_STRUCT(ShownChain, (),
                      (hook, priority, priority_name, backend, dialect, family, table, name, type,
                       policy, packets, devices, callers, writer, rules))

// A set or map with a name.
struct ShownSet {
  std::string family;
  std::string table;
  std::string name;
  bool map = false;
  std::uint64_t elements = 0;
  friend bool operator==(const ShownSet&, const ShownSet&) = default;
};
BOOST_DESCRIBE_STRUCT(ShownSet, (), (family, table, name, map, elements))

struct ShownFirewall {
  model::NetnsId id;
  std::string title;
  std::vector<ShownChain> chains;
  std::vector<ShownSet> sets;
  std::vector<model::firewall::VirtualService> services;
  std::vector<analyze::FirewallFinding> findings;
  friend bool operator==(const ShownFirewall&, const ShownFirewall&) = default;
};
BOOST_DESCRIBE_STRUCT(ShownFirewall, (), (id, title, chains, sets, services, findings))

struct RulesOptions {
  bool packet_order = false;  // what chains lead to in its place, once for each hook
  bool unused = false;        // rules alone that count packets and have seen none
  std::string by = {};        // rules of this writer alone; empty: all
};

ShownFirewall show_firewall(const analyze::Titles& titles, const model::Namespace& ns,
                            const RulesOptions& options = {});

Sheet make_rules(const ShownFirewall& firewall, const RulesOptions& options = {});

// "docker", "docker?" where it is not sure, "kube-proxy default/web:http".
std::string writer_text(const analyze::Writer& writer);

// What people call the rule within its chain: "#3" as iptables counts, nft's handle.
std::string rule_name(const ShownChain& chain, const ShownRule& rule);

// The names of a namespace's interfaces by index, for syntax.
std::unordered_map<std::uint32_t, std::string> interface_names(const model::Namespace& ns);

}  // namespace nsmap::view
