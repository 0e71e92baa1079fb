#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "cli/ns.h"
#include "cli/ns_wire.h"
#include "lab/forwarding.h"
#include "lab/internet.h"
#include "lab/lock.h"
#include "lab/sysctl.h"

namespace nsmap::cli {
namespace {

using lab::Internet;

// What is known of the host, and what it has written down.
struct Here {
  const ActionRequest& request;
  const model::Snapshot& snapshot;
  const analyze::Titles& titles;
  const model::Namespace& near;
  Fd near_fd;
  lab::InternetBook book;

  std::string title() const { return titles.of(near.id); }
};

constexpr const char* family_name(bool v6) { return v6 ? "IPv6" : "IPv4"; }

// --- the ends of its wire -----------------------------------------------------------------------

lab::WireEnd near_end(const Internet& record, Fd ns) {
  lab::WireEnd end{ns, record.near.index, {}};
  end.link.kind = "veth";
  end.link.name = record.near.name;
  for (const lab::WireSubnet& wire : record.wires)
    end.link.addresses.push_back({{}, wire.near, wire.subnet.length, {}});
  return end;
}

lab::WireEnd far_end(const Internet& record, Fd ns) {
  lab::WireEnd end{ns, record.far.index, {}};
  end.link.kind = "veth";
  end.link.name = record.far.name;
  for (const lab::WireSubnet& wire : record.wires) {
    end.link.addresses.push_back({{}, wire.far, wire.subnet.length, {}});
    lab::Route route;
    route.to = {IpAddress::any(wire.near.is_v6()), 0};
    route.hops = {{wire.near, end.link.name, 1}};
    end.routes.push_back(std::move(route));
  }
  return end;
}

std::string wire_text(const Here& here, const Internet& record) {
  return fmt::format("{} ⇄ {}", text_of(far_end(record, {}), record.name),
                     text_of(near_end(record, {}), here.title()));
}

std::string lines(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& each : texts) text += each + "\n";
  return text;
}

// --- what is to be made -------------------------------------------------------------------------

bool has_default_route(const model::Namespace& ns, bool v6) {
  return std::ranges::any_of(ns.routes, [&](const model::Route& route) {
    return route.dst.length == 0 && route.dst.address.is_v6() == v6 && route.table == TableId(254);
  });
}

// Whether an interface of the calling thread's namespace has no IPv6.
bool is_v6_disabled_on(const lab::System& system, std::string link) {
  std::ranges::replace(link, '.', '/');
  return lab::read_sysctl(system, "net.ipv6.conf." + link + ".disable_ipv6") != "0";
}

// Why a namespace gets nothing of a family; empty: it does.
std::string reason_against(const Here& here, const model::Namespace& ns, Fd fd,
                           const std::string& name, bool v6) {
  if (has_default_route(ns, v6))
    return fmt::format("{} has a default route for {} already", name, family_name(v6));
  if (!v6) return {};
  const std::string& via = here.request.options.via;
  if (is_v6_disabled_in(here.request.system, here.near_fd) ||
      (!via.empty() && is_v6_disabled_on(here.request.system, via)))
    return fmt::format("IPv6 is disabled in {}", here.title());
  if (is_v6_disabled_in(here.request.system, fd))
    return fmt::format("IPv6 is disabled in {}", name);
  return {};
}

Result<std::vector<std::string>> choose_wires(const Here& here, const model::Namespace& ns, Fd fd,
                                              Internet& record) {
  std::vector<std::string> reasons;
  for (const bool v6 : {false, true}) {
    const auto pool = pool_of(here.request.options.pools, v6);
    if (!pool) return tl::unexpected(pool.error());
    if (auto reason = reason_against(here, ns, fd, record.name, v6); !reason.empty()) {
      reasons.push_back(std::move(reason));
      continue;
    }
    const auto free = lab::free_subnets(here.snapshot, *pool, 1);
    if (!free) return tl::unexpected(free.error());
    record.wires.push_back(free->front());
    record.needs.push_back(lab::forwarding_setting(here.request.system, v6, record.via));
  }
  if (record.wires.empty())
    return usage_error(fmt::format("ns internet: {}", fmt::join(reasons, ", and ")));
  return reasons;
}

// Interfaces with addresses or routes that they learned from router advertisements.
std::vector<std::string> learners(const model::Namespace& ns) {
  std::set<IfIndex> learned;
  for (const model::Address& address : ns.addresses)
    if (address.address.is_v6() && !address.permanent) learned.insert(address.index);
  for (const model::Route& route : ns.routes)
    for (const model::RouteHop& hop : route.hops)
      if (route.dst.address.is_v6() && route.protocol == "ra" && hop.oif) learned.insert(*hop.oif);
  std::vector<std::string> names;
  for (const model::Link& link : ns.links)
    if (learned.contains(link.index)) names.push_back(link.name);
  return names;
}

std::string given_text(const Here& here, const Internet& record) {
  std::vector<std::string> vias;
  for (const lab::WireSubnet& wire : record.wires) vias.push_back(wire.near.text());
  return fmt::format("{}\n{}: default via {}, masqueraded by table inet nsmap{}\n",
                     wire_text(here, record), record.name, fmt::join(vias, " and "),
                     record.via.empty() ? "" : " where it leaves by " + record.via);
}

Result<Answer> give_anew(const Here& here, const model::Namespace& ns, Fd fd) {
  const Options& options = here.request.options;
  Internet record;
  record.key = lab::key_of(ns);
  record.name = terminal_text(here.titles.of(ns.id));
  record.asked = terminal_text(options.things.front());
  record.via = options.via;
  record.near = {free_index(here.near), free_name(here.near, record.name)};
  record.far = {free_index(ns), free_name(ns, here.title())};
  const auto reasons = choose_wires(here, ns, fd, record);
  if (!reasons) return tl::unexpected(reasons.error());
  auto changed = here.book.give(record, near_end(record, here.near_fd), far_end(record, fd),
                                learners(here.near));
  if (!changed) return tl::unexpected(changed.error());
  std::string text = given_text(here, record);
  for (const std::string& reason : *reasons) text += fmt::format("{}: left as it is\n", reason);
  text += lines(*changed);
  for (const std::string& chain : here.book.obstacles())
    text +=
        fmt::format("chain {} drops what no rule accepts: {} may need one\n", chain, record.name);
  return Answer{std::move(text)};
}

Result<Answer> give_again(const Here& here, const Internet& record) {
  const std::string& via = here.request.options.via;
  if (!via.empty() && via != record.via)
    return usage_error(fmt::format("ns internet: {} has internet already, {}", record.name,
                                   record.via.empty() ? "by any interface" : "via " + record.via),
                       "--off first");
  const auto mended = here.book.mend(record, learners(here.near));
  if (!mended) return tl::unexpected(mended.error());
  return Answer{"it is there already: " + wire_text(here, record) + "\n" + lines(*mended)};
}

// --- what is there ------------------------------------------------------------------------------

struct Records {
  std::vector<Internet> live;
  std::vector<Internet> stale;      // they are taken away
  std::vector<std::string> became;  // of the settings of those
};

// Takes away what runs that were killed and namespaces that are gone have left.
Result<Records> read_records(const Here& here) {
  const auto all = here.book.read();
  if (!all) return tl::unexpected(all.error());
  Records records;
  for (const Internet& record : *all) {
    const bool wired = lab::has_wire(here.near, record);
    if (record.made && wired) {
      records.live.push_back(record);
      continue;
    }
    auto became = here.book.take(record, wired);
    if (!became) return tl::unexpected(became.error());
    records.became.insert(records.became.end(), became->begin(), became->end());
    records.stale.push_back(record);
  }
  return records;
}

void tell_stale(const Here& here, const Records& records) {
  for (const Internet& record : records.stale)
    here.request.warn(fmt::format("{}: what was left of its internet is gone", record.name));
  for (const std::string& text : records.became) here.request.warn(text);
}

Result<Answer> give(const Here& here, const OpenPlace& place) {
  const std::string& via = here.request.options.via;
  const model::Namespace* ns = find_opened(here.snapshot, here.request.system, place.net);
  if (!ns) return read_error(fmt::format("ns internet: {} is gone", place.title));
  if (ns == &here.near) return usage_error("ns internet: that is the namespace nsmap runs in");
  if (ns->host) return usage_error("ns internet: that is the host's own namespace");
  if (!via.empty() && !find_link(here.near, via))
    return usage_error(fmt::format("ns internet: {} has no interface {}", here.title(), via),
                       "nsmap show");
  const auto records = read_records(here);
  if (!records) return tl::unexpected(records.error());
  tell_stale(here, *records);
  const auto known = std::ranges::find(records->live, lab::key_of(*ns), &Internet::key);
  return known == records->live.end() ? give_anew(here, *ns, place.net) : give_again(here, *known);
}

// --- off ----------------------------------------------------------------------------------------

// The one that is meant: that of the namespace which is called so or, where none is, the one that
// was.
const Internet* find_meant(const std::vector<Internet>& records, const std::string& key,
                           const std::string& asked) {
  const auto found = std::ranges::find_if(records, [&](const Internet& record) {
    return key.empty() ? record.name == asked || record.asked == asked : record.key == key;
  });
  return found == records.end() ? nullptr : &*found;
}

std::string gone_text(const Internet& record) {
  return fmt::format("{}: {} is gone, with its addresses, routes and masquerade\n", record.name,
                     record.near.name);
}

Result<Answer> take(const Here& here, const Result<std::vector<OpenPlace>>& opened) {
  const std::string asked = terminal_text(here.request.options.things.front());
  const model::Namespace* ns =
      opened ? find_opened(here.snapshot, here.request.system, opened->front().net) : nullptr;
  const std::string key = ns ? lab::key_of(*ns) : std::string();
  const auto records = read_records(here);
  if (!records) return tl::unexpected(records.error());
  if (const Internet* meant = find_meant(records->live, key, asked)) {
    tell_stale(here, *records);
    const auto became = here.book.take(*meant, true);
    if (!became) return tl::unexpected(became.error());
    return Answer{gone_text(*meant) + lines(*became)};
  }
  // A name of now may have been another's, whose record is stale.
  const Internet* meant = find_meant(records->stale, key, asked);
  if (!meant) meant = find_meant(records->stale, {}, asked);
  if (meant) return Answer{gone_text(*meant) + lines(records->became)};
  tell_stale(here, *records);
  if (!opened) return tl::unexpected(opened.error());
  return Answer{fmt::format("{} has no internet of nsmap's making\n", asked)};
}

Result<Answer> run_internet(const ActionRequest& request) {
  const Options& options = request.options;
  if (options.off && (!options.via.empty() || !options.pools.empty()))
    return usage_error("ns internet: --off takes no other option");
  const auto lock = lab::lock_directory(request.system, std::string(lab::kInternetDirectory),
                                        "changing who has internet");
  if (!lock) return tl::unexpected(lock.error());
  const auto snapshot = request.collect();
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto own = open_places(request, {"."}, false, &*snapshot);
  if (!own) return tl::unexpected(own.error());
  const model::Namespace* near = find_opened(*snapshot, request.system, own->front().net);
  if (!near) return read_error("ns internet: the namespace nsmap runs in was not read", "root");
  const model::Index index(*snapshot);
  const analyze::Titles titles(index);
  const Fd near_fd = own->front().net;
  const Here here{request, *snapshot, titles, *near, near_fd, {request.system, *near, near_fd}};
  const auto opened = open_places(request, options.things, false, &*snapshot);
  if (options.off) return take(here, opened);
  if (!opened) return tl::unexpected(opened.error());
  return give(here, opened->front());
}

constexpr Option kOptions[] = {
    {"--via", "INTERFACE", "by this one only; by whichever leads there without it", &Options::via},
    {"--pool", "PREFIX,…", "where addresses are taken from (10.213.0.0/16, fd00:213::/48)",
     &Options::pools},
    {"--off", "", "take it away again", &Options::off},
};

}  // namespace

const Action kNsInternet{
    .name = "internet",
    .summary = "let a namespace out through this one: wire, routes, forwarding, masquerade",
    .thing = "NAMESPACE",
    .thing_help = "who is to get out; with --off also one that is no more",
    .options = kOptions,
    .more =
        "Forwarding is set back with the last --off, unless somebody changed it in between.\n"
        "Firewalls are left alone: where one drops what is forwarded, let it pass there.",
    .run = run_internet,
};

}  // namespace nsmap::cli
