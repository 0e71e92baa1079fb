#include "view/ports.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "view/rules.h"
#include "view/words.h"

namespace nsmap::view {
namespace {

using analyze::Endpoint;
using analyze::OpenPort;
using analyze::PortAnswer;
using analyze::PortFrom;
using analyze::PortHow;
using analyze::RuleName;

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

Text process(const Endpoint& end) {
  if (!end.pid) return {};
  return {fmt::format("{}[{}]", end.command.empty() ? "?" : end.command, end.pid->value),
          Role::owner};
}

// "web 172.17.0.2:80 nginx[2211]"; of a socket of the namespace itself no address.
Text answered_by(const PortAnswer& answer) {
  const Endpoint& end = answer.to ? *answer.to : answer.by;
  Text text;
  if (end.ns) text.add(end.title, Role::title);
  return text.join(target_text(answer), " ");
}

Text rules_text(const PortAnswer& answer) {
  Text text;
  for (const RuleName& rule : answer.rules)
    text.join(Text(rule_name_text(rule)).add(" in ", Role::muted).add(rule.title, Role::title),
              ", then ");
  return text;
}

Text how_text(const PortAnswer& answer) {
  switch (answer.how) {
    case PortHow::listener:
      return Text("listens");
    case PortHow::dnat:
      return Text("dnat ").add(rules_text(answer));
    case PortHow::proxy:
      if (!answer.by.pid) return Text("as its runtime says");
      return Text("proxy ").add(process(answer.by));
    case PortHow::activation:
      return Text("socket unit of ").add(process(answer.by));
    case PortHow::virtual_:
      return Text(answer.to ? "IPVS" : "IPVS, which has no server for it");
  }
  return {};
}

Text rule_text(const analyze::PortReach& reach) {
  if (!reach.rule) return {};
  return Text(" by ", Role::muted)
      .add(rule_name_text(*reach.rule))
      .add(" in ", Role::muted)
      .add(reach.rule->title, Role::title);
}

}  // namespace

std::string port_numbers_text(const OpenPort& port) {
  if (port.port == port.last_port) return std::to_string(port.port);
  if (port.port == 0 && port.last_port == 65535) return "*";
  return fmt::format("{}-{}", port.port, port.last_port);
}

std::string address_and_port_text(const OpenPort& port) {
  const std::string address = port.address ? port.address->text() : "*";
  const bool v6 = port.address && port.address->is_v6();
  return fmt::format("{}:{}", v6 ? "[" + address + "]" : address, port_numbers_text(port));
}

std::vector<const PortAnswer*> answers_in_order(const OpenPort& port) {
  std::vector<const PortAnswer*> answers;
  for (const PortAnswer& answer : port.answers) answers.push_back(&answer);
  std::ranges::stable_sort(answers, {}, [](const PortAnswer* answer) {
    constexpr PortHow kOrder[] = {PortHow::dnat, PortHow::virtual_, PortHow::listener,
                                  PortHow::activation, PortHow::proxy};
    return std::ranges::find(kOrder, answer->how) - std::begin(kOrder);
  });
  return answers;
}

Text target_text(const PortAnswer& answer) {
  const Endpoint& end = answer.to ? *answer.to : answer.by;
  const bool told = answer.how != PortHow::proxy || answer.by.pid;
  Text text;
  if (answer.to) text.add(endpoint_text(end.address, end.port), Role::address);
  if (answer.to && end.ns && !end.pid && told)
    return text.join(Text("nobody listens", Role::warn), " ");
  return text.join(process(end), " ");
}

Text answered_by_text(const OpenPort& port, std::size_t most) {
  Text text;
  std::vector<std::string> told;
  std::size_t more = 0;
  for (const PortAnswer* const answer : answers_in_order(port)) {
    Text one = answered_by(*answer);
    if (told.size() == most) {
      ++more;
      continue;
    }
    if (std::ranges::find(told, one.plain()) != told.end()) continue;
    told.push_back(one.plain());
    text.join(one, ", ");
  }
  return more == 0 ? text : text.join(Text(fmt::format("{} more", more), Role::muted), ", ");
}

// Those that are alike but for the process are told as one.
Text ways_text(const OpenPort& port, std::size_t most) {
  Text text;
  const PortAnswer* last = nullptr;
  std::size_t told = 0, more = 0;
  for (const PortAnswer* const answer : answers_in_order(port)) {
    const bool same_how = last && answer->how == last->how;
    const bool alike = answer->how == PortHow::virtual_
                           ? same_how
                           : same_how && answer->how != PortHow::dnat &&
                                 answer->by.command == last->by.command && answer->by.pid;
    if (alike && answer->by.pid && answer->how != PortHow::listener)
      text.add(fmt::format("[{}]", answer->by.pid->value), Role::owner);
    else if (!alike && told == most)
      ++more;
    else if (!alike && ++told <= most)
      text.join(how_text(*answer));
    last = answer;
  }
  return more == 0 ? text : text.join(Text(fmt::format("{} more", more), Role::muted));
}

Text reach_text(const OpenPort& port) {
  const analyze::PortReach& reach = port.reach;
  const std::string sources = fmt::format("{}", fmt::join(reach.sources, ", "));
  const std::string more = reach.conditional ? ", as rules decide" : "";
  switch (reach.from) {
    case PortFrom::anywhere:
      if (sources.empty()) return Text("anywhere").add(more, Role::muted);
      return Text("anywhere, " + sources).add(more, Role::muted);
    case PortFrom::some:
      return Text(sources.empty() ? "as rules decide" : sources, Role::good)
          .add(sources.empty() ? "" : more, Role::muted);
    case PortFrom::this_host:
      return {"this host", Role::good};
    case PortFrom::nowhere:
      return Text("nowhere: dropped", Role::good).add(rule_text(reach));
    case PortFrom::unknown:
      return Text("unknown: decided", Role::warn).add(rule_text(reach));
  }
  return {};
}

std::string rule_name_text(const RuleName& rule) {
  using model::firewall::Backend;
  std::string text =
      fmt::format("{}{} {} {}", rule.backend == Backend::x_tables ? "legacy " : "",
                  boost::describe::enum_to_string(rule.family, ""), rule.table, rule.chain);
  if (rule.dialect == "nft" && rule.handle)
    text += fmt::format(" handle {}", *rule.handle);
  else
    text += rule.number ? fmt::format(" #{}", *rule.number) : " policy";
  return rule.writer.name == analyze::kByHand ? text : text + " (" + writer_text(rule.writer) + ")";
}

Table make_ports(const std::vector<OpenPort>& ports, bool namespaces) {
  Table table;
  if (namespaces) table.columns.push_back({"NAMESPACE"});
  for (const char* const name : {"PORT", "ADDRESS", "ANSWERED BY", "FROM", "HOW"})
    table.columns.push_back({name});
  table.columns.back().flexible = true;
  for (const OpenPort& port : ports) {
    std::vector<Text>& row = table.rows.emplace_back();
    if (namespaces) row.push_back({port.title, Role::title});
    row.push_back({port.protocol + " " + port_numbers_text(port), Role::address});
    row.push_back({port.address ? port.address->text() : "*", Role::address});
    row.push_back(answered_by_text(port, kAll));
    row.push_back(reach_text(port));
    row.push_back(ways_text(port, kAll));
  }
  return table;
}

}  // namespace nsmap::view
