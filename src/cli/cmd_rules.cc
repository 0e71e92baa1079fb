#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>

#include "cli/command.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "syntax/dialect.h"
#include "syntax/iptables.h"
#include "syntax/nft.h"
#include "view/rules.h"

namespace nsmap::cli {
namespace {

constexpr Option kOptions[] = {
    {"--packet-order", "", "one list for each hook, jumps followed in place",
     &Options::packet_order},
    {"--unused", "", "just the rules that count packets and have seen none", &Options::unused},
    {"--by", "WRITER", "just the rules of docker, kube-proxy, firewalld, 'by hand' …",
     &Options::by},
    {"--as", "SYNTAX",
     "a namespace's tables to load elsewhere, each by its own tool: nft, iptables-save or "
     "ip6tables-save",
     &Options::as},
};

using model::firewall::Backend;
using model::firewall::Family;

// Whether packets meet more there than the kernel's own ways.
bool has_firewall(const model::Namespace& ns) {
  return !ns.firewall->tables.empty() || !ns.firewall->services.empty() ||
         std::ranges::any_of(ns.links, [](const model::Link& link) {
           return !link.bpf.empty() || !link.filters.empty();
         });
}

// Those named; none named: all that have a firewall.
Result<Namespaces> find_all(const Request& request) {
  if (!request.options.things.empty()) return named_namespaces(request);
  Namespaces found;
  for (const model::Namespace& ns : request.snapshot.namespaces)
    if (has_firewall(ns)) found.push_back(&ns);
  return found;
}

bool has_rules(const view::ShownFirewall& firewall) {
  return !firewall.services.empty() ||
         std::ranges::any_of(firewall.chains,
                             [](const view::ShownChain& chain) { return !chain.rules.empty(); });
}

bool is_unread(const model::Diagnostic& diagnostic, const model::Namespace& ns) {
  // One that could not be entered has not even lo; which ones those are is told of none by itself.
  if (diagnostic.source == "visits" && !diagnostic.ns) return ns.links.empty();
  return diagnostic.ns == ns.id &&
         (diagnostic.source == "nf_tables" || diagnostic.source == "x_tables");
}

// Why rules are missing; null: none are. Of those named; without, of all.
const model::Diagnostic* why_missing(const Request& request, const Namespaces& namespaces) {
  Namespaces asked = namespaces;
  if (request.options.things.empty())
    for (const model::Namespace& ns : request.snapshot.namespaces) asked.push_back(&ns);
  for (const model::Diagnostic& diagnostic : request.snapshot.diagnostics)
    for (const model::Namespace* ns : asked)
      if (is_unread(diagnostic, *ns)) return &diagnostic;
  return nullptr;
}

Result<Answer> answer_rules(const Request& request, const Namespaces& namespaces) {
  const view::RulesOptions options{request.options.packet_order, request.options.unused,
                                   request.options.by};
  std::vector<view::ShownFirewall> firewalls;
  for (const model::Namespace* ns : namespaces)
    firewalls.push_back(view::show_firewall(request.titles(), *ns, options));
  Answer answer{.yes = std::ranges::any_of(firewalls, has_rules)};
  if (const model::Diagnostic* const why = why_missing(request, namespaces)) {
    if (!answer.yes)
      return read_error("rules: " + why->what,
                        why->error == EPERM ? "as root, sudo nsmap rules" : "");
    answer.note = "rules: some are missing: " + why->what;
  }
  if (request.options.json) {
    codec::append_json(answer.bytes, firewalls);
    answer.bytes += '\n';
    return answer;
  }
  for (const view::ShownFirewall& firewall : firewalls) {
    if (!answer.bytes.empty()) answer.bytes += '\n';
    answer.bytes +=
        render::terminal(view::make_rules(firewall, options), {request.width, request.color});
  }
  if (!answer.yes) answer.note = "rules: there are none";
  return answer;
}

Result<Answer> as_nft(const model::Namespace& ns) {
  syntax::NftText text = syntax::nft_ruleset(*ns.firewall, view::interface_names(ns));
  Answer answer{.bytes = std::move(text.text), .yes = text.unwritten.empty()};
  if (!answer.yes)
    answer.note =
        fmt::format("rules: nft cannot load it as it was: {}", fmt::join(text.unwritten, "; "));
  return answer;
}

// Whether there are tables of iptables' own of that back end.
bool has_tables(const model::Namespace& ns, Family family, Backend backend) {
  return std::ranges::any_of(ns.firewall->tables, [&](const model::firewall::Table& table) {
    return table.family == family && table.backend == backend &&
           syntax::dialect_of(table) == syntax::Dialect::iptables;
  });
}

Result<Answer> as_saved(const model::Namespace& ns, Family family, Backend backend) {
  const auto saved = syntax::iptables_save(*ns.firewall, {family, backend, true});
  Answer answer{.bytes = saved.text, .yes = saved.unwritten == 0};
  if (!answer.yes)
    answer.note = fmt::format("rules: iptables has no words for {} of the rules", saved.unwritten);
  return answer;
}

template <Family family, Backend backend>
Result<Answer> as_saved_by(const model::Namespace& ns) {
  return as_saved(ns, family, backend);
}

// Of the back end that has any.
template <Family family>
Result<Answer> as_saved_by_either(const model::Namespace& ns) {
  const bool legacy = has_tables(ns, family, Backend::x_tables);
  if (legacy && has_tables(ns, family, Backend::nf_tables))
    return usage_error("--as: both back ends have tables of iptables",
                       "--as with -legacy-save or -nft-save");
  return as_saved(ns, family, legacy ? Backend::x_tables : Backend::nf_tables);
}

struct Syntax {
  std::string_view name;
  Result<Answer> (*write)(const model::Namespace&);
};
constexpr Syntax kSyntaxes[] = {
    {"nft", as_nft},
    {"iptables-save", as_saved_by_either<Family::ip>},
    {"ip6tables-save", as_saved_by_either<Family::ip6>},
    {"iptables-nft-save", as_saved_by<Family::ip, Backend::nf_tables>},
    {"ip6tables-nft-save", as_saved_by<Family::ip6, Backend::nf_tables>},
    {"iptables-legacy-save", as_saved_by<Family::ip, Backend::x_tables>},
    {"ip6tables-legacy-save", as_saved_by<Family::ip6, Backend::x_tables>},
};

Result<Answer> answer_as(const Request& request, const Namespaces& namespaces) {
  const auto syntax = std::ranges::find(kSyntaxes, request.options.as, &Syntax::name);
  if (syntax == std::end(kSyntaxes))
    return usage_error(
        fmt::format("--as {}: no such syntax", request.options.as),
        "nft, iptables-save or ip6tables-save, or the last two with -nft or -legacy in them");
  if (namespaces.size() != 1)
    return usage_error(fmt::format("--as {}: it is of one namespace", request.options.as),
                       "name one");
  return syntax->write(*namespaces.front());
}

Result<Answer> run_rules(const Request& request) {
  return find_all(request).and_then([&](const Namespaces& found) {
    return request.options.as.empty() ? answer_rules(request, found) : answer_as(request, found);
  });
}

}  // namespace

const Command kRules{
    .name = "rules",
    .summary = "the firewall in the order packets meet it, both back ends, and who wrote each rule",
    .thing = "NAMESPACE",
    .thing_help = "as of show; without, all that have rules",
    .least = 0,
    .most = kAnyNumber,
    .options = kOptions,
    .run = run_rules,
};

}  // namespace nsmap::cli
