#include "view/flows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "view/words.h"

namespace nsmap::view {
namespace {

using analyze::Endpoint;
using analyze::Flow;
using analyze::FlowNat;

std::string endpoint(const IpAddress& address, std::uint16_t port) {
  return port == 0 ? address.text() : endpoint_text(address, port);
}

Text end_text(const Endpoint& end) {
  Text text;
  if (end.ns) text.add(end.title, Role::title).add(" ");
  text.add(endpoint(end.address, end.port), Role::address);
  if (end.pid)
    text.add(fmt::format(" {}[{}]", end.command.empty() ? "?" : end.command, end.pid->value),
             Role::owner);
  return text;
}

// "dnat 10.1.0.1:8080 in host": the server went by another address before; "snat 10.2.0.1:4021 in
// host": the client goes by another after.
Text nat_text(const FlowNat& nat) {
  Text text;
  const auto& [before, after] = std::tie(nat.before, nat.after);
  if (before.destination != after.destination || before.destination_port != after.destination_port)
    text.join(
        Text("dnat ").add(endpoint(before.destination, before.destination_port), Role::address));
  if (before.source != after.source || before.source_port != after.source_port)
    text.join(Text("snat ").add(endpoint(after.source, after.source_port), Role::address));
  return text.add(" in ", Role::muted).add(nat.title, Role::title);
}

Text all_nat_text(const Flow& flow) {
  Text text;
  for (const FlowNat& nat : flow.nat) text.join(nat_text(nat), ", ");
  return text;
}

Text traffic_text(const std::optional<model::Traffic>& traffic) {
  return traffic ? Text(bytes_text(traffic->bytes)) : Text();
}

std::string age_text(const std::optional<std::int64_t>& seconds) {
  if (!seconds) return "";
  struct Unit {
    std::int64_t seconds;
    std::string_view name;
  };
  constexpr Unit kUnits[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
  for (const Unit& unit : kUnits)
    if (*seconds >= 2 * unit.seconds)
      return fmt::format("{} {}", *seconds / unit.seconds, unit.name);
  return fmt::format("{} s", *seconds);
}

struct FlowColumn {
  Column column;
  Text (*cell)(const Flow&);
};

const FlowColumn kColumns[] = {
    {{"PROTO"}, [](const Flow& flow) { return Text(flow.protocol); }},
    {{"CLIENT"}, [](const Flow& flow) { return end_text(flow.client); }},
    {{"SERVER"}, [](const Flow& flow) { return end_text(flow.server); }},
    {{"NAT", false, true}, all_nat_text},
    {{"STATE"}, [](const Flow& flow) { return Text(flow.state); }},
    {{"SENT", true}, [](const Flow& flow) { return traffic_text(flow.sent); }},
    {{"RECEIVED", true}, [](const Flow& flow) { return traffic_text(flow.received); }},
    {{"AGE", true}, [](const Flow& flow) { return Text(age_text(flow.age_s)); }},
};

}  // namespace

Table make_flows(const std::vector<Flow>& flows) {
  Table table;
  table.rows.resize(flows.size());
  for (const FlowColumn& column : kColumns) {
    std::vector<Text> cells;
    for (const Flow& flow : flows) cells.push_back(column.cell(flow));
    if (std::ranges::all_of(cells, &Text::empty)) continue;
    table.columns.push_back(column.column);
    for (std::size_t row = 0; row < flows.size(); ++row)
      table.rows[row].push_back(std::move(cells[row]));
  }
  return table;
}

}  // namespace nsmap::view
