#include "lab/adjust.h"

#include <fmt/format.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/text.h"
#include "lab/inside.h"
#include "lab/records.h"
#include "lab/requests.h"
#include "netlink/batch.h"

namespace nsmap::lab {
namespace {

using netlink::Request;
using netlink::Transport;

// An errno that the kernel is terse about, in words.
struct Meaning {
  int error;
  const char* text;
};

tl::unexpected<Error> refused(const netlink::Failure& failure,
                              std::span<const Meaning> meanings = {}) {
  for (const Meaning& meaning : meanings)
    if (meaning.error == failure.error) return change_error(meaning.text);
  return change_error(netlink::describe(failure), failure.error == EPERM ? "root" : "");
}

// Sends what `make` gives over a transport in a namespace.
template <typename Make>
Result<void> change_inside(const System& system, Fd ns, std::span<const Meaning> meanings,
                           Make make) {
  Result<void> done;
  std::thread([&] {
    const auto transport = open_inside(system, ns);
    if (!transport) {
      done = failure("entering it", transport.error());
      return;
    }
    Result<std::vector<Request>> requests = make(**transport);
    if (!requests)
      done = tl::unexpected(requests.error());
    else if (const auto failed = netlink::change(**transport, *requests))
      done = refused(failed->failure, meanings);
  }).join();
  return done;
}

std::optional<IfIndex> find_link(Transport& route, const std::string& name) {
  Request request(RTM_GETLINK, 0, ifinfomsg{});
  netlink::AttributeList list;
  list.text(IFLA_IFNAME, name);
  std::optional<IfIndex> index;
  const auto visit = [&](const netlink::Message& message) {
    if (const auto header = message.family_header<ifinfomsg>()) index = IfIndex(header->ifi_index);
  };
  static_cast<void>(netlink::get(route, std::move(request.attributes(list)), visit));
  return index;
}

constexpr Meaning kOfRoutes[] = {
    {EEXIST, "there is one already, to that prefix in that table"},
    {ESRCH, "there is no such route"},
};

template <auto request>
Result<void> change_route(const System& system, Fd ns, const Route& route) {
  const auto make = [&](Transport& transport) -> Result<std::vector<Request>> {
    auto made = request(route, [&](const std::string& name) { return find_link(transport, name); });
    if (!made) return tl::unexpected(made.error());
    return std::vector{std::move(*made)};
  };
  return change_inside(system, ns, kOfRoutes, make);
}

constexpr Meaning kOfImpairments[] = {
    {ENOENT, "this kernel has no netem, which delays and loses packets, or no tbf"},
};

struct Qdisc {
  std::string kind;
  std::uint16_t major = 0;  // of its handle
};

// The queueing discipline that somebody chose for a link. Nothing: what it has is the kernel's own
// choice, without a handle (net/sched/sch_generic.c attach_default_qdiscs).
Result<std::optional<Qdisc>> chosen_qdisc(Transport& route, IfIndex index) {
  std::optional<Qdisc> chosen;
  const auto visit = [&](const netlink::Message& message) {
    const auto header = message.family_header<tcmsg>();
    if (!header || header->tcm_ifindex != index.value || header->tcm_parent != TC_H_ROOT ||
        header->tcm_handle == 0)
      return;
    const auto kind = message.attributes(sizeof(tcmsg)).find(TCA_KIND);
    chosen = Qdisc{std::string(kind ? kind->text() : ""),
                   static_cast<std::uint16_t>(TC_H_MAJ(header->tcm_handle) >> 16)};
  };
  tcmsg asked{};
  asked.tcm_ifindex = index.value;
  const auto failed =
      netlink::dump(route, Request(RTM_GETQDISC, 0, asked), visit, [&] { chosen.reset(); });
  if (failed) return refused(*failed);
  return chosen;
}

Result<std::vector<Request>> impairing(Transport& route, const std::string& link,
                                       const Impairment& impairment) {
  const auto index = find_link(route, link);
  if (!index) return usage_error("there is no such link");
  const auto chosen = chosen_qdisc(route, *index);
  if (!chosen) return tl::unexpected(chosen.error());
  const std::optional<Qdisc>& there = *chosen;
  if (there && there->kind != "tbf" && there->kind != "netem")
    return usage_error(
        fmt::format("it has a queueing discipline of its own, {}", terminal_text(there->kind)),
        "tc qdisc del, if nobody needs it");
  if (!there) return impair(*index, impairment);
  auto requests = impair(*index, impairment, there->major);
  if (requests.empty()) requests.push_back(clear_impairment(*index));
  return requests;
}

}  // namespace

Result<void> make_route(const System& system, Fd ns, const Route& route) {
  return change_route<add_route>(system, ns, route);
}

Result<void> drop_route(const System& system, Fd ns, const Route& route) {
  return change_route<remove_route>(system, ns, route);
}

Result<void> set_impairment(const System& system, Fd ns, const std::string& link,
                            const Impairment& impairment) {
  return change_inside(system, ns, kOfImpairments, [&](Transport& transport) {
    return impairing(transport, link, impairment);
  });
}

}  // namespace nsmap::lab
