#include "view/published.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "view/ports.h"

namespace nsmap::view {

using analyze::OpenPort;
using analyze::PortAnswer;
using analyze::SourceNat;

Translations translations_of(const Words& words) {
  Translations found{analyze::leading_ports(words.index, words.titles), {}};
  analyze::RuleNames names(words.titles);
  for (const model::Namespace& ns : words.index.snapshot().namespaces)
    std::ranges::move(analyze::source_nats(names, ns), std::back_inserter(found.sources));
  return found;
}

std::string leads_into_text(const OpenPort& port, model::NetnsId into) {
  std::string text = analyze::service_of(port);
  if (!text.empty()) text += " ";
  text += port.address ? address_and_port_text(port) : port.title + ":" + port_numbers_text(port);
  if (port.protocol != "tcp") text += "/" + port.protocol;
  for (const PortAnswer* const answer : answers_in_order(port))
    if (analyze::answers_in(*answer) == into)
      return fmt::format("{} → {}", text, target_text(*answer).plain());
  return text;
}

std::string from_text(const SourceNat& nat) {
  std::string text = nat.from.empty() ? "all" : fmt::format("{}", fmt::join(nat.from, ", "));
  for (const std::string& each : nat.where) text += ", " + each;
  return nat.conditional ? text + ", as rules decide" : text;
}

std::string source_text(const SourceNat& nat) {
  const std::string from = from_text(nat);
  if (!nat.masquerade) return fmt::format("{} leaves by {}", from, nat.to);
  return "masquerades " + from + (nat.to.empty() ? "" : ", by port " + nat.to.substr(1));
}

}  // namespace nsmap::view
