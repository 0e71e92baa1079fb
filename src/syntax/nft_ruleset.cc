#include <fmt/format.h>

#include <algorithm>

#include <boost/describe.hpp>

#include "syntax/dialect.h"
#include "syntax/nft_parts.h"
#include "syntax/values.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;

// nft's words for priorities, and the hooks they are for (nft(8) "Standard priority names").
struct Priority {
  std::string_view name;
  std::int32_t value;
  std::optional<Hook> hook;
};
constexpr Priority kInternet[] = {
    {"raw", -300, {}}, {"mangle", -150, {}}, {"dstnat", -100, Hook::prerouting},
    {"filter", 0, {}}, {"security", 50, {}}, {"srcnat", 100, Hook::postrouting}};
constexpr Priority kBridge[] = {{"dstnat", -300, Hook::prerouting},
                                {"filter", -200, {}},
                                {"out", 100, Hook::output},
                                {"srcnat", 300, Hook::postrouting}};
constexpr Priority kOther[] = {{"filter", 0, {}}};

std::span<const Priority> priorities(Family family) {
  switch (family) {
    case Family::ip:
    case Family::ip6:
    case Family::inet:
      return kInternet;
    case Family::bridge:
      return kBridge;
    case Family::arp:
    case Family::netdev:
      return kOther;
  }
  return {};
}

// "inet", "postrouting".
template <typename Enum>
std::string_view word(Enum value) {
  return boost::describe::enum_to_string(value, "");
}

std::string devices_text(const NftPlace& place, const std::vector<std::string>& devices) {
  std::string out;
  for (const std::string& device : devices)
    out.append(out.empty() ? "" : ", ").append(quoted_text(place, device));
  return out;
}

std::string hook_text(const NftPlace& place, const Chain& chain) {
  std::string devices;
  if (chain.devices.size() == 1) devices = " device " + quoted_text(place, chain.devices[0]);
  if (chain.devices.size() > 1)
    devices = fmt::format(" devices = {{ {} }}", devices_text(place, chain.devices));
  const auto& family = place.table.table.family;
  std::string out =
      fmt::format("\t\ttype {} hook {}{} priority {}; ", chain.type, word(*chain.hook), devices,
                  priority_text(family, *chain.hook, chain.priority.value_or(0)));
  if (chain.policy) out += fmt::format("policy {}; ", verdict_text(place, *chain.policy));
  out.back() = '\n';
  return chain.hardware_offload ? out + "\t\tflags offload;\n" : out;
}

std::string chain_text(const NftPlace& place, const Chain& chain) {
  std::string out = fmt::format("\tchain {} {{\n", name_text(place, chain.name));
  if (!chain.comment.empty())
    out += fmt::format("\t\tcomment {}\n", quoted_text(place, chain.comment));
  if (chain.hook) out += hook_text(place, chain);
  for (const Rule& rule : chain.rules) out += fmt::format("\t\t{}\n", rule_text(place, rule));
  return out + "\t}\n";
}

// What the object holds, as it stands between its braces: a statement without its first word.
std::string content_text(const NftPlace& place, const Object& object) {
  std::string out;
  for (const Statement& statement : object.statements) {
    const std::string text = statement_text(place, statement);
    const auto end = text.find(' ');
    out += fmt::format("\t\t{}\n", end == text.npos ? text : text.substr(end + 1));
  }
  if (!object.helper.empty() && object.protocol)
    out += fmt::format("\t\ttype {} protocol {}\n", quoted_text(place, object.helper),
                       value_text(model::DataType::protocol, Octets::number(*object.protocol, 1)));
  else if (object.protocol)
    out += fmt::format("\t\tprotocol {}\n",
                       value_text(model::DataType::protocol, Octets::number(*object.protocol, 1)));
  if (!object.l3_protocol.empty()) out += fmt::format("\t\tl3proto {}\n", object.l3_protocol);
  if (object.kind == "secmark")
    out += fmt::format("\t\t{}\n", quoted_text(place, object.details));
  else if (!object.details.empty())
    out += fmt::format("\t\t{}\n", object.details);
  return out;
}

constexpr std::string_view kObjectKinds[] = {"counter", "quota",      "ct_helper",      "limit",
                                             "secmark", "ct_timeout", "ct_expectation", "synproxy"};

