// nsmap-capture FILE
//
// Records, in the current network namespace, every request that the collectors make and the
// kernel's answers, into a file that netlink::replay() answers from (its form:
// netlink/transport.h).

#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <vector>

#include "collect/reading.h"
#include "netlink/transport.h"
#include "os/kernel.h"

namespace {

using namespace nsmap;

// Runs every collector over recording transports. False: there is no netlink.
bool record_collectors(os::Kernel& kernel, std::vector<netlink::Exchange>& log) {
  const auto route = netlink::open_kernel(kernel, os::NetlinkProtocol::route);
  if (!route) return false;
  const auto recorded_route = netlink::record(**route, log);

  const auto sock_diag = netlink::open_on_use(kernel, os::NetlinkProtocol::sock_diag);
  const auto recorded_sock_diag = netlink::record(*sock_diag, log);
  const auto netfilter = netlink::open_on_use(kernel, os::NetlinkProtocol::netfilter);
  const auto recorded_netfilter = netlink::record(*netfilter, log);
  const auto generic = netlink::open_on_use(kernel, os::NetlinkProtocol::generic);
  const auto recorded_generic = netlink::record(*generic, log);

  model::Namespace ns;
  collect::Report report;
  collect::Reading reading{kernel,
                           *recorded_route,
                           *recorded_sock_diag,
                           *recorded_netfilter,
                           *recorded_generic,
                           ns,
                           report,
                           collect::find_abilities(kernel)};
  for (const collect::Collector& collector : collect::namespace_collectors())
    collector.collect(reading);
  return true;
}

bool write(const char* path, Bytes bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: nsmap-capture FILE\n");
    return 2;
  }
  std::vector<netlink::Exchange> log;
  if (!record_collectors(os::real_kernel(), log)) {
    fmt::print(stderr, "nsmap-capture: opening a netlink socket failed\n");
    return 3;
  }
  if (!write(argv[1], netlink::serialise(log))) {
    fmt::print(stderr, "nsmap-capture: writing {} failed\n", argv[1]);
    return 3;
  }
  return 0;
}
