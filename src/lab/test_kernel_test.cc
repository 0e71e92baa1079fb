#include "lab/test_kernel.h"

#include <fcntl.h>

#include "collect/collectors.h"

namespace nsmap::lab {

TestNamespace TestNamespace::here() {
  TestNamespace ns;
  ns.fd_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  ns.route_ = *netlink::open_kernel(os::real_kernel(), os::NetlinkProtocol::route);
  return ns;
}

TestNamespace TestNamespace::make() {
  TestNamespace ns;
  EXPECT_TRUE(os::in_fresh_namespace([&] { ns = here(); }));
  return ns;
}

int TestNamespace::send(std::vector<netlink::Request> requests) {
  const auto failed = netlink::change(*route_, requests);
  if (failed) last_refusal_ = netlink::describe(failed->failure);
  return failed ? failed->failure.error : 0;
}

int TestNamespace::send(netlink::Request request) { return send(std::vector{std::move(request)}); }

int TestNamespace::send(Result<netlink::Request> request) {
  EXPECT_TRUE(request) << request.error().text;
  return request ? send(std::move(*request)) : -1;
}

model::Namespace TestNamespace::read() {
  model::Namespace ns;
  collect::Report report;
  collect::Reading reading{os::real_kernel(), *route_, *route_, *route_, *route_, ns, report};
  for (auto* collect : {collect::collect_links, collect::collect_addresses, collect::collect_routes,
                        collect::collect_rules})
    collect(reading);
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
  report.finish(coverage, diagnostics);
  for (const auto& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.what;
  return ns;
}

model::Link TestNamespace::link(const std::string& name) {
  for (model::Link& link : read().links)
    if (link.name == name) return link;
  return {};
}

}  // namespace nsmap::lab
