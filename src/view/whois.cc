#include "view/whois.h"

#include <fmt/format.h>

#include <string_view>

namespace nsmap::view {
namespace {

using analyze::WhoisAnswer;
using analyze::WhoisKind;

// What kind of thing the answer is, and what joins it to the namespace: "an address of eth0 in
// web".
std::string_view kind_text(WhoisKind kind) {
  switch (kind) {
    case WhoisKind::interface_:
      return "an interface";
    case WhoisKind::address:
      return "an address";
    case WhoisKind::neighbour:
      return "a neighbour, not on this host,";
    case WhoisKind::mac:
      return "the MAC";
    case WhoisKind::port:
      return "a port";
    case WhoisKind::published:
      return "a published port, leading";
    case WhoisKind::process:
      return "a process";
    case WhoisKind::socket:
      return "a socket";
    case WhoisKind::namespace_:
      return "a network namespace,";
    case WhoisKind::container:
      return "a container";
  }
  return "";
}

// "of eth0 in web", "into web", "called web".
Text place(const WhoisAnswer& answer) {
  Text text;
  if (!answer.interface.empty() && answer.kind != WhoisKind::interface_)
    text.add(answer.kind == WhoisKind::neighbour ? " behind " : " of ")
        .add(answer.interface, Role::name);
  if (!answer.ns) return text;
  text.add(answer.kind == WhoisKind::published    ? " into "
           : answer.kind == WhoisKind::namespace_ ? " called "
                                                  : " in ");
  return text.add(answer.title, Role::title);
}

Line line(std::string lead, Text text) {
  return {{std::move(lead), Role::muted}, {std::move(text)}};
}

std::vector<Line> details(const WhoisAnswer& answer) {
  std::vector<Line> lines;
  if (!answer.addresses.empty()) {
    lines.push_back({{"addresses ", Role::muted}, {}});
    for (const std::string& address : answer.addresses)
      lines.back().items.emplace_back(address, Role::address);
  }
  if (answer.peer)
    lines.push_back(line(
        "other end ",
        Text(answer.peer->interface, Role::name).add(" in ").add(answer.peer->title, Role::title)));
  if (!answer.container.empty() && answer.kind != WhoisKind::container)
    lines.push_back(line("container ", Text(answer.container, Role::owner)));
  if (!answer.image.empty()) lines.push_back(line("image ", Text(answer.image, Role::owner)));
  if (answer.pid)
    lines.push_back(
        line(fmt::format("process {} ", answer.pid->value), Text(answer.command, Role::owner)));
  return lines;
}

}  // namespace

Tree make_whois(const std::vector<WhoisAnswer>& answers) {
  Tree tree;
  for (const WhoisAnswer& answer : answers) {
    Text head(answer.what, Role::name);
    head.add(" is ").add(std::string(kind_text(answer.kind))).add(place(answer));
    tree.roots.push_back({{std::move(head)}, details(answer), {}});
  }
  return tree;
}

}  // namespace nsmap::view
