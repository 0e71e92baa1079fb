#include "lab/words.h"

#include <fmt/format.h>

namespace nsmap::lab {
namespace {

std::string text_of(const Hop& hop) {
  std::string text;
  if (hop.via) text += " via " + hop.via->text();
  if (!hop.dev.empty()) text += " dev " + hop.dev;
  if (hop.weight != 1) text += fmt::format(" weight {}", hop.weight);
  return text;
}

constexpr TableId kMain{254};

std::uint32_t metric_of(const Route& route) {
  // What the kernel takes where none is given (net/ipv6/route.c IP6_RT_PRIO_USER).
  return route.metric.value_or(route.to.address.is_v6() ? kDefaultMetric6 : 0);
}

}  // namespace

std::string link_name(const std::string& ns, const std::string& link) { return ns + ":" + link; }

std::string text_of(const Link& link, const std::string& ns) {
  std::string text = fmt::format("link {}, {}", link_name(ns, link.name), link.kind);
  if (link.peer) text += fmt::format(" to {}", link_name(link.peer->ns, link.peer->link));
  if (link.parent) text += fmt::format(" on {}", link_name(link.parent->ns, link.parent->link));
  if (!link.master.empty()) text += fmt::format(", port of {}", link.master);
  return text;
}

std::string text_of(const Address& address) {
  std::string text = fmt::format("{}/{}", address.address.text(), address.prefix);
  if (address.peer)
    text =
        fmt::format("{} peer {}/{}", address.address.text(), address.peer->text(), address.prefix);
  return text;
}

std::string route_key(const Route& route) {
  return fmt::format("{} table {} metric {}", route.to.text(), route.table.value, metric_of(route));
}

std::string text_of(const Route& route) {
  std::string text = "route ";
  if (route.type != "unicast") text += route.type + " ";
  text += route.to.length == 0 ? std::string("default") : route.to.text();
  for (const Hop& hop : route.hops) text += text_of(hop);
  if (route.table != kMain) text += fmt::format(" table {}", route.table.value);
  if (route.metric) text += fmt::format(" metric {}", *route.metric);
  return text;
}

std::string text_of(const Rule& rule) {
  std::string text = fmt::format("rule {}{}:", rule.v6 ? "IPv6 " : "", rule.priority);
  if (rule.from) text += " from " + rule.from->text();
  if (rule.to) text += " to " + rule.to->text();
  if (!rule.iif.empty()) text += " iif " + rule.iif;
  if (!rule.oif.empty()) text += " oif " + rule.oif;
  if (rule.fwmark)
    text += fmt::format(" fwmark {:#x}/{:#x}", *rule.fwmark, rule.fwmask.value_or(~0u));
  text += " " + rule.action;
  if (rule.action == "lookup") text += fmt::format(" {}", rule.table.value);
  return text;
}

}  // namespace nsmap::lab