std::string object_text(const NftPlace& place, const Object& object) {
  if (std::ranges::find(kObjectKinds, object.kind) == std::end(kObjectKinds))
    return fmt::format("\t{}\n", unwritable(place, "object of kind " + object.kind));
  std::string kind = object.kind;
  std::ranges::replace(kind, '_', ' ');
  std::string out = fmt::format("\t{} {} {{\n", kind, name_text(place, object.name));
  if (!object.comment.empty())
    out += fmt::format("\t\tcomment {}\n", quoted_text(place, object.comment));
  return out + content_text(place, object) + "\t}\n";
}

std::string flowtable_text(const NftPlace& place, const Flowtable& flowtable) {
  std::string out = fmt::format("\tflowtable {} {{\n", name_text(place, flowtable.name));
  out += fmt::format("\t\thook ingress priority {}\n",
                     priority_text(Family::netdev, Hook::ingress, flowtable.priority.value_or(0)));
  if (!flowtable.devices.empty())
    out += fmt::format("\t\tdevices = {{ {} }}\n", devices_text(place, flowtable.devices));
  if (flowtable.hardware_offload) out += "\t\tflags offload\n";
  if (flowtable.counter) out += "\t\tcounter\n";
  return out + "\t}\n";
}

// What belongs to a program goes with it: a table that nft loads is nobody's.
std::string table_flags(const Table& table) {
  std::string out;
  if (table.owner)
    out += fmt::format("\t# owned by the program of netlink port {}\n", *table.owner);
  if (table.dormant) out += "\tflags dormant\n";
  return out;
}

std::string table_text(const NftPlace& place) {
  const Table& table = place.table.table;
  std::string body = table_flags(table);
  if (!table.comment.empty())
    body += fmt::format("\tcomment {}\n", quoted_text(place, table.comment));
  const auto add = [&](const std::string& part) {
    body.append(body.empty() ? "" : "\n").append(part);
  };
  for (const Object& object : table.objects) add(object_text(place, object));
  for (const Flowtable& flowtable : table.flowtables) add(flowtable_text(place, flowtable));
  for (const Set& set : table.sets)
    if (!set.anonymous) add(set_declaration(place, set));
  for (const Chain& chain : table.chains)
    if (!chain.binding) add(chain_text(place, chain));
  return fmt::format("table {} {} {{\n{}}}\n", word(table.family), name_text(place, table.name),
                     body);
}

}  // namespace

NftTable::NftTable(const Table& table_, const InterfaceNames& interfaces_)
    : table(table_), interfaces(interfaces_) {
  for (const Set& one : table.sets) sets_.emplace(one.name, &one);
  for (const Chain& one : table.chains) chains_.emplace(one.name, &one);
}

const Set* NftTable::set(std::string_view name) const {
  const auto found = sets_.find(name);
  return found == sets_.end() ? nullptr : found->second;
}

const Chain* NftTable::chain(std::string_view name) const {
  const auto found = chains_.find(name);
  return found == chains_.end() ? nullptr : found->second;
}

std::string nft_element(const NftTable& table, const Set& set, const Element& element) {
  std::vector<std::string> unwritten;
  return element_text({table, unwritten}, set, element);
}

NftText nft_ruleset(const Firewall& firewall, const InterfaceNames& interfaces) {
  NftText out;
  for (const Table& table : firewall.tables) {
    if (dialect_of(table) != Dialect::nft) continue;
    std::vector<std::string> unwritten;
    out.text += table_text({NftTable(table, interfaces), unwritten});
    for (const std::string& what : unwritten)
      out.unwritten.push_back(fmt::format("table {} {}: {}", word(table.family), table.name, what));
  }
  return out;
}

std::string priority_text(Family family, Hook hook, std::int32_t priority) {
  constexpr std::int32_t kNear = 10;  // as far as nft tells it from a name
  for (const Priority& row : priorities(family)) {
    const std::int32_t distance = priority - row.value;
    if (distance < -kNear || distance > kNear || (row.hook && *row.hook != hook)) continue;
    if (distance == 0) return std::string(row.name);
    return fmt::format("{} {} {}", row.name, distance < 0 ? '-' : '+', std::abs(distance));
  }
  return std::to_string(priority);
}

}  // namespace nsmap::syntax
