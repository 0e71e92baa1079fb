#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "base/text.h"
#include "lab/check.h"
#include "lab/link_kinds.h"
#include "lab/spelling.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxLinkName = 15;  // IFNAMSIZ - 1
constexpr std::uint32_t kMinMtu = 68;     // ETH_MIN_MTU

// One link and where it stands, for the checks below.
struct At {
  Checking& checking;
  const Namespace& ns;
  const Link& link;

  void fail(std::string_view what) const {
    checking.fail(link.where, fmt::format("link {}:{}: {}", terminal_text(ns.name),
                                          terminal_text(link.name), what));
  }
};

void check_settings(const At& at, const KindInfo& kind) {
  for (const auto& [name, text] : at.link.settings) {
    const auto& known = kind.settings;
    if (std::find(known.begin(), known.end(), name) == known.end())
      return at.fail(fmt::format("a {} has no '{}'{}", kind.name, terminal_text(name),
                                 did_you_mean(name, known)));
    const std::string wanted = wrong_setting(kind.name, name, text);
    if (!wanted.empty())
      at.fail(fmt::format("'{}' is no {}; it is to be {}", terminal_text(text), name, wanted));
  }
  // Of a tunnel whose packets say each where they go (ip-link(8) "external") nothing is required.
  const auto metadata = at.link.settings.find("collect_metadata");
  if (metadata != at.link.settings.end() && metadata->second == "true") return;
  for (const auto required : kind.required)
    if (!at.link.settings.contains(std::string(required)))
      at.fail(fmt::format("a {} needs '{}'", kind.name, required));
}

void check_kind(const At& at) {
  const KindInfo* const kind = find_kind(at.link.kind);
  if (!kind)
    return at.fail(fmt::format("a lab makes no links of kind '{}'{}", terminal_text(at.link.kind),
                               did_you_mean(at.link.kind, kind_names())));
  if (kind->pair && !at.link.peer) at.fail(fmt::format("a {} needs a 'peer'", kind->name));
  if (!kind->pair && at.link.peer) at.fail(fmt::format("a {} has no peer", kind->name));
  if (kind->needs_parent && !at.link.parent)
    at.fail(fmt::format("a {} needs a 'parent'", kind->name));
  if (!kind->takes_parent && !kind->needs_parent && at.link.parent)
    at.fail(fmt::format("a {} has no parent", kind->name));
  check_settings(at, *kind);
}

void check_peer(const At& at) {
  if (!at.link.peer) return;
  const LinkName self{at.ns.name, at.link.name};
  const Link* const peer = at.checking.link(*at.link.peer);
  const std::string shown = terminal_text(at.link.peer->ns + ":" + at.link.peer->link);
  if (*at.link.peer == self) return at.fail("it is its own peer");
  if (!peer) return at.fail(fmt::format("there is no {} to be its peer", shown));
  if (peer->peer != self) at.fail(fmt::format("{} is the peer of another link", shown));
  if (peer->kind != at.link.kind)
    at.fail(fmt::format("its peer {} is a {}, and it a {}", shown, peer->kind, at.link.kind));
}

// What the host has beside the lab is not in the file.
bool may_be_elsewhere(const At& at, const std::string& ns) {
  const Namespace* const found = at.checking.ns(ns);
  return found && found->host;
}

void check_master(const At& at) {
  const std::string& name = at.link.master;
  if (name.empty()) return;
  const Link* const master = at.checking.link({at.ns.name, name});
  constexpr std::string_view kMasters[] = {"bridge", "bond", "vrf", "team"};
  if (!master && !may_be_elsewhere(at, at.ns.name))
    return at.fail(
        fmt::format("there is no '{}' in its namespace to be its master", terminal_text(name)));
  if (master &&
      std::find(std::begin(kMasters), std::end(kMasters), master->kind) == std::end(kMasters))
    at.fail(fmt::format("its master '{}' is a {}; masters are bridge, bond and vrf",
                        terminal_text(name), master->kind));
}

void check_parent(const At& at) {
  if (!at.link.parent || at.checking.link(*at.link.parent)) return;
  if (!may_be_elsewhere(at, at.link.parent->ns))
    at.fail(fmt::format("there is no {} to be its parent",
                        terminal_text(at.link.parent->ns + ":" + at.link.parent->link)));
}

