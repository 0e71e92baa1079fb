#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "collect/collectors.h"
#include "os/test_namespace.h"

// For the tests of collectors against the running kernel.

namespace nsmap::collect {

// A reading of the calling thread's network namespace.
struct RealReading {
  std::unique_ptr<netlink::Transport> route =
      netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::route);
  std::unique_ptr<netlink::Transport> sock_diag =
      netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::sock_diag);
  std::unique_ptr<netlink::Transport> netfilter =
      netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::netfilter);
  std::unique_ptr<netlink::Transport> generic =
      netlink::open_on_use(os::real_kernel(), os::NetlinkProtocol::generic);
  model::Namespace ns = {};
  Report report = {};
  Reading reading{os::real_kernel(), *route, *sock_diag, *netfilter, *generic, ns, report};

  std::vector<model::Diagnostic> diagnostics() {
    std::vector<model::Coverage> coverage;
    std::vector<model::Diagnostic> diagnostics;
    report.finish(coverage, diagnostics);
    return diagnostics;
  }
  void expect_no_diagnostics() {
    for (const auto& diagnostic : diagnostics()) ADD_FAILURE() << diagnostic.what;
  }
};

}  // namespace nsmap::collect
