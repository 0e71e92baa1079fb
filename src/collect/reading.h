#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

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
  netlink::Transport& route;      // NETLINK_ROUTE
  netlink::Transport* sock_diag;  // NETLINK_SOCK_DIAG; null where the kernel has none
  model::Namespace& ns;
  Report& report;
};

// A collector of one kind of facts: one row each in the table (collectors.cc), run in that order in
// every namespace. Returns how many facts it found. What it could not read it says in the report.
struct Collector {
  const char* source;
  std::size_t (*collect)(Reading&);
};

std::span<const Collector> namespace_collectors();

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

}  // namespace nsmap::collect
