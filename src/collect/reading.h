#pragma once

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "collect/abilities.h"
#include "collect/facts.h"
#include "collect/report.h"
#include "model/snapshot.h"
#include "netlink/request.h"
#include "netlink/transport.h"
#include "os/kernel.h"

namespace nsmap::collect {

// One visit of one namespace: what a collector reads from and writes to. The calling thread is in
// the namespace, so /proc/thread-self/net and /proc/sys/net are its own.
struct Reading {
  os::Kernel& kernel;
  netlink::Transport& route;  // NETLINK_ROUTE
  // Opened when first used:
  netlink::Transport& sock_diag;  // NETLINK_SOCK_DIAG
  netlink::Transport& netfilter;  // NETLINK_NETFILTER
  netlink::Transport& generic;    // NETLINK_GENERIC
  model::Namespace& ns;
  Report& report;
  Abilities abilities = {};
};

// A collector of one kind of facts: one row each in the table (collectors.cc), run in that order in
// every namespace where it is asked for. Returns how many facts it found. What it could not read it
// says in the report.
struct Collector {
  const char* source;
  std::size_t (*collect)(Reading&);
  void (*forget)(model::Namespace&);  // takes out what it put there
};

std::span<const Collector> namespace_collectors(Facts facts = Facts::all);

// Dumps into a list: parses each message with `parse`, which returns nothing for a message that
// does not concern it; a refusal becomes a diagnostic of `source`, except for the errnos in
// `absent`, which mean that this kernel has no such thing.
template <typename Fact, typename Parse>
std::size_t dump_into(Reading& reading, netlink::Transport& transport, std::string_view source,
                      netlink::Request request, std::vector<Fact>& facts, Parse parse,
                      std::initializer_list<int> absent = {}) {
  const std::size_t before = facts.size();
  const auto failure = netlink::dump(
      transport, std::move(request),
      [&](const netlink::Message& message) {
        if (auto fact = parse(message)) facts.push_back(std::move(*fact));
      },
      [&] { facts.resize(before); });
  if (failure && std::find(absent.begin(), absent.end(), failure->error) == absent.end())
    reading.report.add(source, "reading " + std::string(source) + ": " + describe(*failure),
                       failure->error, reading.ns.id);
  return facts.size() - before;
}

// The same for IPv4 and then IPv6. A dump of all families at once holds rtnetlink's one lock for
// the whole host (net/core/rtnetlink.c rtnl_dump_all), where one of these needs none since
// Linux 6.11. `Header` is the family header, which begins with the family (struct rtgenmsg).
template <typename Header, typename Fact, typename Parse>
std::size_t dump_families(Reading& reading, std::string_view source, std::uint16_t type,
                          std::vector<Fact>& facts, Parse parse) {
  std::size_t found = 0;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    Header header{};
    std::memcpy(&header, &family, sizeof family);
    found += dump_into(reading, reading.route, source, netlink::Request(type, 0, header), facts,
                       [&](const netlink::Message& message) -> std::optional<Fact> {
                         // A kernel without the family answers with all those it has.
                         const auto told = message.family_header<rtgenmsg>();
                         if (told && told->rtgen_family != family) return std::nullopt;
                         return parse(message);
                       });
  }
  return found;
}

}  // namespace nsmap::collect