void check_numbers(const At& at) {
  if (at.link.mtu && *at.link.mtu < kMinMtu)
    at.fail(fmt::format("an MTU is at least {} bytes", kMinMtu));
  if (!at.link.mac) return;
  const Bytes bytes = at.link.mac->bytes();
  const bool is_zero =
      std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == std::byte{}; });
  if (bytes.size() != 6) at.fail("a MAC has six bytes");
  if (!bytes.empty() && (is_zero || (bytes[0] & std::byte{1}) != std::byte{}))
    at.fail("a link's own MAC is neither zero nor a group's (its first byte is even)");
}

void check_impairment(const At& at) {
  if (!at.link.impair) return;
  const Impairment& impair = *at.link.impair;
  const std::string_view wrong = wrong_impairment(impair);
  if (!wrong.empty())
    at.checking.fail(impair.where.line != 0 ? impair.where : at.link.where, wrong);
}

void check_link(const At& at) {
  const auto wrong = wrong_link_name(at.link.name);
  if (!wrong.empty()) return at.fail(wrong);
  if (at.checking.link({at.ns.name, at.link.name}) != &at.link)
    at.fail("there is another of that name in its namespace");
  check_kind(at);
  check_peer(at);
  check_master(at);
  check_parent(at);
  check_numbers(at);
  check_impairment(at);
}

// What a link stands on or under.
std::vector<LinkName> needed_by(const LinkName& name, const Link& link) {
  std::vector<LinkName> needed;
  if (!link.master.empty()) needed.push_back({name.ns, link.master});
  if (link.parent) needed.push_back(*link.parent);
  return needed;
}

using Names = std::unordered_set<LinkName, LinkNameHash>;

// Goes up from a link by what it needs, without the stack that a long chain would take. A bridge on
// a VLAN of one of its own ports would be a circle.
void check_cycle(Checking& checking, const LinkName& from, Names& done) {
  struct Step {
    LinkName name;
    bool leaving;
  };
  Names open;
  std::vector<Step> steps{{from, false}};
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    const Link* const link = checking.link(step.name);
    if (step.leaving) {
      open.erase(step.name);
      done.insert(step.name);
    } else if (open.contains(step.name)) {
      return checking.fail(link->where,
                           fmt::format("link {}:{}: it stands, by masters and parents, on itself",
                                       step.name.ns, step.name.link));
    } else if (link && !done.contains(step.name)) {
      open.insert(step.name);
      steps.push_back({step.name, true});
      for (LinkName& next : needed_by(step.name, *link)) steps.push_back({std::move(next), false});
    }
  }
}

}  // namespace

std::string_view wrong_impairment(const Impairment& impair) {
  if (impair.rate_bps && *impair.rate_bps < 8) return "a rate is at least 8bit";
  if (impair.jitter_us && !impair.delay_us)
    return "jitter is how much a delay varies: give a delay";
  if (impair.loss_percent && !(*impair.loss_percent >= 0 && *impair.loss_percent <= 100))
    return "loss is between 0% and 100%";
  return {};
}

// dev_valid_name() of net/core/dev.c, and a % would be a pattern (dev_alloc_name()).
std::string_view wrong_link_name(std::string_view name) {
  const auto is_odd = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == '/' || c == ':' || c == '%';
  };
  if (name.empty()) return "it is empty";
  if (name.size() > kMaxLinkName) return "it is longer than 15 bytes";
  if (name == "." || name == "..") return "that is a directory";
  if (name == "lo") return "lo is in every namespace already; take a link of kind dummy";
  if (std::any_of(name.begin(), name.end(), is_odd))
    return "a link's name has no spaces, control characters or / : %";
  return {};
}

void check_links(Checking& checking, const Namespace& ns) {
  for (const Link& link : ns.links) {
    if (checking.failed()) return;
    check_link({checking, ns, link});
  }
}

void check_cycles(Checking& checking) {
  Names done;
  for (const Namespace& ns : checking.lab().namespaces)
    for (const Link& link : ns.links) check_cycle(checking, {ns.name, link.name}, done);
}

}  // namespace nsmap::lab
