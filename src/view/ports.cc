#include "view/ports.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

std::string port_text(const OpenPort& port) {
  if (port.port == port.last_port) return fmt::format("{} {}", port.protocol, port.port);
  if (port.port == 0 && port.last_port == 65535) return port.protocol + " *";
  return fmt::format("{} {}-{}", port.protocol, port.port, port.last_port);
}

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
  if (answer.to) text.join(Text(endpoint_text(end.address, end.port), Role::address), " ");
  if (answer.to && end.ns && !end.pid) return text.join(Text("nobody listens", Role::warn), " ");
  return text.join(process(end), " ");
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
      return Text("proxy ").add(process(answer.by));
    case PortHow::activation:
      return Text("socket unit of ").add(process(answer.by));
    case PortHow::virtual_:
      return Text("IPVS");
  }
  return {};
}

// What tells most of who answers: the rules come before the proxy of those that rules do not meet.
std::vector<const PortAnswer*> in_order(const OpenPort& port) {
  std::vector<const PortAnswer*> answers;
  for (const PortAnswer& answer : port.answers) answers.push_back(&answer);
  std::ranges::stable_sort(answers, {}, [](const PortAnswer* answer) {
    constexpr PortHow kOrder[] = {PortHow::dnat, PortHow::virtual_, PortHow::listener,
                                  PortHow::activation, PortHow::proxy};
    return std::ranges::find(kOrder, answer->how) - std::begin(kOrder);
  });
  return answers;
}

Text all_answered_by(const OpenPort& port) {
  Text text;
  std::vector<std::string> told;
  for (const PortAnswer* const answer : in_order(port)) {
    Text one = answered_by(*answer);
    if (std::ranges::find(told, one.plain()) != told.end()) continue;
    told.push_back(one.plain());
    text.join(one, ", ");
  }
  return text;
}

// Those that are alike but for the process, as one.
Text all_how(const OpenPort& port) {
  Text text;
  const PortAnswer* last = nullptr;
  for (const PortAnswer* const answer : in_order(port)) {
    const bool alike = last && answer->how != PortHow::dnat && answer->how == last->how &&
                       answer->by.command == last->by.command && answer->by.pid;
    if (alike && answer->how != PortHow::listener)
      text.add(fmt::format("[{}]", answer->by.pid->value), Role::owner);
    else if (!alike)
      text.join(how_text(*answer));
    last = answer;
  }
  return text;
}

Text rule_text(const analyze::PortReach& reach) {
  if (!reach.rule) return {};
  return Text(" by ", Role::muted)
      .add(rule_name_text(*reach.rule))
      .add(" in ", Role::muted)
      .add(reach.rule->title, Role::title);
}

Text from_text(const OpenPort& port) {
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

}  // namespace

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
    row.push_back({port_text(port), Role::address});
    row.push_back({port.address ? port.address->text() : "*", Role::address});
    row.push_back(all_answered_by(port));
    row.push_back(from_text(port));
    row.push_back(all_how(port));
  }
  return table;
}

}  // namespace nsmap::view
